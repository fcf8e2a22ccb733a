"""Whether what devices add up to, in an iotagg database, is what their pairs do: told without holding all of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from iotagg.core.pair_month import PairMonth, parsed
from iotagg.core.ranks import SIDES, size_of, totals_of
from iotagg.core.weights import FIELD, weight_at, weight_of
from iotagg.errors import Damaged
from iotagg.stores.sqlite_books import IS_KEPT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.core.ranks import Side
    from iotagg.stores.connection import Database

    _Key = tuple[str, int, str]  # month, side and device
    _Scan = Callable[[str], Iterator[PairMonth]]

_SHARES = 256  # of the devices of a month: those of one share at a time are held in memory
_KEPT = (
    "SELECT month, side, device, sums, duration, packets, flows, pace"
    f" FROM rank_month CROSS JOIN device_month USING (place) WHERE site = ? AND {IS_KEPT}"
)


class DeviceFaults:
    """Looks for totals of devices that do not follow from pair-months."""

    def __init__(self, database: Database, scan: _Scan, are_due: Callable[[str], bool]) -> None:
        self._database = database
        self._scan = scan
        self._are_due = are_due

    def device_faults(self, site: str) -> list[tuple[Side, str, str]]:
        with self._database.snapshot():
            try:
                keys = [] if self._are_due(site) else self._wrong(site)
            except Damaged:
                return []  # of a pair-month that cannot be read, others speak
        return [(SIDES[side], device, month) for month, side, device in keys]

    def _wrong(self, site: str) -> list[_Key]:
        odd: set[_Key] = set()
        shares: Counter[tuple[str, int, int]] = Counter()
        for (month, side, device), weight in self._weights(site, odd):
            shares[month, side, weight_at(device) % _SHARES] += weight
        unlike = {share for share, weight in shares.items() if weight % FIELD}
        devices: Counter[_Key] = Counter()
        for key, weight in self._weights(site, odd) if unlike else ():
            month, side, device = key
            if (month, side, weight_at(device) % _SHARES) in unlike:
                devices[key] += weight
        return sorted(odd.union(key for key, weight in devices.items() if weight % FIELD))

    def _weights(self, site: str, odd: set[_Key]) -> Iterator[tuple[_Key, int]]:
        # What pairs weigh, less what is kept: nothing, all together.
        for row in self._scan(site):
            weight = weight_of(row.sums)
            for side, device in enumerate((row.source, row.destination)):
                yield (row.month, side, device), weight * weight_at(device)
        for month, side, device, text, *sizes in self._database.run(_KEPT, site):
            key = month, side, device
            try:
                sums = parsed(text)
            except Damaged:
                odd.add(key)
                continue
            if sizes != _sizes(PairMonth(device, "", "", sums)):
                odd.add(key)
            yield key, -weight_of(sums) * weight_at(device)


def _sizes(total: PairMonth) -> list[int]:
    return [size_of(each) for each in totals_of(total)]
