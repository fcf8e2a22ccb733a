"""Findings of pairs that one device has in common, as one finding about the device."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from iotagg.core.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    Group = tuple[str, str, str, str]  # site, day, kind and device
    Order = Callable[[Finding], tuple[object, ...]]

TOGETHER = 3
"""Pairs of one kind, day and device whose findings become one about the device."""

MANY = 10
"""Pairs from which on a finding about a device deserves more attention than each of them."""


def by_device(findings: Sequence[Finding], order: Order) -> list[Finding]:
    """Return findings of pairs with those of three or more pairs of one kind, day and device as one.

    The device with most of them takes its own first, so that each finding goes to one device only. The worst one, which
    `order` puts first, tells what it is.
    """
    left = dict(enumerate(findings))
    groups: dict[Group, set[int]] = defaultdict(set)
    for place, finding in left.items():
        for group in _groups_of(finding):
            groups[group].add(place)
    found = []
    for group in _largest_first(groups):
        members = {place: left.pop(place) for place in groups[group]}
        for place, member in members.items():
            for other in _groups_of(member):
                groups[other] = groups[other] - {place}
        found.append(_about(group[-1], sorted(members.values(), key=order)))
    return [*found, *left.values()]


def _groups_of(finding: Finding) -> list[Group]:
    devices = {finding.source, finding.destination}
    return [(finding.site, finding.day, finding.kind, device) for device in devices]


def _largest_first(groups: dict[Group, set[int]]) -> Iterator[Group]:
    # Whoever asks takes members out of the groups meanwhile: one that has become smaller waits for its turn again.
    waiting = [(-len(places), group) for group, places in groups.items()]
    heapq.heapify(waiting)
    while waiting:
        size, group = heapq.heappop(waiting)
        now = len(groups[group])
        if now >= TOGETHER and now == -size:
            yield group
        elif now >= TOGETHER:
            heapq.heappush(waiting, (-now, group))


def _about(device: str, members: Sequence[Finding]) -> Finding:
    worst, pairs = members[0], sum(member.pairs for member in members)
    is_source = _is_each({member.source for member in members}, device, pairs, members)
    is_destination = _is_each({member.destination for member in members}, device, pairs, members)
    peer = worst.destination if worst.source == device else worst.source
    others = "to {} destinations" if is_source else "from {} sources" if is_destination else "with {} devices"
    return replace(
        worst,
        severity=Severity(min(worst.severity + (pairs >= MANY), Severity.HIGH)),
        reason=f"{others.format(len(members))}, most with {peer}: {worst.reason}",
        source="" if is_destination else device,
        destination=device if is_destination else "",
        pairs=pairs,
    )


def _is_each(ends: Collection[str], device: str, pairs: int, members: Sequence[Finding]) -> bool:
    # Where a finding stands for more than one pair, it is one in both directions.
    return ends == {device} and pairs == len(members)
