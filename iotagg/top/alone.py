"""A single source: all that is kept of it lies together, and is read without a look at anybody else's ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.top.candidate import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iotagg.stores.protocol import Ranked
    from iotagg.top.candidate import Key
    from iotagg.top.question import Question
    from iotagg.top.value import Value


def of_one_source(
    rows: Ranked, sites: Sequence[str], question: Question, source: str
) -> Iterator[tuple[Value, Candidate]]:
    """Yield whoever has a part in what a source sent, with exact values, largest first."""
    candidates: dict[Key, Candidate] = {}
    months = {*question.span.months, *(question.before.months if question.before is not None else ())}
    for site in sites:
        for row in rows.source_months(site, source):
            if row.month in months and question.lets_in(row.source, row.destination):
                key = (site, *question.whose(row.source, row.destination))
                candidate = candidates.get(key) or candidates.setdefault(key, Candidate(key))
                candidate.add(row)
    found = ((candidate.bound(question), candidate) for candidate in candidates.values())
    exact = [(value, candidate) for value, candidate in found if value is not None]
    return iter(sorted(exact, key=lambda each: each[0], reverse=True))
