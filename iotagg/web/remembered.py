"""What was found a moment ago, for those who ask the same: many keep a page open that asks again and again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

SECONDS = 20.0
_MOST = 100
Found = TypeVar("Found")


class Remembered(Generic[Found]):
    """What was found, by what was asked; threads may share it, and may then find the same twice."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found: dict[Hashable, tuple[float, Found]] = {}

    def of(self, asked: Hashable, find: Callable[[], Found]) -> Found:
        """Return what was found within the last seconds, or find it."""
        known = self._found.get(asked)
        if known is not None and self._clock() - known[0] < SECONDS:
            return known[1]
        if len(self._found) >= _MOST:
            self._found = {}
        found = find()
        self._found[asked] = (self._clock(), found)
        return found
