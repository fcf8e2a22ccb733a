"""What stands out in a store, told once: candidates by their ranks, judged, what is in order left out, folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.allowances import allows
from iotagg.core.judging.folding import folded
from iotagg.core.judging.pairs import Span
from iotagg.core.judging.remaining import at_most_five
from iotagg.errors import InvalidValue
from iotagg.standing_out.devices import findings_of_devices
from iotagg.standing_out.pairs import findings_of_pairs
from iotagg.standing_out.question import Answer, Judged
from iotagg.standing_out.sites import findings_of_site, judged_days, site_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iotagg.core.allowances import Allowance
    from iotagg.core.findings import Finding
    from iotagg.standing_out.question import Question
    from iotagg.standing_out.sites import SiteFiles
    from iotagg.stores.protocol import Store


def anomalies(store: Store, question: Question) -> Answer:
    """Return what stands out. Nothing is scanned: what is not ranked is not looked at.

    Raises InvalidValue for days in the wrong order.
    """
    _check(question)
    allowed = store.allowances() if question.allowances is None else question.allowances
    found: list[Finding] = []
    judged: list[Judged] = []
    hidden = 0
    for site in [question.site] if question.site else store.sites():
        files = site_files(store, site, question.today)
        judged.append(judged_days(files, question))
        for finding in _of_site(store, files, judged[-1], question):
            if _is_allowed(finding, allowed):
                hidden += 1
            else:
                found.append(finding)
    together = folded(found)
    told = [finding for finding in together if finding.severity >= question.least]
    milder = len(together) - len(told)
    return Answer(tuple(told if question.singly else at_most_five(told)), tuple(judged), hidden, milder)


def _check(question: Question) -> None:
    if question.since and question.until and question.since > question.until:
        raise InvalidValue(f"--since {question.since} is after --until {question.until}")


def _of_site(store: Store, files: SiteFiles, judged: Judged, question: Question) -> Iterator[Finding]:
    yield from findings_of_site(files, question)
    if judged.since:
        yield from findings_of_pairs(store, files.site, Span(judged.since, judged.until, judged.horizon))
        yield from findings_of_devices(store, files.site, judged.since, judged.until)


def _is_allowed(finding: Finding, allowed: Sequence[Allowance]) -> bool:
    named = (finding.site, finding.source, finding.destination, finding.kind, finding.day)
    return any(allows(allowance, *named) for allowance in allowed)
