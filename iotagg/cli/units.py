"""Figures as short as a person reads them, and a row of small bars."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMES = ((3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"), (1_000, "ms"))
_COUNTS = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**4, "k"))
_THOUSAND = 1_000  # k begins at ten of them: 9,483 is no longer than 9.48 k
_SHORT = (100, 10)  # three digits are enough

_BARS, _NOTHING = "▁▂▃▄▅▆▇█", "·"
_PLAIN_BARS, _PLAIN_NOTHING = "12345678", "."
MOST_BARS = 31


def duration(microseconds: float) -> str:
    """Return a time in the largest of hours, minutes, seconds, ms and µs that fits."""
    for scale, unit in _TIMES:
        if abs(microseconds) >= scale:
            return f"{_digits(microseconds / scale)} {unit}"
    return f"{_digits(microseconds)} {'µs' if shows('µ') else 'us'}"


def count(number: int) -> str:
    """Return a number in full below 10,000, else in thousands (k), millions (M) and so on."""
    for scale, unit in _COUNTS:
        if abs(number) >= scale:
            return f"{_digits(number / min(scale, scale if unit != 'k' else _THOUSAND))} {unit}"
    return f"{number:,}"


def _digits(number: float) -> str:
    if isinstance(number, int):
        return f"{number:,}"
    size = abs(number)
    return f"{number:,.{0 if size >= _SHORT[0] else 1 if size >= _SHORT[1] else 2}f}"


def bars(values: Sequence[float | None]) -> str:
    """Return a bar for each value, from the smallest to a full one for the largest, and a dot where there is nothing.

    Of more than 31 values, a bar stands for as many neighbours as it takes.
    """
    levels, nothing = (_BARS, _NOTHING) if shows(_BARS + _NOTHING) else (_PLAIN_BARS, _PLAIN_NOTHING)
    group = -(-len(values) // MOST_BARS) or 1
    heights = [_mean([each for each in values[at : at + group] if each]) for at in range(0, len(values), group)]
    most = max(heights, default=0.0) or 1.0
    return "".join(levels[max(0, -int(-8 * height // most) - 1)] if height else nothing for height in heights)


def _mean(values: Sequence[float]) -> float:
    return float(sum(values) / len(values)) if values else 0.0


def shows(text: str) -> bool:
    """Say whether what stdout is written in has these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
