"""Pairs by descending size: nothing but the beginning of a month's ranks is looked at.

This is the threshold algorithm (Fagin, Lotem and Naor 2003) over a site's months: whoever has not been met in any of
them has at most what the next ranks of all of them allow.
"""

from __future__ import annotations

from heapq import merge
from itertools import chain
from typing import TYPE_CHECKING

from iotagg.core.ranks import MEASURES, bounds
from iotagg.top.candidate import Candidate, Part
from iotagg.top.question import By
from iotagg.top.value import FINE, PACKETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iotagg.core.ranks import Rank
    from iotagg.stores.protocol import Ranked
    from iotagg.top.question import Question
    from iotagg.top.value import Value


def walked(rows: Ranked, sites: Sequence[str], question: Question) -> Iterator[tuple[Value, Candidate]]:
    """Yield pairs, each with what its value and those of all that follow are at most; that never rises.

    A pair comes once for each month in which it is met.
    """
    of_sites = [_of_site(rows, site, question) for site in sites]
    return merge(*of_sites, key=lambda found: -found[0]) if len(of_sites) > 1 else chain.from_iterable(of_sites)


def _of_site(rows: Ranked, site: str, question: Question) -> Iterator[tuple[Value, Candidate]]:
    span, before = question.span, question.before
    months = sorted({*span.months, *(before.months if before is not None else ())})
    for ceiling, source, destination, rank in _descending(rows, site, question):
        if question.lets_in(source, destination) and not _by_too_few(question, rank):
            parts = [Part(source, destination, month) for month in months]
            yield ceiling, Candidate((site, source, destination), ceiling, parts)


def _by_too_few(question: Question, rank: Rank) -> bool:
    # By µs per packet, pairs of whole months alone are walked through.
    return question.by is By.PACE and bounds(rank.sizes[PACKETS])[1] < question.packets


def _descending(rows: Ranked, site: str, question: Question) -> Iterator[tuple[int, str, str, Rank]]:
    measure = By.DURATION.value if question.by is By.GROWTH else question.by.value
    place = MEASURES.index(measure)
    begin = question.beginnings
    streams = {month: rows.ranks(site, month, measure, beginnings=begin) for month in question.span.months}
    ahead = {month: found for month, stream in streams.items() if (found := next(stream, None)) is not None}
    largest = {month: _most(question, rank.sizes[place]) for month, (_, _, rank) in ahead.items()}
    while ahead:
        month = max(largest, key=largest.__getitem__)
        ceiling, size = sum(largest.values()), ahead[month][2].sizes[place]
        # Thousands in a row have the same size, and as many times nothing changes.
        yield ceiling, *ahead.pop(month)
        for source, destination, rank in streams[month]:
            if rank.sizes[place] != size:
                ahead[month] = source, destination, rank
                largest[month] = _most(question, rank.sizes[place])
                break
            yield ceiling, source, destination, rank
        else:
            del largest[month]


def _most(question: Question, size: int) -> Value:
    most = bounds(size)[1]
    return (most + 1) * FINE if question.by is By.PACE else most  # the size of a fraction is that of its whole part
