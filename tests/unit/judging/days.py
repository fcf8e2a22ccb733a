"""Days of one pair, and what stands out of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from iotagg.core.history import DayTotal
from iotagg.core.judging.calendar import day_of, number_of
from iotagg.core.judging.pairs import Pair, Span, pair_findings

if TYPE_CHECKING:
    from iotagg.core.findings import Finding, Kind

FIRST = date(2022, 10, 3)  # a Monday

PAIR = Pair("paris", "192.0.2.7", "198.51.100.9")

MINUTE = 60_000_000


def day(number: int, flows: int, duration: int | None = None, packets: int | None = None) -> DayTotal:
    """Return a pair's day by its number from 0, with as many minutes as flows and ten packets a flow."""
    name = (FIRST + timedelta(days=number)).isoformat()
    return DayTotal(
        name, flows, (flows * MINUTE if duration is None else duration, flows * 10 if packets is None else packets)
    )


def month_of_days(flows: int = 100, length: int = 30) -> list[DayTotal]:
    """Return days in a row that are much alike."""
    return [day(number, flows + number % 5) for number in range(length)]


def found_in(days: list[DayTotal], since: str = "0001-01-01", horizon: str = "") -> list[Finding]:
    """Return what stands out of days, the day after the last of which has come."""
    horizon = horizon or (day_of(number_of(days[-1].day) + 1) if days else FIRST.isoformat())
    return pair_findings(PAIR, days, Span(since, "9999-12-31", horizon))


def kinds(days: list[DayTotal], since: str = "0001-01-01", horizon: str = "") -> list[tuple[Kind, str]]:
    """Return what stands out, as kinds and days."""
    return [(finding.kind, finding.day) for finding in found_in(days, since, horizon)]
