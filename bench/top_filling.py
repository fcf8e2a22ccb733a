"""A database with a month of many pairs in it, and their ranks: the rows that a store would put there, without a look.

A store looks at what stands before each of them, which takes most of an hour here.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import top_sorted, top_traffic
from bench.setting import SITE
from bench.top_questions import QUESTIONS
from bench.top_sorted import FullSort
from bench.top_traffic import traffic
from iotagg.core import ranks
from iotagg.core.pair_month import dumped
from iotagg.core.ranks import LETTERS, flags_text, rank_of
from iotagg.stores import schema
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.top_sorted import Told
    from iotagg.core.pair_month import PairMonth

_TOGETHER = 10_000
_STATEMENTS = (
    "INSERT INTO pair_month VALUES (?, ?, ?, ?, ?)",
    "INSERT INTO rank (id, place, source, destination, text) VALUES (?, ?, ?, ?, ?)",
    "INSERT INTO rank_size VALUES (?, ?, ?, ?, ?)",
)


def fill(database: Path, rows: Iterable[PairMonth]) -> None:
    """Make a database of these pair-months of the one site, each with its rank."""
    with closing(SqliteStore(database)) as store:
        store.refuse(SITE, "known.csv", None)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA cache_size = -1000000")
        connection.execute("PRAGMA synchronous = OFF")
        places: dict[str, int] = {}
        numbered = enumerate(rows, 1)
        while together := list(islice(numbered, _TOGETHER)):
            tables = zip(*(_made(number, row, places) for number, row in together), strict=True)
            for statement, of_table in zip(_STATEMENTS, tables, strict=True):
                connection.executemany(statement, (values for several in of_table for values in several))
        connection.executemany(
            "INSERT INTO rank_month (place, site, month) VALUES (?, ?, ?)",
            ((place, SITE, month) for month, place in places.items()),
        )
        connection.execute("INSERT INTO device_unsure VALUES (?)", (SITE,))
        connection.commit()
    with closing(SqliteStore(database)) as store:
        store.sum_devices(SITE)


def _made(number: int, row: PairMonth, places: dict[str, int]) -> Iterator[list[tuple[Any, ...]]]:
    place = places.setdefault(row.month, len(places) + 1)
    rank = rank_of(row, stands_out=False, steady=False)
    flags = flags_text(rank.stands_out, rank.steady)
    yield [(SITE, row.source, row.destination, row.month, dumped({name: n for name, n in row.sums.items() if n}))]
    yield [(number, place, row.source, row.destination, str(rank))]
    yield [(place, letter, flags, size, number) for letter, size in zip(LETTERS, rank.sizes, strict=True)]


def filled(pairs: int, folder: Path) -> tuple[Path, dict[str, Told]]:
    """Return a database of so many pairs and the month before, and what a full sort of them answers to each question.

    It is kept in the folder for the next run, until what it is made by changes.
    """
    made_by = hashlib.sha256(repr((pairs, QUESTIONS)).encode())
    for module in (ranks, schema, top_sorted, top_traffic, sys.modules[__name__]):
        made_by.update(Path(str(module.__file__)).read_bytes())
    database = folder / f"top-{pairs}-{made_by.hexdigest()[:12]}.db"
    told = database.with_suffix(".json")
    if not told.exists():
        folder.mkdir(parents=True, exist_ok=True)
        database.unlink(missing_ok=True)
        full_sort = FullSort(QUESTIONS)
        fill(database, full_sort.watching(traffic(pairs)))
        told.write_text(json.dumps(full_sort.told()), encoding="utf-8")
    return database, json.loads(told.read_text(encoding="utf-8"))
