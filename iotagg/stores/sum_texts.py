"""Sums as SQLite keeps them, as JSON without zeros: added to each other without parsing what stands.

A pair's month grows by three figures a day, and a file changes a day or two of it: so what is added is looked up in the
text of what stands, and the rest of that is copied.
"""

from __future__ import annotations

from iotagg.core.moments import MAX_SUM, checked
from iotagg.core.pair_month import dumped, parsed

EMPTY = "{}"


def without_zeros(text: str) -> str:
    """Return the text of sums as it is kept: an attribute with a sum of 0 is absent."""
    if ":0" not in text:  # no other number begins so
        return text
    return dumped({name: value for name, value in parsed(text).items() if value})


def added(standing: str, more: str) -> str:
    """Return the text of two sums added up. Raises NumberTooLarge beyond 38 digits."""
    if "-" in more or "-" in standing or EMPTY in (standing, more):
        return _added_one_by_one(standing, more)
    parts, rest, copied = [], "", 0
    for each in more[1:-1].split(","):
        name, _, figure = each.partition(":")
        found = standing.find(name)
        if found < 0:
            rest += f",{each}"
            continue
        if found < copied:  # the attributes came in another order
            return _added_one_by_one(standing, more)
        begin, end = found + len(name) + 1, _end(standing, found)
        value = int(standing[begin:end]) + int(figure)
        if value > MAX_SUM:
            return _added_one_by_one(standing, more)  # which says so
        parts.append(f"{standing[copied:begin]}{value}")
        copied = end
    return f"{''.join(parts)}{standing[copied:-1]}{rest}}}"


def _end(text: str, begin: int) -> int:
    found = text.find(",", begin)
    return found if found > 0 else len(text) - 1


def _added_one_by_one(standing: str, more: str) -> str:
    sums = parsed(standing)
    for name, value in parsed(more).items():
        sums[name] = checked(sums.get(name, 0) + value, f"the sum '{name}' of a pair's month")
    return dumped({name: value for name, value in sums.items() if value})
