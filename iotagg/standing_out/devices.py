"""Devices of a site that stood out by their peers: those with a new one, by the ranks that tell so, judged by all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.judging.devices import Peers, device_findings
from iotagg.core.judging.ranking import are_flags_old
from iotagg.standing_out.months import months_between

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.core.findings import Finding
    from iotagg.stores.protocol import Store


def findings_of_devices(store: Store, site: str, since: str, until: str) -> Iterator[Finding]:
    """Yield what stands out of a site's devices between two inclusive days.

    Only a device that met somebody new can stand out: of the others nothing is read.
    """
    floor = store.first_month()
    met = {
        source
        for month in months_between(since, until)
        for source, _, rank in store.ranks(site, month)
        if are_flags_old(floor, month) or (rank.new and since <= f"{month}-{rank.new:02}" <= until)
    }
    for source in sorted(met):
        yield from device_findings(site, source, Peers(store.source_months(site, source)), since, until)
