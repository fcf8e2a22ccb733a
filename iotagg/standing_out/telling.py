"""What stands out, in words: of a finding, of a site's day, and of all. Nothing in them moves a terminal's cursor."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

from iotagg.core.cells import printable
from iotagg.core.findings import Kind, Severity
from iotagg.core.judging.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core.findings import Finding
    from iotagg.standing_out.question import Answer

LINES = 5
"""Findings of a site's day that are told; of those that are milder, only how many there are."""

_NAMES = {
    Kind.SURGE: ("surge", "surges"),
    Kind.DROP: ("drop", "drops"),
    Kind.SILENT: ("pair gone silent", "pairs gone silent"),
    Kind.NEW_PAIR: ("new pair", "new pairs"),
    Kind.FAN_OUT: ("burst of destinations", "bursts of destinations"),
    Kind.SITE_SILENT: ("site that sent nothing", "sites that sent nothing"),
    Kind.REJECTS: ("file with rejected rows", "files with rejected rows"),
}


def headline(findings: Sequence[Finding]) -> str:
    """Return in a line what stands out, the worst first: `2 surges and a site that sent nothing, at 2 sites`."""
    worst = {kind: max(each.severity for each in findings if each.kind is kind) for kind in {f.kind for f in findings}}
    numbers = Counter(finding.kind for finding in findings)
    ordered = sorted(numbers, key=lambda kind: (-worst[kind], -numbers[kind], kind))
    parts = [count(numbers[kind], *_NAMES[kind]) for kind in ordered]
    told = " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)
    sites = sorted({finding.site for finding in findings})
    days = sorted({finding.day for finding in findings})
    at = printable(sites[0]) if len(sites) == 1 else f"{len(sites)} sites"
    return f"{told} at {at}, {days[0] if len(days) == 1 else f'{days[0]} to {days[-1]}'}"


def subject(findings: Sequence[Finding]) -> str:
    """Return in a line how bad the worst is, and what there is: `high: 2 surges at paris, 2022-12-14`."""
    return f"{severity_name(max(finding.severity for finding in findings))}: {headline(findings)}"


@dataclass(frozen=True, slots=True)
class Section:
    """What stands out of a site on a day: findings that are told, and how many more there are, in words."""

    site: str
    day: str
    told: tuple[Finding, ...]
    more: str

    @property
    def title(self) -> str:
        """The day with its name, and the site."""
        return f"{date.fromisoformat(self.day):%A} {self.day}, {printable(self.site)}"


def sections(findings: Sequence[Finding], lines: int = LINES) -> list[Section]:
    """Return findings, which are sorted by site and day, by these; of each only so many."""
    made = []
    for (site, day), group in groupby(findings, key=lambda finding: (finding.site, finding.day)):
        of_day = list(group)
        made.append(Section(site, day, tuple(of_day[:lines]), _more(of_day[lines:])))
    return made


def _more(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    numbers = Counter(finding.severity for finding in findings)
    by_severity = [(numbers[each], severity_name(each)) for each in reversed(Severity) if numbers[each]]
    if len(by_severity) == 1:
        return f"and {len(findings):,} more ({by_severity[0][1]})"
    return f"and {len(findings):,} more ({', '.join(f'{number:,} {name}' for number, name in by_severity)})"


def severity_name(severity: Severity) -> str:
    """Return a severity as options name it."""
    return severity.name.lower()


def kind_name(finding: Finding) -> str:
    """Return the kind of a finding as one says it."""
    return _NAMES[finding.kind][0]


def about(finding: Finding) -> str:
    """Return what a finding is about: a pair, a device, a file, or the whole site."""
    source, destination = printable(finding.source), printable(finding.destination)
    if finding.file:
        return printable(finding.file)
    if source and destination:
        return f"{source} → {destination}"
    return source or (f"→ {destination}" if destination else "the site")


def sentence(finding: Finding) -> str:
    """Return a finding as one reads it: its kind, what it is about, and why."""
    return f"{kind_name(finding)}: {about(finding)}: {printable(finding.reason)}"


def footer(answer: Answer) -> str:
    """Return which days were judged, and what to do next, in a line."""
    spans = sorted({(judged.since, judged.until) for judged in answer.judged if judged.since})
    days = f"{spans[0][0]} to {max(until for _, until in spans)}" if spans else "no days"
    return (
        f"Judged: {days}, at {count(len(answer.judged), 'site')}; days are those of the files. iotagg export --src A"
        " --dst B shows a pair's days, iotagg allow takes off the list what is in order."
    )


def fields(finding: Finding) -> dict[str, Any]:
    """Return a finding for machines: what it is not about is None."""
    return {
        "site": finding.site,
        "day": finding.day,
        "kind": finding.kind.value,
        "severity": severity_name(finding.severity),
        "src_ip": finding.source or None,
        "dst_ip": finding.destination or None,
        "file": finding.file or None,
        "reason": finding.reason,
        "measure": finding.measure or None,
        "usual": finding.usual,
        "actual": finding.actual,
        "score": round(finding.score, 2),
        "pairs": finding.pairs,
    }
