"""Other ways to judge the same days: a z-score, an EWMA control chart, an isolation forest.

All see the window that iotagg sees. Each gives a day a score; from which score on it stands out is chosen afterwards,
so that all find as much of what was planted, or say as much about normal days.
"""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.findings_planted import ENOUGH, FLOORS
from iotagg.core.judging.limits import ALONE_TIMES, LEAST, RELATIVE, WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.findings_planted import Planted
    from bench.findings_traffic import Array, Traffic

    Found = dict[str, Any]

Z, Z_KIND, EWMA_2, EWMA_3, FOREST = (
    "z-score",
    "z-score by kind of day, with floors",
    "EWMA, λ 0.2",
    "EWMA, λ 0.3",
    "isolation forest",
)
WITHOUT_FOREST = "Without the isolation forest: scikit-learn is not installed."
_AT_ONCE = 4_000
_TREES, _DAYS_OF_A_TREE = 100, 256
_FAR = 1e6


class Baselines:
    """The scores of days by each other way; the forest learns from normal days of other traffic first."""

    def __init__(self, traffic: Traffic, pairs: Array, days: Array) -> None:
        self.names = [Z, Z_KIND, EWMA_2, EWMA_3]
        self._forest = None
        if importlib.util.find_spec("sklearn") is not None:
            from sklearn.ensemble import IsolationForest  # noqa: PLC0415 (an extra, and slow to load)

            self.names.append(FOREST)
            self._forest = IsolationForest(n_estimators=_TREES, max_samples=_DAYS_OF_A_TREE, random_state=1)
            self._forest.fit(_features(traffic, pairs, days, traffic.totals[pairs, days]))

    def scores(self, traffic: Traffic, pairs: Array, days: Array, figures: Array) -> dict[str, Array]:
        """Return the scores of days with these figures, each among the days before it; the higher the odder."""
        parts = [
            self._some(traffic, *(each[place : place + _AT_ONCE] for each in (pairs, days, figures)))
            for place in range(0, len(pairs), _AT_ONCE)
        ]
        return {name: np.concatenate([part[name] for part in parts]) if parts else np.zeros(0) for name in self.names}

    def _some(self, traffic: Traffic, pairs: Array, days: Array, figures: Array) -> dict[str, Array]:
        window = _window(traffic, pairs, days)
        mean, deviation = _moments(window)
        z = np.abs(_over(figures - mean, deviation)).max(axis=1)
        alike = _alike(traffic, days, window)
        of_kind = np.abs(_z(figures, alike)).max(axis=1)
        scores = {Z: z, Z_KIND: np.where(_matters(figures, alike), of_kind, 0)}
        for name, part in ((EWMA_2, 0.2), (EWMA_3, 0.3)):
            scores[name] = _ewma(window, figures, mean, deviation, part)
        if self._forest is not None:
            scores[FOREST] = -self._forest.score_samples(_features(traffic, pairs, days, figures))
        return scores


def _window(traffic: Traffic, pairs: Array, days: Array) -> Array:
    # The figures of the days before each, oldest first; those without flows are not numbers.
    before = days[:, None] + np.arange(-WINDOW, 0)
    window = traffic.totals[pairs[:, None], np.maximum(before, 0)].astype(float)
    window[(before < 0) | (window[:, :, 0] == 0)] = np.nan
    return window


def _alike(traffic: Traffic, days: Array, window: Array) -> Array:
    # The days of a window of the same kind, weekend or not, where those are enough.
    before = np.maximum(days[:, None] + np.arange(-WINDOW, 0), 0)
    other = traffic.weekend[before] != traffic.weekend[days][:, None]
    enough = (~other & ~np.isnan(window[:, :, 0])).sum(axis=1) >= LEAST
    alike = window.copy()
    alike[other & enough[:, None]] = np.nan
    return alike


def _moments(window: Array) -> tuple[Array, Array]:
    return np.nanmean(window, axis=1), np.nanstd(window, axis=1, ddof=1)


def _z(figures: Array, window: Array) -> Array:
    mean, deviation = _moments(window)
    return _over(figures - mean, deviation)


def _over(difference: Array, deviation: Array) -> Array:
    # A constant history has no deviation: whatever differs is far.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0, np.clip(difference / deviation, -_FAR, _FAR))


def _matters(figures: Array, window: Array) -> Array:
    usual = np.nanmedian(window, axis=1)
    times = np.maximum(figures, usual) / np.maximum(np.minimum(figures, usual), 1)
    enough = (np.abs(figures - usual) >= FLOORS) & (times >= RELATIVE)
    return np.where(enough, np.where(times >= ALONE_TIMES, 2, 1), 0).sum(axis=1) > FLOORS.size // 2


def _ewma(window: Array, figures: Array, mean: Array, deviation: Array, part: float) -> Array:
    # Roberts 1959: the average itself, in deviations of its own, λ / (2 - λ) of the variance.
    average = mean.copy()
    for place in range(window.shape[1]):
        there = ~np.isnan(window[:, place])
        average = np.where(there, part * window[:, place] + (1 - part) * average, average)
    average = part * figures + (1 - part) * average
    return np.abs(_over(average - mean, deviation * np.sqrt(part / (2 - part)))).max(axis=1)


def _features(traffic: Traffic, pairs: Array, days: Array, figures: Array) -> Array:
    # What a day is to those before it: deviations and times of each measure, its size, the kind of day.
    features = []
    for place in range(0, len(pairs), _AT_ONCE):
        some = slice(place, place + _AT_ONCE)
        mean, deviation = _moments(_window(traffic, pairs[some], days[some]))
        z = np.clip(_over(figures[some] - mean, deviation), -50, 50)
        times = np.log((figures[some] + 1) / (mean + 1))
        weekend = traffic.weekend[days[some]][:, None]
        features.append(np.concatenate([z, times, np.log1p(mean), weekend], axis=1))
    return np.concatenate(features)


class Compared:
    """Other ways beside iotagg: their scores of normal days and of planted ones that are worth a word."""

    def __init__(self, baselines: Baselines) -> None:
        self._baselines = baselines
        self._normal: dict[str, list[Array]] = defaultdict(list)
        self._planted: dict[tuple[str, int], list[Array]] = defaultdict(list)
        self._found: dict[int, list[Array]] = defaultdict(list)
        self._said = self._days = 0

    def add_normal(self, traffic: Traffic, pairs: Array, days: Array, said: Found) -> None:
        """Score the normal days of a site; iotagg said so much of them."""
        self._days += len(pairs)
        self._said += said["of_days"]
        for name, scores in self._baselines.scores(traffic, pairs, days, traffic.totals[pairs, days]).items():
            self._normal[name].append(scores)

    def add_planted(self, traffic: Traffic, events: Planted, found: Array) -> None:
        """Score planted days, of which iotagg found some."""
        some = events.worth & (events.history >= ENOUGH)
        self._found[events.effect].append(found[some])
        scores = self._baselines.scores(traffic, events.pair[some], events.day[some], events.figures[some])
        for name, each in scores.items():
            self._planted[name, events.effect].append(each)

    def results(self) -> Iterator[Found]:
        """Yield what each way finds by effect size: iotagg, and the others where they find or say as much as it."""
        ours = {effect: float(np.concatenate(found).mean()) for effect, found in self._found.items() if _some(found)}
        said = self._said / self._days
        yield {"what": "compared", "way": "iotagg", "at": "", "said": said * 1000, "recall": ours}
        for name in self._baselines.names:
            normal = np.concatenate(self._normal[name])
            planted = {effect: np.concatenate(self._planted[name, effect]) for effect in ours}
            limits = {
                "equal recall": _limit(planted[_EQUAL_AT], ours[_EQUAL_AT]),
                "equal findings": _limit(normal, said),
            }
            for at, limit in limits.items():
                recall = {effect: float((scores >= limit).mean()) for effect, scores in planted.items()}
                figures = {"limit": limit, "said": float((normal >= limit).mean() * 1000), "recall": recall}
                yield {"what": "compared", "way": name, "at": at, **figures}


def _some(parts: list[Array]) -> bool:
    return any(part.size for part in parts)


def _limit(scores: Array, share: float) -> float:
    # The score that so large a share of all reaches.
    return float(np.quantile(scores, 1 - share, method="higher" if share < 1 / 2 else "lower"))


_EQUAL_AT = 4
