"""Figures as people say them."""

from __future__ import annotations

_TIMES = ((86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"), (1_000, "ms"), (1, "µs"))
_LARGE = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
_FEW = 10


def figure(measure: str, value: float) -> str:
    """Return a figure with a unit that leaves few digits: `2.5 h`, `12 k`, `38`; `measure` is `duration` for µs."""
    if measure == "duration":
        for scale, unit in _TIMES:
            if value >= scale:
                return f"{_short(value / scale)} {unit}"
        return "0 s"
    for scale, unit in _LARGE:
        if value >= scale * _FEW:
            return f"{_short(value / scale)} {unit}"
    return _short(value)


def part(value: float, usual: float) -> str:
    """Return what part of the usual something is: `10.8 times`, `25 % of`."""
    if not usual:
        return "beyond"
    return f"{_short(value / usual)} times" if value >= usual else f"{100 * value / usual:.2g} % of"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number of things: `1 pair`, `2 pairs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= _FEW * _FEW or value == int(value) else f"{value:.1f}"
