"""Crews and functions as real processes.

Run as a module it is a crew of workers; IOTAGG_TEST_* in its environment, or in that of a function whose handler stands
here, says what is noted and done to it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import uuid
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import iotagg.crew
from iotagg.aws.queues import Draft, Queue
from iotagg.aws.stack import Stack
from iotagg.crew import Crew, log_to_stderr
from iotagg.jobs.cloud import Settings
from iotagg.worker import Duties
from tests.cloud.event_sources import EventSource
from tests.cloud.notes import NOTES, Notebook, note_down
from tests.cloud.runtime_api import REPOSITORY, Function
from tests.cloud.whole import DEADLINE_SECONDS, Whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TWICE = "IOTAGG_TEST_TWICE"
_SPOT_SECONDS = 0.2  # between two looks for a notice, by a crew


@dataclass(frozen=True)
class RunningCrew:
    """A crew in a process of its own."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)

    def members(self) -> list[int]:
        """Return the processes that do the work."""
        return members_of(self.process.pid)

    def counts(self) -> dict[str, int]:
        """Return what it printed at its end."""
        found: dict[str, int] = json.loads(self.log.splitlines()[-1])
        return found


def members_of(pid: int) -> list[int]:
    """Return the processes that do the work of another one, which only watches over them."""
    return [child for child in _children(pid) if b"spawn_main" in _command(child)]


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(folder.name))
    return sorted(found)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def is_alive(pid: int) -> bool:
    """Say whether a process works still (a zombie does not)."""
    return bool(_command(pid))


@contextmanager
def crew(
    whole: Whole,
    log_file: Path,
    *,
    processes: int = 2,
    environment: dict[str, str] | None = None,
    health_file: Path | None = None,
    **duties: float | None,
) -> Iterator[RunningCrew]:
    """Run a crew as a service would; stop it at the end. Without other `duties` it polls quickly and never sweeps."""
    given = {
        "processes": processes,
        "health_file": str(health_file or ""),
        "duties": {"poll_seconds": 1, "sweep_seconds": 0, "grace_seconds": 20, **duties},
    }
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.cloud.processes", json.dumps(given)],
            cwd=REPOSITORY,
            env={**os.environ, **whole.stack.environment(), **(environment or {})},
            stdout=log,
            stderr=log,
        )
        try:
            yield RunningCrew(process, log_file)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _be_a_crew(given: dict[str, Any]) -> None:
    log_to_stderr()
    iotagg.crew._SPOT_SECONDS = _SPOT_SECONDS
    health_file = Path(given["health_file"]) if given["health_file"] else None
    crew = Crew(Stack.named_by(), Settings.named_by(), Duties(**given["duties"]), given["processes"], health_file)
    print(json.dumps(crew.run()))  # noqa: T201 (it is the process's result)


@contextmanager
def functions(
    whole: Whole,
    *,
    environment: dict[str, str] | None = None,
    shuffle: bool = False,
    duplicate: float = 0,
    seed: int = 0,
) -> Iterator[tuple[EventSource, EventSource]]:
    """Run both functions on their queues, one of each."""
    with ExitStack() as running:
        made = []
        for url, handler in (
            (whole.stack.files_queue_url, "summarize_handler"),
            (whole.stack.chunks_queue_url, "consolidate_handler"),
        ):
            function = Function(
                f"tests.cloud.processes.{handler}",
                environment={**whole.stack.environment(), **(environment or {})},
                timeout_s=60,
                name=handler,
            )
            running.enter_context(function)
            source = EventSource(url, [function], shuffle=shuffle, duplicate=duplicate, seed=seed)
            made.append(running.enter_context(source))
        yield made[0], made[1]


def summarize_handler(event: dict[str, Any], context: Any) -> Any:
    """Be the function, with what its environment does to it."""
    from lambda_handlers.summarize import handler  # noqa: PLC0415 (only a function's process needs it)

    return handler(event, context)


def consolidate_handler(event: dict[str, Any], context: Any) -> Any:
    """Be the function, with what its environment does to it."""
    from lambda_handlers.consolidate import handler  # noqa: PLC0415 (as above)

    return handler(event, context)


def _send_chunks_twice(seed: str) -> None:
    send, chance = Queue.send, random.Random(seed)  # noqa: S311 (a seeded order, no secret)

    def send_twice(self: Queue, drafts: Iterable[Draft]) -> None:
        given = list(drafts)
        if self.fifo:  # the copies in groups of their own: they may come at the same time
            given += [replace(each, group=f"copy-{each.group}", once=uuid.uuid4().hex) for each in given]
            chance.shuffle(given)
        send(self, given)

    Queue.send = send_twice  # type: ignore[method-assign]  # the one way into a queue


if os.environ.get(NOTES):
    note_down(Notebook(os.environ[NOTES]))
if os.environ.get(TWICE):
    _send_chunks_twice(os.environ[TWICE])
if __name__ == "__main__":
    _be_a_crew(json.loads(sys.argv[1]))
