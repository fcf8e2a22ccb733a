"""Whose totals are sums over many pairs: two passes over the ranks, the second for those who may be among the first.

A device's total has no rank of its own. How many of its pairs have which size bounds it; the sums are read of those only
whom the bounds leave in.
"""

from __future__ import annotations

from collections import Counter
from heapq import nlargest
from typing import TYPE_CHECKING

from iotagg.top.candidate import Candidate, Part
from iotagg.top.value import MAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iotagg.core.ranks import Rank
    from iotagg.stores.protocol import Store
    from iotagg.top.candidate import Key
    from iotagg.top.question import Question
    from iotagg.top.value import Value


def gathered(store: Store, sites: Sequence[str], question: Question) -> Iterator[tuple[Value, Candidate]]:
    """Yield those who may be among the first, by descending bound."""
    candidates = _promising(_bounded(store, sites, question), question)
    _find_parts(store, sites, question, candidates)
    place = MAIN[question.by]
    bounded = []
    for candidate in candidates.values():
        candidate.unread.sort(key=lambda part: part.sizes[place])
        bound = candidate.bound(question)
        if bound is not None and candidate.unread:
            bounded.append((bound, candidate))
    bounded.sort(key=lambda found: found[0], reverse=True)
    return iter(bounded)


def _bounded(store: Store, sites: Sequence[str], question: Question) -> dict[Key, Candidate]:
    candidates: dict[Key, Candidate] = {}
    for site, month in _months(sites, question):
        counted = Counter(
            (question.whose(source, destination), rank.sizes)
            for source, destination, rank in _ranks(store, site, month, question)
        )
        for (whose, sizes), times in counted.items():
            key = (site, *whose)
            candidate = candidates.get(key) or candidates.setdefault(key, Candidate(key))
            candidate.expect(question, month, sizes, times)
    return candidates


def _promising(candidates: dict[Key, Candidate], question: Question) -> dict[Key, Candidate]:
    # Anew, since the second pass may meet other ranks: what is expected is what it finds.
    floors = (floor for each in candidates.values() if (floor := each.floor(question)) is not None)
    least = nlargest(question.count, floors)
    enough = least[-1] if len(least) == question.count else None
    return {
        key: Candidate(key)
        for key, each in candidates.items()
        if (bound := each.bound(question)) is not None and (enough is None or bound >= enough)
    }


def _find_parts(store: Store, sites: Sequence[str], question: Question, candidates: dict[Key, Candidate]) -> None:
    for site, month in _months(sites, question):
        for source, destination, rank in _ranks(store, site, month, question):
            candidate = candidates.get((site, *question.whose(source, destination)))
            if candidate is not None:
                candidate.expect(question, month, rank.sizes)
                candidate.unread.append(Part(source, destination, month, rank.sizes))


def _months(sites: Sequence[str], question: Question) -> Iterator[tuple[str, str]]:
    before = question.before
    months = sorted({*question.span.months, *(before.months if before is not None else ())})
    return ((site, month) for site in sites for month in months)


def _ranks(store: Store, site: str, month: str, question: Question) -> Iterator[tuple[str, str, Rank]]:
    found = store.ranks(site, month)
    return (each for each in found if question.lets_in(each[0], each[1])) if question.filters else found
