"""What devices add up to, in an SQLite file: it is what their pair-months add up to, whatever became of these."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from iotagg.assess import assess_outstanding
from iotagg.audit import audit
from iotagg.auditing.devices import OTHER_TOTAL
from iotagg.core.books import Held
from iotagg.core.ranks import MEASURES, SIDES
from iotagg.errors import Damaged
from iotagg.forgetting_device import forget_device
from iotagg.pipeline import Request, retract, upload
from iotagg.rebuild import rebuild
from iotagg.sources import path_text
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import csv, flow, put
from tests.stores.racing import name_of, pair_month

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iotagg.core.ranks import Side

MONTH = "2022-12"
DEVICE, PEER, OTHER = "192.168.1.7", "192.0.2.1", "192.0.2.2"
LARGE = 10**38 - 1


@pytest.fixture
def store(file: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(file)) as opened:
        yield opened


def told(store: SqliteStore, side: Side, month: str = MONTH) -> dict[str, dict[str, int]]:
    """Return what the devices of a month add up to."""
    kept = store.devices(side)
    keys = [(source, destination, month) for source, destination, _ in kept.ranks("paris", month)]
    return {row.source or row.destination: row.sums for row in kept.several_months("paris", keys)}


def added(store: SqliteStore, side: Side, month: str = MONTH) -> dict[str, dict[str, int]]:
    """Return what the pair-months of a month add up to."""
    found: dict[str, dict[str, int]] = {}
    for row in store.scan("paris"):
        if row.month == month:
            sums = found.setdefault(row.source if side == "source" else row.destination, {})
            for name, figure in row.sums.items():
                if not name.endswith("_sq"):
                    sums[name] = sums.get(name, 0) + figure
    return found


def agrees(store: SqliteStore) -> bool:
    store.sum_devices("paris")
    return all(told(store, side, month) == added(store, side, month) for side in SIDES for month in (MONTH, "2023-01"))


def counted(store: SqliteStore, folder: Path, name: str, *destinations: str) -> Path:
    """Count a file of a flow to each destination, in each of two months."""
    flows = [flow(destination=each, day=day) for each in destinations for day in ("2022-12-05", "2023-01-07")]
    file = put(folder / name, csv(*flows))
    assert upload(store, file, Request("paris")).state == "counted"
    return file


def run(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def counted_in(file: Path, rows: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {rows}").fetchone()[0])  # noqa: S608 (one of the tests')


def test_nothing_is_told_before_it_is_added_up(store: SqliteStore, tmp_path: Path) -> None:
    counted(store, tmp_path, "a.csv", PEER)
    assert told(store, "source") == {}
    assert assess_outstanding(store) == 1
    assert told(store, "destination") == {PEER: {"flows": 1, "dur": 1000, "pkt": 1, "f05": 1, "d05": 1000, "p05": 1}}
    assert agrees(store)


def test_files_that_come_and_go_are_added_and_taken_away(store: SqliteStore, tmp_path: Path) -> None:
    one = counted(store, tmp_path, "a.csv", PEER, OTHER)
    assert agrees(store)
    counted(store, tmp_path, "b.csv", PEER)
    assert agrees(store)
    path = path_text(one)
    retract(store, "paris", path, store.path("paris", path).names)
    assert agrees(store)
    assert [*told(store, "destination")] == [PEER]


@pytest.mark.parametrize("is_summed", [True, False])
def test_a_contribution_that_is_erased_while_half_of_it_is_in_leaves_that_half(
    store: SqliteStore, file: Path, tmp_path: Path, is_summed: bool
) -> None:
    counted(store, tmp_path, "a.csv", *(f"203.0.113.{number}" for number in range(40)))
    if is_summed:
        assert agrees(store)
    (name,) = store.names("paris")
    numbers = sorted(store.applied(name, 1))
    for number, chunk in store.chunks(name, numbers[::2]):
        store.apply(name, 2, number, chunk)
    assert store.erase(name, referred=True)
    assert len(numbers) > 2
    assert counted_in(file, "marker WHERE summed <> revision % 2") == counted_in(file, "device_unsure") == 0
    assert agrees(store)
    assert told(store, "source") != {}


@pytest.mark.parametrize("is_summed", [True, False])
def test_a_device_that_is_forgotten_is_in_no_table(
    store: SqliteStore, file: Path, tmp_path: Path, is_summed: bool
) -> None:
    counted(store, tmp_path, "a.csv", PEER, OTHER)
    if is_summed:
        assert agrees(store)
    run(file, "INSERT INTO device_unsure VALUES ('paris')", "UPDATE device_month SET sums = '{\"flows\":9}'")
    forget_device(store, OTHER)
    assert counted_in(file, f"device_month WHERE device = '{OTHER}'") == 0
    assert agrees(store)
    assert [*told(store, "destination")] == [PEER]


def test_months_that_are_kept_no_longer_are_not_told_and_then_erased(
    store: SqliteStore, file: Path, tmp_path: Path
) -> None:
    one = counted(store, tmp_path, "a.csv", PEER)
    store.sum_devices("paris")
    counted(store, tmp_path, "b.csv", OTHER)
    store.raise_floor("2023-01")
    assert told(store, "source") == {}
    assert [row.month for row in store.devices("destination").source_months("paris", PEER)] == ["2023-01"]
    assert agrees(store)
    store.erase_below_floor()
    assert counted_in(file, "device_month") == 3
    path = path_text(one)
    retract(store, "paris", path, store.path("paris", path).names)
    assert agrees(store)
    assert counted_in(file, "device_month") == 2


def test_what_a_rebuild_corrects_is_added_up_anew(store: SqliteStore, tmp_path: Path) -> None:
    counted(store, tmp_path, "a.csv", PEER, OTHER)
    assert agrees(store)
    for held in list(store.held(["paris"])):
        assert store.correct(held, {"flows": 3, "dur": LARGE, "f05": 3})
        assert agrees(store)
    (name,) = store.names("paris")
    for number, marker in store.markers(name).items():
        assert store.put_marker(name, number, marker, 2)
    assert agrees(store)


def test_totals_beyond_38_digits_are_exact_and_in_order(store: SqliteStore) -> None:
    for number in range(1, 21):
        key = ("paris", DEVICE, f"192.0.2.{number}", MONTH)
        assert store.correct(Held(*key, {}), {"flows": 1, "dur": LARGE, "pkt": number})
    assert store.correct(Held("paris", "192.168.1.8", PEER, MONTH, {}), {"flows": 1, "dur": 5, "pkt": 10**9})
    assert agrees(store)
    assert told(store, "source")[DEVICE]["dur"] == 20 * LARGE
    for measure, first in zip(MEASURES, [DEVICE, "192.168.1.8", DEVICE, DEVICE], strict=True):
        assert next(store.devices("source").ranks("paris", MONTH, measure))[0] == first


@pytest.mark.parametrize(("side", "place"), [("source", 0), ("destination", 1)])
def test_devices_are_those_whose_addresses_begin_so(store: SqliteStore, side: Side, place: int) -> None:
    for number in range(1, 31):
        key = ("paris", f"192.168.1.{number}", f"192.0.2.{number}", MONTH)
        assert store.correct(Held(*key, {}), {"flows": 1, "dur": number, "pkt": 100})
    assert agrees(store)
    assert told(store, side)
    everyone = list(store.devices(side).ranks("paris", MONTH))
    beginning = ("192.168.1.1", "192.0.2.1")[place]
    beginnings = (beginning, "") if place == 0 else ("", beginning)
    found = list(store.devices(side).ranks("paris", MONTH, beginnings=beginnings))
    assert found == [each for each in everyone if each[:2][place].startswith(beginning)]
    assert len(found) == 11


def test_more_devices_than_are_put_or_read_at_once_are_told_once(store: SqliteStore) -> None:
    months = [pair_month(f"192.168.{number % 4}.{number // 4}") for number in range(1_000)]
    for place in range(0, 1_000, 90):
        store.apply(name_of(1), 1, place, months[place : place + 90])
    run(store.file_path, "INSERT INTO device_unsure VALUES ('paris')")
    assert agrees(store)
    assert len(told(store, "source")) == 1_000
    assert told(store, "destination")[PEER]["flows"] == 1_000


def test_chunks_that_nobody_can_read_any_more_are_found_in_the_sums(store: SqliteStore, tmp_path: Path) -> None:
    store.apply(name_of(1), 1, 0, [pair_month(DEVICE)])  # of a contribution that was never kept
    assert agrees(store)
    counted(store, tmp_path, "a.csv", OTHER)
    run(store.file_path, "UPDATE contribution SET stored = x'00'")
    assert agrees(store)
    assert {*told(store, "destination")} == {PEER, OTHER}


@pytest.mark.parametrize("damage", ["sums = 'x'", 'sums = \'{"flows":"x"}\''])
def test_sums_that_somebody_spoiled_are_damaged_until_they_are_added_up_anew(
    store: SqliteStore, tmp_path: Path, damage: str
) -> None:
    counted(store, tmp_path, "a.csv", PEER)
    assert agrees(store)
    run(store.file_path, f"UPDATE device_month SET {damage}")  # noqa: S608 (one of those above)
    with pytest.raises(Damaged):
        told(store, "source")
    counted(store, tmp_path, "b.csv", PEER, OTHER)
    assert agrees(store)


@pytest.mark.parametrize("size", ["'x'", "-1", "1000000000000"])
def test_a_size_that_is_none_is_looked_at_first_and_harms_nobody(store: SqliteStore, tmp_path: Path, size: str) -> None:
    counted(store, tmp_path, "a.csv", PEER)
    assert agrees(store)
    run(store.file_path, f"UPDATE device_month SET packets = {size}")  # noqa: S608 (one of those above)
    ((_, _, rank),) = store.devices("source").ranks("paris", MONTH)
    assert rank.size("packets") == 99


MOVED = 'json_set(sums, "$.flows", json_extract(sums, "$.flows") {} 1)'
FIGURES = "sums, duration, packets, flows, pace FROM device_month"
OF_PEER = f"device = '{PEER}' AND sums LIKE '%f05%'"
OF_DEVICE = "UPDATE device_month SET {} WHERE side = {} AND device = '{}'"
WRONG = {
    "a figure of a source": (
        [OF_DEVICE.format("sums = " + MOVED.format("+"), 0, DEVICE)],
        [("source", DEVICE, MONTH), ("source", DEVICE, "2023-01")],
    ),
    "two destinations that make up for each other": (
        [
            OF_DEVICE.format("sums = " + MOVED.format("+"), 1, PEER),
            OF_DEVICE.format("sums = " + MOVED.format("-"), 1, OTHER),
        ],
        [
            ("destination", PEER, MONTH),
            ("destination", OTHER, MONTH),
            ("destination", PEER, "2023-01"),
            ("destination", OTHER, "2023-01"),
        ],
    ),
    "a size": (
        [OF_DEVICE.format("duration = duration + 1", 1, PEER) + " AND sums LIKE '%f05%'"],
        [("destination", PEER, MONTH)],
    ),
    "one that cannot be read": (
        [OF_DEVICE.format("sums = '{'", 1, PEER) + " AND sums LIKE '%f05%'"],
        [("destination", PEER, MONTH)],
    ),
    "one that is missing": (
        [f"DELETE FROM device_month WHERE {OF_PEER}"],  # noqa: S608 (the test's own)
        [("destination", PEER, MONTH)],
    ),
    "one of no pair": (
        [f"INSERT INTO device_month SELECT place, side, '203.0.113.1', {FIGURES} WHERE {OF_PEER}"],
        [("destination", "203.0.113.1", MONTH)],
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_total_that_does_not_follow_from_its_pairs_is_named_and_put_right(
    store: SqliteStore, file: Path, tmp_path: Path, wrong: str
) -> None:
    counted(store, tmp_path, "a.csv", PEER, OTHER)
    counted(store, tmp_path, "b.csv", PEER)
    assert agrees(store)
    assert store.device_faults("paris") == []
    statements, named = WRONG[wrong]
    run(file, *statements)
    assert sorted(store.device_faults("paris")) == sorted(named)
    differing = [
        (found.source, found.destination, found.month, found.text) for found in audit(store, wait=lambda _: None)
    ]
    assert sorted(differing) == sorted(
        (device if side == "source" else "", device if side == "destination" else "", month, OTHER_TOTAL)
        for side, device, month in named
    )
    assert len(list(rebuild(store, wait=lambda _: None))) == len(named)
    assert list(audit(store, wait=lambda _: None)) == []
    assert told(store, "destination") == added(store, "destination")


def test_what_is_still_to_be_added_up_is_not_judged(store: SqliteStore, file: Path, tmp_path: Path) -> None:
    counted(store, tmp_path, "a.csv", PEER)
    assert agrees(store)
    counted(store, tmp_path, "b.csv", OTHER)
    run(file, "DELETE FROM device_month")
    assert store.device_faults("paris") == []
    store.sum_devices("paris")
    assert store.device_faults("paris") != []


def test_where_a_pair_cannot_be_read_nothing_is_said_of_its_devices(
    store: SqliteStore, file: Path, tmp_path: Path
) -> None:
    counted(store, tmp_path, "a.csv", PEER)
    assert agrees(store)
    run(file, "UPDATE pair_month SET sums = 'x'", "DELETE FROM device_month")
    assert store.device_faults("paris") == []


def test_names_of_devices_are_those_of_all_months_each_once_in_order(store: SqliteStore) -> None:
    several = [f"192.0.2.{number}" for number in range(256)] + [f"203.0.113.{number}" for number in range(250)]
    for number, month in enumerate(("2022-11", "2022-12")):
        half = [pair_month(DEVICE, month, peer) for peer in several[number::2] + several[:7]]
        for place in range(0, len(half), 96):
            store.apply(name_of(number), 1, place, half[place : place + 96])
    store.doubt_devices("paris")
    store.sum_devices("paris")
    kept = store.devices("destination")
    assert list(store.devices("source").names("paris")) == [DEVICE]
    assert list(kept.names("paris")) == sorted(several)
    for after in (several[0], several[-1], "192.0.2.77x", "z"):
        assert list(kept.names("paris", after)) == sorted(each for each in several if each > after)
    assert list(kept.names("tokyo")) == []
