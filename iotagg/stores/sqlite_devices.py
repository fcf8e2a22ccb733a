"""What the pairs of a source or destination add up to in a month, kept beside the pairs' sums in an iotagg database.

It follows from them: a marker says of each chunk whether it is in these totals (`summed`), and what differs from its
revision is added or taken away when somebody is about to ask. So many files that touch the same devices touch them
once. Where sums were corrected (`device_unsure`), or a chunk can no longer be read, all pairs are added up anew.
"""

from __future__ import annotations

import json
from itertools import groupby, islice
from typing import TYPE_CHECKING

from iotagg.core.contribution import Name, no_contribution
from iotagg.core.intact import intact
from iotagg.core.pair_month import PairMonth, dumped, parsed
from iotagg.core.ranks import MEASURES, SIDES, Rank, beginning_with, size_of, totals_of
from iotagg.core.totals import Totals
from iotagg.errors import Damaged, NotFound
from iotagg.stores.sqlite_books import IS_KEPT, OF_FILE, UNSURE, file_key
from iotagg.stores.sqlite_ranks import PLACE, place_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator

    from iotagg.core.contribution import Chunk
    from iotagg.core.ledger import FileRecord
    from iotagg.core.ranks import Beginnings, Side
    from iotagg.core.totals import Sums
    from iotagg.stores.connection import Database

    _File = Callable[[Name], FileRecord | None]
    _Chunks = Callable[[Name, Iterable[int]], Iterator[tuple[int, Chunk]]]
    _Scan = Callable[[str], Iterator[PairMonth]]
    _Due = list[tuple[str, str, int, int]]  # content, options, chunk, and whether it is in

_CHUNKS_AT_ONCE = 1_000  # in one transaction: others may want to write, too
_MOST_DEVICES = 50_000  # held in memory, of a month each: some 50 MB
_TOGETHER = 500
_FIRST_RANKS, _MOST_RANKS = 50, 2000  # read together: who asks for the first ten does not wait for many more
_COLUMNS = ("duration", "packets", "flows", "pace")  # the sizes of MEASURES
_BEYOND_ALL = 1 << 62
_LARGEST_SIZE = 99  # what no total reaches: 38 digits, for each of all the addresses there are
_OF_DEVICES = "place = ? AND side = ? AND device IN (SELECT value FROM json_each(?))"
_TO_SUM = (
    "SELECT content, options, chunk, revision % 2 FROM marker INDEXED BY marker_to_sum"
    " WHERE site = ? AND summed <> revision % 2"
)


class SqliteDevices:
    """The part of a store in one SQLite file that adds up devices."""

    def __init__(self, database: Database, file: _File, chunks: _Chunks, scan: _Scan) -> None:
        self._database = database
        self._file = file
        self._chunks = chunks
        self._scan = scan

    def sites(self) -> list[str]:
        """Return the sites of which anything may be kept here."""
        return [site for (site,) in self._run("SELECT DISTINCT site FROM rank_month ORDER BY site")]

    def devices(self, side: Side) -> KeptDevices:
        return KeptDevices(self._database, side)

    def are_due(self, site: str) -> bool:
        """Say whether anything is still to be added up."""
        return self._is_unsure(site) or self._has_chunks(site)

    def doubt_devices(self, site: str) -> None:
        self._run(UNSURE, site)

    def sum_devices(self, site: str) -> None:
        while not self._is_unsure(site) and self._has_chunks(site):
            with self._database.transaction():
                self._sum(site, self._run(f"{_TO_SUM} LIMIT {_CHUNKS_AT_ONCE}", site).fetchall())
        if self._is_unsure(site):
            with self._database.transaction():
                self._sum_anew(site)

    def sum_file(self, name: Name) -> None:
        """Add or take away what is to be of a contribution that is about to be erased."""
        site, *of_site = file_key(name)
        self._sum(site, self._run(f"{_TO_SUM} AND content = ? AND options = ?", site, *of_site).fetchall())

    def _is_unsure(self, site: str) -> bool:
        return self._run("SELECT 1 FROM device_unsure WHERE site = ?", site).fetchone() is not None

    def _has_chunks(self, site: str) -> bool:
        return self._run(f"{_TO_SUM} LIMIT 1", site).fetchone() is not None

    def _sum(self, site: str, due: _Due) -> None:
        try:
            with self._database.transaction():
                self._sum_chunks(site, due)
        except (NotFound, Damaged):
            self._run(UNSURE, site)

    def _sum_chunks(self, site: str, due: _Due) -> None:
        floor = self._floor()
        self._put_all(site, (each for each in self._changes(site, due) if each[0].month >= floor))

    def _changes(self, site: str, due: _Due) -> Iterator[tuple[PairMonth, int]]:
        # Pair-months, and whether each is to be added (1) or taken away (-1).
        for of_file, several in groupby(sorted(due), key=lambda each: each[:2]):
            name = Name(site, *of_file)
            into = {number: is_in for _, _, number, is_in in several}
            for number, chunk in self._known_chunks(name, into):
                sign = 1 if into[number] else -1
                yield from ((row, sign) for row in chunk)
            self._run(
                f"UPDATE marker SET summed = revision % 2 WHERE {OF_FILE}"
                " AND chunk IN (SELECT value FROM json_each(?))",
                *(*file_key(name), json.dumps(list(into))),
            )

    def _known_chunks(self, name: Name, numbers: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        record = self._file(name)
        if record is None or max(numbers) >= record.head.chunks:
            raise no_contribution(name)
        return self._chunks(name, numbers)

    def _floor(self) -> str:
        row = self._run("SELECT month FROM floor").fetchone()
        return "" if row is None else str(row[0])

    def _sum_anew(self, site: str) -> None:
        self._run("DELETE FROM device_month WHERE place IN (SELECT place FROM rank_month WHERE site = ?)", site)
        self._put_all(site, ((row, 1) for row in self._scan(site)))
        self._run("UPDATE marker SET summed = revision % 2 WHERE site = ? AND summed <> revision % 2", site)
        self._run("DELETE FROM device_unsure WHERE site = ?", site)

    def _put_all(self, site: str, changes: Iterable[tuple[PairMonth, int]]) -> None:
        totals = Totals()
        for row, sign in changes:
            totals.add(row, sign)
            if totals.count >= _MOST_DEVICES:
                self._put(site, totals)
                totals = Totals()
        self._put(site, totals)

    def _put(self, site: str, totals: Totals) -> None:
        for (month, side), devices in totals.months():
            place = place_of(self._database, site, month)
            waiting = iter(sorted(devices.items()))
            while together := list(islice(waiting, _TOGETHER)):
                self._put_some(place, side, together)

    def _put_some(self, place: int, side: int, together: list[tuple[str, Sums]]) -> None:
        query = f"SELECT device, sums, {', '.join(_COLUMNS)} FROM device_month WHERE {_OF_DEVICES}"
        names = json.dumps([device for device, _ in together])
        standing = {device: others for device, *others in self._run(query, place, side, names)}
        gone, same, other = [], [], []
        for device, sums in together:
            text, *before = standing.get(device, ("{}",))
            left = _added(parsed(text), sums)
            sizes = [size_of(total) for total in totals_of(PairMonth(device, "", "", left))]
            if not left:
                gone.append((place, side, device))
            elif before == sizes:
                same.append((dumped(left), place, side, device))
            else:
                other.append((place, side, device, dumped(left), *sizes))
        for statement, rows in (
            ("DELETE FROM device_month WHERE place = ? AND side = ? AND device = ?", gone),
            ("UPDATE device_month SET sums = ? WHERE place = ? AND side = ? AND device = ?", same),
            ("INSERT OR REPLACE INTO device_month VALUES (?, ?, ?, ?, ?, ?, ?, ?)", other),
        ):
            self._database.connection.executemany(statement, rows)

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._database.run(statement, *values)


class KeptDevices:
    """What sources, or destinations, add up to: told as pairs, of which the other end is empty."""

    def __init__(self, database: Database, side: Side) -> None:
        self._run = database.run
        self._side = SIDES.index(side)

    def ranks(
        self, site: str, month: str, measure: str = MEASURES[0], *, beginnings: Beginnings = ("", "")
    ) -> Iterator[tuple[str, str, Rank]]:
        places = self._run(f"{PLACE} AND {IS_KEPT}", site, month).fetchall()
        ranks = (found for (place,) in places for found in self._ranks_at(place, MEASURES.index(measure)))
        return beginning_with(ranks, beginnings)

    def _ranks_at(self, place: int, measure: int) -> Iterator[tuple[str, str, Rank]]:
        column = _COLUMNS[measure]
        query = (
            f"SELECT device, {', '.join(_COLUMNS)} FROM device_month"
            f" WHERE place = ? AND side = ? AND ({column}, device) < (?, ?)"
            f" ORDER BY {column} DESC, device DESC LIMIT ?"
        )
        last, together = (_BEYOND_ALL, ""), _FIRST_RANKS
        while rows := self._run(query, place, self._side, *last, together).fetchall():
            together = min(2 * together, _MOST_RANKS)
            yield from ((*self._pair(device), _rank(sizes)) for device, *sizes in rows)
            before, last = last, (rows[-1][1 + measure], rows[-1][0])
            with intact("the list of devices"):
                if last >= before:
                    # Else a list that leads back to its beginning would be gone through for ever.
                    raise ValueError("it is in no order")

    def names(self, site: str, after: str = "") -> Iterator[str]:
        places = [place for (place,) in self._run(f"SELECT place FROM rank_month WHERE site = ? AND {IS_KEPT}", site)]
        query = "SELECT device FROM device_month WHERE place = ? AND side = ? AND device > ? ORDER BY device LIMIT ?"
        while True:
            # The first of all months are among the first of each.
            rows = (row for place in places for row in self._run(query, place, self._side, after, _TOGETHER))
            with intact("the list of devices"):
                # Else a list that leads back to its beginning would be gone through for ever.
                together = sorted({device for (device,) in rows if device > after})[:_TOGETHER]
            yield from together
            if len(together) < _TOGETHER:
                return
            after = together[-1]

    def several_months(self, site: str, keys: Iterable[tuple[str, str, str]]) -> Iterator[PairMonth]:
        waiting = iter(sorted((month, source or destination) for source, destination, month in keys))
        while together := list(islice(waiting, _TOGETHER)):
            for month, of_month in groupby(together, key=lambda key: key[0]):
                query = (
                    "SELECT device, sums FROM device_month"
                    f" WHERE place = ({PLACE} AND {IS_KEPT}) AND side = ?"
                    " AND device IN (SELECT value FROM json_each(?))"
                )
                devices = json.dumps([device for _, device in of_month])
                rows = self._run(query, site, month, self._side, devices).fetchall()
                yield from (self._month(device, month, sums) for device, sums in rows)

    def source_months(self, site: str, source: str, *, months: Collection[str] = ()) -> Iterator[PairMonth]:
        query = (
            "SELECT month, sums FROM rank_month CROSS JOIN device_month USING (place)"
            f" WHERE site = ? AND {IS_KEPT} AND side = ? AND device = ? ORDER BY month"
        )
        rows = self._run(query, site, self._side, source).fetchall()
        return (self._month(source, month, sums) for month, sums in rows if not months or month in months)

    def _month(self, device: str, month: str, sums: str) -> PairMonth:
        return PairMonth(*self._pair(device), month, None, sums)

    def _pair(self, device: str) -> tuple[str, str]:
        return ("", device) if self._side else (device, "")


def _added(standing: Sums, more: Sums) -> Sums:
    for name, figure in more.items():
        standing[name] = standing.get(name, 0) + figure
    return standing if all(standing.values()) else {name: figure for name, figure in standing.items() if figure}


def _rank(sizes: list[int]) -> Rank:
    # What is no size is one that nobody passes by.
    sound = (size if type(size) is int and 0 <= size <= _LARGEST_SIZE else _LARGEST_SIZE for size in sizes)
    return Rank(stands_out=False, steady=False, sizes=tuple(sound))
