"""The time of a simulation."""

from __future__ import annotations

from datetime import UTC, datetime

BEGINNING = 1_672_531_200.0  # 2023-01-01, midnight in UTC


class Clock:
    """A clock that stands still until somebody moves it, in seconds since 1970."""

    def __init__(self, now: float = BEGINNING) -> None:
        self._now = now

    def now(self) -> float:
        """Return the time."""
        return self._now

    def set(self, now: float) -> None:
        """Move it to a time that is not before the present one. Raises ValueError."""
        if now < self._now:
            raise ValueError(f"the time {now} is over: it is {self._now}")
        self._now = now

    def advance(self, seconds: float) -> None:
        """Move it on. Raises ValueError for a negative span."""
        self.set(self._now + seconds)

    def moment(self) -> datetime:
        """Return the time as a moment in UTC."""
        return datetime.fromtimestamp(self._now, UTC)
