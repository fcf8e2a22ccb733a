"""A pair's days, and what they amount to: daily totals, their mean and deviation, and figures per flow."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from iotagg.core.intact import intact
from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS
from iotagg.core.moments import Moments, moments_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.core.pair_month import PairMonth

FIRST_DAY = "0001-01-01"
LAST_DAY = "9999-12-31"
# A day of the month, and the names that its flows and its metrics are stored by, with what takes these all at once.
_NAMES_OF_DAYS = [
    (day, f"{FLOWS_LETTER}{day}", names, itemgetter(*names))
    for day in map("{:02}".format, range(1, 32))
    for names in [[f"{metric.letter}{day}" for metric in METRICS]]
]
_new = tuple.__new__


class DayTotal(NamedTuple):
    """What flowed between a pair on one day; `totals` has a figure for each metric."""

    day: str
    flows: int
    totals: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class History:
    """A pair's observed days, oldest first, and its moments per flow.

    `per_flow` has moments for each metric, or is None where the range holds a part of a month's days only: running
    aggregates are kept by the month.
    """

    site: str
    source: str
    destination: str
    days: tuple[DayTotal, ...]
    per_flow: tuple[Moments, ...] | None

    @property
    def flows(self) -> int:
        """The flows of all days."""
        return sum(day.flows for day in self.days)

    def total(self, metric: int) -> int:
        """Return the total of a metric, given by its place in the table."""
        return sum(day.totals[metric] for day in self.days)

    def daily(self, metric: int) -> Moments:
        """Return the moments of a metric's daily totals over the observed days."""
        return moments_of([day.totals[metric] for day in self.days])


def history(site: str, months: Iterable[PairMonth], since: str = FIRST_DAY, until: str = LAST_DAY) -> History | None:
    """Return the history of one pair from its months, within two inclusive ISO days; None where no day is observed."""
    days: list[DayTotal] = []
    per_flow: list[Moments] | None = [Moments() for _ in METRICS]
    source = destination = ""
    for month in sorted(months, key=lambda month: month.month):
        observed = days_of(month)
        whole = since <= f"{month.month}-01" and f"{month.month}-31" <= until
        within = observed if whole else [day for day in observed if since <= day.day <= until]
        if not within:
            continue
        source, destination = month.source, month.destination
        days += within
        cut = len(within) < len(observed)
        per_flow = None if cut or per_flow is None else [a + b for a, b in zip(per_flow, _per_flow(month), strict=True)]
    if not days:
        return None
    return History(site, source, destination, tuple(days), tuple(per_flow) if per_flow is not None else None)


def days_of(month: PairMonth) -> list[DayTotal]:
    """Return the observed days of a pair-month, oldest first; a day with 0 flows is not observed."""
    sums, begin = month.sums, f"{month.month}-"
    found = []
    for day, flows, metrics, at_once in _NAMES_OF_DAYS:
        if sums.get(flows):
            try:
                totals = at_once(sums)
            except KeyError:  # what is 0 may not be kept
                totals = tuple([sums.get(metric, 0) for metric in metrics])
            # As DayTotal(...) makes it, which takes longer than all the rest.
            found.append(_new(DayTotal, (begin + day, sums[flows], totals)))
    return found


def _per_flow(month: PairMonth) -> list[Moments]:
    sums = month.sums
    with intact(f"what is kept of the traffic from {month.source} to {month.destination}"):
        return [Moments(sums[FLOWS], sums.get(metric.stored, 0), sums.get(metric.squares, 0)) for metric in METRICS]
