"""What a write costs at least, by DynamoDB's published rules."""

from __future__ import annotations

from typing import Any

import pytest

from iotagg.core.pair_month import PairMonth
from iotagg.stores.dynamodb.transaction import Step, chunk_transaction, least_write_units
from iotagg.stores.dynamodb.write_units import item_bytes, number_bytes, write_units
from tests.stores.racing import CHUNKS, name_of


@pytest.mark.parametrize(
    ("sizes", "units"), [([1], 2), ([1024], 2), ([1025], 4), ([1, 1], 4), ([1024, 1025, 3000], 12), ([], 0), ([0], 2)]
)
def test_a_transaction_costs_two_units_for_each_kilobyte_that_is_begun(sizes: list[int], units: int) -> None:
    assert write_units(sizes) == units


@pytest.mark.parametrize(
    ("number", "length"),
    [
        ("0", 2),
        ("1", 2),
        ("12", 2),
        ("123", 3),
        ("1000", 2),
        ("1001", 3),
        ("-12", 3),
        ("9" * 38, 20),
        ("-" + "9" * 38, 21),
    ],
)
def test_a_number_costs_a_byte_for_two_significant_digits(number: str, length: int) -> None:
    assert number_bytes(number) == length


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ({"S": "abc"}, 3),
        ({"S": "é"}, 2),
        ({"N": "12"}, 2),
        ({"SS": ["ab", "c"]}, 3),
        ({"L": [{"S": "ab"}, {"N": "1"}]}, 3 + 1 + 2 + 1 + 2),
        ({"M": {"a": {"S": "b"}}}, 3 + 1 + 1 + 1),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
    ],
)
def test_an_item_is_as_large_as_its_names_and_values(value: dict[str, Any], length: int) -> None:
    assert item_bytes({"name": value}) == 4 + length


def test_a_chunk_of_small_months_costs_two_units_each_and_two_for_its_marker() -> None:
    step = Step(name_of(1), 0, CHUNKS[0], 0, 1)
    assert least_write_units(chunk_transaction("table", step)) == 2 * (len(CHUNKS[0]) + 1)


def test_a_month_with_large_sums_on_every_day_costs_more() -> None:
    days = {f"{letter}{day:02}": 10**30 + day for letter in "fdp" for day in range(1, 32)}
    step = Step(name_of(1), 0, [PairMonth("192.168.1.7", "192.0.2.1", "2022-12", {"flows": 1, **days})], 0, 1)
    assert least_write_units(chunk_transaction("table", step)) == 2 + 4
