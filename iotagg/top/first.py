"""The first of all: exact sums are read of whoever has the largest bound, until the largest bound is an exact value."""

from __future__ import annotations

from collections import defaultdict
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from iotagg.top.value import FLOWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.stores.protocol import Ranked
    from iotagg.top.candidate import Candidate, Key, Part
    from iotagg.top.question import Question
    from iotagg.top.value import Value

_READ_AT_ONCE = 100


def first(
    rows: Ranked, question: Question, upcoming: Iterator[tuple[Value, Candidate]]
) -> Iterator[tuple[Value, Candidate]]:
    """Yield candidates with their values, largest first, those of the same value by site, source and destination.

    `upcoming` are the candidates, each with what its value and those of all that follow are at most.
    """
    known = _Known(question)
    following = next(upcoming, None)
    while True:
        while following is not None and known.may_be_exceeded_by(following[0]):
            known.meet(following[1])
            following = next(upcoming, None)
        if not known.waiting:
            return
        if known.is_decided():
            yield known.take()
        else:
            known.read(rows)


class _Known:
    # Of the same bound, those that are not exact come first: they may turn out to have just that value.
    def __init__(self, question: Question) -> None:
        self._question = question
        self.waiting: list[tuple[Value, bool, Key, Candidate]] = []
        self._met: set[Key] = set()

    def may_be_exceeded_by(self, bound: Value) -> bool:
        return not self.waiting or bound >= -self.waiting[0][0]

    def meet(self, candidate: Candidate) -> None:
        if candidate.key not in self._met:
            self._met.add(candidate.key)
            self._put(candidate)

    def _put(self, candidate: Candidate) -> None:
        bound, is_exact = candidate.bound(self._question), candidate.is_exact
        if bound is not None and (not is_exact or candidate.figures(self._question)[FLOWS]):
            heappush(self.waiting, (-bound, is_exact, candidate.key, candidate))

    def is_decided(self) -> bool:
        return self.waiting[0][1]

    def take(self) -> tuple[Value, Candidate]:
        value, _, _, candidate = heappop(self.waiting)
        return -value, candidate

    def read(self, rows: Ranked) -> None:
        # All that have the largest bound have to be read, whoever of them is the first: so many at once as are answered
        # at once.
        bound = self.waiting[0][0]
        chosen: list[tuple[Candidate, list[Part]]] = []
        room = _READ_AT_ONCE
        while self.waiting and self.waiting[0][:2] == (bound, False) and room > 0:
            candidate = heappop(self.waiting)[3]
            chosen.append((candidate, candidate.take()))
            room -= len(chosen[-1][1])
        self._read_parts(rows, chosen)
        for candidate, _ in chosen:
            self._put(candidate)

    def _read_parts(self, rows: Ranked, chosen: list[tuple[Candidate, list[Part]]]) -> None:
        whose: dict[str, dict[tuple[str, str, str], Candidate]] = defaultdict(dict)
        for candidate, parts in chosen:
            whose[candidate.key[0]] |= {part[:3]: candidate for part in parts}
        for site, candidates in whose.items():
            for row in rows.several_months(site, candidates):
                candidates[row.source, row.destination, row.month].add(row)
