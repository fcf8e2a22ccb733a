"""Which of two events is the older one, as their sequencers tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.ledger import is_older
from tests.cloud.made_events import many


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("0055AED6DCD90281E4", "0055AED6DCD90281E5"),
        ("0055AED6DCD90281E5", "0055AED6DCD90281E501"),  # padded on its right, the shorter one ends in 00
        ("0055AED6DCD90281E501", "0055AED6DCD90281E6"),  # which is the later one, although it is shorter
        ("0055aed6dcd90281e4", "0055AED6DCD90281E5"),
        ("0055AED6DCD90281E4", "0055aed6dcd90281e5"),
        ("9", "a"),
    ],
)
def test_the_smaller_sequencer_is_the_older(first: str, second: str) -> None:
    assert is_older(first, than=second)
    assert not is_older(second, than=first)


@pytest.mark.parametrize(("first", "second"), [("", ""), ("", "1"), ("1", ""), ("1", "1"), ("1", "10"), ("ab", "AB00")])
def test_without_a_sequencer_and_with_the_same_none_is_older(first: str, second: str) -> None:
    assert not is_older(first, than=second)
    assert not is_older(second, than=first)


sequencers = st.text("01aAfF", max_size=6)


@many
@given(sequencers, sequencers, sequencers)
def test_being_older_is_a_strict_order(first: str, second: str, third: str) -> None:
    assert not is_older(first, first)
    assert not (is_older(first, second) and is_older(second, first))
    if is_older(first, second) and is_older(second, third):
        assert is_older(first, third)
    if first and second:
        differ = first.lower().rstrip("0") != second.lower().rstrip("0")
        assert (is_older(first, second) or is_older(second, first)) == differ
