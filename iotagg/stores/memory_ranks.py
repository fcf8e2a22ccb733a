"""What a store in memory keeps beside its sums: ranks, what was assessed, and the allow list."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from iotagg.core.metrics import FLOWS
from iotagg.core.pair_month import PairMonth
from iotagg.core.ranks import MEASURES, beginning_with, flags_wanted, of_devices, sizes_by_device
from iotagg.stores.protocol import FIRST_MONTH, LAST_MONTH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from threading import RLock

    from iotagg.core.allowances import Allowance
    from iotagg.core.contribution import Name
    from iotagg.core.ledger import FileRecord
    from iotagg.core.ranks import Beginnings, Rank, Side
    from iotagg.stores.memory_tables import PairMonthKey, Tables

_READ_TOGETHER = 100


class MemoryRanks:
    """The part of a store in memory that findings are made with."""

    _tables: Tables
    _lock: RLock

    if TYPE_CHECKING:

        def floor(self) -> str: ...

    def several_months(self, site: str, keys: Iterable[tuple[str, str, str]]) -> Iterator[PairMonth]:
        waiting = iter(keys)
        while together := list(islice(waiting, _READ_TOGETHER)):
            yield from self._kept((site, *key) for key in dict.fromkeys(together))

    def source_months(
        self, site: str, source: str, after: str = "", *, months: Collection[str] = ()
    ) -> Iterator[PairMonth]:
        with self._lock:
            of_source = (key for key in self._tables.sums if key[:2] == (site, source) and key[2] > after)
            return iter(self._kept(sorted(key for key in of_source if not months or key[3] in months)))

    def _kept(self, keys: Iterable[PairMonthKey]) -> list[PairMonth]:
        with self._lock:
            floor = self.floor()
            rows = [PairMonth(*key[1:], self._tables.sums.get(key, {})) for key in keys if key[3] >= floor]
            return [row for row in rows if row.sums.get(FLOWS)]

    def ranked_months(
        self, site: str, source: str, destination: str, first: str = FIRST_MONTH, last: str = LAST_MONTH
    ) -> list[tuple[PairMonth, Rank | None]]:
        with self._lock:
            first = max(first, self.floor())
            keys = sorted(
                {
                    key
                    for key in chain(self._tables.sums, self._tables.ranks)
                    if key[2] == destination and key[1] == source and key[0] == site and first <= key[3] <= last
                }
            )
            rows = ((PairMonth(*key[1:], self._tables.sums.get(key, {})), self._tables.ranks.get(key)) for key in keys)
            return [(month, rank) for month, rank in rows if month.sums.get(FLOWS) or rank is not None]

    def put_rank(self, site: str, month: PairMonth, rank: Rank | None) -> bool:
        key = (site, month.source, month.destination, month.month)
        with self._lock:
            if _figures(self._tables.sums.get(key, {})) != _figures(month.sums):
                return False
            self._tables.ranks.pop(key, None)
            if rank is not None and month.sums.get(FLOWS):
                self._tables.ranks[key] = rank
            return True

    def ranks(
        self,
        site: str,
        month: str,
        measure: str = MEASURES[0],
        *,
        stands_out: bool | None = None,
        steady: bool | None = None,
        beginnings: Beginnings = ("", ""),
    ) -> Iterator[tuple[str, str, Rank]]:
        wanted = flags_wanted(stands_out, steady)
        with self._lock:
            kept = month >= self.floor()
            of_month = ((key, rank) for key, rank in self._tables.ranks.items() if kept and key[::3] == (site, month))
            found = [(key[1], key[2], rank) for key, rank in of_month if (rank.stands_out, rank.steady) in wanted]
        return iter(sorted(beginning_with(found, beginnings), key=lambda row: row[2].size(measure), reverse=True))

    def device_sizes(
        self, site: str, month: str, side: Side, measure: str = MEASURES[0]
    ) -> Iterator[tuple[str, dict[int, int]]]:
        return sizes_by_device(self.ranks(site, month), side, measure)

    def device_ranks(
        self, site: str, month: str, side: Side, devices: Collection[str]
    ) -> Iterator[tuple[str, str, Rank]]:
        return of_devices(self.ranks(site, month), side, devices)

    def devices(self, side: Side) -> None:
        """Return nothing: what devices add up to is found by the ranks of their pairs."""

    def sum_devices(self, site: str) -> None:
        """Nothing to do: no totals of devices are kept."""

    def device_faults(self, site: str) -> list[tuple[Side, str, str]]:  # noqa: ARG002 (as the protocol names it)
        """Return none: no totals of devices are kept."""
        return []

    def doubt_devices(self, site: str) -> None:
        """Nothing to do: no totals of devices are kept."""

    def outstanding(self, site: str) -> Iterator[tuple[Name, int]]:
        with self._lock:
            records = [self._tables.files[name] for name in sorted(self._tables.files) if name.site == site]
            return iter([(each.name, each.revision) for each in records if not each.erased and self._is_due(each)])

    def _is_due(self, record: FileRecord) -> bool:
        markers = (self._tables.markers.get((record.name, number), 0) for number in range(record.head.chunks))
        is_applied = all(standing >= record.revision for standing in markers)
        return is_applied and record.revision > self._tables.assessed.get(record.name, 0)

    def assessed(self, name: Name, revision: int) -> None:
        with self._lock:
            self._tables.assessed[name] = max(revision, self._tables.assessed.get(name, 0))

    def allowances(self) -> list[Allowance]:
        with self._lock:
            return sorted(self._tables.allowances.values())

    def allow(self, allowance: Allowance) -> None:
        with self._lock:
            self._tables.allowances[allowance.id] = allowance

    def disallow(self, allowance_id: str) -> bool:
        with self._lock:
            return self._tables.allowances.pop(allowance_id, None) is not None


def _figures(sums: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in sums.items() if value}
