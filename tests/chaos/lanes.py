"""Processes that are killed at random moments (SIGKILL), each in a lane of its own, and started again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cloud.processes import members_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[2]
_LOOK_SECONDS = 0.02
_LAST_WORDS = 2_000  # bytes


@dataclass(frozen=True, slots=True)
class Job:
    """A command of iotagg, and the exit codes with which it may end; nobody waits for the end of one `beside`."""

    arguments: tuple[str, ...]
    may_end: frozenset[int] = frozenset({0})
    beside: bool = False


@dataclass
class Lane:
    """Jobs of which one runs at a time: one that was killed is started again, from its beginning."""

    name: str
    log: Path
    environment: Mapping[str, str]
    chance: random.Random
    gap: tuple[float, float]
    jobs: deque[Job] = field(default_factory=deque)
    counts: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _groups: list[int] = field(default_factory=list)
    _kill_at: float = 0

    @property
    def busy(self) -> bool:
        """Whether there is something left to do that has to be done."""
        return any(not job.beside for job in self.jobs)

    def look(self, *, kill: bool) -> None:
        """Start what is next, notice what has ended, and kill what it is time for."""
        if self._process is None:
            self._start()
        elif self._process.poll() is not None:
            self._ended(self._process.returncode)
        elif kill and time.monotonic() >= self._kill_at:
            self._kill()

    def _start(self) -> None:
        if not self.jobs:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "iotagg", *self.jobs[0].arguments],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self._groups.append(self._process.pid)
        self._kill_at = self._kill_at or self._next()
        self.counts["started"] += 1

    def _next(self) -> float:
        return time.monotonic() + self.chance.uniform(*self.gap)

    def _ended(self, code: int) -> None:
        self._process = None
        if code == -signal.SIGKILL:
            return
        self.counts["ended"] += 1
        job = self.jobs.popleft()
        if code not in job.may_end:
            last_words = self.log.read_bytes()[-_LAST_WORDS:].decode(errors="replace")
            self.complaints.append(
                f"{self.name}: iotagg {' '.join(job.arguments)[:200]} ended with {code}: {last_words}"
            )

    def _kill(self) -> None:
        # A machine that dies takes all processes of a command with it; but one may die alone.
        assert self._process is not None
        self._kill_at = self._next()
        members = members_of(self._process.pid)
        whom = self.chance.choice(("all", "all", "the parent", "a child")) if members else "all"
        with suppress(ProcessLookupError):
            if whom == "all":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                os.kill(self._process.pid if whom == "the parent" else self.chance.choice(members), signal.SIGKILL)
            self.counts["killed"] += 1
            self.counts[f"killed: {whom}"] += 1
        if whom != "a child":
            self._process.wait()

    def end(self) -> None:
        """End what still runs, and what a killed parent has left."""
        self.jobs.clear()
        for group in self._groups:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None


def lanes(
    names: Iterable[str], folder: Path, environment: Mapping[str, str], seed: int, gap: tuple[float, float]
) -> Iterator[Lane]:
    """Yield a lane for each name, in which something is killed every `gap` seconds, at random between both."""
    for name in names:
        chance = random.Random(f"{seed} {name}")  # noqa: S311 (seeded moments, no secret)
        yield Lane(name, folder / f"{name}.log", environment, chance, gap)


def look_after(every: Iterable[Lane], *, kill: bool) -> None:
    """Look after all lanes once, then wait a little."""
    for lane in every:
        lane.look(kill=kill)
    time.sleep(_LOOK_SECONDS)
