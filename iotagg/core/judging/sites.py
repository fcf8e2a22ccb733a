"""What stands out of a site: days on which it sent nothing, and files with more rejected lines than its others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.judging.calendar import day_of, number_of
from iotagg.core.judging.limits import (
    LEAST,
    MANY_REJECTS,
    REJECTS_TIMES,
    REJECTS_WORTH_A_WORD,
    SHARE_OF_A_DAY,
    WINDOW,
)
from iotagg.core.judging.scores import median
from iotagg.core.judging.silence import silences
from iotagg.core.judging.words import count, figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def sent_days(flows: Mapping[str, int]) -> list[str]:
    """Return the days that a site sent, sorted, of those that its files hold, given with their flows.

    A day with next to nothing is none: such are days to which a clock that is wrong puts a device's flows.
    """
    usual = median(list(flows.values())) if flows else 0
    return sorted(day for day, sent in flows.items() if sent * SHARE_OF_A_DAY >= usual)


def site_findings(site: str, sent: Sequence[str], since: str, until: str, today: str) -> list[Finding]:
    """Return the days between two inclusive ones on which a site was found to have sent nothing, before today.

    `sent` are the days it sent, sorted. One finding for each such stretch, on the first day that is unusual.
    """
    found = []
    for silence in silences([number_of(day) for day in sent], number_of(today)):
        day = day_of(silence.stands_out)
        if since <= day <= until:
            reason = f"last heard of on {day_of(silence.last)}; before, on {silence.present} of {silence.span} days"
            missing = silence.stands_out - silence.last
            found.append(
                Finding(site, day, Kind.SITE_SILENT, Severity.HIGH, reason, measure="days", actual=missing, pairs=0)
            )
    return found


@dataclass(frozen=True, slots=True)
class FileLines:
    """A file that was counted: its path, its last day, and how many of its rows were counted and rejected."""

    path: str
    day: str
    counted: int
    rejected: int

    @property
    def share(self) -> float:
        """The share of its rows that were rejected, from 0 to 1."""
        return self.rejected / (self.counted + self.rejected) if self.rejected else 0.0


def rejects_findings(site: str, files: Sequence[FileLines], since: str, until: str) -> list[Finding]:
    """Return the files, of those whose last day lies between two inclusive ones, with unusually many rejected rows.

    Each is compared with the site's other files of the window before it; with too few of those, a large share of
    rejected rows speaks for itself.
    """
    found = []
    for file in sorted(files, key=lambda file: (file.day, file.path)):
        if not since <= file.day <= until or file.rejected < REJECTS_WORTH_A_WORD:
            continue
        number = number_of(file.day)
        others = [
            other.share for other in files if other is not file and number - WINDOW <= number_of(other.day) <= number
        ]
        usual = median(others) if len(others) >= LEAST else MANY_REJECTS / REJECTS_TIMES
        if file.share >= REJECTS_TIMES * usual:
            found.append(_rejects(site, file, usual if len(others) >= LEAST else 0.0, len(others)))
    return found


def _rejects(site: str, file: FileLines, usual: float, others: int) -> Finding:
    rows = count(file.counted + file.rejected, "row")
    compared = f", instead of about {100 * usual:.2g} % in {count(others, 'file')} before" if others >= LEAST else ""
    return Finding(
        site=site,
        day=file.day,
        kind=Kind.REJECTS,
        severity=Severity.HIGH if file.share >= MANY_REJECTS else Severity.MEDIUM,
        reason=f"{figure('rejected', file.rejected)} of {rows} rejected, {100 * file.share:.2g} %{compared}",
        file=file.path,
        measure="rejected",
        usual=usual * (file.counted + file.rejected),
        actual=file.rejected,
        pairs=0,
    )
