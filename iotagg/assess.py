"""What stands out, kept beside the sums: the ranks of pair-months, brought up to date after a chunk went in or out.

It is a function of what is stored, so it may be done again, late, or by several at once. A rank is put only while its
month still has the sums that it was made of. It also depends on the months before: whoever has changed a flag reads
them once more, and begins again if they changed meanwhile. Everybody does so after a change of his own; so the last one
to put a rank has seen all changes.
"""

from __future__ import annotations

from itertools import groupby, islice
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

_AT_ONCE = 1_000  # pairs within one transaction, where the store knows any: others may want to write, too
_MOST_PAIRS = 200_000  # of which is remembered between which months they changed: some 60 MB


def assess_chunk(store: Store, site: str, chunk: Iterable[PairMonth]) -> int:
    """Bring the ranks of the pairs of a chunk up to date that was applied; return how many were put."""
    put = 0
    for pair, months in groupby(chunk, key=lambda row: (row.source, row.destination)):
        changed = [row.month for row in months]
        put += assess_pair(store, Pair(site, *pair), min(changed), max(changed))
    return put


def assess_pair(store: Store, pair: Pair, first: str, last: str, *, alone: bool = False) -> int:
    """Bring the ranks of a pair up to date after changes between two months; return how many were put.

    `alone` says that nobody else can write meanwhile.
    """
    first, last = months_judged(first)[0], months_judged(last)[1]
    needed = months_needed(first, last)
    found = store.ranked_months(pair.site, pair.source, pair.destination, *needed)
    put = 0
    while True:
        ranks = ranks_of([month for month, _ in found], first, last)
        changed = [(month, rank) for month, rank in found if month.month in ranks and rank != ranks[month.month]]
        put += sum(store.put_rank(pair.site, month, ranks[month.month]) for month, _ in changed)
        if alone or all(_has_same_flags(rank, ranks[month.month]) for month, rank in changed):
            return put  # the sizes are those of the month's own sums, which the store compared
        again = store.ranked_months(pair.site, pair.source, pair.destination, *needed)
        if _sums(again) == _sums(found):
            return put
        found = again


def _has_same_flags(before: Rank | None, after: Rank | None) -> bool:
    return before is not None and after is not None and before.flags == after.flags


def _sums(found: Iterable[tuple[PairMonth, Rank | None]]) -> list[tuple[str, dict[str, int]]]:
    return [(month.month, month.sums) for month, _ in found if month.sums]


def assess_outstanding(store: Store, site: str = "", passed: Callable[[int], object] = lambda _: None) -> int:
    """Assess what was applied and not assessed yet, at one site or all; return how many contributions that were.

    Pairs that several of them touch are assessed once. `passed` is told of each contribution that is done with. Last,
    what devices add up to is brought up to date. In a store whose workers assess what they apply there is nothing to
    do.
    """
    return sum(_assess_site(store, each, passed) for each in ([site] if site else store.sites()))


def _assess_site(store: Store, site: str, passed: Callable[[int], object]) -> int:
    changed: dict[tuple[str, str], tuple[str, str]] = {}
    begun: list[tuple[Name, int]] = []
    done = 0
    for name, revision in list(store.outstanding(site)):
        _note_changes(store, name, changed)
        begun.append((name, revision))
        if len(changed) >= _MOST_PAIRS:
            done += _assess_all(store, site, changed, begun, passed)
    done += _assess_all(store, site, changed, begun, passed)
    store.sum_devices(site)
    return done


def _note_changes(store: Store, name: Name, changed: dict[tuple[str, str], tuple[str, str]]) -> None:
    record = store.file(name)
    try:
        for _, chunk in store.chunks(name, range(record.head.chunks) if record is not None else ()):
            for row in chunk:
                pair = (row.source, row.destination)
                first, last = changed.get(pair, (row.month, row.month))
                changed[pair] = min(first, row.month), max(last, row.month)
    except NotFound:
        record = store.file(name)
        if record is not None and not record.erased:
            raise


def _assess_all(
    store: Store,
    site: str,
    changed: dict[tuple[str, str], tuple[str, str]],
    begun: list[tuple[Name, int]],
    passed: Callable[[int], object],
) -> int:
    pairs = iter(sorted(changed.items()))
    while together := list(islice(pairs, _AT_ONCE)):
        with store.atomically():  # which keeps others out, in all stores that leave anything outstanding
            for ends, months in together:
                assess_pair(store, Pair(site, *ends), *months, alone=True)
    for name, revision in begun:
        store.assessed(name, revision)
        passed(1)
    done = len(begun)
    changed.clear()
    begun.clear()
    return done
