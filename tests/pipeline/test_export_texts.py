"""What a row of days is as text: the JSON of the row, whoever writes it."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.history import history
from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS
from iotagg.core.pair_month import PairMonth
from iotagg.export import daily_rows, daily_texts
from tests.examples import examples

totals = st.integers(0, 10**15)
days = st.dictionaries(st.integers(1, 31).map("{:02}".format), st.tuples(totals, totals), min_size=1)


def pair_month(month: str, days: dict[str, tuple[int, int]]) -> PairMonth:
    """Return a month with a flow on each of these days."""
    sums = {FLOWS: len(days)} | {f"{FLOWS_LETTER}{day}": 1 for day in days}
    for metric, of_days in zip(METRICS, zip(*days.values(), strict=True), strict=True):
        sums |= {metric.stored: sum(of_days), metric.squares: sum(each**2 for each in of_days)}
        sums |= {f"{metric.letter}{day}": each for day, each in zip(days, of_days, strict=True)}
    return PairMonth("192.0.2.1", "2001:db8::1", month, sums)


@settings(max_examples=examples(50), deadline=None)
@given(st.dictionaries(st.sampled_from(["2022-11", "2022-12", "2023-01"]), days, min_size=1))
def test_the_text_of_a_day_is_the_json_of_its_row(months: dict[str, dict[str, tuple[int, int]]]) -> None:
    found = history("paris", [pair_month(month, days) for month, days in sorted(months.items())])
    assert found is not None
    assert list(daily_texts(found)) == [json.dumps(row, separators=(",", ":")) for row in daily_rows(found)]
