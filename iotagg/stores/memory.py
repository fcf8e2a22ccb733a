"""A store in memory, for tests and dry runs: the protocol in as few lines as it takes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from threading import RLock
from typing import TYPE_CHECKING

from iotagg.core.books import Held, Marker, figures_of
from iotagg.core.contribution import no_contribution, read_chunk
from iotagg.core.ledger import FileRecord, PathRecord, Pending, is_in, next_revision, sealing
from iotagg.core.metrics import FLOWS
from iotagg.core.moments import checked
from iotagg.core.pair_month import PairMonth
from iotagg.core.rejects import Reject, read_rejects
from iotagg.stores.memory_ranks import MemoryRanks
from iotagg.stores.memory_tables import Tables
from iotagg.stores.protocol import FIRST_MONTH, LAST_MONTH, NO_PAIR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from iotagg.core.contribution import Chunk, Contribution, Head, Name
    from iotagg.core.ledger import Move, Refusal
    from iotagg.core.lines import ByteStream
    from iotagg.stores.memory_tables import PairMonthKey


class MemoryStore(MemoryRanks):
    """A store that forgets everything when it is dropped."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._lock = RLock()

    @contextmanager
    def atomically(self, *, keep: bool = True) -> Iterator[None]:
        with self._lock:
            before = self._tables.copied()
            done = False
            try:
                yield
                done = True
            finally:
                if not (keep and done):
                    self._tables = before

    def close(self) -> None:
        self._tables = Tables()

    def keep(self, contribution: Contribution, *, again: bool = False) -> Head:
        name = contribution.head.name
        with self._lock:
            known = self._tables.files.get(name, FileRecord(contribution.head))
            if name not in self._tables.files or (again and known.erased):
                self._tables.contributions[name] = contribution
                known = replace(known, head=contribution.head, erased=False)
                self._tables.files[name] = known
            return known.head

    def keep_rejects(self, name: Name, members: Iterable[bytes]) -> None:
        with self._lock:
            if not self._is_erased(name):
                self._tables.rejects.setdefault(name, tuple(members))

    def _is_erased(self, name: Name) -> bool:
        return name in self._tables.files and self._tables.files[name].erased

    def chunks(self, name: Name, numbers: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        with self._lock:
            standing = self._tables.contributions.get(name)
        if standing is None:
            raise no_contribution(name)
        for number in numbers:
            yield number, read_chunk(standing.members[number])

    def move(self, site: str, move: Move) -> bool:
        with self._lock:
            record = self.path(site, move.path)
            taken = self.file(move.take) if move.take is not None else None
            if not move.fits(record) or (taken is not None and taken.is_forgotten):
                return False
            self._tables.paths[site, move.path] = move.applied_to(record)
            for name in move.drop if move.retracted else ():
                if name in self._tables.files:
                    self._tables.files[name] = replace(self._tables.files[name], retracted=move.path)
            return True

    def refuse(self, site: str, path: str, refusal: Refusal | None, version: str = "") -> None:
        with self._lock:
            record = self.path(site, path)
            versions = replace(record.versions, final=record.versions.final | ({version} - {""}))
            self._tables.paths[site, path] = replace(record, refusal=refusal or record.refusal, versions=versions)

    def advance(
        self, name: Name, expected: int, revision: int, *, retracted: str = "", referred: bool | None = None
    ) -> bool:
        with self._lock:
            record = self._tables.files.get(name)
            if record is None or record.revision != expected or referred not in {None, self._is_referred_to(name)}:
                return False
            self._tables.files[name] = replace(record, revision=revision, retracted=retracted)
            return True

    def _is_referred_to(self, name: Name) -> bool:
        return any(name in path.names for path in self._tables.paths.values())

    def apply(self, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
        with self._lock:
            standing = self._tables.markers.get((name, number), 0)
            if standing >= revision:
                return False
            if is_in(standing) != is_in(revision):
                kept = [row for row in chunk if row.month >= self.floor()]
                self._add([row if is_in(revision) else row.inverse() for row in kept], name.site)
            self._tables.markers[name, number] = revision
            return True

    def _add(self, rows: list[PairMonth], site: str) -> None:
        added: dict[PairMonthKey, dict[str, int]] = {}
        for row in rows:
            key = (site, row.source, row.destination, row.month)
            sums = self._tables.sums.get(key, {})
            added[key] = {
                attribute: checked(sums.get(attribute, 0) + row.sums.get(attribute, 0), attribute)
                for attribute in sums | row.sums
            }
        self._tables.sums.update(added)

    def applied(self, name: Name, revision: int) -> frozenset[int]:
        with self._lock:
            markers = self._tables.markers.copy()
        return frozenset(number for (held, number), at in markers.items() if held == name and at >= revision)

    assessed_chunks = applied

    def chunk_assessed(self, name: Name, revision: int, number: int) -> None:
        """Nothing to remember: what is to be assessed follows from markers and assessed()."""

    def pending(self, site: str) -> Iterator[Pending]:
        for record in self._records(site):
            behind_its_paths = next_revision(record) != record.revision
            applied = len(self.applied(record.name, record.revision)) if record.revision else record.head.chunks
            if behind_its_paths or applied < record.head.chunks:
                yield Pending(record.name)

    def settled(self, name: Name, revision: int) -> None:
        """Nothing to do: what is pending is derived."""

    def floor(self) -> str:
        with self._lock:
            return self._tables.floors.get(None, "")

    def raise_floor(self, month: str) -> None:
        with self._lock:
            self._tables.floors[None] = max(month, self.floor())

    def floor_lag(self) -> float:
        return 0.0

    def erase(self, name: Name, *, referred: bool = False) -> bool:
        with self._lock:
            record = self.file(name)
            if record is not None and record.paths and not referred:
                return False
            self._tables.contributions.pop(name, None)
            self._tables.rejects.pop(name, None)
            if record is not None:
                for number in range(record.head.chunks if record.revision else 0):
                    self._tables.markers.setdefault((name, number), sealing(record.revision))
                self._tables.files[name] = replace(record, head=record.head.emptied(), erased=True)
            return True

    def keep_forgotten(self, record: FileRecord) -> None:
        with self._lock:
            self._tables.files.setdefault(record.name, record.forgotten_elsewhere())

    def erase_empty(self, site: str = "", device: str = "") -> int:
        with self._lock:
            known = (key for key in {*self._tables.sums, *self._tables.ranks} if _is_of(key, site, device))
            return self._erase([key for key in known if not self._tables.sums.get(key, {}).get(FLOWS)])

    def erase_below_floor(self) -> int:
        with self._lock:
            floor = self.floor()
            return self._erase([key for key in {*self._tables.sums, *self._tables.ranks} if key[3] < floor])

    def _erase(self, keys: list[PairMonthKey]) -> int:
        for key in keys:
            self._tables.sums.pop(key, None)
            self._tables.ranks.pop(key, None)
        return len(keys)

    def drop_path(self, site: str, path: str) -> bool:
        with self._lock:
            if self.path(site, path).names:
                return False
            self._tables.paths.pop((site, path), None)
            return True

    def file(self, name: Name) -> FileRecord | None:
        with self._lock:
            record = self._tables.files.get(name)
            if record is None:
                return None
            paths = frozenset(path.path for path in self._tables.paths.values() if name in path.names)
            return replace(record, paths=paths)

    def readings(self, site: str, content: str) -> list[FileRecord]:
        return [record for record in self._records(site) if record.name.content == content]

    def _records(self, site: str) -> list[FileRecord]:
        with self._lock:
            names = sorted(name for name in self._tables.files if name.site == site)
            return [record for name in names if (record := self.file(name)) is not None]

    def path(self, site: str, path: str) -> PathRecord:
        with self._lock:
            return self._tables.paths.get((site, path), PathRecord(site, path))

    def sites(self) -> list[str]:
        with self._lock:
            return sorted({name.site for name in self._tables.contributions} | {site for site, _ in self._tables.paths})

    def paths(self, site: str) -> Iterator[PathRecord]:
        with self._lock:
            return iter(sorted((record for record in self._tables.paths.values() if record.site == site), key=_path))

    def listed_paths(self, site: str) -> Iterator[str]:
        return (record.path for record in self.paths(site))

    def files(self, site: str) -> Iterator[FileRecord]:
        with self._lock:
            return iter([record for record in self._records(site) if not record.erased])

    def forgotten(self) -> Iterator[FileRecord]:
        with self._lock:
            records = [self.file(name) for name in self._tables.files]
        return (record for record in records if record is not None and record.is_forgotten)

    def rejects(self, name: Name) -> Iterator[Reject]:
        with self._lock:
            members = self._tables.rejects.get(name, ())
        for member in members:
            yield from read_rejects(member)

    def rejected(self, site: str) -> Iterator[Name]:
        with self._lock:
            return iter(sorted(name for name, members in self._tables.rejects.items() if name.site == site and members))

    def months(
        self, site: str, source: str, destination: str, first: str = FIRST_MONTH, last: str = LAST_MONTH
    ) -> list[PairMonth]:
        rows = (row for row in self.scan(site) if (row.source, row.destination) == (source, destination))
        return [row for row in rows if first <= row.month <= last]

    def scan(self, site: str, after: tuple[str, str] = NO_PAIR) -> Iterator[PairMonth]:
        with self._lock:
            of_site = ((key, sums) for key, sums in self._tables.sums.items() if key[0] == site)
            kept = sorted((key, sums) for key, sums in of_site if key[1:3] > after)
        floor = self.floor()
        return (PairMonth(*key[1:], sums) for key, sums in kept if sums[FLOWS] and key[3] >= floor)

    def first_month(self) -> str:
        return self.floor()

    def names(self, site: str) -> Iterator[Name]:
        with self._lock:
            return iter(sorted(name for name in self._tables.contributions if name.site == site))

    def traces(self, sites: Collection[str] = ()) -> Iterator[Name]:
        with self._lock:
            found = {*self._tables.files, *(name for name, _ in self._tables.markers)}
        return (name for name in found if not sites or name.site in sites)

    @contextmanager
    def stored(self, name: Name) -> Iterator[tuple[ByteStream, int, int]]:
        with self._lock:
            standing = self._tables.contributions.get(name)
        if standing is None:
            raise no_contribution(name)
        stored = standing.stored()
        yield BytesIO(stored), len(stored), len(stored) - sum(map(len, standing.members))

    def markers(self, name: Name) -> dict[int, Marker]:
        with self._lock:
            found = {number: at for (held, number), at in self._tables.markers.items() if held == name}
        return {number: Marker(revision, is_in(revision)) for number, revision in found.items()}

    def held(self, sites: Collection[str] = ()) -> Iterator[Held]:
        with self._lock:
            kept = sorted((key, sums) for key, sums in self._tables.sums.items() if not sites or key[0] in sites)
        floor = self.floor()
        return (Held(*key, figures_of(sums), self._rank_text(key)) for key, sums in kept if key[3] >= floor)

    def held_month(self, site: str, source: str, destination: str, month: str) -> Held | None:
        key = (site, source, destination, month)
        with self._lock:
            sums = self._tables.sums.get(key)
            return None if sums is None else Held(*key, figures_of(sums), self._rank_text(key))

    def _rank_text(self, key: PairMonthKey) -> str | None:
        rank = self._tables.ranks.get(key)
        return None if rank is None else str(rank)

    def correct(self, before: Held, sums: dict[str, int]) -> bool:
        with self._lock:
            standing = self.held_month(*before.key)
            if (standing.figures if standing is not None else {}) != before.figures:
                return False
            self._tables.sums[before.key] = {FLOWS: 0, **sums}
            self._tables.ranks.pop(before.key, None)
            return True

    def put_marker(self, name: Name, number: int, before: Marker, revision: int) -> bool:
        with self._lock:
            if self.markers(name).get(number) != before:
                return False
            self._tables.markers[name, number] = revision
            if not revision:
                del self._tables.markers[name, number]
            return True


def _is_of(key: PairMonthKey, site: str, device: str) -> bool:
    return key[0] == (site or key[0]) and (not device or device in key[1:3])


def _path(record: PathRecord) -> str:
    return record.path
