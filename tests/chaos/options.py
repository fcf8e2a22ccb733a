"""How a run is to be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """So many files and processes, for so many seconds; each is killed every `gap` seconds, at random between both.

    `at_least` so many of the six kinds of rounds are done, whatever the time.
    """

    store: str
    files: int = 1_000
    seconds: float = 600
    processes: int = 4
    seed: int = 1
    gap: tuple[float, float] = (1.0, 5.0)
    at_least: int = 1
