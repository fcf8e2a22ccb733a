"""What the pairs of each device add up to: a month's flows and metrics, by day and in all, without their squares."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from iotagg.core.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.core.pair_month import PairMonth

Sums = dict[str, int]

SQUARES = frozenset(metric.squares for metric in METRICS)


class Totals:
    """Sums of devices, by month and side (0 for sources, 1 for destinations); what is taken away counts against it."""

    def __init__(self) -> None:
        self._months: dict[tuple[str, int], dict[str, Sums]] = defaultdict(dict)
        self.count = 0

    def add(self, row: PairMonth, sign: int = 1) -> None:
        """Add a pair-month to its source and to its destination, or take it away with -1."""
        figures = {name: sign * figure for name, figure in row.sums.items() if figure and name not in SQUARES}
        for side, device in enumerate((row.source, row.destination)):
            devices = self._months[row.month, side]
            standing = devices.get(device)
            if standing is None:
                devices[device] = figures.copy()
                self.count += 1
                continue
            for name, figure in figures.items():
                standing[name] = standing.get(name, 0) + figure

    def months(self) -> Iterator[tuple[tuple[str, int], dict[str, Sums]]]:
        """Yield month and side with the sums of each device, in order."""
        return iter(sorted(self._months.items()))
