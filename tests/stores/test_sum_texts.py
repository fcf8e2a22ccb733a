"""Sums are added in their text as if they had been parsed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.moments import MAX_SUM
from iotagg.errors import NumberTooLarge
from iotagg.stores.sum_texts import added, without_zeros
from tests.examples import examples

many = settings(max_examples=examples(100), deadline=None)
names = st.sampled_from(["flows", "dur", "dur_sq", "pkt", "pkt_sq", "f01", "d01", "p01", "f02", "f12", "f31"])
Sums = dict[str, int]


def sums(least: int) -> st.SearchStrategy[Sums]:
    values = st.integers(least, 9) | st.integers(-(MAX_SUM // 2) if least < 0 else 1, MAX_SUM // 2)
    return st.dictionaries(names, values.filter(bool), max_size=8)


def text(sums: Sums) -> str:
    return json.dumps(sums, separators=(",", ":"))


def total(one: Sums, other: Sums) -> Sums:
    both = {name: one.get(name, 0) + other.get(name, 0) for name in one | other}
    return {name: value for name, value in both.items() if value}


@many
@given(sums(1), sums(1))
def test_positive_sums_add_up_in_the_order_in_which_they_came(one: Sums, other: Sums) -> None:
    assert added(text(one), text(other)) == text(total(one, other))


@many
@given(sums(-9), sums(-9))
def test_sums_of_any_sign_add_up_and_zeros_go(one: Sums, other: Sums) -> None:
    assert json.loads(added(text(one), text(other))) == total(one, other)


@many
@given(sums(1))
def test_what_is_taken_away_again_leaves_nothing(one: Sums) -> None:
    assert added(text(one), text({name: -value for name, value in one.items()})) == "{}"


@pytest.mark.parametrize("others", [{"pkt": 1, "f01": 1}, {"pkt": 1}, {}])
def test_a_sum_beyond_38_digits_is_named(others: Sums) -> None:
    one = {"dur": MAX_SUM} | others
    assert added(text(one), text({"p01": 1})) == text(one | {"p01": 1})
    for sign in (1, -1):
        with pytest.raises(NumberTooLarge, match="the sum 'dur' of a pair's month needs more than 38 digits"):
            added(text({name: sign * value for name, value in one.items()}), text({"dur": sign}))


@many
@given(st.dictionaries(names, st.integers(-20, 20)))
def test_zeros_are_left_out_of_the_text(one: Sums) -> None:
    assert without_zeros(text(one)) == text({name: value for name, value in one.items() if value})
