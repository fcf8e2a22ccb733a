"""The devices of a site are those of its pairs, whatever a store keeps of them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from iotagg.assess import assess_chunk, assess_outstanding
from iotagg.devices import Device, Traffic, devices, histories_to
from iotagg.export import all_histories
from iotagg.pipeline import Request, upload
from tests.pipeline.csvs import csv, flow, put
from tests.stores.backends import memory, simulated, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iotagg.core.history import History
    from iotagg.stores.protocol import Store

HUB, LEAVES = "192.0.2.1", [f"192.168.1.{number}" for number in range(1, 131)]
DAYS = ("2022-11-30", "2022-12-01", "2023-02-01")


@pytest.fixture(params=[memory, sqlite, simulated])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with closing(request.param(tmp_path).open()) as opened:
        for day in DAYS:
            rows = [flow(leaf, HUB, day, 10, number) for number, leaf in enumerate(LEAVES)]
            rows += [flow(HUB, leaf, day, 1, 1) for leaf in LEAVES[:3]]
            assert upload(opened, put(tmp_path / f"{day}.csv", csv(*rows)), Request("paris")).state == "counted"
        for site in opened.sites():
            for record in opened.files(site):
                for _, chunk in opened.chunks(record.name, range(record.head.chunks)):
                    assess_chunk(opened, site, chunk)
        assess_outstanding(opened)
        yield opened


def to_hub(store: Store, since: str, until: str) -> list[History]:
    every = all_histories(store, "paris", since, until)
    return [pair for pair in every if pair.destination == HUB]


def test_each_device_is_told_once_with_what_it_sent_and_received(store: Store) -> None:
    found = list(devices(store, "paris"))
    assert [each.address for each in found] == sorted([HUB, *LEAVES])
    known = {each.address: each for each in found}
    assert known[LEAVES[7]] == Device(LEAVES[7], Traffic("2022-11", "2023-02", 3, (30, 21)), None)
    assert known[LEAVES[2]].received == Traffic("2022-11", "2023-02", 3, (3, 3))
    assert known[HUB].sent == Traffic("2022-11", "2023-02", 9, (9, 9))
    assert known[HUB].received == Traffic("2022-11", "2023-02", 390, (3_900, 3 * sum(range(130))))


def test_devices_begin_behind_one(store: Store) -> None:
    every = sorted([HUB, *LEAVES])
    for after in (every[0], every[50], every[-1], "192.168.1.5x"):
        assert [each.address for each in devices(store, "paris", after)] == [each for each in every if each > after]
    assert list(devices(store, "tokyo")) == []


@pytest.mark.parametrize(
    "days", [("0001-01-01", "9999-12-31"), ("2022-12-01", "2022-12-31"), ("2023-01-01", "2023-01-31")]
)
def test_pairs_to_a_device_are_those_of_an_export(store: Store, days: tuple[str, str]) -> None:
    since, until = days
    expected = to_hub(store, since, until)
    assert list(histories_to(store, "paris", HUB, since=since, until=until)) == expected
    assert len(expected) == (0 if since == "2023-01-01" else 130)
    for after in (LEAVES[0], LEAVES[99], "192.168.1.99"):
        behind = [pair for pair in expected if pair.source > after]
        assert list(histories_to(store, "paris", HUB, after, since=since, until=until)) == behind


def test_nothing_was_sent_to_a_device_that_is_not_there(store: Store) -> None:
    assert list(histories_to(store, "paris", "192.0.2.99")) == []
    assert list(histories_to(store, "tokyo", HUB)) == []
