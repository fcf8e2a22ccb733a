"""What many schedules came to: how often each kind of fault happened at each place, and which schedules failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.faults import ELSEWHERE, Fault, faults_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.simulation.exhaustive import Found
    from tests.simulation.schedule import Verdict


@dataclass(slots=True)
class Report:
    """The sum of verdicts."""

    schedules: int = 0
    turns: int = 0
    simulated_seconds: float = 0.0
    fired: Counter[tuple[str, Fault]] = field(default_factory=Counter)
    failed: dict[int, list[str]] = field(default_factory=dict)

    def add(self, verdict: Verdict) -> None:
        """Add what one schedule came to."""
        self.schedules += 1
        self.turns += verdict.turns
        self.simulated_seconds += verdict.seconds
        for fired in verdict.fired:
            self.fired[fired.site, fired.fault] += 1
        if verdict.wrong:
            self.failed[verdict.plan.seed] = verdict.wrong

    def merge(self, other: Report) -> None:
        """Add what another report says."""
        self.schedules += other.schedules
        self.turns += other.turns
        self.simulated_seconds += other.simulated_seconds
        self.fired += other.fired
        self.failed |= other.failed

    def rows(self) -> Iterator[tuple[str, Fault, int]]:
        """Yield how often each fault happened that can happen, at the places that were come by."""
        for site in sorted({site for site, _ in self.fired} | set(ELSEWHERE)):
            for fault in faults_at(site):
                yield site, fault, self.fired[site, fault]

    def never(self) -> list[tuple[str, Fault]]:
        """Return what could have happened, and did not."""
        return [(site, fault) for site, fault, times in self.rows() if not times]


def summary(report: Report, seconds: float) -> str:
    """Return what all schedules came to, in a sentence."""
    failed = f"{len(report.failed):,} schedules ended wrong" if report.failed else "none ended wrong"
    return (
        f"{report.schedules:,} schedules of {report.simulated_seconds / 86_400:,.0f} simulated days together, with"
        f" {sum(report.fired.values()):,} faults, in {seconds / 60:.0f} minutes: {failed}. A wrong byte of an export, a"
        " file that is lost or counts twice, a finding of the audit or a file in no end state would have been."
    )


def explored(all_found: Mapping[str, Found], seconds: float) -> str:
    """Return what all orders came to, as a table in Markdown: a row for what the two workers are at."""
    wrong = sum(len(found.wrong) for found in all_found.values())
    said = (
        "All orders in which two workers can make their calls, with no fault and with each fault at each call, to the"
        f" last one, in {seconds / 60:.0f} minutes. Orders that come to the same state go on alike, so that each state"
        f" is gone on from once. Of what they end in, others make what it should be; wrong: {wrong or 'none'}."
    )
    head = "| two workers with one file | orders | states | calls made | kinds of faults at calls | different ends |"
    lines = [said, "", head, "| --- | ---: | ---: | ---: | ---: | ---: |"]
    lines += [
        f"| {name} | {found.orders:,} | {found.states:,} | {found.calls:,} | {len(found.faults):,} | {found.ends:,} |"
        for name, found in all_found.items()
    ]
    return "\n".join(lines)


def table(rows: Iterable[tuple[str, Fault, int]]) -> str:
    """Return a table in Markdown: a row for each kind of fault, and at how many places it happened how often."""
    kinds: dict[Fault, list[tuple[str, int]]] = {}
    for site, fault, times in rows:
        kinds.setdefault(fault, []).append((site, times))
    lines = ["| what went wrong | how often | at which calls |", "| --- | ---: | --- |"]
    for fault in Fault:
        places = kinds.get(fault, [])
        where = ", ".join(f"{site.partition('.')[2] or site} {times:,}" for site, times in places)
        lines.append(f"| {fault.value} | {sum(times for _, times in places):,} | {where} |")
    return "\n".join(lines)
