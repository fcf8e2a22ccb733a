"""The devices of a site, and what is known of each: what it sent and received in all, and from whom."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING

from iotagg.core.history import FIRST_DAY, LAST_DAY, History, history
from iotagg.core.metrics import FLOWS, METRICS
from iotagg.core.ranks import SIDES
from iotagg.standing_out.months import months_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.core.pair_month import PairMonth
    from iotagg.core.ranks import Side
    from iotagg.stores.protocol import Store

_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a device sent, or received: the months in which it did, how many flows, and the total of each metric."""

    first_month: str
    last_month: str
    flows: int
    totals: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a site; None stands for what it never did."""

    address: str
    sent: Traffic | None
    received: Traffic | None


def devices(store: Store, site: str, after: str = "") -> Iterator[Device]:
    """Yield the devices of a site, sorted by their addresses: those that come after one, if one is given.

    They are those of what was assessed. Where a store keeps no totals of devices, all of their pairs are read.
    """
    names = merge(*(_names(store, site, side, after) for side in SIDES))
    for name, _ in groupby(names):
        sent, received = (_traffic(_months(store, site, side, name)) for side in SIDES)
        if sent or received:
            yield Device(name, sent, received)


def _names(store: Store, site: str, side: Side, after: str) -> Iterator[str]:
    kept = store.devices(side)
    if kept is not None:
        return kept.names(site, after)
    found = {device for month in _months_of(store, site) for device, _ in store.device_sizes(site, month, side)}
    return iter(sorted(device for device in found if device > after))


def _months(store: Store, site: str, side: Side, device: str) -> Iterable[PairMonth]:
    kept = store.devices(side)
    if kept is not None:
        return kept.source_months(site, device)
    if side == "source":
        return store.source_months(site, device)
    return store.several_months(site, _keys_to(store, site, device, _months_of(store, site)))


def _traffic(months: Iterable[PairMonth]) -> Traffic | None:
    known = [month for month in months if month.sums.get(FLOWS)]
    if not known:
        return None
    names = sorted(month.month for month in known)
    totals = tuple(sum(month.sums.get(metric.stored, 0) for month in known) for metric in METRICS)
    return Traffic(names[0], names[-1], sum(month.sums[FLOWS] for month in known), totals)


def histories_to(
    store: Store, site: str, device: str, after: str = "", *, since: str = FIRST_DAY, until: str = LAST_DAY
) -> Iterator[History]:
    """Yield the history of each pair of which a device is the destination, sorted by source, of those after one.

    They are those of what was assessed. The ranks of the months in which it received anything are gone through.
    """
    kept = store.devices("destination")
    if kept is not None:
        months = {month.month for month in kept.source_months(site, device)}
    else:
        months = _months_of(store, site)
    keys = _keys_to(store, site, device, (month for month in months if since[:7] <= month <= until[:7]))
    by_source = groupby(sorted(key for key in keys if key[0] > after), key=itemgetter(0))
    waiting = ([*several] for _, several in by_source)
    while together := list(islice(waiting, _TOGETHER)):
        read = store.several_months(site, chain.from_iterable(together))
        for _, months_of in groupby(sorted(read, key=_source), key=_source):
            found = history(site, months_of, since, until)
            if found is not None:
                yield found


def _source(month: PairMonth) -> str:
    return month.source


def _keys_to(store: Store, site: str, device: str, months: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for month in sorted(months):
        for source, destination, _ in store.device_ranks(site, month, "destination", [device]):
            yield source, destination, month


def _months_of(store: Store, site: str) -> set[str]:
    heads = (record.head for record in store.files(site) if record.is_in and record.head.pair_days)
    return {month for head in heads for month in months_between(head.first_day, head.last_day)}
