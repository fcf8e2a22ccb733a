"""What stands out of one pair, from its own days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.judging.calendar import day_of, number_of
from iotagg.core.judging.limits import OFTEN
from iotagg.core.judging.pair_days import figures_of, odd_days
from iotagg.core.judging.scores import median
from iotagg.core.judging.silence import Silence, silences
from iotagg.core.judging.words import figure, part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core.history import DayTotal
    from iotagg.core.judging.pair_days import Oddity

_BANDS = ((Severity.HIGH, 6.0, 5.0), (Severity.MEDIUM, 4.0, 2.0))  # from so many deviations and times the usual


@dataclass(frozen=True, slots=True)
class Pair:
    """A site and an ordered pair of canonical addresses."""

    site: str
    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class Span:
    """Two inclusive ISO days, and the site's horizon: the day from which on days are not over."""

    since: str
    until: str
    horizon: str


def pair_findings(pair: Pair, days: Sequence[DayTotal], span: Span) -> list[Finding]:
    """Return what stands out of a pair, oldest first; one finding for a day at most.

    `days` are the pair's observed days, oldest first, with all of two windows before the span. From the horizon on,
    less than usual says nothing.
    """
    found = [
        _odd(pair, oddity)
        for oddity in odd_days(days, span.since, span.until)
        if oddity.kind is Kind.SURGE or oddity.day < span.horizon
    ]
    numbers, flows = [number_of(day.day) for day in days], [day.flows for day in days]
    missing = silences(numbers, number_of(span.horizon), flows)
    found += [
        _silent(pair, days, silence, span)
        for silence in missing
        if span.since <= day_of(silence.stands_out) <= span.until
    ]
    return sorted(found, key=lambda finding: finding.day)


def _odd(pair: Pair, oddity: Oddity) -> Finding:
    unit = " of flows" if oddity.measure == "duration" else f" {oddity.measure}"
    actual, usual = figure(oddity.measure, oddity.actual), figure(oddity.measure, oddity.usual)
    compared = f"{part(oddity.actual, oddity.usual)} the median of {oddity.compared} {oddity.group} before"
    return Finding(
        site=pair.site,
        day=oddity.day,
        kind=oddity.kind,
        severity=severity_of(oddity.score, oddity.times),
        reason=f"{actual}{unit} instead of about {usual}: {compared}",
        source=pair.source,
        destination=pair.destination,
        score=oddity.score,
        measure=oddity.measure,
        usual=oddity.usual,
        actual=oddity.actual,
    )


def severity_of(score: float, ratio: float) -> Severity:
    """Return how much it deserves to be looked at that something is off so far, and so many times the usual."""
    for severity, least_score, least_ratio in _BANDS:
        if score >= least_score and ratio >= least_ratio:
            return severity
    return Severity.LOW


def _silent(pair: Pair, days: Sequence[DayTotal], silence: Silence, span: Span) -> Finding:
    first, last = day_of(silence.last - silence.span + 1), day_of(silence.last)
    usual = median([figures_of(day)[0] for day in days if first <= day.day <= last])
    told = min(span.until, day_of(number_of(span.horizon) - 1))
    again = next((day.day for day in days if last < day.day <= told), "")
    is_regular = silence.present * 10 >= silence.span * 9
    return Finding(
        site=pair.site,
        day=day_of(silence.stands_out),
        kind=Kind.SILENT,
        severity=Severity.MEDIUM if is_regular and usual >= OFTEN else Severity.LOW,
        reason=(
            f"last seen on {last}, {f'again on {again}' if again else f'not again by {told}'}; before, about"
            f" {figure('flows', usual)} {'flow' if usual == 1 else 'flows'} a day on {silence.present} of"
            f" {silence.span} days"
        ),
        source=pair.source,
        destination=pair.destination,
        measure="days",
        usual=usual,
        actual=silence.stands_out - silence.last,
    )
