"""Sites whose pair-months are made up, all of them ranked, and the first of them by a full sort."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from iotagg.core.books import Held
from iotagg.core.history import days_of
from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS
from iotagg.core.ranks import rank_of
from iotagg.top import By

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from iotagg.stores.protocol import Store
    from iotagg.top import Question

Day = tuple[str, str, str, str]  # site, source, destination, day
Key = tuple[str, str, str]


def put_days(store: Store, days: Mapping[Day, tuple[int, int, int]]) -> None:
    """Put flows, µs and packets of pairs' days into a store, and rank all."""
    months: dict[tuple[str, str, str, str], dict[str, int]] = defaultdict(lambda: {FLOWS: 0})
    for (site, source, destination, day), (flows, *totals) in days.items():
        sums = months[site, source, destination, day[:7]]
        sums[FLOWS] += flows
        sums[f"{FLOWS_LETTER}{day[8:]}"] = flows
        for metric, total in zip(METRICS, totals, strict=True):
            sums[metric.stored] = sums.get(metric.stored, 0) + total
            sums[f"{metric.letter}{day[8:]}"] = total
            sums[metric.squares] = 10**36  # large enough for any sums
    for key, sums in months.items():
        store.refuse(key[0], "known.csv", None)
        assert store.correct(Held(*key, {}), sums)
    rank_all(store)


def rank_all(store: Store) -> None:
    """Give every pair-month its rank."""
    for site in store.sites():
        for month in reversed(list(store.scan(site))):  # so that not only the order of ranks puts equals in order
            assert store.put_rank(site, month, rank_of(month, stands_out=False, steady=False))
        store.sum_devices(site)


def fully_sorted(store: Store, question: Question) -> list[tuple[Key, int | Fraction]]:
    """Return who takes part, with exact values, from all that is stored."""
    figures: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for site in [question.site] if question.site else store.sites():
        for month in store.scan(site):
            if not question.lets_in(month.source, month.destination):
                continue
            whose = figures[site, *question.whose(month.source, month.destination)]
            for day in days_of(month):
                if question.span.first <= day.day <= question.span.last:
                    whose[0] += day.flows
                    whose[1] += day.totals[0]
                    whose[2] += day.totals[1]
                if question.before is not None and question.before.first <= day.day <= question.before.last:
                    whose[3] += day.totals[0]
    valued = ((key, _value(question, each)) for key, each in figures.items() if each[0])
    return _sorted((key, value) for key, value in valued if value is not None)


def _value(question: Question, figures: list[int]) -> int | Fraction | None:
    flows, duration, packets, before = figures
    match question.by:
        case By.FLOWS:
            return flows
        case By.PACKETS:
            return packets
        case By.GROWTH:
            return duration - before if duration > before else None
        case By.PACE:
            return Fraction(duration, packets) if packets >= question.packets else None
    return duration


def _sorted(found: Iterable[tuple[Key, int | Fraction]]) -> list[tuple[Key, int | Fraction]]:
    return sorted(found, key=lambda each: (-each[1], each[0]))
