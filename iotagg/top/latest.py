"""Which month is asked about where none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.spans import Span
from iotagg.top.question import By

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.stores.protocol import Store

_YEAR = 12


def latest_month(store: Store, sites: Sequence[str], today: str) -> str:
    """Return the last month of which anything is ranked at one of these sites, "" where nothing is.

    The twelve months until `today` (an ISO day) are looked at first: a month that lies ahead comes of a gateway whose
    clock is wrong. Else it is the last one in which a file ends.
    """
    this = Span(today, today)
    recent: list[str] = [today[:7]]
    while len(recent) < _YEAR and (before := Span.of_months(this.first[:7], this.first[:7]).previous()) is not None:
        this = before
        recent.append(before.first[:7])
    found = next((month for month in recent if _is_ranked(store, sites, month)), "")
    return found or next((month for month in _ends(store, sites) if _is_ranked(store, sites, month)), "")


def span_asked(
    store: Store, sites: Sequence[str], by: By, today: str, *, month: str = "", since: str = "", until: str = ""
) -> Span | None:
    """Return the days that are asked about: a month, or those between two; what is not given, the last month says.

    None where nothing is ranked and nothing is given. Raises InvalidValue for days in the wrong order.
    """
    if month:
        return Span.of_months(month, month)
    if since and until:
        return Span(since, until)
    if until:
        return Span(f"{until[:7]}-01", until)
    latest = latest_span(store, sites, by, today)
    return Span(since, latest.last) if since and latest is not None else latest


def latest_span(store: Store, sites: Sequence[str], by: By, today: str) -> Span | None:
    """Return the last month of which anything is ranked, None where nothing is.

    For growth it ends with the last day of which a file tells: a month that is not over is compared with as many days.
    """
    month = latest_month(store, sites, today)
    if not month:
        return None
    span = Span.of_months(month, month)
    if by is not By.GROWTH:
        return span
    heads = (record.head for site in sites for record in store.files(site) if record.is_in)
    ends = [
        min(head.last_day, span.last) for head in heads if head.first_day <= span.last and head.last_day >= span.first
    ]
    return Span(span.first, max(ends, default=span.last))


def _is_ranked(store: Store, sites: Sequence[str], month: str) -> bool:
    return any(next(store.ranks(site, month), None) is not None for site in sites)


def _ends(store: Store, sites: Sequence[str]) -> list[str]:
    records = (record for site in sites for record in store.files(site) if record.is_in)
    return sorted({record.head.last_day[:7] for record in records if record.head.last_day}, reverse=True)
