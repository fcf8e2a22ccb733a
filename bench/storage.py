"""What is kept of a month of traffic, byte by byte, beside the same pair-days in Parquet.

Two sites send a file a day; they go through summarize, consolidate and the sweep, which removes raw objects that are
counted. All that is left is counted by kind (`bench.bytes_kept`). The same files are counted into a database file too,
and their pair-days written as Parquet with zstd.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.bytes_kept import SITES, count_all, kept_in_bucket, kept_in_pages, kept_in_table
from bench.data_set import DataSet, data_set
from bench.parquet import pair_days_of, parquet_bytes
from bench.report import Plot, Section, Table
from bench.setting import deployed, engine
from iotagg.costs.estimate import Options as CostOptions
from iotagg.costs.estimate import estimate
from iotagg.costs.prices import read_prices
from iotagg.costs.traffic import Traffic
from iotagg.costs.usage import GB
from iotagg.parallel import upload_all
from iotagg.pipeline import Request
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.bytes_kept import Kept
    from bench.options import Options

    Found = dict[str, Any]

ROWS, DAYS, ODD = 30_000, 31, 30
QUICK_ROWS, QUICK_DAYS = 1_000, 2
TABLE, BUCKET, DATABASE, PARQUET, LOGS, SET = "table", "bucket", "database", "parquet", "logs", "data set"

_TEXT = """
What is kept when all is counted: {name}, {megabytes:,.0f} MB, {pair_days:,} pair-days (pairs that have flows on a day).
Raw files are removed by the sweep. Bytes of items are those that DynamoDB documents; *charged* has the 100 bytes more
that it takes for each item's index. Of a database file, whole pages count. Parquet (zstd, sorted, pyarrow) holds the
figures of pair-days alone: neither what files added, so that one can be taken out, nor what was counted, rejected and
why. Everything here is counted but for the logs, which are estimated.
"""


def run(options: Options) -> Section:
    """Count, or take what was kept, and return what it says."""
    if options.again:
        return section(options.kept_results("storage"))
    days, rows = (QUICK_DAYS, QUICK_ROWS) if options.quick else (DAYS, ROWS)
    with data_set(options.data, days, rows, SITES, ODD) as files:
        found = list(counted(files))
    options.keep_results("storage", found)
    return section(found)


def counted(files: DataSet) -> Iterator[Found]:
    """Yield what is kept of files, by place and kind, and how much they were."""
    with engine():
        stack = deployed()
        count_all(files.files, stack)
        yield from _as_found(TABLE, kept_in_table(stack))
        yield from _as_found(BUCKET, kept_in_bucket(stack))
    sites = sorted({file.parent.name for file in files.files})
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "iotagg.db"
        for site in sites:
            of_site = [file for file in files.files if file.parent.name == site]
            for _ in upload_all(partial(SqliteStore, database), of_site, Request(site), 1, lambda _: None):
                pass
        yield from _as_found(DATABASE, kept_in_pages(database))
        with closing(SqliteStore(database)) as store:
            pair_days = pair_days_of(store, sites)
        for kind, size in parquet_bytes(pair_days, Path(folder)).items():
            yield {"place": PARQUET, "kind": kind, "count": 1, "bytes": size, "charged": size}
    yield {
        "place": SET,
        "name": files.name,
        "files": len(files.files),
        "bytes": files.bytes,
        "pair_days": len(pair_days),
    }
    for kind, size in _logs(len(files.files), files.rows, len(sites), len(pair_days)):
        yield {"place": LOGS, "kind": kind, "count": 1, "bytes": size, "charged": size}


def _as_found(place: str, kinds: dict[str, Kept]) -> Iterator[Found]:
    for kind, kept in sorted(kinds.items(), key=lambda each: -each[1].bytes):
        charged = kept.bytes + kept.index
        yield {"place": place, "kind": kind, "count": kept.count, "bytes": kept.bytes, "charged": charged}


def _logs(files: int, rows: int, sites: int, pair_days: int) -> Iterator[tuple[str, int]]:
    # Of a month; where files come but once a day, sweeps are what is logged beside them.
    days = max(files / sites, 1)
    traffic = Traffic(sites, files / days, rows / days, pair_days / days)
    for what, swept in (
        ("of files", CostOptions(sweep_minutes=1e9)),
        ("of files and a sweep every 15 min", CostOptions()),
    ):
        items = {item.what: item for item in estimate(traffic, swept, read_prices())}
        yield what, round(items["logs, taken in"].quantity * GB * days / 30)


def section(found: Sequence[Found]) -> Section:
    """Return what was found."""
    (of,) = (each for each in found if each["place"] == SET)
    kept = {
        place: [each for each in found if each["place"] == place] for place in (TABLE, BUCKET, DATABASE, PARQUET, LOGS)
    }
    cloud, database = (
        _sum("all that is kept in the cloud", kept[TABLE] + kept[BUCKET]),
        _sum("database file", kept[DATABASE]),
    )
    header = ("", "count", "bytes", "charged", "of raw bytes", "charged bytes a pair-day")
    shown = [*kept[TABLE], *kept[BUCKET], cloud, *kept[LOGS]]
    local = [*kept[DATABASE], database, *kept[PARQUET]]
    if not kept[PARQUET]:
        sys.stderr.write("storage: pyarrow is missing, so nothing is compared with Parquet: pip install pyarrow\n")
    return Section(
        "Storage",
        _TEXT.format(name=of["name"], megabytes=of["bytes"] / 1e6, pair_days=of["pair_days"]),
        tables=[
            Table("In the cloud", header, [_row(each, of) for each in shown]),
            Table("In a database file, and as Parquet", header, [_row(each, of) for each in local]),
        ],
        plots=[
            Plot("storage", "Bytes a pair-day by what they hold", lambda figure: _draw(figure, kept, of), (8.0, 2.6))
        ],
    )


def _sum(kind: str, of: Sequence[Found]) -> Found:
    return {"place": "", "kind": kind} | {
        name: sum(each[name] for each in of) for name in ("count", "bytes", "charged")
    }


def _row(each: Found, of: Found) -> tuple[object, ...]:
    what = f"{each['place']}: {each['kind']}" if each["place"] else f"**{each['kind']}**"
    charged = each["charged"]
    share, a_pair_day = f"{charged / of['bytes']:.3%}", charged / max(of["pair_days"], 1)
    return what, each["count"], round(each["bytes"]), round(charged), share, a_pair_day


def _draw(figure: Any, kept: dict[str, list[Found]], of: Found) -> None:
    axes = figure.subplots()
    bars: dict[str, Iterable[Found]] = {
        "DynamoDB and S3": kept[TABLE] + kept[BUCKET],
        "SQLite": kept[DATABASE],
        **{f"Parquet, {each['kind']}": [each] for each in kept[PARQUET]},
    }
    for place, (_, kinds) in enumerate(bars.items()):
        left = 0.0
        for each in kinds:
            width = each["charged"] / max(of["pair_days"], 1)
            axes.barh(place, width, left=left, edgecolor="white")
            if width > _WIDE_ENOUGH:
                axes.text(left + width / 2, place, each["kind"], ha="center", va="center", fontsize="small")
            left += width
    axes.set_yticks(range(len(bars)), list(bars))
    axes.invert_yaxis()
    axes.set_xlabel("bytes a pair-day")


_WIDE_ENOUGH = 25  # bytes a pair-day that leave room for a name
