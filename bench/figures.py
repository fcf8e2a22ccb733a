"""What the results of races say: medians over rounds, and ratios of two ways within the same round."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.settings import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable

Round = dict[str, Any]


@dataclass(slots=True)
class Figures:
    """The results of races, by setting and way."""

    rounds: dict[Setting, dict[str, dict[int, Round]]]
    left_out: dict[Setting, dict[str, str]]

    @classmethod
    def of(cls, results: Iterable[dict[str, Any]]) -> Figures:
        """Return the figures of results as they are kept; of those that are there twice, the later ones."""
        figures = cls({}, {})
        for result in results:
            if "setting" not in result:
                continue
            setting = Setting(**result["setting"])
            if "left_out" in result:
                figures.left_out.setdefault(setting, {})[result["way"]] = result["left_out"]
            else:
                figures.rounds.setdefault(setting, {}).setdefault(result["way"], {})[result["round"]] = result
        return figures

    def settings(self) -> list[Setting]:
        """Return all settings, smaller sizes first, otherwise in the order in which they came."""
        return sorted(self.rounds, key=lambda setting: setting.megabytes)

    def ways(self, setting: Setting) -> list[str]:
        """Return the ways that took part, the fastest first."""
        return sorted(self.rounds.get(setting, {}), key=lambda way: self.middle(setting, way, "wall") or 0.0)

    def middle(self, setting: Setting, way: str, what: str = "wall") -> float | None:
        """Return a way's median of `wall`, `cpu` (seconds) or `peak` (bytes); none when it did not take part."""
        rounds = self.rounds.get(setting, {}).get(way, {})
        taken: list[float] = [each[what] for each in rounds.values()]
        return statistics.median(taken) if taken else None

    def ratio(
        self, way: str, than: str, setting: Setting, of_setting: Setting | None = None, what: str = "wall"
    ) -> float | None:
        """Return how many times as much a way took as another: the median of the ratios within rounds.

        Ways that were measured once stand beside the other's median. `of_setting` is the other's, if not the same.
        """
        mine, others = (
            self.rounds.get(setting, {}).get(way, {}),
            self.rounds.get(of_setting or setting, {}).get(than, {}),
        )
        together: list[float] = [mine[number][what] / others[number][what] for number in mine if number in others]
        if together:
            return statistics.median(together)
        one, other = self.middle(setting, way, what), self.middle(of_setting or setting, than, what)
        return one / other if one and other else None
