"""Uploading processes that are killed at any moment: what the child does, and how the parent kills it.

A child counts a folder of flow files, takes some out and counts one of them again, and delivers what it applied once
more, as a queue would. It can be run any number of times, by any number of processes, and ends in the same sums. All
along it marks in a small shared file, which outlives it, whether it is inside a write. A sabotaged child breaks one of
the promises of the store: the parent is to notice.
"""

from __future__ import annotations

import mmap
import random
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iotagg.core.ledger import Policy, is_in
from iotagg.pipeline import Request, retract, upload
from iotagg.sources import path_text
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import everything, flow, many_pairs, put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.core.contribution import Chunk, Name
    from iotagg.stores.protocol import Store
    from tests.pipeline.csvs import Row

ROOT = Path(__file__).parents[2]
SITES = ("paris", "tokyo")
FILES = 4
PAIRS = 120  # about 16 chunks, one of each bucket
AGAIN = "1.csv"  # is retracted and counted again
GONE = "2.csv"  # is retracted for good
SLOT = 8  # bytes for each child: first whether it is inside a write, then how many it began
SLOTS = 4
GAP_SECONDS = 0.004
MOMENT_SECONDS = 0.003
CHILD_SECONDS = 60
AIMED = 0.7  # the share of kills that wait for a write


# The child.


class Watched(SqliteStore):
    """The store as it is, but for a mark that says while it writes."""

    def __init__(self, file: Path, slot: Slot) -> None:
        super().__init__(file)
        self._slot = slot
        self._deep = 0
        self._begin = self._database.transaction
        self._database.transaction = self._watched  # type: ignore[method-assign]  # wrapped for this process

    @contextmanager
    def _watched(self, *, keep: bool = True) -> Iterator[None]:
        with ExitStack() as marked, self._begin(keep=keep):
            marked.enter_context(self.writing())  # from when the lock is held until after the commit
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Mark what is done inside as one write."""
        self._deep += 1
        self._slot.mark(inside=True)
        try:
            yield
        finally:
            self._deep -= 1
            self._slot.mark(inside=self._deep > 0)


class OneByOne(Watched):
    """Every write is a transaction of its own, as in a store that cannot make a file's writes visible together."""

    @contextmanager
    def atomically(self, *, keep: bool = True) -> Iterator[None]:
        assert keep
        yield


class NoMarkers(Watched):
    """Sabotage: sums without markers."""

    def apply(self, name: Name, revision: int, number: int, chunk: Chunk) -> bool:  # noqa: ARG002 (as the store's)
        with self._database.transaction():
            self._change_sums(name.site, chunk, into=is_in(revision))
        return True


class NoRevisions(Watched):
    """Sabotage: whatever arrives is added or taken away, even if the marker stands later."""

    def apply(self, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
        with self._database.transaction():
            if not super().apply(name, revision, number, chunk):
                self._change_sums(name.site, chunk, into=is_in(revision))
        return True


class SplitTransaction(OneByOne):
    """Sabotage: the marker is committed apart from the sums."""

    def apply(self, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
        with self.writing():
            standing = self._marker(name, number)
            if not super().apply(name, revision, number, []):
                return False
            time.sleep(GAP_SECONDS)
            if is_in(standing) != is_in(revision):
                with self._database.transaction():
                    self._change_sums(name.site, chunk, into=is_in(revision))
        return True


STORES = {
    "honest": Watched,
    "honest, one by one": OneByOne,
    "no markers": NoMarkers,
    "no revisions": NoRevisions,
    "split transaction": SplitTransaction,
}


def work(store: Store, folder: Path) -> None:
    """Do the whole job, or what is left of it."""
    for site in SITES:
        for number in range(FILES):
            upload(store, folder / site / f"{number}.csv", Request(site))
    for site in SITES:
        take_out(store, site, folder / site / AGAIN)
        upload(store, folder / site / AGAIN, Request(site, policy=Policy(again=True)))
        take_out(store, site, folder / site / GONE)
        deliver_again(store, site)


def take_out(store: Store, site: str, file: Path) -> None:
    """Retract a file."""
    path = path_text(file)
    retract(store, site, path, store.path(site, path).names)


def deliver_again(store: Store, site: str) -> None:
    """Apply all that was ever to be applied of the files that came and went once more, the latest first."""
    for record in list(store.files(site)):
        latest = record.revision if record.revision > 1 else 0
        for number, chunk in list(store.chunks(record.name, range(record.head.chunks if latest else 0))):
            for revision in range(latest, max(0, latest - 3), -1):
                store.apply(record.name, revision, number, chunk)


def run_child(kind: str, database: Path, folder: Path, marks: Path, slot: int) -> None:
    """Run the job in this process."""
    with (
        marks.open("r+b") as file,
        closing(mmap.mmap(file.fileno(), SLOTS * SLOT)) as memory,
        closing(STORES[kind](database, Slot(memory, slot))) as store,
    ):
        work(store, folder)


# What both see.


@dataclass
class Slot:
    """A child's mark in the shared file."""

    memory: mmap.mmap
    number: int

    @property
    def inside(self) -> bool:
        """Whether the child is inside a write, or was when it died."""
        return self.memory[self.number * SLOT] == 1

    @property
    def begun(self) -> int:
        """How many writes the child began."""
        return int.from_bytes(self.memory[self.number * SLOT + 1 : (self.number + 1) * SLOT], "big")

    def mark(self, *, inside: bool) -> None:
        """Say whether a write is going on."""
        if inside:
            count = (self.begun + 1).to_bytes(SLOT - 1, "big")
            self.memory[self.number * SLOT + 1 : (self.number + 1) * SLOT] = count
        self.memory[self.number * SLOT] = inside

    def clear(self) -> None:
        """Forget an earlier child."""
        self.memory[self.number * SLOT : (self.number + 1) * SLOT] = bytes(SLOT)


# The parent.


@dataclass
class Deaths:
    """How many children were killed, how many of them inside a write; and how many failed of themselves."""

    kills: int = 0
    inside: int = 0
    failed: int = 0
    rounds: int = 0
    most_at_once: int = 0


def write_files(folder: Path) -> None:
    """Write the flow files that all children upload; every file shares pairs with the others."""
    for place, site in enumerate(SITES):
        for number in range(FILES):
            content = many_pairs(PAIRS, packets=10**place * (number + 1), day=f"2022-12-{number + 1:02}")
            put(folder / site / f"{number}.csv", content + flow(day="2023-01-01", packets=number))


def clean_sums(folder: Path) -> dict[str, list[Row]]:
    """Return what the job amounts to when nothing goes wrong."""
    store = MemoryStore()
    for site in SITES:
        for number in range(FILES):
            if f"{number}.csv" != GONE:
                upload(store, folder / site / f"{number}.csv", Request(site))
    return everything(store)


@dataclass
class Killer:
    """One database, and the children that are killed over it."""

    kind: str
    folder: Path
    database: Path
    marks: Path
    chance: random.Random
    deaths: Deaths

    def start(self, slot: int) -> subprocess.Popen[bytes]:
        """Start a child."""
        arguments = [self.kind, str(self.database), str(self.folder), str(self.marks), str(slot)]
        return subprocess.Popen([sys.executable, "-m", "tests.pipeline.killing", *arguments], cwd=ROOT)

    def kill_some(self, memory: mmap.mmap, at_most: int) -> None:
        """Start one to four children and kill each, most of them inside a write."""
        count = min(at_most, self.chance.randint(1, SLOTS))
        slots = [Slot(memory, number) for number in range(count)]
        for slot in slots:
            slot.clear()
        children = [self.start(number) for number in range(count)]
        self.deaths.most_at_once = max(self.deaths.most_at_once, count)
        for slot, child in zip(slots, children, strict=True):
            self.wait(slot, child)
            child.kill()
            if child.wait() < 0:  # else it was done before
                self.deaths.kills += 1
                self.deaths.inside += slot.inside
            self.deaths.failed += child.returncode > 0

    def wait(self, slot: Slot, child: subprocess.Popen[bytes]) -> None:
        """Wait for the moment at which this child is to die."""
        aimed = self.chance.random() < AIMED or self.deaths.inside < AIMED * self.deaths.kills
        writes = self.chance.randint(1, 40) if aimed else self.chance.randint(0, 40)
        give_up = time.monotonic() + CHILD_SECONDS
        while slot.begun < writes and child.poll() is None and time.monotonic() < give_up:
            time.sleep(0)
        time.sleep(self.chance.random() * MOMENT_SECONDS)
        while aimed and not slot.inside and child.poll() is None and time.monotonic() < give_up:
            pass

    def finish(self) -> dict[str, list[Row]]:
        """Let one child do the rest, and return what the database adds up to."""
        child = self.start(0)
        if child.wait(CHILD_SECONDS) != 0:
            raise AssertionError(f"the child that was to finish failed with {child.returncode}")
        with closing(SqliteStore(self.database)) as store:
            return everything(store)


def run_round(kind: str, folder: Path, work_folder: Path, deaths: Deaths, *, kills: int, seed: int) -> bool:
    """Kill so many children over one new database, finish, and say whether it ends as a clean upload does."""
    work_folder.mkdir()
    marks = work_folder / "marks"
    marks.write_bytes(bytes(SLOTS * SLOT))
    chance = random.Random(seed)  # noqa: S311 (a seeded order, no secret)
    killer = Killer(kind, folder, work_folder / "store.db", marks, chance, deaths)
    until = deaths.kills + kills
    with marks.open("r+b") as file, closing(mmap.mmap(file.fileno(), SLOTS * SLOT)) as memory:
        while deaths.kills < until:
            killer.kill_some(memory, until - deaths.kills)
    deaths.rounds += 1
    return killer.finish() == clean_sums(folder)


if __name__ == "__main__":
    run_child(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]))
