"""What stands out, kept beside the sums: the ranks of pair-months, brought up to date after a chunk went in or out.

It is a function of what is stored, so it may be done again, late, or by several at once. A rank is put only while its
month still has the sums that it was made of. It also depends on the months before: whoever has changed a flag reads
them once more, and begins again if they changed meanwhile. Everybody does so after a change of his own; so the last one
to put a rank has seen all changes.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from iotagg.core.judging.pairs import Pair
from iotagg.core.judging.ranking import months_judged, months_needed, ranks_of
from iotagg.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from iotagg.core.contribution import Name
    from iotagg.core.pair_month import PairMonth
    from iotagg.core.ranks import Rank
    from iotagg.stores.protocol import Store

_AT_ONCE = 32  # chunks within one transaction, where the store knows any: others may want to write, too


def assess_chunk(store: Store, site: str, chunk: Iterable[PairMonth]) -> int:
    """Bring the ranks of the pairs of a chunk up to date that was applied; return how many were put."""
    put = 0
    for pair, months in groupby(chunk, key=lambda row: (row.source, row.destination)):
        changed = [row.month for row in months]
        put += assess_pair(store, Pair(site, *pair), min(changed), max(changed))
    return put


def assess_pair(store: Store, pair: Pair, first: str, last: str) -> int:
    """Bring the ranks of a pair up to date after changes between two months; return how many were put."""
    first, last = months_judged(first)[0], months_judged(last)[1]
    needed = months_needed(first, last)
    found = store.ranked_months(pair.site, pair.source, pair.destination, *needed)
    put = 0
    while True:
        ranks = ranks_of([month for month, _ in found], first, last)
        changed = [(month, rank) for month, rank in found if month.month in ranks and rank != ranks[month.month]]
        put += sum(store.put_rank(pair.site, month, ranks[month.month]) for month, _ in changed)
        if all(_has_same_flags(rank, ranks[month.month]) for month, rank in changed):
            return put  # the sizes are those of the month's own sums, which the store compared
        again = store.ranked_months(pair.site, pair.source, pair.destination, *needed)
        if _sums(again) == _sums(found):
            return put
        found = again


def _has_same_flags(before: Rank | None, after: Rank | None) -> bool:
    return before is not None and after is not None and before.flags == after.flags


def _sums(found: Iterable[tuple[PairMonth, Rank | None]]) -> list[tuple[str, dict[str, int]]]:
    return [(month.month, month.sums) for month, _ in found if month.sums]


def assess(store: Store, name: Name, revision: int, numbers: Iterable[int]) -> None:
    """Assess all pairs of chunks of a contribution whose revision was applied, then say so to the store."""
    numbers = list(numbers)
    try:
        for begin in range(0, len(numbers), _AT_ONCE):
            with store.atomically():
                for _, chunk in store.chunks(name, numbers[begin : begin + _AT_ONCE]):
                    assess_chunk(store, name.site, chunk)
    except NotFound:
        record = store.file(name)
        if record is not None and not record.erased:
            raise
    store.assessed(name, revision)


def assess_outstanding(store: Store, site: str = "", passed: Callable[[int], object] = lambda _: None) -> int:
    """Assess what was applied and not assessed yet, at one site or all; return how many contributions that were.

    `passed` is told of each that is done. In a store whose workers assess what they apply there is nothing to do.
    """
    done = 0
    for each in [site] if site else store.sites():
        for name, revision in list(store.outstanding(each)):
            record = store.file(name)
            assess(store, name, revision, range(record.head.chunks) if record is not None else ())
            passed(1)
            done += 1
    return done
