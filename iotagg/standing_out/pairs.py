"""Pairs of a site of which something may stand out: found by their ranks, read, and judged by their days."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

from iotagg.core.history import days_of
from iotagg.core.judging.limits import LONGEST_PATIENCE, WINDOW
from iotagg.core.judging.pairs import Pair, Span, pair_findings
from iotagg.core.judging.ranking import are_flags_old
from iotagg.standing_out.months import months_between
from iotagg.standing_out.sites import later

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.core.findings import Finding
    from iotagg.core.history import DayTotal
    from iotagg.stores.protocol import Store

    Ends = tuple[str, str]  # source and destination

NEEDED = 2 * WINDOW + LONGEST_PATIENCE + 1
"""Days before the first one in question that judging it may look at."""

_TOGETHER = 100
_MOST_PATIENT = LONGEST_PATIENCE + 1  # days after its last one on which a silence stands out at the latest


def findings_of_pairs(store: Store, site: str, span: Span) -> Iterator[Finding]:
    """Yield what stands out of a site's pairs in a span."""
    months = months_between(later(span.since, -_MOST_PATIENT), span.until)
    floor = store.first_month()
    told = [month for month in months if not are_flags_old(floor, month)]
    odd = _ranked(store, site, told, stands_out=True) | _ranked(store, site, set(months) - set(told))
    quiet = _with_a_missing_day(store, site, _ranked(store, site, told, steady=True) - odd, span)
    needed = months_between(later(span.since, -NEEDED), span.until)
    for ends, days in _read(store, site, sorted(odd | quiet), needed):
        yield from pair_findings(Pair(site, *ends), days, span)


def _ranked(
    store: Store, site: str, months: Iterable[str], *, stands_out: bool | None = None, steady: bool | None = None
) -> set[Ends]:
    return {
        (source, destination)
        for month in months
        for source, destination, _ in store.ranks(site, month, stands_out=stands_out, steady=steady)
    }


def _with_a_missing_day(store: Store, site: str, steady: set[Ends], span: Span) -> set[Ends]:
    # Most steady pairs were there on each day in question, which one read shows: they are not silent then.
    asked = _days(span.since, min(span.until, later(span.horizon, -1)))
    if not asked:
        return set()
    there = {
        ends
        for ends, days in _read(store, site, sorted(steady), months_between(span.since, span.until))
        if asked <= {day.day for day in days}
    }
    return steady - there


def _days(first: str, last: str) -> set[str]:
    found, day = set(), first
    while day <= last and day not in found:
        found.add(day)
        day = later(day, 1)
    return found


def _read(store: Store, site: str, pairs: Iterable[Ends], months: list[str]) -> Iterator[tuple[Ends, list[DayTotal]]]:
    # The pairs with their days, oldest first; those without any are left out.
    waiting = iter(pairs)
    while together := list(islice(waiting, _TOGETHER)):
        found = defaultdict(list)
        for month in store.several_months(site, ((*ends, each) for ends in together for each in months)):
            found[month.source, month.destination].append(month)
        for ends, of_pair in found.items():
            of_pair.sort(key=lambda month: month.month)
            yield ends, [day for month in of_pair for day in days_of(month)]
