"""Processes that are killed while they work, and what they were in the middle of."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from iotagg.stores.protocol import Store
    from tests.cloud.notes import Note

_AIMED, _AIM_SECONDS = 0.8, 5


@dataclass(frozen=True)
class Kill:
    """A process that was killed, and when."""

    pid: int
    at: float


class Killer(threading.Thread):
    """Kills processes that are at work (SIGKILL), each at a random moment 50 to 400 ms after the last one or later.

    Most of them are aimed at: they die while a file of theirs is applied in part.
    """

    def __init__(self, notes: Path, *, kills: int, seed: int) -> None:
        super().__init__(name="killer")
        self.kills: list[Kill] = []
        self._notes = _Watched(notes)
        self._most = kills
        self._chance = random.Random(seed)  # noqa: S311 (a seeded choice, no secret)
        self._over = threading.Event()

    def run(self) -> None:
        while len(self.kills) < self._most and not self._over.wait(self._chance.uniform(0.05, 0.4)):
            aimed = self._chance.random() < _AIMED
            until = time.monotonic() + (_AIM_SECONDS if aimed else 0)
            while not (victims := self._notes.at_work(in_part=aimed)) and time.monotonic() < until:
                self._over.wait(0.002)
            if victims and not self._over.wait(self._chance.uniform(0, 0.02)):
                self._kill(self._chance.choice(victims))

    def _kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills.append(Kill(pid, time.monotonic()))
            self._notes.dead.add(pid)

    def stop(self) -> None:
        """Kill no more."""
        self._over.set()
        self.join()


class _Watched:
    # Notes, looked at again and again while they are written.
    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0
        self._open: dict[str, dict[str, Any]] = {}
        self._applied: set[str] = set()
        self.dead: set[int] = set()

    def at_work(self, *, in_part: bool) -> list[int]:
        self._look()
        jobs = [noted for noted in self._open.values() if noted["kind"] != "transaction"]
        return sorted({noted["pid"] for noted in jobs if not in_part or noted["name"] in self._applied} - self.dead)

    def _look(self) -> None:
        if not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            noted = json.loads(line)
            if "begin" in noted:
                self._open[noted["id"]] = noted
            elif (ended := self._open.pop(noted["id"], None)) and ended["kind"] == "transaction":
                self._applied.add(ended["name"])


@dataclass
class Deaths:
    """How many processes were killed, and what they were in the middle of.

    `in_a_file` counts those at a file of which some chunks were applied and others not, `in_a_transaction` those that
    had sent one and not yet learned what became of it, `in_a_summary` those that read a file.
    """

    kills: int = 0
    in_a_file: int = 0
    in_a_transaction: int = 0
    in_a_summary: int = 0
    rounds: int = 0

    def add(self, kills: Iterable[Kill], notes: list[Note], chunks: dict[str, int]) -> None:
        """Count the deaths of a round; `chunks` says how many each contribution has."""
        self.rounds += 1
        for kill in kills:
            open_then = Counter[str]()
            files = set()
            for note in notes:
                if note.pid == kill.pid and note.end == float("inf"):
                    open_then[note.kind] += 1
                    files |= {note.name} if note.kind == "consolidate" else set()
            self.kills += 1
            self.in_a_transaction += open_then["transaction"] > 0
            self.in_a_summary += open_then["summarize"] > 0
            self.in_a_file += any(0 < _applied(notes, name, kill.at) < chunks[name] for name in files)


def _applied(notes: Iterable[Note], name: str, at: float) -> int:
    return len({note.chunk for note in notes if note.kind == "transaction" and note.name == name and note.end < at})


def chunk_counts(store: Store) -> dict[str, int]:
    """Return how many chunks each contribution has."""
    return {str(record.name): record.head.chunks for site in store.sites() for record in store.files(site)}
