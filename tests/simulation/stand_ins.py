"""What the project's code finds instead of threads, locks, pools and clocks, while it is simulated."""

from __future__ import annotations

import errno
import importlib
import io
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from tests.simulation.scheduler import NEVER, Scheduler, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Lock:
    """A lock that lets others run while somebody waits for it."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._holder: Task | None = None
        self._waiting: list[Task] = []

    def __enter__(self) -> None:
        if not self._scheduler.in_task:
            return  # nobody else runs
        task = self._scheduler.current
        while self._holder is not None and not self._holder.over:
            self._waiting.append(task)
            self._scheduler.sleep(NEVER)
        self._holder = task

    def __exit__(self, *_: object) -> None:
        self._holder = None
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            self._scheduler.wake(task)


class Event:
    """Something that has happened or not."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._happened = False
        self._waiting: list[Task] = []

    def is_set(self) -> bool:
        """Say whether it has happened."""
        return self._happened

    def set(self) -> None:
        """Let it have happened."""
        self._happened = True
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            self._scheduler.wake(task)

    def wait(self, timeout: float = NEVER) -> bool:
        """Wait for it, at most so many seconds; say whether it has happened."""
        if not self._happened:
            self._waiting.append(self._scheduler.current)
            self._scheduler.sleep(timeout)
        return self._happened


class Thread:
    """A task of the process that starts it."""

    def __init__(
        self,
        scheduler: Scheduler,
        target: Callable[..., object],
        args: tuple[Any, ...] = (),
        name: str = "",
        daemon: bool = False,
    ) -> None:
        self._scheduler, self._name, self._daemon = scheduler, name, daemon
        self._work = lambda: target(*args)
        self._task: Task | None = None

    def start(self) -> None:
        """Let it run."""
        self._task = self._scheduler.start(self._scheduler.current.process, self._name, self._work)

    def join(self) -> None:
        """Wait until it is over."""
        if self._task is not None:
            self._scheduler.join(self._task)


@dataclass(slots=True)
class Threading:
    """The module `threading`, as far as the project uses it where it calls services."""

    scheduler: Scheduler

    def Lock(self) -> Lock:  # noqa: N802 (as the module has it)
        """Return a new lock."""
        return Lock(self.scheduler)

    def Event(self) -> Event:  # noqa: N802 (as above)
        """Return a new event."""
        return Event(self.scheduler)

    def Thread(self, **given: Any) -> Thread:  # noqa: N802 (as above)
        """Return a new thread."""
        return Thread(self.scheduler, **given)


@dataclass(slots=True)
class Time:
    """The module `time`, likewise."""

    scheduler: Scheduler

    def time(self) -> float:
        """Return the seconds since 1970."""
        return self.scheduler.now

    def monotonic(self) -> float:
        """Return seconds since some moment."""
        return self.scheduler.now

    def sleep(self, seconds: float) -> None:
        """Let others run for a while."""
        self.scheduler.sleep(seconds)


@dataclass(slots=True)
class Pool:
    """A pool of threads: each piece of work is a task of its own."""

    scheduler: Scheduler
    tasks: list[Task] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for task in self.tasks:
            self.scheduler.join(task)

    def submit(self, work: Callable[..., Any], *given: Any) -> Future:
        """Begin a piece of work."""
        task = self.scheduler.start(self.scheduler.current.process, work.__name__, lambda: work(*given))
        self.tasks.append(task)
        return Future(self.scheduler, task)


@dataclass(frozen=True, slots=True, eq=False)
class Future:
    """What a piece of work comes to."""

    scheduler: Scheduler
    task: Task

    def result(self) -> Any:
        """Wait for it, and return what it returned, or raise what it raised."""
        self.scheduler.join(self.task)
        if self.task.error is not None:
            raise self.task.error
        return self.task.result


def wait_for_one(futures: Iterable[Future], **_: Any) -> tuple[set[Future], set[Future]]:
    """Wait until one is over, as concurrent.futures.wait() does with FIRST_COMPLETED."""
    futures = set(futures)
    scheduler = next(iter(futures)).scheduler
    while not any(future.task.over for future in futures):
        for future in futures:
            future.task.joining.append(scheduler.current)
        scheduler.sleep(NEVER)
    ended = {future for future in futures if future.task.over}
    return ended, futures - ended


class Spool(io.BytesIO):
    """A temporary file on a disk that may be full."""

    def __init__(self, is_full: Callable[[], bool]) -> None:
        super().__init__()
        self._is_full = is_full

    def write(self, content: Any, /) -> int:
        """Write, unless the disk is full."""
        if self._is_full():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(content)


@dataclass(slots=True)
class TemporaryFiles:
    """The module `tempfile`, likewise."""

    is_full: Callable[[], bool]

    def SpooledTemporaryFile(self, max_size: int = 0) -> Spool:  # noqa: N802, ARG002 (as the module has it)
        """Return a temporary file."""
        return Spool(self.is_full)


@contextmanager
def replaced(parts: dict[str, object]) -> Iterator[None]:
    """Let names (`package.module:name`, `package.module:Class.name`) mean something else for a while."""
    before: list[tuple[object, str, object]] = []
    try:
        for way, value in parts.items():
            module_name, _, within = way.partition(":")
            *owners, name = within.split(".")
            owner: object = importlib.import_module(module_name)
            for each in owners:
                owner = getattr(owner, each)
            before.append((owner, name, getattr(owner, name)))
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(before):
            setattr(owner, name, value)


def stand_ins(scheduler: Scheduler, disk_is_full: Callable[[], bool]) -> dict[str, object]:
    """Return what the project's modules are to find."""
    time, threading, files = Time(scheduler), Threading(scheduler), TemporaryFiles(disk_is_full)
    return {
        "iotagg.worker:threading": threading,
        "iotagg.worker:time": time,
        "iotagg.worker:_LOOK_SECONDS": 5.0,
        "iotagg.aws.objects:time": time,
        "iotagg.stores.dynamodb.floor:Lock": threading.Lock,
        "iotagg.jobs.consolidate:ThreadPoolExecutor": lambda _: Pool(scheduler),
        "iotagg.jobs.consolidate:wait": wait_for_one,
        "iotagg.jobs.summarize:tempfile": files,
        "iotagg.stores.dynamodb.archive:tempfile": files,
        "iotagg.aws.problems:_place": lambda _: ("", ""),
    }
