"""Figures as people say them."""

from __future__ import annotations

import pytest

from iotagg.core.judging.words import count, figure, part


@pytest.mark.parametrize(
    ("measure", "value", "text"),
    [
        ("duration", 0, "0 s"),
        ("duration", 90_000_000, "1.5 min"),
        ("duration", 7_200_000_000, "2 h"),
        ("duration", 1_500, "1.5 ms"),
        ("flows", 38, "38"),
        ("flows", 1_234, "1,234"),
        ("packets", 12_345, "12.3 k"),
        ("packets", 4_000_000_000, "4,000 M"),
    ],
)
def test_figures_are_said_as_people_say_them(measure: str, value: float, text: str) -> None:
    assert figure(measure, value) == text


def test_counts_and_times_are_words() -> None:
    assert (count(1, "pair"), count(2_000, "pair"), count(2, "of them", "of them")) == (
        "1 pair",
        "2,000 pairs",
        "2 of them",
    )
    assert (part(108.3, 10), part(4, 16), part(7, 0)) == ("10.8 times", "25 % of", "beyond")
