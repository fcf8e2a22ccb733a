"""The first month that is kept: remembered in the table, raised by whoever forgets, and known to every writer soon."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from pynamodb.exceptions import DoesNotExist

from iotagg.aws.problems import explained
from iotagg.core.retention import expiry, first_month_kept
from iotagg.stores.dynamodb.table import FLOOR, FloorItem

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.expressions.update import Action

    from iotagg.stores.dynamodb.table import Table

CACHED_SECONDS = 60
# After it is raised: for a floor that was just read, and then a transaction with all its tries (see patience.py).
LAG_SECONDS = CACHED_SECONDS + 120


class Floor:
    """The floor of one table. With a retention, its own clock may be ahead of what the table remembers.

    Nothing of a month that the table's time to live may have removed is ever added or read: such a month is below the
    floor by this clock already. `clock` gives seconds since 1970.
    """

    def __init__(self, table: Table, retention_months: int, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._retention_months = retention_months
        self._clock = clock
        self._lock = Lock()
        self._known = ""
        self._known_until = float("-inf")

    def first_month(self) -> str:
        """Return the first month that is kept, as it was within the last minute."""
        with self._lock:
            if self._clock() >= self._known_until:
                self._read()
            return max(self._known, self._by_clock())

    def _by_clock(self) -> str:
        return first_month_kept(datetime.fromtimestamp(self._clock(), UTC).date(), self._retention_months)

    def _read(self) -> None:
        now = self._clock()
        item = self._item()
        self._known = max(self._known, item.month if item is not None else "")
        self._known_until = now + CACHED_SECONDS

    def _item(self) -> FloorItem | None:
        with explained(f"table {self._table.name}"):
            try:
                return self._table.floors.get(FLOOR, FLOOR, consistent_read=True)
            except DoesNotExist:
                return None

    def remembered(self) -> str:
        """Return what the table remembers now."""
        with self._lock:
            self._read()
            return self._known

    def raise_to(self, month: str, write: Callable[[Callable[[], object]], bool]) -> None:
        """Let the table remember a month, unless it knows a later one; `write` makes a write that may be kept out."""
        item = self._table.floors(FLOOR, FLOOR)
        is_lower = FloorItem.month.does_not_exist() | (FloorItem.month < month)
        changes: list[Action] = [FloorItem.month.set(month), FloorItem.raised.set(int(self._clock()))]
        write(lambda: item.update(actions=changes, condition=is_lower))
        self.remembered()

    def lag(self) -> float:
        """Return for how many seconds from now somebody may not know of it."""
        item = self._item()
        if item is None:
            return 0.0
        return min(max(0.0, float(item.raised) + LAG_SECONDS - self._clock()), float(LAG_SECONDS))

    def expiry(self, month: str) -> int | None:
        """Return when a month is no longer kept, in seconds since 1970; None without a retention."""
        return expiry(month, self._retention_months) if self._retention_months else None
