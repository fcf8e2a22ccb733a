"""What is said about days that nobody touched: every finding is one too many, but of pairs that really end or begin."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.findings_other import destination, findings_of_device
from bench.findings_planted import ENOUGH, HISTORIES, history_lengths
from bench.findings_traffic import SITE, iso, source
from iotagg.core.findings import Kind
from iotagg.core.judging.folding import folded
from iotagg.core.judging.limits import LEAST
from iotagg.core.judging.pairs import Pair, Span, pair_findings
from iotagg.core.judging.remaining import at_most_five

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.findings_traffic import Traffic
    from iotagg.core.findings import Finding

    Found = dict[str, Any]

_OF_DAYS = {f"{kind} {band}" for kind in (Kind.SURGE, Kind.DROP) for band in HISTORIES if band[0] >= ENOUGH}


def normal_days(traffic: Traffic) -> Found:
    """Return how many pair-days there are by their days of history, what was said of them, and how much a day."""
    lengths, there = history_lengths(traffic), traffic.totals[:, :, 0] > 0
    days = {str(band): int((there & (lengths >= band[0]) & (lengths <= band[1])).sum()) for band in HISTORIES}
    said: Counter[str] = Counter()
    findings: list[Finding] = []
    number_of = {iso(day): day for day in range(traffic.days)}
    span = Span(iso(LEAST), iso(traffic.days - 1), iso(traffic.days))
    for pair, device in enumerate(traffic.device.tolist()):
        for finding in pair_findings(Pair(SITE, source(device), destination(pair)), traffic.history(pair), span):
            day = number_of[finding.day]
            if finding.kind is Kind.SILENT:
                comes_back = there[pair, day:].any()
                said["silent, but it came back" if comes_back else "silent, and it had ended"] += 1
            else:
                band = next(band for band in HISTORIES if band[0] <= lengths[pair, day] <= band[1])
                said[f"{finding.kind} {band}"] += 1
            if day >= ENOUGH:
                findings.append(finding)
    for device in range(len(traffic.passing)):
        of_device = findings_of_device(traffic, device)
        said.update(finding.kind for finding in of_device)
        findings += of_device
    watched = traffic.days - ENOUGH
    of_days = sum(number for what, number in said.items() if what in _OF_DAYS)
    return {
        "what": "normal",
        "days": days,
        "said": said,
        "of_days": of_days,
        "plain": _by_day(findings, watched),
        "folded": _by_day(folded(findings), watched),
        "told": _by_day(at_most_five(folded(findings)), watched),
    }


def _by_day(findings: Iterable[Finding], days: int) -> list[int]:
    # How many there are on each day, those on which there are none included.
    counts = Counter(finding.day for finding in findings)
    return sorted([*counts.values(), *np.zeros(days - len(counts), int).tolist()])
