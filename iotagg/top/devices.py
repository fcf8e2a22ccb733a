"""Whose totals are sums over many pairs: two passes over the ranks, the second for those who may be among the first.

A device's total has no rank of its own. How many of its pairs have which size bounds it; the sums are read of those
only whom the bounds leave in.
"""

from __future__ import annotations

from collections import Counter
from heapq import nlargest
from typing import TYPE_CHECKING

from iotagg.top.candidate import Candidate, Part, bounds_of
from iotagg.top.value import MAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iotagg.core.ranks import Rank
    from iotagg.stores.protocol import Store
    from iotagg.top.candidate import Key
    from iotagg.top.question import Question
    from iotagg.top.value import Figures, Value

    PairKey = tuple[str, str, str]  # source, destination, month


def gathered(store: Store, sites: Sequence[str], question: Question) -> Iterator[tuple[Value, Candidate]]:
    """Yield those who may be among the first, by descending bound."""
    promising = _promising(_bounded(store, sites, question), question)
    candidates = _with_parts(_parts(store, sites, question, promising), question)
    bounded = [(bound, each) for each in candidates if (bound := each.bound(question)) is not None]
    return iter(sorted(bounded, key=lambda found: found[0], reverse=True))


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
            candidate.expect(*bounds_of(question, month, sizes), times)
    return candidates


def _promising(candidates: dict[Key, Candidate], question: Question) -> set[Key]:
    floors = (floor for each in candidates.values() if (floor := each.floor(question)) is not None)
    least = nlargest(question.count, floors)
    enough = least[-1] if len(least) == question.count else None
    bounded = ((key, each.bound(question)) for key, each in candidates.items())
    return {key for key, bound in bounded if bound is not None and (enough is None or bound >= enough)}


def _parts(
    store: Store, sites: Sequence[str], question: Question, promising: set[Key]
) -> dict[Key, dict[PairKey, Part]]:
    # By their keys: a rank that moves meanwhile may be met twice.
    parts: dict[Key, dict[PairKey, Part]] = {key: {} for key in promising}
    for site, month in _months(sites, question):
        known: dict[tuple[int, ...], tuple[Figures, Figures]] = {}
        for source, destination, rank in _ranks(store, site, month, question):
            found = parts.get((site, *question.whose(source, destination)))
            if found is not None:
                spread = known.get(rank.sizes) or known.setdefault(rank.sizes, bounds_of(question, month, rank.sizes))
                found[source, destination, month] = Part(source, destination, month, *spread)
    return parts


def _with_parts(parts: dict[Key, dict[PairKey, Part]], question: Question) -> Iterator[Candidate]:
    # What is expected is what the second pass found: the first may have met other ranks.
    place = MAIN[question.by]
    for key, found in parts.items():
        candidate = Candidate(key, unread=sorted(found.values(), key=lambda part: part.most[place]))
        for part in found.values():
            candidate.expect(part.least, part.most)
        yield candidate


def _months(sites: Sequence[str], question: Question) -> Iterator[tuple[str, str]]:
    before = question.before
    months = sorted({*question.span.months, *(before.months if before is not None else ())})
    return ((site, month) for site in sites for month in months)


def _ranks(store: Store, site: str, month: str, question: Question) -> Iterator[tuple[str, str, Rank]]:
    found = store.ranks(site, month)
    return (each for each in found if question.lets_in(each[0], each[1])) if question.filters else found
