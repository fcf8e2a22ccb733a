"""Findings made by hand."""

from __future__ import annotations

from iotagg.core.findings import Finding, Kind, Severity

DAY = "2022-12-14"


def finding(
    source: str = "a",
    destination: str = "b",
    kind: Kind = Kind.SURGE,
    *,
    day: str = DAY,
    severity: Severity = Severity.LOW,
    site: str = "paris",
    score: float = 3.0,
    actual: int = 1,
    pairs: int = 1,
) -> Finding:
    """Return a finding of a pair."""
    reason = f"{kind} {source} {destination}"
    return Finding(site, day, kind, severity, reason, source, destination, score=score, actual=actual, pairs=pairs)
