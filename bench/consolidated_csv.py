"""The design of earlier implementations, at its best: one consolidated CSV, read and written anew for each file.

A line for each pair, sorted: source, destination, flows, and for each metric the sum and the sum of squares. A file's
pairs are merged into it: the places of its lines are found by halving in the bytes as they are, only lines that change
are read, and all between them is copied as a whole. Nothing in Python does less than that for this design; what is left
is to read the object and to write it.

What it does not do, and iotagg does: keep days, count a file once when its message comes twice, stand two writers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from iotagg.core.judge import PairDay

Totals = dict[bytes, list[int]]


def pair_totals(days: Mapping[PairDay, Sequence[int]]) -> Totals:
    """Return what a file says of each pair, by the beginning of the pair's line."""
    totals: Totals = {}
    for (source, destination, _), figures in days.items():
        add(totals, f"{source},{destination},".encode(), figures)
    return totals


def add(totals: Totals, key: bytes, figures: Sequence[int]) -> None:
    """Add figures to those of a pair."""
    standing = totals.get(key)
    totals[key] = list(figures) if standing is None else _sum(standing, figures)


def _sum(standing: Iterable[int], figures: Iterable[int]) -> list[int]:
    return [one + other for one, other in zip(standing, figures, strict=True)]


def merged(consolidated: bytes, totals: Totals) -> bytes:
    """Return the consolidated CSV with a file's totals added."""
    parts: list[bytes | memoryview] = []
    view, place = memoryview(consolidated), 0
    for key in sorted(totals):
        begin = _place(consolidated, key, place)
        parts.append(view[place:begin])
        place, figures = begin, totals[key]
        if consolidated.startswith(key, begin):
            place = consolidated.index(b"\n", begin) + 1
            figures = _sum(map(int, consolidated[begin + len(key) : place - 1].split(b",")), figures)
        parts.append(key + ",".join(map(str, figures)).encode() + b"\n")
    return b"".join([*parts, view[place:]])


def _place(consolidated: bytes, key: bytes, low: int) -> int:
    # Where the first line from `low` on begins that does not sort before the key. No key is the beginning of another.
    high = len(consolidated)
    while low < high:
        line = consolidated.rfind(b"\n", low, (low + high) // 2) + 1 or low
        if consolidated[line : line + len(key)] < key:
            low = consolidated.index(b"\n", line) + 1
        else:
            high = line
    return low


def read_totals(consolidated: bytes) -> Totals:
    """Return all that a consolidated CSV says."""
    lines = (line.split(b",") for line in consolidated.splitlines())
    return {b"%s,%s," % (source, destination): list(map(int, figures)) for source, destination, *figures in lines}
