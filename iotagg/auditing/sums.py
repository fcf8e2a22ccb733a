"""Pair-months, recomputed and held, compared side by side; what differs is looked at again until it stands still."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from iotagg.auditing.findings import Finding, Note, figure_name
from iotagg.auditing.ranks import Ranks, rank_fault
from iotagg.auditing.spool import ALL, UNREADABLE, added_up
from iotagg.core.books import Held
from iotagg.core.contribution import bucket_of
from iotagg.core.metrics import FLOWS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from iotagg.auditing.files import Files
    from iotagg.auditing.findings import Counts
    from iotagg.auditing.spool import Key, Share, Spool
    from iotagg.core.books import Marker
    from iotagg.core.contribution import Name
    from iotagg.stores.protocol import Store

    _Side = tuple[Key, Held | None, Mapping[str, object]]

_TURNS = 5
_TOGETHER = 100  # pair-months that are looked at again at once
_WAIT_SECONDS = 0.05


@dataclass(slots=True)
class Comparison:
    """Compares the pair-months of a store with what the spool adds up to."""

    store: Store
    spool: Spool
    files: Files
    sites: Collection[str]
    counts: Counts
    wait: Callable[[float], object]
    mend: bool = False
    ranks: Ranks = field(init=False)

    def __post_init__(self) -> None:
        self.ranks = Ranks(self.store)

    def findings(self) -> Iterator[Finding | Note]:
        """Yield what differs while nothing of it moves, and what could not be judged."""
        for key, held, expected in self._side_by_side():
            self.counts.pair_months += 1
            figures = held.figures if held is not None else {}
            if figures != expected or (held and rank_fault(held) and self.ranks.are_to_follow(held.site)):
                self.spool.add_suspect(key, 0)
        for turn in range(_TURNS):
            while keys := self.spool.suspects(turn, _TOGETHER):
                yield from self._judged(keys, turn)
            if turn + 1 < _TURNS and self.spool.has_suspects(turn + 1):
                self.wait(_WAIT_SECONDS * 2**turn)
        while keys := self.spool.suspects(_TURNS, _TOGETHER):
            for site, source, destination, month in keys:
                self.counts.in_flight += 1
                text = "it is being written to; not judged"
                yield Note(site, text, source=source, destination=destination, month=month)

    def _side_by_side(self) -> Iterator[_Side]:
        first_month = self.files.first_month
        held: Iterator[_Side] = ((row.key, row, {}) for row in self.store.held(self.sites) if row.figures)
        expected: Iterator[_Side] = ((key, None, sums) for key, sums in self.spool.expected() if key[3] >= first_month)
        both = merge(held, expected, key=itemgetter(0))
        for key, group in groupby(both, key=itemgetter(0)):
            sides = list(group)  # what is held comes first, and what is expected last
            yield key, sides[0][1], sides[-1][2]

    def _judged(self, keys: list[Key], turn: int) -> list[Finding]:
        # Where a store can hold its writers back, it does while something is put right.
        found: list[Finding] = []
        with self.store.atomically() if self.mend else nullcontext():
            self._learn()
            shares = {key: self.spool.shares(key) for key in keys}
            names = {share.name for of_key in shares.values() for share in of_key}
            before = {name: self.store.markers(name) for name in names}
            held = {key: self.store.held_month(*key) or Held(*key, {}) for key in keys}
            after = {name: self.store.markers(name) for name in names}
            self._learn()
            first_month = self.store.first_month()
            for key, row in held.items():
                of_key = shares[key]
                moved = len(self.spool.shares(key)) != len(of_key)
                if moved or _standing(of_key, before) != _standing(of_key, after):
                    self.spool.add_suspect(key, turn + 1)
                elif key[3] >= first_month:
                    fault = rank_fault(row)
                    if fault and not self.ranks.was_assessed(row.site, of_key, before):
                        fault = ""
                    found += self._settled(row, _present(of_key, after), fault, turn)
        return found

    def _settled(self, held: Held, expected: dict[str, int], fault: str, turn: int) -> list[Finding]:
        # What differs stands still: it is said, and put right where that is wanted and can be done.
        if held.figures == expected:
            return self._ranked(held, fault) if fault else []
        site, source, destination, month = held.key
        if lost := self.spool.lost(site, bucket_of(source, destination)):
            name, chunk = lost[0]
            text = f"it cannot be recomputed: {_loss(name, chunk)}"
            return [Finding(site, text, source=source, destination=destination, month=month)]
        if self.mend:
            if not expected:
                self.ranks.take_away(held)
            if not self.store.correct(held, expected):
                self.spool.add_suspect(held.key, turn + 1)
                return []
            self.ranks.assess(held)
            self.counts.corrected += 1
        return list(_differences(held, expected))

    def _ranked(self, held: Held, fault: str) -> list[Finding]:
        if self.mend:
            self.ranks.assess(held)
            self.counts.ranks += 1
        return [Finding(held.site, fault, source=held.source, destination=held.destination, month=held.month)]

    def _learn(self) -> None:
        # Whatever may be counted is stored before: who knows all names knows all that may have come to a sum.
        last = self.spool.last()
        for site in self.sites or self.store.sites():
            self.spool.add_names(self.store.names(site))
        for number, name in [*self.files.unknown.items(), *self.spool.names(last)]:
            self.files.learn(number, name)


def _loss(name: Name, chunk: int) -> str:
    if chunk == UNREADABLE:
        return f"what is known of {name} cannot be read"
    return f"{name} was erased" if chunk == ALL else f"chunk {chunk} of {name} cannot be read"


def _present(shares: list[Share], markers: Mapping[Name, Mapping[int, Marker]]) -> dict[str, int]:
    present = [share.sums for share in shares if (marker := markers[share.name].get(share.chunk)) and marker.is_in]
    return added_up(present) if present else {}


def _differences(held: Held, expected: Mapping[str, int]) -> Iterator[Finding]:
    site, source, destination, month = held.key
    if held.figures and expected:
        yield from _figures(held.key, held.figures, expected)
        return
    text = f"it is missing, and should have {expected.get(FLOWS, 0)} flows"
    if held.figures:
        text = f"it has {held.figures.get(FLOWS, 0)} flows, and no file adds any"
    yield Finding(site, text, source=source, destination=destination, month=month)


def _figures(key: Key, held: Mapping[str, int | str], expected: Mapping[str, int]) -> Iterator[Finding]:
    site, source, destination, month = key
    for name in sorted({*held, *expected}):
        stored, recomputed = held.get(name, 0), expected.get(name, 0)
        if stored != recomputed:
            figure = figure_name(name, month)
            text = f"{figure}: stored {stored}, recomputed {recomputed}"
            yield Finding(
                *(site, text),
                source=source,
                destination=destination,
                month=month,
                figure=figure,
                stored=stored,
                recomputed=recomputed,
            )


def _standing(shares: list[Share], markers: Mapping[Name, Mapping[int, Marker]]) -> list[Marker | None]:
    return [markers[share.name].get(share.chunk) for share in shares]
