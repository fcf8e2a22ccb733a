"""What stands out in a store by a scan of all that it holds, without any ranks."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from iotagg.core.history import days_of
from iotagg.core.judging.devices import Peers, device_findings
from iotagg.core.judging.pairs import Pair, Span, pair_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.core.findings import Finding
    from iotagg.core.pair_month import PairMonth
    from iotagg.standing_out.question import Judged
    from iotagg.stores.protocol import Store


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
