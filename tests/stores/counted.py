"""What tests of every store count, and what a store then shows of it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from iotagg.core.pair_month import PairMonth
from iotagg.core.rejects import pack
from tests.pipeline.csvs import shown
from tests.stores.racing import name_of, pair_month

if TYPE_CHECKING:
    from iotagg.core.contribution import Chunk
    from iotagg.stores.protocol import Store
    from tests.pipeline.csvs import Row

ONE = name_of(1)
OTHER = name_of(2)
CHUNK = [pair_month("192.168.1.7", flows=2, dur=30, dur_sq=500, f01=1, d01=10, f31=1, d31=20)]
PRESENT = shown(CHUNK)


def rows(store: Store, site: str = "paris") -> list[Row]:
    """Return all that a store adds up to at a site."""
    return shown(store.scan(site))


sums = st.dictionaries(st.sampled_from(["dur", "dur_sq", "f01", "d01"]), st.integers(0, 10**30), max_size=4).map(
    lambda drawn: {"flows": 1, **drawn}
)
chunks = st.dictionaries(
    st.tuples(st.sampled_from(["192.168.1.7", "2001:db8::7"]), st.sampled_from(["2022-11", "2022-12"])),
    sums,
    min_size=1,
).map(lambda drawn: [PairMonth(source, "192.0.2.1", month, figures) for (source, month), figures in drawn.items()])


def added_up(present: list[Chunk]) -> list[Row]:
    """Return what such chunks add up to."""
    totals: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in (row for chunk in present for row in chunk):
        for attribute, value in row.sums.items():
            totals[row.source, row.month][attribute] += value
    return shown(
        [PairMonth(source, "192.0.2.1", month, figures) for (source, month), figures in sorted(totals.items())]
    )


def reject_member(*lines: int) -> bytes:
    """Return rejected lines with these numbers, as they are kept."""
    return pack(b"".join(b'{"line":%d,"reason":"torn","text":"x"}\n' % line for line in lines), 1)
