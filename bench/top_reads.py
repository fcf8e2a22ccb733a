"""What the classes of ranks cost: exact reads for an answer, and writes while a month grows, by their factor."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from bench.setting import SITE
from bench.top_traffic import MONTH, traffic
from iotagg.core import ranks
from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS
from iotagg.core.pair_month import PairMonth
from iotagg.core.ranks import MEASURES, Rank, rank_of, size_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.stores.protocol import Store

FACTORS = (2, 4, 8, 16)
Totals = dict[str, list[tuple[str, str, tuple[int, ...]]]]  # by month


@contextmanager
def factor_of(factor: int) -> Iterator[None]:
    """Let classes of totals go by another factor, a power of two."""
    before = ranks._BITS  # noqa: SLF001 (it is no setting: only here it varies)
    ranks._BITS = factor.bit_length() - 1  # noqa: SLF001 (as above)
    try:
        yield
    finally:
        ranks._BITS = before  # noqa: SLF001 (as above)


class Counting:
    """A store's answers to what top asks, with ranks made of totals as the factor is now; it counts what is asked."""

    def __init__(self, store: Store, totals: Totals) -> None:
        self._store = store
        self._totals = totals
        self.reads = self.walked = 0

    def sites(self) -> list[str]:
        """Return the one site."""
        return [SITE]

    def pending(self, site: str) -> Iterator[None]:
        """Yield nothing."""
        del site
        return iter(())

    outstanding = pending

    def ranks(self, site: str, month: str, measure: str = MEASURES[0]) -> Iterator[tuple[str, str, Rank]]:
        """Yield ranks by descending size."""
        del site
        place = MEASURES.index(measure)
        ordered = sorted(self._totals.get(month, []), key=lambda row: size_of(row[2][place]), reverse=True)
        for source, destination, totals in ordered:
            self.walked += 1
            yield source, destination, Rank(False, False, tuple(map(size_of, totals)))

    def several_months(self, site: str, keys: Iterable[tuple[str, str, str]]) -> Iterator[PairMonth]:
        """Yield pair-months."""
        wanted = list(keys)
        self.reads += len(wanted)
        return self._store.several_months(site, wanted)

    def source_months(self, site: str, source: str) -> Iterator[PairMonth]:
        """Yield a source's pair-months."""
        for month in self._store.source_months(site, source):
            self.reads += 1
            yield month


def writes_of_a_month(pairs: int) -> dict[int, tuple[int, int]]:
    """Return by factor how often ranks are written while daily files fill a month, and of how many pair-months."""
    months = [found for found, _ in islice(traffic(pairs, seed=2), pairs)]
    found = {}
    for factor in FACTORS:
        with factor_of(factor):
            found[factor] = (sum(map(_writes, months)), len(months))
    return found


def _writes(whole: PairMonth) -> int:
    # A rank is written with the month's first day, and whenever a day moves one of its sizes.
    sums = {FLOWS: 0, **{metric.stored: 0 for metric in METRICS}}
    written = 0
    rank: Rank | None = None
    for number in range(1, 32):
        flows = whole.sums.get(f"{FLOWS_LETTER}{number:02}")
        if not flows:
            continue
        sums[FLOWS] += flows
        for metric in METRICS:
            sums[metric.stored] += whole.sums[f"{metric.letter}{number:02}"]
        now = rank_of(PairMonth(whole.source, whole.destination, MONTH, sums), stands_out=False, steady=False)
        written += now != rank
        rank = now
    return written
