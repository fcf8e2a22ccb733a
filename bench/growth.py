"""Does a file cost more when much is stored already? And what did it cost in the design of earlier implementations?

Files of one size are counted into stores that hold 10^3 to 10^6 pairs. One store stays new, another one gets all files
of 39 months first; then files are counted in turns, those of the first month into the new one, those of the 40th month
into the other one, and likewise with a consolidated CSV each. So whatever else the machine does meets all alike.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.consolidated_csv import Totals, add, read_totals
from bench.growth_cloud import CsvInBucket, InDynamo
from bench.growth_local import CsvOnDisk, InSqlite
from bench.growth_section import BETWEEN, CSV, DYNAMODB, FIRST, IOTAGG, LAST, SQLITE, section
from bench.growth_traffic import FILES_A_MONTH, GrowthTraffic
from bench.growth_units import units_of_pair_months
from bench.options import Disagreement
from bench.setting import engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.options import Options
    from bench.report import Section
    from iotagg.core.pair_month import PairMonth

Ways = dict[tuple[str, str], Any]  # of the way and the month; what they have in common: bench.growth_ways.Way
_COMPARED_UP_TO = 10_000  # pairs; to read more of them back from the engine takes long


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: pairs stored before, files, and of a month's files those that are timed and looked at."""

    in_sqlite: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    in_dynamodb: tuple[int, ...] = (1_000, 100_000)
    csv_alone: tuple[int, ...] = (1_000_000,)  # in the bucket: to load as many pairs into the engine takes minutes
    files: int = 1_000
    timed: int = 20
    closely: int = 4
    pairs: int = 200

    def traffic(self, stored: int) -> GrowthTraffic:
        """Return the files that are counted with so many pairs stored before."""
        return GrowthTraffic(stored, 10 * self.pairs, self.pairs)


QUICK = Scale((1_000,), (1_000,), (), files=2 * FILES_A_MONTH, timed=2, closely=1, pairs=20)


def run(options: Options) -> Section:
    """Measure, or take what was kept, and return what it says. Raises Disagreement when the ways' sums differ."""
    if options.again:
        return section(options.kept_results("growth"))
    found = list(measured(QUICK if options.quick else Scale()))
    options.keep_results("growth", found)
    return section(found)


def measured(scale: Scale) -> Iterator[dict[str, Any]]:
    """Yield what each file cost, on each store, with so many pairs stored before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for stored in scale.in_sqlite:
            local = folder / str(stored)
            local.mkdir()
            with _local_ways(local, scale.traffic(stored)) as ways:
                yield from _of_store(folder, SQLITE, stored, scale, ways)
            shutil.rmtree(local)
        for stored in scale.in_dynamodb:
            with engine():  # a new one, so that nothing of the one before is in its memory
                yield from _of_store(folder, DYNAMODB, stored, scale, _cloud_ways(scale.traffic(stored)))
        with engine():
            for stored in scale.csv_alone:
                yield from _csv_alone(folder, scale.traffic(stored), scale.timed // 2)
            yield from units_of_pair_months(folder, quick=scale == QUICK)


@contextmanager
def _local_ways(folder: Path, traffic: GrowthTraffic) -> Iterator[Ways]:
    new = InSqlite(folder / "new.db")
    new.preload(traffic)
    new.store.backup(folder / "old.db")
    old = InSqlite(folder / "old.db")
    with closing(new.store), closing(old.store):
        ways: Ways = {(IOTAGG, FIRST): new, (IOTAGG, LAST): old}
        for month in (FIRST, LAST):
            (folder / month).mkdir()
            ways[CSV, month] = CsvOnDisk(folder / month)
            ways[CSV, month].preload(traffic)
        yield ways


def _cloud_ways(traffic: GrowthTraffic) -> Ways:
    ways: Ways = {
        (IOTAGG, FIRST): InDynamo(),
        (IOTAGG, LAST): InDynamo(),
        (CSV, FIRST): CsvInBucket(),
        (CSV, LAST): CsvInBucket(),
    }
    for way in ways.values():
        way.preload(traffic)
    return ways


def _of_store(folder: Path, engine_name: str, stored: int, scale: Scale, ways: Ways) -> Iterator[dict[str, Any]]:
    traffic, place = scale.traffic(stored), {"engine": engine_name, "stored": stored}
    last_month = scale.files - FILES_A_MONTH
    sys.stderr.write(f"growth: {engine_name}, {stored:,} pairs stored, then {scale.files:,} files\n")
    for begin in range(1, 1 + last_month, FILES_A_MONTH):
        numbers = range(begin, 1 + min(last_month, begin + FILES_A_MONTH - 1))
        files = [traffic.write(folder, number) for number in numbers]
        for way in (IOTAGG, CSV):
            for number, cost in enumerate(ways[way, LAST].take_all(files), begin):
                if cost.seconds is not None:
                    yield {**place, "way": way, "month": BETWEEN, "number": number, **cost.as_json()}
        _remove(files)
    order = list(ways)
    for turn in range(1, 1 + scale.timed + scale.closely):
        order.append(order.pop(0))
        for name, month in order:
            number = turn + (last_month if month == LAST else 0)
            file, way = traffic.write(folder, number), ways[name, month]
            cost = way.take(file) if turn <= scale.timed else way.closely(file)
            yield {**place, "way": name, "month": month, "number": number, **cost.as_json()}
            file.unlink()
    if stored <= _COMPARED_UP_TO:
        _compare(ways)


def _csv_alone(folder: Path, traffic: GrowthTraffic, files: int) -> Iterator[dict[str, Any]]:
    csv, place = CsvInBucket(), {"engine": DYNAMODB, "stored": traffic.stored}
    csv.preload(traffic)
    for number in range(1, 1 + files):
        cost = csv.take(traffic.write(folder, number))
        yield {**place, "way": CSV, "month": FIRST, "number": number, **cost.as_json()}


def _compare(ways: Ways) -> None:
    for month in (FIRST, LAST):
        ours = _totals(ways[IOTAGG, month].sums())
        if ours != read_totals(ways[CSV, month].read()):
            raise Disagreement(f"iotagg and the consolidated CSV differ after the {month} month's files")


def _totals(rows: Iterable[PairMonth]) -> Totals:
    totals: Totals = {}
    for row in rows:
        figures = [row.sums[name] for name in ("flows", "dur", "dur_sq", "pkt", "pkt_sq")]
        add(totals, f"{row.source},{row.destination},".encode(), figures)
    return totals


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink()
