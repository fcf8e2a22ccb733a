"""A site's day with more findings than anybody reads: the worst are told, and one finding stands for the others."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from iotagg.core.findings import Finding, Kind
from iotagg.core.judging.folding import order
from iotagg.core.judging.groups import devices_of
from iotagg.core.judging.words import kinds_counted, more_counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_A_DAY = 5
"""Findings of a site's day that are told; of more than so many, the last one stands for all that are milder."""

_NAMED = 3  # devices that such a finding names


def at_most_five(findings: Iterable[Finding]) -> list[Finding]:
    """Return folded findings with at most five of each site's day, sorted as they are.

    Where there are more, the four worst stand as they are, and one of the kind OTHERS has all others as its parts: none
    of them is more severe than those. To do so again changes nothing.
    """
    told: list[Finding] = []
    for _, group in groupby(sorted(findings, key=order), key=lambda finding: (finding.site, finding.day)):
        of_day = list(group)
        singly = len(of_day) if len(of_day) <= MOST_A_DAY else MOST_A_DAY - 1
        told += of_day[:singly]
        told += [_others(of_day[singly:])] if singly < len(of_day) else []
    return told


def _others(findings: Sequence[Finding]) -> Finding:
    worst = findings[0]
    return Finding(
        site=worst.site,
        day=worst.day,
        kind=Kind.OTHERS,
        severity=worst.severity,
        reason=f"{more_counted(findings)}: {kinds_counted(findings)}{_most_concerned(findings)}",
        measure="findings",
        actual=len(findings),
        pairs=sum(finding.pairs for finding in findings),
        parts=tuple(findings),
    )


def _most_concerned(findings: Sequence[Finding]) -> str:
    # Those of which most findings tell; of those of which as many do, the one of the worse finding.
    numbers = Counter(device for finding in findings for device in sorted(devices_of([finding])))
    named = [f"{device} ({number})" for device, number in numbers.most_common(_NAMED)]
    more = len(numbers) - len(named)
    return f"; of {', '.join(named)}{f' and {more} more' if more else ''}" if named else ""
