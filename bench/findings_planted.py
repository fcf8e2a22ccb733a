"""Surges and drops of a known size planted into made traffic, and what is found of them.

A planted day has the mean of the pair's own other days of the same kind (weekend or not, over all of its time), and
so many of their sample deviations more or less, in each measure. It is judged by the days before it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.findings_traffic import iso, total_of
from iotagg.core.judging.limits import ALONE_TIMES, FLOWS_WORTH_A_WORD, LEAST, RELATIVE, WINDOW
from iotagg.core.judging.pair_days import odd_days
from iotagg.core.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.findings_traffic import Array, Traffic

EFFECTS = (1, 2, 3, 4, 5, 6, 8, 10)
SURGE, DROP = 1, -1
HISTORIES = ((LEAST, 13), (14, 27), (28, WINDOW))
ENOUGH = 14
_FEWEST_OTHERS = 5
FLOORS = np.array([FLOWS_WORTH_A_WORD, *(metric.worth_a_word for metric in METRICS)])


@dataclass(frozen=True, slots=True)
class Planted:
    """Events of one effect size and direction, as columns: each one's pair, day, figures and days of history.

    `worth` says whether what is added is worth a word at all, by the floors and by how many times the usual it is.
    """

    effect: int
    direction: int
    pair: Array
    day: Array
    figures: Array
    history: Array
    worth: Array


def history_lengths(traffic: Traffic) -> Array:
    """Return for each pair and day how many days were observed in the window before it."""
    seen = np.cumsum(traffic.totals[:, :, 0] > 0, axis=1)
    seen = np.concatenate([np.zeros((len(seen), 1), np.int64), seen], axis=1)
    days = np.arange(traffic.days)
    return seen[:, days] - seen[:, np.maximum(0, days - WINDOW)]


def planted(traffic: Traffic, rng: np.random.Generator, events: int) -> Iterator[Planted]:
    """Yield as many events as asked for of each effect size and direction, on days that are there and have a past."""
    lengths = history_lengths(traffic)
    pairs, days = np.nonzero((traffic.totals[:, :, 0] > 0) & (lengths >= LEAST))
    some = rng.choice(pairs.size, min(events, pairs.size), replace=False)
    pairs, days = pairs[some], days[some]
    means, deviations = _usual(traffic, pairs, days)
    known = ~np.isnan(deviations[:, 0])
    for effect in EFFECTS:
        for direction in (SURGE, DROP):
            figures = np.rint(means + direction * effect * deviations)
            kept = known & (figures > 0).all(axis=1)
            yield Planted(
                effect,
                direction,
                pairs[kept],
                days[kept],
                figures[kept].astype(np.int64),
                lengths[pairs[kept], days[kept]],
                _worth_a_word(means[kept], effect * deviations[kept], direction),
            )


def _usual(traffic: Traffic, pairs: Array, days: Array) -> tuple[Array, Array]:
    # Mean and sample deviation of each measure over the pair's other observed days of the same kind.
    means = np.full((pairs.size, FLOORS.size), np.nan)
    deviations = means.copy()
    for place, (pair, day) in enumerate(zip(pairs, days, strict=True)):
        alike = (traffic.totals[pair, :, 0] > 0) & (traffic.weekend == traffic.weekend[day])
        alike[day] = False
        if alike.sum() >= _FEWEST_OTHERS:
            others = traffic.totals[pair, alike]
            means[place], deviations[place] = others.mean(axis=0), others.std(axis=0, ddof=1)
    return means, deviations


def _worth_a_word(means: Array, change: Array, direction: int) -> Array:
    # As the judge has it, but of the pair's own mean: most measures change by enough, or one by far.
    larger, smaller = (means + change, means) if direction == SURGE else (means, means - change)
    times = larger / smaller
    votes = np.where((change >= FLOORS) & (times >= RELATIVE), np.where(times >= ALONE_TIMES, 2, 1), 0)
    return votes.sum(axis=1) >= len(FLOORS) // 2 + 1


def found(traffic: Traffic, events: Planted) -> Array:
    """Return for each event whether its day stands out, in the direction in which it was changed."""
    said = []
    for pair, day, figures in zip(events.pair.tolist(), events.day.tolist(), events.figures.tolist(), strict=True):
        begin = max(0, day - WINDOW)
        before = traffic.totals[pair, begin:day].tolist()
        days = [total_of(begin + place, each) for place, each in enumerate(before) if each[0]]
        odd = odd_days([*days, total_of(day, figures)], iso(day), iso(day))
        said.append(any(each.kind == ("surge" if events.direction == SURGE else "drop") for each in odd))
    return np.array(said, dtype=bool)
