from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.pair_month import PairMonth
from iotagg.core.totals import Totals
from iotagg.core.weights import FIELD, weight_at, weight_of

ADDRESSES = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"])
SUMS = st.dictionaries(
    st.sampled_from(["flows", "dur", "dur_sq", "pkt", "f01", "d31"]), st.integers(-(10**38), 10**38), max_size=4
)
PARTS = st.lists(st.builds(PairMonth, ADDRESSES, ADDRESSES, st.just("2022-12"), SUMS), max_size=8)


@given(PARTS)
def test_totals_weigh_what_their_parts_do(parts: list[PairMonth]) -> None:
    totals = Totals()
    weights = [0, 0]
    for part in parts:
        totals.add(part)
        weights[0] += weight_of(part.sums) * weight_at(part.source)
        weights[1] += weight_of(part.sums) * weight_at(part.destination)
    for (_, side), devices in totals.months():
        kept = sum(weight_of(sums) * weight_at(device) for device, sums in devices.items())
        assert (weights[side] - kept) % FIELD == 0


@given(SUMS, st.sampled_from(["flows", "dur", "f01"]), st.integers(1, 10**9))
def test_other_sums_weigh_otherwise(sums: dict[str, int], name: str, more: int) -> None:
    assert weight_of(sums) != weight_of(sums | {name: sums.get(name, 0) + more})


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_what_one_device_has_too_much_and_another_too_little_does_not_cancel(one: int, other: int) -> None:
    weight = weight_of({"flows": one}) * weight_at("192.0.2.1") - weight_of({"flows": other}) * weight_at("192.0.2.2")
    assert weight % FIELD
