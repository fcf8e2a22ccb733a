"""The estimate's figures hold for what a stack really does: requests, units and bytes, on the engine."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bench.bill import IN_THE_INDEX
from bench.bytes_kept import ENTRIES, SITES, count_all, kept_in_bucket, kept_in_table
from bench.file_requests import CONSOLIDATE, SUMMARIZE, Till
from bench.rank_costs import Counted, counted_year
from bench.setting import deployed
from iotagg.costs.coefficients import of
from iotagg.costs.estimate import Item, Options, Traffic, estimate
from iotagg.costs.prices import read_prices
from iotagg.costs.traffic import DAYS_OF_A_MONTH
from iotagg.jobs.cloud import Cloud
from iotagg.jobs.sweep import sweep
from iotagg.sample import SampleOptions, write_sample
from iotagg.stores.sqlite import SqliteStore
from tests.examples import long_only

if TYPE_CHECKING:
    from pathlib import Path

from bench.file_requests import FileCost

TOLERANCE = 0.05  # for what is counted: files differ a little in how many chunks and messages they make
KEPT_TOLERANCE = 0.2  # for bytes: three days of small files instead of a month of usual ones


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("sample")
    return sorted(write_sample(folder, SampleOptions(days=3, rows=3_000, sites=("paris",))))


def estimated(found: FileCost) -> dict[str, Item]:
    """Return what the estimate says of a month of such files, one a day, without sweeps and polls in vain."""
    assert found.head
    traffic = Traffic(1, 1, found.outcome.lines["counted"], found.head.pair_months / of("touches of a pair-day"))
    return {item.what: item for item in estimate(traffic, Options(sweep_minutes=1e9), read_prices())}


def of_a_file(items: dict[str, Item], *what: str) -> float:
    scale = {"million": 1e6, "thousand": 1e3}
    return sum(items[name].quantity * scale[items[name].unit.split()[0]] for name in what) / DAYS_OF_A_MONTH


def rank_units(found: FileCost) -> Counter[str]:
    """Return the write units of a file's ranks: in the table, and in the index."""
    written = found.write_units
    kinds = {"table": "", "index": IN_THE_INDEX}
    return Counter({kind: written[CONSOLIDATE, f"dynamodb.UpdateItem{of_kind}"] for kind, of_kind in kinds.items()})


def test_a_file_costs_the_requests_and_units_that_are_estimated(files: list[Path]) -> None:
    *_, found = Till().costs(files[:2])
    said = estimated(found)
    requests = Counter[str]()
    for (_, operation), count in found.requests.items():
        requests[operation] += count
    ranks = rank_units(found)
    assessed = found.read_units[CONSOLIDATE, "dynamodb.Query"] - found.messages  # which ask for markers
    sent = found.requests[SUMMARIZE, "sqs.SendMessageBatch"]
    done = [found.requests[CONSOLIDATE, f"sqs.{what}Message"] for what in ("Receive", "Delete")]
    for measured, *what in (
        (found.write_units.total() - ranks.total(), "pairs' months, updated", "markers, records, paths"),
        (found.read_units.total() - assessed, "reads of summarize and consolidate"),
        (requests["s3.PutObject"], "files and contributions, written"),
        (requests["s3.GetObject"], "files and contributions, read"),
        (sent + sum(done), "chunks queue"),
        (1 + sum(found.requests[SUMMARIZE, f"sqs.{way}Message"] for way in ("Receive", "Delete")), "files queue"),
    ):
        assert of_a_file(said, *what) == pytest.approx(measured, rel=TOLERANCE), what


def test_the_rank_of_a_month_that_is_new_is_written_once_and_looked_at_twice(files: list[Path]) -> None:
    found, *_ = Till().costs(files[:1])  # in which every pair's month is new
    assert found.head
    pair_months, ranks = found.head.pair_months, rank_units(found)
    marks_of_chunks = found.head.chunks  # each says once that it was assessed
    assert ranks == {"table": pair_months + marks_of_chunks, "index": pair_months}
    reads = found.read_units[CONSOLIDATE, "dynamodb.Query"] - found.messages
    # Pairs of which a file has two months are read for both together.
    most = (of("reads of a touch") + of("reads again of a pair-month")) * pair_months
    assert 0.7 * most < reads < (1 + TOLERANCE) * most


def test_ranks_of_daily_files_cost_what_is_estimated(tmp_path: Path) -> None:
    options = SampleOptions(days=20, devices=2, rows=4_000, sites=("paris",))
    with closing(SqliteStore(tmp_path / "sums.db")) as sums:
        store = Counted(sums)
        touched = counted_year(store, sorted(write_sample(tmp_path, options)))
        pair_months = sum(1 for _ in sums.scan("paris"))
        read = of("reads of a touch") * touched + of("reads again of a pair-month") * pair_months
    assert store.query_units == pytest.approx(read, rel=TOLERANCE)
    assert store.write_units == pytest.approx(of("ranks of a pair-month") * pair_months, rel=TOLERANCE)
    assert store.index_units.total() == pytest.approx(
        of("index writes of a pair-month") * pair_months, rel=2 * TOLERANCE
    )


def test_a_sweep_costs_the_requests_and_units_that_are_estimated(files: list[Path]) -> None:
    till = Till()
    list(till.costs(files[:1]))
    till.cloud.meter.requests.clear()
    till.bill.read_units.clear()
    sweep(till.cloud)
    assert till.cloud.meter.requests["sqs.GetQueueAttributes"] == of("queue requests of a sweep")
    assert till.cloud.meter.requests["s3.ListObjectVersions"] == 1
    paths = 1  # of the one site that has a raw file
    assert till.bill.read_units.total() == of("reads of a sweep") + of("reads of a site in a sweep") + paths


@long_only
def test_what_is_kept_of_a_month_is_as_large_as_estimated(tmp_path: Path) -> None:
    written = sorted(write_sample(tmp_path, SampleOptions(days=3, rows=3_000, sites=SITES)))
    stack = deployed()
    count_all(written, stack)
    table, bucket = kept_in_table(stack), kept_in_bucket(stack)
    assert set(table) == {"pair-months", "markers", "files", "paths", "sites", ENTRIES}
    assert set(bucket) == {"contributions"}

    def each(kind: str) -> float:
        kept = table[kind]
        return (kept.bytes + kept.index) / kept.count

    assert each("pair-months") == pytest.approx(of("bytes of a pair-month"), rel=KEPT_TOLERANCE)
    assert each(ENTRIES) == pytest.approx(of("bytes of an entry"), rel=KEPT_TOLERANCE)
    assert each("markers") == pytest.approx(of("bytes of a marker"), rel=KEPT_TOLERANCE)
    assert each("files") + each("paths") == pytest.approx(of("bytes of a file"), rel=KEPT_TOLERANCE)
    cloud = Cloud.connected(stack)
    heads = [file.head for site in SITES for file in cloud.store.files(site)]
    touched = sum(head.pair_months for head in heads)
    said = len(heads) * of("bytes of a contribution") + touched * of("bytes of a touch")
    assert bucket["contributions"].bytes == pytest.approx(said, rel=KEPT_TOLERANCE)
