"""Whose totals are sums over many pairs: bounds of all of them, and then the ranks of those who may be among the first.

Where a store keeps no totals of devices, or not all pairs of a device take part, it has no rank of its own. How many
of its pairs have which size bounds it, and the store counts them; the pairs are looked at, and the sums read, of those
only whom the bounds leave in.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from heapq import nlargest
from typing import TYPE_CHECKING

from iotagg.core.ranks import MEASURES
from iotagg.top.candidate import Candidate, Part, bounds_of
from iotagg.top.question import Of
from iotagg.top.value import MAIN, NEEDED, NOTHING, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iotagg.core.ranks import Rank
    from iotagg.top.candidate import Key
    from iotagg.top.question import Question
    from iotagg.top.rows import Rows
    from iotagg.top.value import Figures, Value

    PairKey = tuple[str, str, str]  # source, destination, month
    _Bounds = tuple[list[int], list[int]]  # each figure at least, and at most
    _Counted = tuple[tuple[str, str], tuple[int, ...], int]  # whose, sizes of measures, how many pairs have these


def gathered(rows: Rows, sites: Sequence[str], question: Question) -> Iterator[tuple[Value, Candidate]]:
    """Yield those who may be among the first, by descending bound."""
    promising = _promising(_bounded(rows, sites, question), question)
    candidates = _with_parts(_parts(rows, sites, question, promising), question)
    bounded = [(bound, each) for each in candidates if (bound := each.bound(question)) is not None]
    return iter(sorted(bounded, key=lambda found: found[0], reverse=True))


def _bounded(rows: Rows, sites: Sequence[str], question: Question) -> dict[Key, _Bounds]:
    found: dict[Key, _Bounds] = {}
    for site, month in _months(sites, question):

        @cache
        def spread(sizes: tuple[int, ...], month: str = month) -> list[tuple[int, int, int]]:
            least, most = bounds_of(question, month, sizes)
            return [(place, least[place], most[place]) for place in range(len(most)) if most[place]]

        counted = (_one_by_one if rows.side is None or rows.of_devices else _of_devices)(rows, site, month, question)
        for whose, sizes, times in counted:
            key = (site, *whose)
            least, most = found.get(key) or found.setdefault(key, ([*NOTHING], [*NOTHING]))
            for place, lowest, highest in spread(sizes):
                least[place] += times * lowest
                most[place] += times * highest
    return found


def _one_by_one(rows: Rows, site: str, month: str, question: Question) -> Iterator[_Counted]:
    counted = Counter(
        (question.whose(source, destination), rank.sizes)
        for source, destination, rank in rows.ranked.ranks(site, month, beginnings=question.beginnings)
        if question.lets_in(source, destination)
    )
    return ((whose, sizes, times) for (whose, sizes), times in counted.items())


def _of_devices(rows: Rows, site: str, month: str, question: Question) -> Iterator[_Counted]:
    # Where all pairs of a device take part, their sizes are known without a look at each of them.
    side = rows.side or "source"
    network = question.source if side == "source" else question.destination
    for measure in (MEASURES[place] for place in NEEDED[question.by]):
        for device, sizes in rows.store.device_sizes(site, month, side, measure):
            if network is None or network.holds(device):
                whose = question.whose(device, device)
                for size, times in sizes.items():
                    yield whose, tuple(size if each == measure else 0 for each in MEASURES), times


def _promising(bounded: dict[Key, _Bounds], question: Question) -> set[Key]:
    floors = (value(question, most=least, least=most) for least, most in bounded.values())
    least = nlargest(question.count, (floor for floor in floors if floor is not None))
    enough = least[-1] if len(least) == question.count else None
    bounds = ((key, value(question, most=most, least=least)) for key, (least, most) in bounded.items())
    return {key for key, bound in bounds if bound is not None and (enough is None or bound >= enough)}


def _parts(rows: Rows, sites: Sequence[str], question: Question, promising: set[Key]) -> dict[Key, dict[PairKey, Part]]:
    # By their keys: a rank that moves meanwhile may be met twice.
    parts: dict[Key, dict[PairKey, Part]] = {key: {} for key in promising}
    for site, month in _months(sites, question):
        known: dict[tuple[int, ...], tuple[Figures, Figures]] = {}
        for source, destination, rank in _ranks(rows, site, month, question, promising):
            found = parts.get((site, *question.whose(source, destination)))
            if found is not None and question.lets_in(source, destination):
                spread = known.get(rank.sizes) or known.setdefault(rank.sizes, bounds_of(question, month, rank.sizes))
                found[source, destination, month] = Part(source, destination, month, *spread)
    return parts


def _ranks(
    rows: Rows, site: str, month: str, question: Question, promising: set[Key]
) -> Iterator[tuple[str, str, Rank]]:
    if rows.are_whole:
        return rows.ranked.ranks(site, month, beginnings=question.beginnings)
    devices = {source or destination for of_site, source, destination in promising if of_site == site}
    return rows.store.device_ranks(site, month, "source" if question.of is Of.SOURCES else "destination", devices)


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
