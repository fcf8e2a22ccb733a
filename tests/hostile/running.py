"""Cases run one after the other in processes of their own, each watched: its time, its memory, and whether it lives."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.hostile.cases import CHECKS, parser_of, random_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.process import BaseProcess

CASE_SECONDS = 5.0  # of one case: a thousand times what the slowest ones take
SILENT_SECONDS = 60.0  # after which a case is taken for one that never ends
CASE_MEBIBYTES = 64  # by which one case may raise the peak of memory
PROCESS_MEBIBYTES = 512  # the peak of a process
_ADDRESS_SPACE = 2 << 30
_WARM = 2000  # cases after which what is loaded once is loaded
_LOOK_SECONDS = 0.5


@dataclass(slots=True)
class Ran:
    """What was run: cases and their seconds by parser, the peak of memory, and what failed."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    mebibytes: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: Ran) -> None:
        """Take in what another process ran."""
        self.counts += other.counts
        for name, seconds in other.seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.mebibytes = max(self.mebibytes, other.mebibytes)
        self.failures += other.failures


def peak() -> int:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def run_cases(
    seed: int, numbers: Iterable[int], *, enough: int = 10, note: Callable[[int], object] = lambda _: None
) -> Ran:
    """Run cases in this process until there are enough failures; `note` is told each number before it is run."""
    ran = Ran()
    most = max(PROCESS_MEBIBYTES, peak() + CASE_MEBIBYTES)  # whoever started this process may have had more
    for place, number in enumerate(numbers):
        note(number)
        name = parser_of(number)
        before, began = peak(), time.perf_counter()
        try:
            CHECKS[name][1](random_of(seed, number))
        except BaseException as error:  # whatever it is: it is what is looked for
            if isinstance(error, KeyboardInterrupt):
                raise
            ran.failures.append(_told(seed, number, name, error))
        lasted, grown = time.perf_counter() - began, peak() - before
        ran.counts[name] += 1
        ran.seconds[name] = ran.seconds.get(name, 0.0) + lasted
        if lasted > CASE_SECONDS:
            ran.failures.append(f"case {number} ({name}): it took {lasted:.1f} s")
        if grown > CASE_MEBIBYTES and place > _WARM:
            ran.failures.append(f"case {number} ({name}): the peak of memory rose by {grown} MiB")
        if len(ran.failures) >= enough:
            break
    ran.mebibytes = peak()
    if ran.mebibytes > most:
        ran.failures.append(f"the peak of memory is {ran.mebibytes} MiB")
    return ran


def _told(seed: int, number: int, name: str, error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.relpath(last.filename)}:{last.lineno}"
    return f"--seed {seed} --case {number} ({name}): {type(error).__name__} at {place}: {str(error)[:400]!r}"


def run_watched(seed: int, cases: int, jobs: int, tell: Callable[[int], object] = lambda _: None) -> Ran:
    """Run the cases 0 to `cases` in processes; a crash, or a case that never ends, is a failure that names its case."""
    context = multiprocessing.get_context("spawn")
    watched = [_Watched(context, seed, range(job, cases, jobs)) for job in range(jobs)]
    while not all(each.ended() for each in watched):
        time.sleep(_LOOK_SECONDS)
        tell(sum(each.done() for each in watched))
    whole = Ran()
    for each in watched:
        whole.add(each.ran)
    return whole


class _Watched:
    # A process that runs every so-and-so-manieth case.
    def __init__(self, context: Any, seed: int, numbers: range) -> None:
        self._numbers = numbers
        self._current = context.RawValue("q", -1)
        self._results, sending = context.Pipe(duplex=False)
        self._process: BaseProcess = context.Process(target=_work, args=(seed, numbers, self._current, sending))
        self._process.start()
        sending.close()
        self._last, self._since = -1, time.monotonic()
        self.ran = Ran()
        self._has_ended = False

    def done(self) -> int:
        return max(0, (int(self._current.value) - self._numbers.start) // self._numbers.step)

    def ended(self) -> bool:
        if self._has_ended:
            return True
        if self._current.value != self._last:
            self._last, self._since = self._current.value, time.monotonic()
        if self._results.poll():
            try:
                self._end(self._results.recv())
            except EOFError:
                self._process.join()
                self._end(self._lost(f"ended the process with {self._process.exitcode}"))
        elif time.monotonic() - self._since > SILENT_SECONDS:
            self._process.kill()
            self._end(self._lost(f"has not ended after {SILENT_SECONDS:g} s"))
        return self._has_ended

    def _lost(self, what: str) -> Ran:
        number = self._current.value
        return Ran(failures=[f"case {number} ({parser_of(number)}) {what}"])

    def _end(self, ran: Ran) -> None:
        self._process.join()
        self.ran, self._has_ended = ran, True


def _work(seed: int, numbers: range, current: Any, results: Any) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))

    def note(number: int) -> None:
        current.value = number

    results.send(run_cases(seed, numbers, note=note))
