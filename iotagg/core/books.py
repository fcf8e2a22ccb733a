"""What an audit reads of a store: what stands there, also where it makes no sense, so that it can be said."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Figures = dict[str, int | str]
Totals = dict[str, dict[str, int]]

UNREADABLE = "sums"  # under this name stands what cannot be taken apart


@dataclass(frozen=True, slots=True)
class Marker:
    """How far a chunk's history is applied: its revision, whether it is in, and what it adds to each month.

    `totals` is None where a store keeps none. `expires` says that it will go by itself, as one of what was erased does.
    `assessed` is the last revision that was assessed; None where a store derives that.
    """

    revision: int
    is_in: bool
    totals: Totals | None = None
    expires: bool = False
    assessed: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Held:
    """A pair's month as it is held: its figures that are not 0, and the text of those that are no whole numbers.

    `rank` is the text of its rank, None where it has none.
    """

    site: str
    source: str
    destination: str
    month: str
    figures: Figures
    rank: str | None = field(default=None, compare=False)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is the sum of."""
        return self.site, self.source, self.destination, self.month


def figures_of(found: Mapping[str, object]) -> Figures:
    """Return figures, with the text of what is no whole number in its place, and without those that are 0."""
    return {name: value if type(value) is int else repr(value) for name, value in found.items() if value != 0}


def figures_in(text: object) -> Figures:
    """Return the figures that a stored text holds; the text itself, as `sums`, where it holds something else."""
    try:
        found = json.loads(text)  # type: ignore[arg-type]  # what it should be is not known
        if isinstance(found, dict) and len(found) == text.count(":"):  # type: ignore[attr-defined]  # it was JSON
            return figures_of(found)
    except (ValueError, TypeError, RecursionError):
        pass
    return {UNREADABLE: str(text)}
