"""What a row of days is as text: the JSON of the row, whoever writes it."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.history import history
from iotagg.core.metrics import FLOWS, METRICS
from iotagg.core.pair_month import PairMonth
from iotagg.export import daily_rows, daily_texts

totals = st.integers(0, 10**30)
days = st.dictionaries(
    st.integers(1, 31).map("{:02}".format), st.tuples(st.integers(1, 10**9), totals, totals), min_size=1
)


def pair_month(month: str, days: dict[str, tuple[int, int, int]]) -> PairMonth:
    flows, *figures = (sum(each) for each in zip(*days.values(), strict=True))
    sums = {FLOWS: flows, **{metric.stored: total for metric, total in zip(METRICS, figures, strict=True)}}
    for day, (of_day, duration, packets) in days.items():
        sums |= {f"f{day}": of_day, f"d{day}": duration, f"p{day}": packets}
    return PairMonth("192.0.2.1", "2001:db8::1", month, sums)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(["2022-11", "2022-12", "2023-01"]), days, min_size=1))
def test_the_text_of_a_day_is_the_json_of_its_row(months: dict[str, dict[str, tuple[int, int, int]]]) -> None:
    found = history("paris", [pair_month(month, days) for month, days in sorted(months.items())])
    assert found is not None
    assert list(daily_texts(found)) == [json.dumps(row, separators=(",", ":")) for row in daily_rows(found)]
