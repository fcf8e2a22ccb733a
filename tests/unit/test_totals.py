from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.pair_month import PairMonth
from iotagg.core.totals import Totals

ADDRESSES = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"])
ROWS = st.builds(
    PairMonth,
    ADDRESSES,
    ADDRESSES,
    st.sampled_from(["2022-11", "2022-12"]),
    st.dictionaries(st.sampled_from(["flows", "dur", "dur_sq", "pkt", "pkt_sq", "f01", "d31"]), st.integers(0, 10**38)),
)


@given(st.lists(st.tuples(ROWS, st.sampled_from([1, -1]))))
def test_devices_add_up_to_what_each_of_their_pairs_has_without_squares(changes: list[tuple[PairMonth, int]]) -> None:
    totals = Totals()
    expected: dict[tuple[str, int, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row, sign in changes:
        totals.add(row, sign)
        for side, device in ((0, row.source), (1, row.destination)):
            for name, figure in row.sums.items():
                if not name.endswith("_sq"):
                    expected[row.month, side, device][name] += sign * figure
    found = {(*key, device): sums for key, devices in totals.months() for device, sums in devices.items()}
    assert found.keys() == {
        (row.month, side, device) for row, _ in changes for side, device in enumerate((row.source, row.destination))
    }
    assert totals.count == len(found)
    for key, sums in found.items():
        assert {name: figure for name, figure in sums.items() if figure} == {
            name: figure for name, figure in expected[key].items() if figure
        }


def test_a_row_whose_ends_are_the_same_device_counts_on_each_side_and_stays_as_it_was() -> None:
    totals = Totals()
    row = PairMonth("192.0.2.1", "192.0.2.1", "2022-12", {"flows": 2, "dur": 3, "dur_sq": 9, "pkt": 0})
    totals.add(row)
    totals.add(row)
    assert list(totals.months()) == [(("2022-12", side), {"192.0.2.1": {"flows": 4, "dur": 6}}) for side in (0, 1)]
    assert row.sums == {"flows": 2, "dur": 3, "dur_sq": 9, "pkt": 0}
