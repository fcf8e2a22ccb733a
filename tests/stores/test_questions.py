"""What every store answers whoever asks: the months of a pair and of a source, and lists, in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from iotagg.core.ledger import Move, Refusal
from tests.pipeline.csvs import contribution, csv, flow
from tests.stores.counted import ONE, OTHER, rows
from tests.stores.racing import name_of, pair_month

if TYPE_CHECKING:
    from iotagg.core.contribution import Contribution
    from iotagg.stores.protocol import Store


@pytest.fixture
def three_months(store: Store) -> Store:
    months = [pair_month("192.168.1.7", month) for month in ("2023-01", "2022-11", "2022-12")]
    reverse = pair_month("192.0.2.1", "2022-12", destination="192.168.1.7")
    store.apply(ONE, 1, 0, [*months, reverse, pair_month("192.168.1.70", "2022-12")])
    return store


def months(store: Store, *between: str) -> list[str]:
    return [row.month for row in store.months("paris", "192.168.1.7", "192.0.2.1", *between)]


def test_months_of_a_pair_are_its_own_oldest_first(three_months: Store) -> None:
    assert months(three_months) == ["2022-11", "2022-12", "2023-01"]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2022-12", "2022-12", ["2022-12"]),
        ("2022-11", "2022-12", ["2022-11", "2022-12"]),
        ("2022-12", "9999-12", ["2022-12", "2023-01"]),
        ("0001-01", "2022-10", []),
        ("2023-01", "2022-11", []),
    ],
)
def test_months_are_cut_to_an_inclusive_range(three_months: Store, first: str, last: str, expected: list[str]) -> None:
    assert months(three_months, first, last) == expected


def test_a_pair_has_a_direction(three_months: Store) -> None:
    (reverse,) = three_months.months("paris", "192.0.2.1", "192.168.1.7")
    assert (reverse.source, reverse.destination, reverse.month) == ("192.0.2.1", "192.168.1.7", "2022-12")


def test_an_unknown_pair_or_site_has_no_months(three_months: Store) -> None:
    assert three_months.months("paris", "192.168.1.7", "192.0.2.99") == []
    assert three_months.months("tokyo", "192.168.1.7", "192.0.2.1") == []
    assert rows(three_months, "tokyo") == []


def test_an_emptied_month_is_absent_beside_those_that_are_not(three_months: Store) -> None:
    store = three_months
    store.apply(OTHER, 1, 0, [pair_month("192.168.1.7", "2022-12"), pair_month("192.168.1.7", "2023-02")])
    store.apply(OTHER, 2, 0, [pair_month("192.168.1.7", "2022-12"), pair_month("192.168.1.7", "2023-02")])
    assert months(store) == ["2022-11", "2022-12", "2023-01"]
    assert "2023-02" not in [row.month for row in store.scan("paris")]


def test_scan_is_sorted_by_source_destination_and_month_as_text(store: Store) -> None:
    keys = [
        *[("192.168.1.10", "192.0.2.1", "2022-12"), ("192.168.1.9", "192.0.2.1", "2022-12")],
        *[("2001:db8::7", "192.0.2.1", "2022-12"), ("192.168.1.9", "192.0.2.1", "2022-02")],
        *[("192.168.1.9", "192.0.2.10", "2022-01"), ("10.0.0.1", "ff02::fb", "2022-12")],
    ]
    for number, (source, destination, month) in enumerate(keys):
        store.apply(name_of(number), 1, 0, [pair_month(source, month, destination)])
    assert [(row.source, row.destination, row.month) for row in store.scan("paris")] == sorted(keys)
    for after in [*(key[:2] for key in keys), ("192.168.1.9", ""), ("3", "3"), ("", "")]:
        found = [(row.source, row.destination, row.month) for row in store.scan("paris", after)]
        assert found == sorted(key for key in keys if key[:2] > after)


def test_months_of_a_source_begin_behind_a_destination_and_are_those_asked_for(store: Store) -> None:
    keys = [("192.0.2.1", "2022-11"), ("192.0.2.1", "2022-12"), ("192.0.2.17", "2022-12"), ("2001:db8::1", "2022-12")]
    store.apply(ONE, 1, 0, [pair_month("192.168.1.7", month, destination) for destination, month in keys])
    store.apply(OTHER, 1, 0, [pair_month("192.168.1.70", "2022-12", "192.0.2.2")])
    for after in ("", "192.0.2.1", "192.0.2.10", "192.0.2.17", "2001:db8::", "2001:db8::1", "3"):
        found = store.source_months("paris", "192.168.1.7", after)
        assert [(row.destination, row.month) for row in found] == [key for key in keys if key[0] > after]
        for months in ({"2022-12"}, {"2022-11", "2022-12"}, {"2023-01"}):
            found = store.source_months("paris", "192.168.1.7", after, months=months)
            expected = [key for key in keys if key[0] > after and key[1] in months]
            assert [(row.destination, row.month) for row in found] == expected


def test_an_empty_store_knows_nothing(store: Store) -> None:
    assert store.sites() == []
    assert list(store.files("paris")) == []
    assert list(store.paths("paris")) == []
    assert rows(store) == []
    assert store.file(ONE) is None
    assert store.readings("paris", ONE.content) == []
    assert list(store.rejects(ONE)) == []
    path = store.path("paris", "incoming/a.csv")
    assert (path.site, path.path, path.names, path.refusal) == ("paris", "incoming/a.csv", (), None)


def test_files_are_listed_by_site_sorted_by_name_in_and_out(store: Store) -> None:
    kept = [contribution(csv(flow(packets=number)), site) for number in range(5) for site in ("tokyo", "paris")]
    names = [store.keep(each).name for each in kept]
    store.advance(names[1], 0, 1)
    for site in ("paris", "tokyo"):
        assert [record.name for record in store.files(site)] == sorted(name for name in names if name.site == site)
    assert {record.name for record in store.files("paris") if record.is_in} == {names[1]}


def test_paths_are_listed_by_site_sorted(store: Store) -> None:
    for path in ("b.csv", "a/z.csv", "B.csv", "a.csv", "ä.csv"):
        store.move("paris", Move(path))
    store.refuse("paris", "c.csv", Refusal("no"))
    store.move("tokyo", Move("0.csv"))
    assert [record.path for record in store.paths("paris")] == ["B.csv", "a.csv", "a/z.csv", "b.csv", "c.csv", "ä.csv"]


def test_sites_are_listed_sorted_also_those_with_refused_files_only(store: Store) -> None:
    for site in ("tokyo", "default", "Paris"):
        store.keep(contribution(csv(flow()), site))
    store.refuse("berlin", "a.csv", Refusal("no"))
    assert store.sites() == ["Paris", "berlin", "default", "tokyo"]


def test_readings_are_all_options_that_a_content_was_read_with(store: Store) -> None:
    first, *_ = [store.keep(each).name for each in readings()]
    assert [record.name for record in store.readings("paris", first.content)] == sorted(
        head.head.name for head in readings()
    )
    assert store.readings("tokyo", first.content) == []


def readings() -> list[Contribution]:
    kept = contribution(csv(flow()))
    return [
        replace(kept, head=replace(kept.head, name=replace(kept.head.name, options=options)))
        for options in ("c" * 16, "a" * 16, "b" * 16)
    ]
