"""Runs one command and says what it took. A program of its own that imports next to nothing, for a reason.

What the kernel calls the largest memory of a process is at least that of the process which started it (getrusage(2):
ru_maxrss outlives fork and exec), so what starts them has to be small.

python -I -S bench/starter.py OUT COMMAND… -- [COMMAND…]   The second command's output is the first one's input.

Prints seconds by the clock, seconds of the processor (user and system), the largest memory in KiB, and the exit code.
What the first command prints goes to the file OUT.
"""

import os
import sys
import time


def _started(command: list[str], given: int | None, taken: int) -> int:
    process = os.fork()
    if process == 0:
        try:
            if given is not None:
                os.dup2(given, 0)
            os.dup2(taken, 1)
            os.closerange(3, 64)
            os.execvp(command[0], command)  # noqa: S606 (it runs what it is told to)
        finally:
            os._exit(127)
    return process


def main() -> None:
    """Run the command, and print what it took."""
    out, *rest = sys.argv[1:]
    end = len(rest) - 1 - rest[::-1].index("--")
    command, feeding = rest[:end], rest[end + 1 :]
    taken = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    given = feeder = None
    begin = time.perf_counter()
    if feeding:
        given, inlet = os.pipe()
        feeder = _started(feeding, None, inlet)
        os.close(inlet)
    process = _started(command, given, taken)
    if given is not None:
        os.close(given)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - begin
    if feeder is not None:
        os.waitpid(feeder, 0)
    sys.stdout.write(
        f"{seconds} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss} {os.waitstatus_to_exitcode(status)}\n"
    )


if __name__ == "__main__":
    main()
