"""How long an audit and a rebuild of a large database take, and how much memory: the commands, as processes.

What files add is made in memory and stored as an upload stores it; how fast files are read is another part's.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.growth_traffic import pair_of
from bench.machine import about_machine, in_words, load
from bench.options import Disagreement
from bench.processes import Failed, measured
from bench.report import Section, Table
from bench.setting import SITE
from iotagg.core.contribution import cut
from iotagg.core.dialect import ReadingOptions
from iotagg.core.flows import FileTotals
from iotagg.core.judge import LineCounts
from iotagg.core.ledger import Move
from iotagg.core.rejects import RejectLog
from iotagg.pipeline import settle
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.options import Options
    from iotagg.core.judge import PairDay

    Found = dict[str, Any]

PAIRS = 10_000
FILES, DAYS_OF_A_FILE = 20, 5
QUICK_PAIRS = 100
_FILES_OF_A_MONTH = 4
_MB = 1e6

_TEXT = """
A database of {files} files with {pair_days:,} pair-days in {pair_months:,} pair-months ({megabytes:,.0f} MB): {pairs:,}
pairs that have flows on each of {days} days. `iotagg audit` recomputes all of it and compares every figure. `iotagg
rebuild` was run on the same, where there is nothing to do, and after every single pair-month was deleted; it audits the
whole again at its end. Peak memory is the process's: what is compared lies sorted in a temporary file, so that memory
does not grow with it. A tenth of the pairs shows that.
"""


def run(options: Options) -> Section:
    """Measure, or take what was kept, and return what it says."""
    if options.again:
        return section(options.kept_results("audit"))
    about, before = about_machine(), load()
    found = [each for share in _shares(options) for each in of_size(PAIRS // share)]
    found.append({"machine": about, "before": before, "after": load()})
    options.keep_results("audit", found)
    return section(found)


def _shares(options: Options) -> tuple[int, ...]:
    # A tenth of it shows whether memory grows.
    return (PAIRS // QUICK_PAIRS,) if options.quick else (10, 1)


def of_size(pairs: int) -> Iterator[Found]:
    """Yield what each command took on a database of so many pairs. Raises Disagreement where it finds otherwise."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "iotagg.db"
        store_all(database, pairs)
        with closing(sqlite3.connect(database)) as connection:
            (pair_months,) = connection.execute("SELECT count(*) FROM pair_month").fetchone()
            whole = _digest(connection)
            size = database.stat().st_size
            about = {"pairs": pairs, "pair_months": pair_months, "bytes": size}
            yield about | _took("audit", "nothing differs", database, folder)
            yield about | _took("rebuild", "nothing differs", database, folder)
            connection.execute("DELETE FROM pair_month")
            connection.commit()
            yield about | _took("rebuild", "all sums lost", database, folder)
            if _digest(connection) != whole:
                raise Disagreement("what was rebuilt is not what was lost")


def _digest(connection: sqlite3.Connection) -> str:
    digest = hashlib.sha256()
    for *key, sums in connection.execute("SELECT * FROM pair_month ORDER BY site, source, destination, month"):
        digest.update(json.dumps([key, json.loads(sums)], sort_keys=True).encode())
    return digest.hexdigest()


def _took(command: str, where: str, database: Path, folder: Path) -> Found:
    try:
        took = measured([sys.executable, "-m", "iotagg", "--db", str(database), command], folder / "said")
    except Failed as failure:
        raise Disagreement(f"{command}, {where}: {failure}") from None
    said = (folder / "said").read_text(encoding="utf-8").splitlines()
    if not said[-1].endswith("nothing differs"):
        raise Disagreement(f"{command}, {where}: {said[-1]}")
    return {"command": command, "where": where, "wall": took.wall, "cpu": took.cpu, "peak": took.peak}


def store_all(database: Path, pairs: int) -> None:
    """Count the files into a new database."""
    with closing(SqliteStore(database)) as store:
        for number in range(FILES):
            contribution = cut(_totals(number, pairs), SITE, ReadingOptions())
            name = contribution.head.name
            with store.atomically():
                store.keep(contribution)
                store.move(SITE, Move(f"{number}.csv", name))
                settle(store, [name])


def _totals(number: int, pairs: int) -> FileTotals:
    month, part = divmod(number, _FILES_OF_A_MONTH)
    days: dict[PairDay, list[int]] = {}
    for place in range(pairs):
        source, destination = pair_of(place)
        for day in range(1, DAYS_OF_A_FILE + 1):
            duration, packets = 1_000 * place + number, day
            of_day = f"2022-{month + 1:02}-{part * DAYS_OF_A_FILE + day:02}"
            days[source, destination, of_day] = [1, duration, duration**2, packets, packets**2]
    content = hashlib.sha256(str(number).encode()).hexdigest()
    return FileTotals(content, len(days), LineCounts(1, 0, len(days), 0), "", days, RejectLog(BytesIO), {})


def section(found: Sequence[Found]) -> Section:
    """Return what was found."""
    *found, on = found
    last = found[-1]
    days = FILES * DAYS_OF_A_FILE
    text = _TEXT.format(
        files=FILES,
        pair_days=last["pairs"] * days,
        pair_months=last["pair_months"],
        megabytes=last["bytes"] / _MB,
        pairs=last["pairs"],
        days=days,
    )
    rows = [
        (
            f"{each['command']}, {each['where']}",
            each["pairs"] * days,
            each["wall"],
            each["pairs"] * days / each["wall"],
            each["cpu"],
            each["peak"] / _MB,
        )
        for each in found
    ]
    header = ("command", "pair-days", "s", "pair-days/s", "CPU s", "peak MB")
    text += "\n" + in_words(on["machine"], on["before"], on["after"])
    return Section("Audit and rebuild", text, tables=[Table("", header, rows)])
