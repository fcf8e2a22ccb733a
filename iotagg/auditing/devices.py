"""What devices add up to, where a store keeps it: whether it follows from their pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.auditing.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from iotagg.stores.protocol import Store

OTHER_TOTAL = "what its pairs add up to is kept otherwise, so that nobody may see that it is among the largest"


def device_findings(store: Store, sites: Collection[str]) -> Iterator[Finding]:
    """Yield the totals of devices that differ from what their pair-months add up to, at these sites or all."""
    for site in sites or store.sites():
        for side, device, month in store.device_faults(site):
            source, destination = (device, "") if side == "source" else ("", device)
            yield Finding(site, OTHER_TOTAL, source=source, destination=destination, month=month)


def mend_devices(store: Store, sites: Collection[str]) -> Iterator[Finding]:
    """Add up all devices of a site anew where any differs; yield what did."""
    for site in sites or store.sites():
        found = list(device_findings(store, (site,)))
        if found:
            store.doubt_devices(site)
            store.sum_devices(site)
        yield from found
