"""What an iotagg database keeps beside its sums: ranks and the allow list.

A rank is a row of `rank`, and of `rank_size` one for each measure, by which the largest are read first. So a further
measure needs no other table, and a row takes a dozen bytes: site and month are one number in it, a pair another.
"""

from __future__ import annotations

import heapq
import json
from dataclasses import astuple
from itertools import chain, islice
from typing import TYPE_CHECKING

from iotagg.core.allowances import stored_allowance
from iotagg.core.intact import intact
from iotagg.core.metrics import FLOWS
from iotagg.core.pair_month import PairMonth, has_flows, parsed
from iotagg.core.ranks import LETTERS, MEASURES, SIDES, Rank, flags_text, flags_wanted
from iotagg.stores.protocol import FIRST_MONTH, LAST_MONTH
from iotagg.stores.sqlite_books import IS_KEPT

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator

    from iotagg.core.allowances import Allowance
    from iotagg.core.ranks import Beginnings, Side
    from iotagg.stores.connection import Database

_READ_TOGETHER = 100
_FETCHED_TOGETHER = 1_000  # rows, so that errors are looked for once for all of them
_FIRST_RANKS, _MOST_RANKS = 50, 2000  # read together: who asks for the first ten does not wait for many more
_FIRST_CHOSEN = 10  # for each of which hundreds may be passed by
PLACE = "SELECT place FROM rank_month WHERE site = ? AND month = ?"
_RANKED = "rank JOIN rank_month USING (place)"
_OF_MONTH = "site = ? AND source = ? AND destination = ? AND month = ?"
_STANDING = (
    "SELECT sums, id, place, text FROM (SELECT 1)"
    f" LEFT JOIN (SELECT sums FROM pair_month WHERE {_OF_MONTH})"
    f" LEFT JOIN (SELECT id, place, text FROM {_RANKED} WHERE {_OF_MONTH})"
)
_OF_PAIR = f"site = ? AND source = ? AND destination = ? AND month BETWEEN ? AND ? AND {IS_KEPT}"
_RANKED_MONTHS = (
    f"SELECT month, text, NULL FROM {_RANKED} WHERE {_OF_PAIR}"
    f" UNION ALL SELECT month, NULL, sums FROM pair_month WHERE {_OF_PAIR}"
)
_NEXT = (
    "SELECT rank_size.size, rank_size.rank, rank.source, rank.destination, rank.text"
    " FROM rank_size JOIN rank ON rank.id = rank_size.rank"
    " WHERE rank_size.place = ? AND measure = ? AND flags = ? AND (size, rank_size.rank) < (?, ?){chosen}"
    " ORDER BY size DESC, rank_size.rank DESC LIMIT ?"
)
_COUNTED: dict[Side, str] = {
    side: f"SELECT {side}, size, count(*) FROM rank_size JOIN rank ON rank.id = rank_size.rank"
    f" WHERE measure = ? AND rank_size.place = ({PLACE} AND {IS_KEPT}) GROUP BY {side}, size"
    for side in SIDES
}
_OF_DEVICES: dict[Side, str] = {
    side: f"SELECT source, destination, text FROM rank WHERE place = ({PLACE} AND {IS_KEPT})"
    f" AND {side} IN (SELECT value FROM json_each(?))"
    for side in SIDES
}
_BEYOND_ALL = 1 << 62
_LAST_CHARACTER = "\U0010ffff"


def place_of(database: Database, site: str, month: str) -> int:
    """Return the number of a site's month, which it is given if it has none."""
    while True:
        row = database.run(PLACE, site, month).fetchone()
        if row is not None:
            return int(row[0])
        database.run("INSERT OR IGNORE INTO rank_month (site, month) VALUES (?, ?)", site, month)


class SqliteRanks:
    """The part of a store in one SQLite file that findings are made with."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def several_months(self, site: str, keys: Iterable[tuple[str, str, str]]) -> Iterator[PairMonth]:
        waiting = iter(keys)
        while together := list(dict.fromkeys(islice(waiting, _READ_TOGETHER))):
            places = ",".join(["(?, ?, ?)"] * len(together))
            rows = self._run(
                f"WITH wanted (source, destination, month) AS (VALUES {places})"
                " SELECT source, destination, month, sums"
                " FROM wanted CROSS JOIN pair_month USING (source, destination, month)"
                f" WHERE site = ? AND {IS_KEPT}",
                *(part for key in together for part in key),
                site,
            )
            yield from _with_flows(rows.fetchall())

    def source_months(
        self, site: str, source: str, after: str = "", *, months: Collection[str] = ()
    ) -> Iterator[PairMonth]:
        asked = f" AND month IN ({','.join('?' * len(months))})" if months else ""
        query = (
            "SELECT source, destination, month, sums FROM pair_month"
            f" WHERE site = ? AND source = ? AND destination > ? AND {IS_KEPT}{asked} ORDER BY destination, month"
        )
        rows = self._run(query, site, source, after, *months)
        return _with_flows(chain.from_iterable(iter(lambda: rows.fetchmany(_FETCHED_TOGETHER), [])))

    def ranked_months(
        self, site: str, source: str, destination: str, first: str = FIRST_MONTH, last: str = LAST_MONTH
    ) -> list[tuple[PairMonth, Rank | None]]:
        ranks: dict[str, Rank] = {}
        stored: list[tuple[str, str, str, str]] = []
        for month, text, sums in self._run(_RANKED_MONTHS, *2 * (site, source, destination, first, last)):
            if sums is None:
                ranks[month] = Rank.parse(str(text))
            else:
                stored.append((source, destination, month, sums))
        found = {row.month: row for row in _with_flows(stored)}
        empty = {month: PairMonth(source, destination, month, {}) for month in ranks.keys() - found.keys()}
        return [(row, ranks.get(month)) for month, row in sorted((found | empty).items())]

    def put_rank(self, site: str, month: PairMonth, rank: Rank | None) -> bool:
        pair = (month.source, month.destination)
        with self._database.together():  # many are put within one transaction, which an error ends
            sums, number, place, before = self._run(_STANDING, *2 * (site, *pair, month.month)).fetchone()
            if not _are_sums_of(month, sums or "{}"):
                return False
            text = str(rank) if rank is not None and month.sums.get(FLOWS) else ""
            if number is not None:
                self._change(number, place, before, text)
            elif text:
                self._insert(site, month, text)
            return True

    def _insert(self, site: str, month: PairMonth, text: str) -> None:
        place = place_of(self._database, site, month.month)
        query = "INSERT INTO rank (place, source, destination, text) VALUES (?, ?, ?, ?)"
        number = self._run(query, place, month.source, month.destination, text).lastrowid
        self._change_sizes(number, place, set(), _parts(text))

    def _change(self, number: int, place: int, before: str, text: str) -> None:
        if before == text:
            return
        old = _parts(before)
        if str(Rank.parse(str(before))) != before:  # of other measures: the whole month is looked through
            self._run("DELETE FROM rank_size WHERE place = ? AND rank = ?", place, number)
            old = set()
        self._change_sizes(number, place, old, _parts(text))
        if text:
            self._run("UPDATE rank SET text = ? WHERE id = ?", text, number)
        else:
            self._run("DELETE FROM rank WHERE id = ?", number)

    def _change_sizes(
        self, number: int | None, place: int, before: set[tuple[str, str, int]], after: set[tuple[str, str, int]]
    ) -> None:
        # Few of them change when a rank does: the others are not written again.
        for what, parts in (
            ("DELETE FROM rank_size WHERE (place, measure, flags, size, rank) = (?, ?, ?, ?, ?)", before - after),
            ("INSERT OR IGNORE INTO rank_size VALUES (?, ?, ?, ?, ?)", after - before),
        ):
            self._database.connection.executemany(what, [(place, *part, number) for part in sorted(parts)])

    def ranks(
        self,
        site: str,
        month: str,
        measure: str = MEASURES[0],
        *,
        stands_out: bool | None = None,
        steady: bool | None = None,
        beginnings: Beginnings = ("", ""),
    ) -> Iterator[tuple[str, str, Rank]]:
        letter = LETTERS[MEASURES.index(measure)]
        places = self._run(f"{PLACE} AND {IS_KEPT}", site, month).fetchall()
        wanted = [flags_text(*flags) for flags in flags_wanted(stands_out, steady)]
        rows = [self._next_ranks(place, letter, flags, beginnings) for (place,) in places for flags in wanted]
        return heapq.merge(*rows, key=lambda found: found[2].size(measure), reverse=True)

    def _next_ranks(
        self, place: int, letter: str, flags: str, beginnings: Beginnings
    ) -> Iterator[tuple[str, str, Rank]]:
        given = [(side, text) for side, text in zip(SIDES, beginnings, strict=True) if text]
        query = _NEXT.format(chosen="".join(f" AND {side} BETWEEN ? AND ?" for side, _ in given))
        chosen = [end for _, text in given for end in (text, text + _LAST_CHARACTER)]
        last, together = (_BEYOND_ALL, 0), _FIRST_CHOSEN if given else _FIRST_RANKS
        while rows := self._run(query, place, letter, flags, *last, *chosen, together).fetchall():
            together = min(2 * together, _MOST_RANKS)
            yield from ((source, destination, Rank.parse(str(text))) for _, _, source, destination, text in rows)
            before, last = last, rows[-1][:2]
            with intact("the list of ranks"):
                if last >= before:
                    # Else a list that leads back to its beginning would be gone through for ever.
                    raise ValueError("it is in no order")

    def device_sizes(
        self, site: str, month: str, side: Side, measure: str = MEASURES[0]
    ) -> Iterator[tuple[str, dict[int, int]]]:
        letter = LETTERS[MEASURES.index(measure)]
        counted: dict[str, dict[int, int]] = {}
        for device, size, times in self._run(_COUNTED[side], letter, site, month):
            counted.setdefault(device, {})[size] = times
        return iter(counted.items())

    def device_ranks(
        self, site: str, month: str, side: Side, devices: Collection[str]
    ) -> Iterator[tuple[str, str, Rank]]:
        rows = self._run(_OF_DEVICES[side], site, month, json.dumps(sorted(devices))).fetchall()
        return ((source, destination, Rank.parse(str(text))) for source, destination, text in rows)

    def erase_empty(self, site: str, device: str) -> int:
        """Remove the ranks of pair-months that are no longer there; return how many there were."""
        with self._database.transaction():
            found = self._run(
                f"SELECT id, place, text FROM {_RANKED}"
                " WHERE (? = '' OR site = ?) AND (? = '' OR source = ? OR destination = ?) AND NOT EXISTS"
                " (SELECT 1 FROM pair_month WHERE (site, source, destination, month)"
                " = (rank_month.site, rank.source, rank.destination, rank_month.month))",
                *(site, site, device, device, device),
            ).fetchall()
            for number, place, text in found:
                self._change(number, place, text, "")
        return len(found)

    def erase_below_floor(self) -> None:
        """Remove the ranks of months below the floor."""
        with self._database.transaction():
            places = f"(SELECT place FROM rank_month WHERE NOT {IS_KEPT})"
            for table in ("device_month", "rank_size", "rank", "rank_month"):
                self._run(f"DELETE FROM {table} WHERE place IN {places}")

    def allowances(self) -> list[Allowance]:
        rows = self._run("SELECT id, site, source, destination, kind, until, note FROM allowance ORDER BY id")
        return [stored_allowance(*row) for row in rows.fetchall()]

    def allow(self, allowance: Allowance) -> None:
        self._run("INSERT OR REPLACE INTO allowance VALUES (?, ?, ?, ?, ?, ?, ?)", *astuple(allowance))

    def disallow(self, allowance_id: str) -> bool:
        return self._run("DELETE FROM allowance WHERE id = ?", allowance_id).rowcount > 0

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._database.run(statement, *values)


def _parts(text: str) -> set[tuple[str, str, int]]:
    if not text:
        return set()
    rank = Rank.parse(str(text))
    flags = flags_text(rank.stands_out, rank.steady)
    return {(letter, flags, size) for letter, size in zip(LETTERS, rank.sizes, strict=True)}


def _are_sums_of(month: PairMonth, text: str) -> bool:
    return text == month.text or _figures(parsed(text)) == _figures(month.sums)


def _figures(sums: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in sums.items() if value}


def _with_flows(rows: Iterable[tuple[str, str, str, str]]) -> Iterator[PairMonth]:
    return (
        PairMonth(source, destination, month, None, sums)
        for source, destination, month, sums in rows
        if has_flows(sums)
    )
