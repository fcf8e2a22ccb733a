"""What the files of a site say by their heads alone: which days it sent, and which files were rejected in part."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.core.judging.calendar import day_of, number_of
from iotagg.core.judging.limits import LONGEST_PATIENCE
from iotagg.core.judging.sites import FileLines, rejects_findings, sent_days, site_findings
from iotagg.standing_out.question import Judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iotagg.core.contribution import Head
    from iotagg.core.findings import Finding
    from iotagg.core.ledger import FileRecord
    from iotagg.standing_out.question import Question
    from iotagg.stores.protocol import Store

AHEAD = 1
"""Days by which a site's calendar may be ahead of that of whoever asks: it is tomorrow already east of him."""

ON_THE_WAY = 1
"""Whole days after a day within which its files may still come; only then the site is said to have sent nothing."""


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """A site's files: the days that it sent, sorted, up to today, and the lines of each file."""

    site: str
    sent: tuple[str, ...]
    files: tuple[FileLines, ...]

    @property
    def horizon(self) -> str:
        """The last day that the site sent, "" where it sent none; that day is not over."""
        return self.sent[-1] if self.sent else ""


def site_files(store: Store, site: str, today: str) -> SiteFiles:
    """Return what the heads of a site's files say, of those that are in."""
    return said_by(site, [record for record in store.files(site) if record.is_in], today)


def said_by(site: str, records: Sequence[FileRecord], today: str) -> SiteFiles:
    """Return what the heads of these files say."""
    flows: Counter[str] = Counter()
    for record in records:
        flows.update(flows_of(record.head))
    latest = later(today, AHEAD)
    sent = [day for day in sent_days(flows) if day <= latest]
    return SiteFiles(site, tuple(sent), tuple(_lines_of(records, frozenset(sent))))


def flows_of(head: Head) -> dict[str, int]:
    """Return the flows of each day of a file, as far as its head tells them."""
    # Heads that were made before they told each day's flows know their first and last day.
    if head.days or not head.pair_days:
        return head.days
    ends = {head.first_day, head.last_day}
    return {day: head.lines["counted"] // len(ends) for day in sorted(ends)}


def _lines_of(records: Iterable[FileRecord], sent: frozenset[str]) -> Iterable[FileLines]:
    for record in records:
        head = record.head
        # A few rows with a wrong clock do not make a file one of another year.
        day = max((day for day in flows_of(head) if day in sent), default=head.last_day)
        if day:
            yield FileLines(min(record.paths, default=""), day, head.lines["counted"], head.lines["rejected"])


def asked_days(files: SiteFiles, question: Question) -> tuple[str, str]:
    """Return the first and the last day that a question is about at a site; "" for one of which no file is known."""
    if not files.sent:
        return "", ""
    until = question.until or later(files.horizon, -1)
    return question.since or later(until, 1 - question.days), until


def judged_days(files: SiteFiles, question: Question) -> Judged:
    """Return which days of a site are judged: of those that are asked for, those from its first to its last one."""
    since, until = asked_days(files, question)
    if files.sent:
        # Days behind the horizon are those of wrong clocks.
        since, until = max(since, files.sent[0]), min(until, files.horizon)
    since, until = (since, until) if since <= until else ("", "")
    return Judged(files.site, since, until, files.horizon, len(files.sent))


def findings_of_site(files: SiteFiles, question: Question) -> list[Finding]:
    """Return the days of a question on which a site sent nothing, and its files with unusually many rejected rows.

    A site that has fallen silent has no newer day that is over. Without an end of its own, the question is therefore
    also about the days since, as long as that is news.
    """
    since, until = asked_days(files, question)
    if not since:
        return []
    news = later(question.today, -LONGEST_PATIENCE)
    last, over = question.until or question.today, later(question.today, -ON_THE_WAY)
    silent = site_findings(files.site, files.sent, since, last, over)
    silent = [finding for finding in silent if finding.day <= until or finding.day >= news]
    return [*silent, *rejects_findings(files.site, files.files, since, until)]


def later(day: str, days: int) -> str:
    """Return the ISO day some days after another one, or before it; before the first day there is, that one."""
    return day_of(max(1, number_of(day) + days))
