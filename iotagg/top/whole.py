"""What everybody's totals add up to, where what is known of the files tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.metrics import METRICS
from iotagg.top.question import By

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core.contribution import Head
    from iotagg.stores.protocol import Store
    from iotagg.top.question import Question


def total_of(store: Store, sites: Sequence[str], question: Question) -> int | None:
    """Return what all traffic of these sites within the span adds up to, None where that is not known.

    It is known while no file reaches beyond the span, but for flows, which files tell by the day; and while all that
    was counted is kept. It reads what is known of each file.
    """
    if question.by in {By.GROWTH, By.PACE} or store.floor():
        return None
    heads = (record.head for site in sites for record in store.files(site) if record.is_in)
    within = [_within(head, question) for head in heads if _touches(head, question)]
    known = [each for each in within if each is not None]
    return sum(known) if len(known) == len(within) else None


def _touches(head: Head, question: Question) -> bool:
    return bool(head.last_day) and head.first_day <= question.span.last and head.last_day >= question.span.first


def _within(head: Head, question: Question) -> int | None:
    first, last = question.span.first, question.span.last
    flows = head.lines["counted"]
    if first <= head.first_day and head.last_day <= last:
        stored = {metric.role: metric.stored for metric in METRICS}
        return flows if question.by is By.FLOWS else head.totals[stored[question.by.value]]
    if question.by is By.FLOWS and sum(head.days.values()) == flows:
        return sum(of_day for day, of_day in head.days.items() if first <= day <= last)
    return None
