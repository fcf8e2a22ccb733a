"""What stands out, in words: of a finding, of a site's day, and of all. Nothing in them moves a terminal's cursor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

from iotagg.core.cells import printable
from iotagg.core.findings import Kind
from iotagg.core.judging.words import KIND_NAMES, count, kinds_counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core.findings import Finding, Severity
    from iotagg.standing_out.question import Answer


def headline(findings: Sequence[Finding]) -> str:
    """Return in a line what stands out, the worst first: `2 surges and a site that sent nothing, at 2 sites`."""
    sites = sorted({finding.site for finding in findings})
    days = sorted({finding.day for finding in findings})
    at = printable(sites[0]) if len(sites) == 1 else f"{len(sites)} sites"
    return f"{kinds_counted(findings)} at {at}, {days[0] if len(days) == 1 else f'{days[0]} to {days[-1]}'}"


def subject(findings: Sequence[Finding]) -> str:
    """Return in a line how bad the worst is, and what there is: `high: 2 surges at paris, 2022-12-14`."""
    return f"{severity_name(max(finding.severity for finding in findings))}: {headline(findings)}"


@dataclass(frozen=True, slots=True)
class Section:
    """What stands out of a site on a day."""

    site: str
    day: str
    told: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """The day with its name, and the site."""
        return f"{date.fromisoformat(self.day):%A} {self.day}, {printable(self.site)}"


def sections(findings: Sequence[Finding]) -> list[Section]:
    """Return findings, which are sorted by site and day, by these."""
    by_day = groupby(findings, key=lambda finding: (finding.site, finding.day))
    return [Section(*key, tuple(of_day)) for key, of_day in by_day]


def severity_name(severity: Severity) -> str:
    """Return a severity as options name it."""
    return severity.name.lower()


def kind_name(finding: Finding) -> str:
    """Return the kind of a finding as one says it."""
    return KIND_NAMES[finding.kind][0]


def about(finding: Finding) -> str:
    """Return what a finding is about: a pair, a device, a file, the whole site, or what remains of its day."""
    source, destination = printable(finding.source), printable(finding.destination)
    if finding.file:
        return printable(finding.file)
    if finding.kind is Kind.OTHERS:
        return f"iotagg anomalies --day {finding.day} --site {printable(finding.site)} --all tells each"
    if source and destination:
        return f"{source} → {destination}"
    return source or (f"→ {destination}" if destination else "the site")


def sentence(finding: Finding) -> str:
    """Return a finding as one reads it: its kind, what it is about, and why."""
    if finding.kind is Kind.OTHERS:
        return f"{printable(finding.reason)}; {about(finding)}"
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
        "parts": [fields(part) for part in finding.parts],
    }
