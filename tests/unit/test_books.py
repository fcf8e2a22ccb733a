from __future__ import annotations

import pytest

from iotagg.core.books import Held, figures_in, figures_of


def test_figures_are_whole_numbers_without_those_that_are_0() -> None:
    assert figures_in('{"flows":2,"dur":0,"d01":-7}') == {"flows": 2, "d01": -7}
    assert figures_in(f'{{"dur_sq":{10**38}}}') == {"dur_sq": 10**38}


def test_what_is_no_whole_number_stands_there_as_its_text() -> None:
    assert figures_of({"flows": 2, "dur": 1.5, "pkt": "3", "x": None, "f01": True}) == {
        "flows": 2,
        "dur": "1.5",
        "pkt": "'3'",
        "x": "None",
        "f01": "True",
    }


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", "7", '{"flows":1,"flows":2}', "[" * 100_000, "\ud800"])
def test_what_cannot_be_taken_apart_stands_there_whole(text: str) -> None:
    assert figures_in(text) == {"sums": text}


def test_what_is_no_text_stands_there_too() -> None:
    assert figures_in(None) == {"sums": "None"}
    assert figures_in(b"\xff") == {"sums": "b'\\xff'"}


def test_a_pair_month_is_known_by_site_pair_and_month() -> None:
    held = Held("paris", "192.168.1.7", "192.0.2.1", "2022-12", {"flows": 1})
    assert held.key == ("paris", "192.168.1.7", "192.0.2.1", "2022-12")
