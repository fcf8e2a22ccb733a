"""Ranks of all that a store holds, made from a scan; and what stands out, from a scan as well."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from iotagg.core.history import days_of
from iotagg.core.judging.calendar import day_of, number_of
from iotagg.core.judging.devices import Peers, device_findings
from iotagg.core.judging.pair_days import odd_days
from iotagg.core.judging.pairs import Pair, Span, pair_findings
from iotagg.core.judging.silence import is_steady, silences
from iotagg.core.ranks import rank_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.core.findings import Finding
    from iotagg.core.pair_month import PairMonth
    from iotagg.standing_out.question import Judged
    from iotagg.stores.protocol import Store

ALL = ("0001-01-01", "9999-12-31")


def rank_all(store: Store) -> None:
    """Give every pair-month its rank."""
    with store.atomically():
        _rank_all(store)


def _rank_all(store: Store) -> None:
    for site in store.sites():
        for months in _pairs(store, site):
            for month, stands_out, steady in _flags(months):
                assert store.put_rank(site, month, rank_of(month, stands_out, steady))


def _flags(months: list[PairMonth]) -> Iterator[tuple[PairMonth, bool, bool]]:
    days = [day for month in months for day in days_of(month)]
    numbers = [number_of(day.day) for day in days]
    odd = {each.day[:7] for each in odd_days(days, *ALL)}
    odd |= {day_of(each.last)[:7] for each in silences(numbers, numbers[-1])}
    for month in months:
        until = [number for number in numbers if day_of(number)[:7] <= month.month]
        yield month, month.month in odd, is_steady(until)


def found_by_a_scan(store: Store, judged: Judged) -> list[Finding]:
    """Return what stands out of a site's pairs and devices on the days that were judged."""
    span = Span(judged.since, judged.until, judged.horizon)
    found = []
    for months in _pairs(store, judged.site):
        pair = Pair(judged.site, months[0].source, months[0].destination)
        found += pair_findings(pair, [day for month in months for day in days_of(month)], span)
    for source, peers in _devices(store, judged.site):
        found += device_findings(judged.site, source, peers, span.since, span.until)
    return found


def _pairs(store: Store, site: str) -> Iterator[list[PairMonth]]:
    for _, months in groupby(store.scan(site), key=lambda month: (month.source, month.destination)):
        yield list(months)


def _devices(store: Store, site: str) -> Iterator[tuple[str, Peers]]:
    for source, months in groupby(store.scan(site), key=lambda month: month.source):
        yield source, Peers(months)
