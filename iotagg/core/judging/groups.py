"""Findings of pairs that have a device or their whole site in common, as one finding about it."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.judging.words import count, kinds_counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence

    Group = tuple[str, str, bool, str]  # site, day, whether it is more than usual or less, and device
    Order = Callable[[Finding], tuple[object, ...]]

TOGETHER = 3
"""Pairs of one day and device, all with more than usual or all with less, that become one finding about the device."""

MANY = 10
"""Pairs from which on a finding about a device deserves more attention than each of them.

So many surges, drops or silences of a site on one day are no chance, either: they become one finding about the site.
"""

_MORE = frozenset((Kind.SURGE, Kind.NEW_PAIR))
_MOVE_TOGETHER = frozenset((Kind.SURGE, Kind.DROP, Kind.SILENT))


def by_device(findings: Sequence[Finding], order: Order) -> list[Finding]:
    """Return findings of pairs with those of three or more pairs of one day and device as one.

    What is more than usual (surges, new pairs) and what is less (drops, silences) is told apart. The device with most
    of them takes its own first, so that each finding goes to one device only. The worst one, which `order` puts first,
    tells what it is.
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
    return [(finding.site, finding.day, finding.kind in _MORE, device) for device in devices]


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
    kinds = {member.kind for member in members}
    mixed = f" ({kinds_counted(members)})" if len(kinds) > 1 else ""
    return replace(
        worst,
        severity=Severity(min(worst.severity + (pairs >= MANY), Severity.HIGH)),
        reason=f"{others.format(len(members))}{mixed}, most with {peer}: {worst.reason}",
        source="" if is_destination else device,
        destination=device if is_destination else "",
        pairs=pairs,
        parts=tuple(members),
    )


def _is_each(ends: Collection[str], device: str, pairs: int, members: Sequence[Finding]) -> bool:
    # Where a finding stands for more than one pair, it is one in both directions.
    return ends == {device} and pairs == len(members)


def by_site(findings: Iterable[Finding], order: Order) -> list[Finding]:
    """Return findings with ten or more surges, drops or silences of one site and day as one about the site.

    A holiday or a broken link moves many devices at once. Only those of one severity become one, so that nothing severe
    goes under in what is mild.
    """
    groups: dict[Hashable, list[Finding]] = defaultdict(list)
    others = []
    for finding in findings:
        if finding.kind in _MOVE_TOGETHER and (finding.source or finding.destination):
            groups[finding.site, finding.day, finding.kind, finding.severity].append(finding)
        else:
            others.append(finding)
    for members in groups.values():
        others += members if len(members) < MANY else [_about_site(sorted(members, key=order))]
    return others


def _about_site(members: Sequence[Finding]) -> Finding:
    worst, pairs = members[0], sum(member.pairs for member in members)
    ends = " → ".join(filter(None, (worst.source, worst.destination)))
    told = f"{count(pairs, 'pair')} of {count(len(devices_of(members)), 'device')} at once"
    return replace(
        worst,
        reason=f"{told}, most {ends}: {worst.reason}",
        source="",
        destination="",
        pairs=pairs,
        parts=tuple(members),
    )


def devices_of(findings: Iterable[Finding]) -> set[str]:
    """Return the devices that findings are about, with those of what was folded into them."""
    found: set[str] = set()
    for finding in findings:
        found |= {finding.source, finding.destination} | devices_of(finding.parts)
    return found - {""}
