"""A single source: all that is kept of it lies together, and is read without a look at anybody else's ranks."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING

from iotagg.top.candidate import RUNNING_OF, Candidate, figures_of
from iotagg.top.question import Of
from iotagg.top.value import value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from iotagg.core.pair_month import PairMonth
    from iotagg.stores.protocol import Ranked
    from iotagg.top.candidate import Key
    from iotagg.top.question import Question
    from iotagg.top.value import Value


def of_one_source(
    rows: Ranked, sites: Sequence[str], question: Question, source: str
) -> Iterator[tuple[Value, Candidate]]:
    """Yield whoever has a part in what a source sent, with exact values, largest first."""
    months = {*question.span.months, *(question.before.months if question.before is not None else ())}
    candidates: dict[Key, Candidate] = {}
    for site in sites:
        for row in _first_rows(rows.source_months(site, source, months=months), months, question):
            key = (site, *question.whose(row.source, row.destination))
            candidate = candidates.get(key) or candidates.setdefault(key, Candidate(key))
            candidate.add(row)
    found = ((candidate.bound(question), candidate) for candidate in candidates.values())
    exact = [(value, candidate) for value, candidate in found if value is not None]
    return iter(sorted(exact, key=lambda each: each[0], reverse=True))


def _first_rows(rows: Iterable[PairMonth], months: Collection[str], question: Question) -> Iterable[PairMonth]:
    to = question.destination
    taking = rows if to is None else (row for row in rows if to.holds(row.destination))
    if len(months) > 1 or question.of is Of.SOURCES or not question.span.is_whole:
        return taking
    # Each row is all of somebody: whoever has less than the last of the first is not gone into.
    place = RUNNING_OF.get(question.by)
    if place is not None:
        valued: list[tuple[Value, PairMonth]] = [(row.running_at(place), row) for row in taking]
    else:
        exact = ((value(question, *2 * (figures_of(row),)), row) for row in taking)
        valued = [(of_month, row) for of_month, row in exact if of_month is not None]
    least = nlargest(question.count, (of_month for of_month, _ in valued))[-1:]
    return [row for of_month, row in valued if of_month >= least[0]]
