"""What an answer reads of a store; and what the classes of ranks cost, by their factor: reads, and writes."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from bench.setting import SITE
from bench.top_traffic import MONTH, traffic
from iotagg.core import ranks
from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS
from iotagg.core.pair_month import PairMonth
from iotagg.core.ranks import MEASURES, Rank, beginning_with, of_devices, rank_of, sizes_by_device

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from iotagg.core.ranks import Beginnings, Side
    from iotagg.stores.protocol import Ranked, Store

FACTORS = (2, 4, 8, 16)


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
    """A store that is asked, which counts pair-months that are read, and ranks that are looked at one by one."""

    def __init__(self, store: Store) -> None:
        self._store: Any = store
        self.reads = self.walked = 0

    def __getattr__(self, name: str) -> Any:
        """Return what the store has."""
        return getattr(self._store, name)

    def ranks(self, *asked: Any, **flags: Any) -> Iterator[tuple[str, str, Rank]]:
        """Yield ranks by descending size."""
        for found in self._store.ranks(*asked, **flags):
            self.walked += 1
            yield found

    def device_ranks(self, *asked: Any) -> Iterator[tuple[str, str, Rank]]:
        """Yield ranks of devices."""
        for found in self._store.device_ranks(*asked):
            self.walked += 1
            yield found

    def several_months(self, site: str, keys: Iterable[tuple[str, str, str]]) -> Iterator[PairMonth]:
        """Yield pair-months."""
        wanted = list(keys)
        self.reads += len(wanted)
        return cast("Iterator[PairMonth]", self._store.several_months(site, wanted))

    def devices(self, side: Side) -> Ranked | None:
        """Return what is kept of devices, counted alike."""
        kept = self._store.devices(side)
        return None if kept is None else cast("Ranked", _CountingDevices(self, kept))

    def source_months(self, *asked: Any, **months: Collection[str]) -> Iterator[PairMonth]:
        """Yield a source's pair-months."""
        for month in self._store.source_months(*asked, **months):
            self.reads += 1
            yield month


class _CountingDevices(Counting):
    # Counts for the store, too.
    def __init__(self, counting: Counting, kept: Ranked) -> None:
        super().__init__(cast("Store", kept))
        self._counting = counting

    def ranks(self, *asked: Any, **flags: Any) -> Iterator[tuple[str, str, Rank]]:
        """Yield ranks of devices by descending size."""
        for found in super().ranks(*asked, **flags):
            self._counting.walked += 1
            yield found

    def several_months(self, site: str, keys: Iterable[tuple[str, str, str]]) -> Iterator[PairMonth]:
        """Yield the months of devices."""
        wanted = list(keys)
        self._counting.reads += len(wanted)
        return super().several_months(site, wanted)


class Made:
    """A store of made traffic, with ranks as the factor is now."""

    def __init__(self, pairs: int) -> None:
        months = [month for both in traffic(pairs) for month in both if month is not None]
        self._months = {(month.source, month.destination, month.month): month for month in months}

    def sites(self) -> list[str]:
        """Return the one site."""
        return [SITE]

    def pending(self, site: str) -> Iterator[None]:
        """Yield nothing."""
        del site
        return iter(())

    outstanding = pending

    def devices(self, side: Side) -> None:
        """Return nothing: no totals of devices are kept."""

    def ranks(
        self, site: str, month: str, measure: str = MEASURES[0], *, beginnings: Beginnings = ("", "")
    ) -> Iterator[tuple[str, str, Rank]]:
        """Yield ranks by descending size."""
        del site
        found = [
            (*key[:2], rank_of(row, stands_out=False, steady=False))
            for key, row in self._months.items()
            if key[2] == month
        ]
        place = MEASURES.index(measure)
        return iter(sorted(beginning_with(found, beginnings), key=lambda each: each[2].sizes[place], reverse=True))

    def device_sizes(self, site: str, month: str, side: Side, measure: str) -> Iterator[tuple[str, dict[int, int]]]:
        """Yield devices with how many of their pairs have which size."""
        return sizes_by_device(self.ranks(site, month), side, measure)

    def device_ranks(
        self, site: str, month: str, side: Side, devices: Collection[str]
    ) -> Iterator[tuple[str, str, Rank]]:
        """Yield ranks of devices."""
        return of_devices(self.ranks(site, month), side, devices)

    def several_months(self, site: str, keys: Iterable[tuple[str, str, str]]) -> Iterator[PairMonth]:
        """Yield pair-months."""
        del site
        return (self._months[key] for key in keys if key in self._months)

    def source_months(self, site: str, source: str, *, months: Collection[str] = ()) -> Iterator[PairMonth]:
        """Yield a source's pair-months."""
        del site
        of_source = (key for key in sorted(self._months) if key[0] == source)
        return (self._months[key] for key in of_source if not months or key[2] in months)


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
