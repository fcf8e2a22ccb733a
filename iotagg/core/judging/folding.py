"""Findings that belong together, folded into one: what has one cause is told once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from iotagg.core.findings import Finding, Kind
from iotagg.core.judging.calendar import day_of, number_of
from iotagg.core.judging.groups import by_device, by_site
from iotagg.core.judging.words import KIND_NAMES, count

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

_OF_A_BURST = (Kind.SURGE, Kind.NEW_PAIR)


def folded(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings folded, sorted by site and day, the most severe of a day first.

    - A pair's day has one finding: the worst.
    - A site that sent nothing stands for the silences of its pairs that begin on its own missing days.
    - A burst of destinations stands for the new pairs and surges of its source on that day.
    - Both directions of a pair that stand out alike on a day are one.
    - Findings of three or more pairs of one day with the same device become one about that device: surges and new
      pairs, or drops and silences.
    - Ten or more surges, drops or silences of one severity on a site's day become one about the site.

    `pairs` tells how many pairs each stands for, and `parts` holds what was folded into it. The order of the findings
    says nothing, and folding them again changes nothing.
    """
    ordered = sorted(findings, key=order)
    others = [finding for finding in ordered if not is_of_a_pair(finding)]
    pairs = _firsts(ordered)
    pairs, others = _absorbed(pairs, others, Kind.SITE_SILENT, frozenset((Kind.SILENT,)))
    pairs, others = _absorbed(pairs, others, Kind.FAN_OUT, frozenset(_OF_A_BURST))
    return sorted(by_site([*others, *by_device(_both_directions(pairs), order)], order), key=order)


def order(finding: Finding) -> tuple[object, ...]:
    """Return what findings are sorted by: site and day, the worst of a day first, and what remains of it last.

    Different ones are never equal, but for what was folded into them.
    """
    worse = (finding.kind is Kind.OTHERS, -finding.severity, finding.kind, -finding.score, -finding.pairs)
    about = (finding.source, finding.destination, finding.file)
    told = (finding.reason, finding.measure, finding.usual, finding.actual)
    return (finding.site, finding.day, *worse, *about, *told)


def is_of_a_pair(finding: Finding) -> bool:
    """Say whether a finding is about one pair, and not about a device, a file or a site."""
    return bool(finding.source and finding.destination)


def _firsts(ordered: Iterable[Finding]) -> list[Finding]:
    # The worst comes first.
    first: dict[Hashable, Finding] = {}
    for finding in filter(is_of_a_pair, ordered):
        first.setdefault((finding.site, finding.day, finding.source, finding.destination), finding)
    return list(first.values())


def _absorbed(
    pairs: Sequence[Finding], others: Sequence[Finding], larger: Kind, smaller: frozenset[Kind]
) -> tuple[list[Finding], list[Finding]]:
    # Each pair's finding of the smaller kinds goes to the first one of the larger kind that explains it.
    explaining: dict[str, list[int]] = defaultdict(list)
    for place, other in enumerate(others):
        if other.kind is larger:
            explaining[other.site].append(place)
    parts: dict[int | None, list[Finding]] = defaultdict(list)
    for pair in pairs:
        places = explaining[pair.site] if pair.kind in smaller else ()
        parts[next((place for place in places if _explains(others[place], pair)), None)].append(pair)
    told = [_with(other, parts[place]) if place in parts else other for place, other in enumerate(others)]
    return parts[None], told


def _explains(larger: Finding, smaller: Finding) -> bool:
    if larger.kind is Kind.FAN_OUT:
        return (larger.day, larger.source) == (smaller.day, smaller.source)
    return _first_missing(larger) <= _first_missing(smaller) <= larger.day


def _first_missing(silence: Finding) -> str:
    return day_of(max(1, number_of(silence.day) - silence.actual + 1))


def _with(finding: Finding, parts: Sequence[Finding]) -> Finding:
    # Nobody looks for what is severe in what is mild.
    finding = replace(
        finding, severity=max(finding.severity, *(part.severity for part in parts)), parts=(*finding.parts, *parts)
    )
    total = sum(part.pairs for part in parts)
    if finding.kind is Kind.SITE_SILENT:
        reason = f"{finding.reason}; {count(total, 'steady pair')} with it"
        return replace(finding, reason=reason, pairs=finding.pairs + total)
    numbers = {kind: sum(part.pairs for part in parts if part.kind is kind) for kind in _OF_A_BURST}
    told = " and ".join(count(number, *KIND_NAMES[kind]) for kind, number in numbers.items() if number)
    return replace(finding, reason=f"{finding.reason}; {told} among them", pairs=max(finding.pairs, total))


def _both_directions(pairs: Iterable[Finding]) -> list[Finding]:
    alike: dict[Hashable, list[Finding]] = defaultdict(list)
    for pair in pairs:
        devices = frozenset((pair.source, pair.destination))
        alike[pair.site, pair.day, pair.kind, devices].append(pair)
    return [_both(each) for each in alike.values()]


def _both(directions: Sequence[Finding]) -> Finding:
    worst = min(directions, key=order)
    if len(directions) == 1:
        return worst
    reason = f"{worst.reason}; the other direction too"
    parts = tuple(sorted(directions, key=order))
    return replace(worst, reason=reason, pairs=sum(each.pairs for each in directions), parts=parts)
