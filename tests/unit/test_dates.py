from __future__ import annotations

import pytest

from iotagg.core.cells import BadCell, SlashDate
from iotagg.core.dates import DateOrder

EITHER, DAY_FIRST, MONTH_FIRST, ISO = b"3/4/2022", b"13/4/2022", b"4/13/2022", b"2022-04-03"


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        ((), ""),
        ((ISO,), ""),
        ((EITHER,), "dmy (assumed)"),
        ((EITHER, DAY_FIRST), "dmy"),
        ((EITHER, MONTH_FIRST), "mdy"),
        ((MONTH_FIRST, EITHER), "mdy"),
        ((MONTH_FIRST, DAY_FIRST), "dmy"),
        ((ISO, MONTH_FIRST), "mdy"),
    ],
)
def test_the_dates_of_a_file_decide_their_order(texts: tuple[bytes, ...], name: str) -> None:
    dates = DateOrder("auto")
    for text in texts:
        dates.judge(text)
    assert dates.name() == name
    assert dates.chosen() == (name[:3] or "dmy")


def test_a_month_first_date_is_doubtful_until_a_day_first_one_makes_it_impossible() -> None:
    dates = DateOrder("auto")
    assert dates.judge(MONTH_FIRST) == (SlashDate(4, 13, 2022), True)
    assert dates.judge(MONTH_FIRST) == (SlashDate(4, 13, 2022), True)
    assert dates.judge(DAY_FIRST) == (SlashDate(13, 4, 2022), False)
    with pytest.raises(BadCell, match=r"^'4/13/2022' is an impossible date \(other rows show day-first\)$"):
        dates.judge(MONTH_FIRST)


def test_an_impossible_date_decides_nothing() -> None:
    dates = DateOrder("auto")
    for text in (b"31/4/2022", b"2/30/2022", b"13/13/2022"):
        with pytest.raises(BadCell, match=r"impossible date$"):
            dates.judge(text)
    assert dates.name() == ""


def test_a_given_order_holds_against_all_evidence() -> None:
    dates = DateOrder("mdy")
    assert dates.judge(MONTH_FIRST) == (SlashDate(4, 13, 2022), False)
    with pytest.raises(BadCell, match=r"impossible date \(mdy\)$"):
        dates.judge(DAY_FIRST)
    assert dates.name() == "mdy"
