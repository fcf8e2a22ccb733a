"""Each file of a store: what is known of it, its chunks, their markers, its rejected lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iotagg.auditing.findings import Finding, Note, of_file
from iotagg.auditing.reading import DAMAGE, Found, chunks_of, reject_faults, said
from iotagg.auditing.spool import ALL, UNREADABLE
from iotagg.core.dialect import options_digest
from iotagg.core.ledger import is_in, next_revision
from iotagg.core.metrics import FLOWS, METRICS
from iotagg.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from iotagg.auditing.spool import Spool
    from iotagg.core.books import Marker, Totals
    from iotagg.core.contribution import Chunk, Name
    from iotagg.core.ledger import FileRecord
    from iotagg.stores.protocol import Store

_TOTALS = (FLOWS, *(metric.stored for metric in METRICS))
_TURNS = 5
_SHOWN = 10  # runs of numbers in a line


@dataclass(frozen=True, slots=True)
class Look:
    """What was known of a contribution at a moment: its record and its markers."""

    record: FileRecord | None
    markers: dict[int, Marker]

    @property
    def paths(self) -> frozenset[str]:
        """The paths that refer to it."""
        return self.record.paths if self.record is not None else frozenset()

    @property
    def lacking(self) -> list[int]:
        """The numbers of the chunks that have not reached its revision."""
        record = self.record
        if record is None or record.erased or not record.revision:
            return []
        standing = {number: marker.revision for number, marker in self.markers.items()}
        return [number for number in range(record.head.chunks) if standing.get(number, 0) < record.revision]

    @property
    def is_gone(self) -> bool:
        """Whether nothing is to be kept of it: it was erased, or nobody knows it."""
        return self.record.erased if self.record is not None else not self.markers

    @property
    def is_unsettled(self) -> bool:
        """Whether its revision has yet to follow its paths, or to reach its chunks."""
        return bool(self.lacking) or (self.record is not None and next_revision(self.record) != self.record.revision)

    def state(self) -> str:
        """Return a text that is another one as soon as anything moves."""
        standing = sorted((number, marker.revision) for number, marker in self.markers.items())
        record = self.record
        return repr((record and (record.revision, sorted(record.paths), record.erased), standing))


def look(store: Store, name: Name) -> Look:
    """Look at a contribution. Raises one of DAMAGE where what is known of it makes no sense."""
    return Look(store.file(name), store.markers(name))


def is_stored(store: Store, name: Name) -> bool:
    """Say whether what a file adds is stored, or a rejected line of it."""
    try:
        with store.stored(name):
            return True
    except (NotFound, *DAMAGE):
        pass
    try:
        return next(iter(store.rejects(name)), None) is not None
    except DAMAGE:
        return True


@dataclass(slots=True)
class Examination:
    """One look at a file, and what was wrong then."""

    state: str
    paths: frozenset[str]
    faults: list[str] = field(default_factory=list)
    unsettled: bool = False
    stored_still: bool = False


@dataclass(slots=True)
class Files:
    """Goes through the files of a store, and puts what they add into the spool."""

    store: Store
    spool: Spool
    first_month: str
    unknown: dict[int, Name] = field(default_factory=dict)  # stored, and not in the books yet: to be looked at again

    def all_examined(self, sites: Collection[str]) -> Iterator[Iterator[Finding | Note]]:
        """Yield for each file of these sites or all, what is wrong with it; that is to be taken before the next."""
        for site in sites or self.store.sites():
            self.spool.add_names(self.store.names(site))
        self.spool.add_names(self.store.traces(sites))
        return (self.examined(number, name) for number, name in self.spool.names())

    def examined(self, number: int, name: Name) -> Iterator[Finding | Note]:
        """Yield what is wrong with a file, if it stays wrong while nothing of it moves; else that it is in flight."""
        before = self._examination(name, number)
        if before.unsettled:
            self.spool.add_unsettled(number, before.state)
        elif not before.state:
            self.spool.add_lost(number, name.site, ALL, UNREADABLE)
        elif before.stored_still:
            self.spool.add_stored_still(number)
        for _ in range(_TURNS):
            if not before.faults:
                self.spool.add_paths_of(name, before.paths)
                return
            after = self._examination(name)
            if after.state == before.state:
                yield from (of_file(name, after.paths, fault) for fault in after.faults)
                self.spool.add_paths_of(name, after.paths)
                return
            before = after
        yield Note(name.site, "it is being written to; not judged", str(name), tuple(sorted(before.paths)))

    def learn(self, number: int, name: Name) -> None:
        """Put what a file adds into the spool, and no more."""
        self._examination(name, number)

    def _examination(self, name: Name, number: int | None = None) -> Examination:
        try:
            seen = look(self.store, name)
        except DAMAGE as error:
            return Examination("", frozenset(), [f"what is known of it cannot be read: {said(error)}"])
        if number is not None:
            self.unknown.pop(number, None)
            if seen.record is None:
                self.unknown[number] = name
        examination = Examination(seen.state(), seen.paths, unsettled=seen.is_unsettled)
        examination.faults = list(self._faults(name, number, seen))
        examination.stored_still = seen.is_gone and is_stored(self.store, name)
        return examination

    def _faults(self, name: Name, number: int | None, seen: Look) -> Iterator[str]:
        record = seen.record
        if record is None:
            if seen.markers:
                yield f"chunks of it have markers ({_numbers(list(seen.markers))}), and nothing else is known of it"
            return
        if record.erased:
            yield from self._faults_of_erased(number, seen, record)
            return
        if record.name != name:
            yield f"what is known of it is another's: {record.name}"
            return
        yield from _head_faults(record)
        yield from _marker_faults(seen.markers, record)
        yield from self._chunk_faults(number, seen, record)
        if record.revision or record.paths:
            lines = record.head.lines
            yield from reject_faults(self.store, name, lines["rejected"], lines["lines"])

    def _faults_of_erased(self, number: int | None, seen: Look, record: FileRecord) -> Iterator[str]:
        if record.head.last_day >= self.first_month and any(marker.is_in for marker in seen.markers.values()):
            if number is not None:
                self.spool.add_lost(number, record.name.site, ALL, ALL)
            yield "it was erased while it was in, so that what it adds cannot be recomputed"

    def _chunk_faults(self, number: int | None, seen: Look, record: FileRecord) -> Iterator[str]:
        found, head = Found(), record.head
        reading = chunks_of(self.store, head, found)
        try:
            for place, chunk in reading:
                marker = seen.markers.get(place)
                if chunk is None:
                    if number is not None:
                        self.spool.add_lost(number, head.name.site, head.buckets[place], place)
                    continue
                sound = found.add(place, head.buckets[place], chunk)
                if number is not None:
                    standing = marker is not None and marker.is_in
                    self.spool.add_chunk(number, head.name.site, place, sound, is_in=standing)
                if marker is not None and marker.totals is not None:
                    yield from self._totals_faults(place, sound, marker.totals)
        except (NotFound, EOFError) as error:
            found.complete = False
            found.faults.append(f"what it adds cannot be read: {error}")
            if number is not None:
                for place, bucket in enumerate(head.buckets):
                    self.spool.add_lost(number, head.name.site, bucket, place)
        yield from found.faults
        yield from found.against(head)

    def _totals_faults(self, number: int, chunk: Chunk, totals: Totals) -> Iterator[str]:
        months: dict[str, dict[str, int]] = {}
        for row in chunk:
            if row.month >= self.first_month:
                added = months.setdefault(row.month, dict.fromkeys(_TOTALS, 0))
                for name in _TOTALS:
                    added[name] += row.sums.get(name, 0)
        kept = {month: figures for month, figures in totals.items() if month >= self.first_month}
        if kept != months:
            yield f"the totals that chunk {number}'s marker holds are not those of the chunk"


def _head_faults(record: FileRecord) -> Iterator[str]:
    lines = record.head.lines
    parts = ("headers", "blank", "counted", "rejected", "erased")
    total = sum(lines.get(part, 0) for part in parts)
    if total != lines["lines"]:
        yield f"it has {lines['lines']} lines, of which {total} are accounted for"
    if record.head.totals.get(FLOWS) != lines["counted"]:
        yield f"{lines['counted']} of its lines are counted, as {record.head.totals.get(FLOWS)} flows"
    if options_digest(record.head.reading) != record.name.options:
        yield "the reading options in its head are not those of its name"


def _marker_faults(markers: dict[int, Marker], record: FileRecord) -> Iterator[str]:
    beyond = [number for number in markers if not 0 <= number < record.head.chunks]
    if beyond:
        yield f"markers of chunks that it does not have: {_numbers(beyond)}"
    ahead = [number for number, marker in markers.items() if marker.revision > record.revision]
    if ahead:
        yield f"markers beyond its revision {record.revision}: of chunks {_numbers(ahead)}"
    odd = [number for number, marker in markers.items() if marker.is_in != is_in(marker.revision)]
    if odd:
        yield f"markers that are in at an even revision, or out at an odd one: of chunks {_numbers(odd)}"
    expiring = [number for number, marker in markers.items() if marker.expires]
    if expiring:
        yield f"markers that expire, as if it were erased: of chunks {_numbers(expiring)}"


def _numbers(numbers: list[int]) -> str:
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    shown = [str(first) if first == last else f"{first} to {last}" for first, last in runs[:_SHOWN]]
    more = sum(last - first + 1 for first, last in runs[_SHOWN:])
    return ", ".join(shown) + (f" and {more} more" if more else "")


def lacking(seen: Look) -> str:
    """Return which chunks lack a revision, in words."""
    record = seen.record
    if record is None:
        return ""
    if not seen.lacking:
        return f"its revision {record.revision} has yet to follow its paths"
    return f"chunks {_numbers(seen.lacking)} are not at revision {record.revision}"
