"""What a month of sample traffic consists of: python -m bench.traffic_shape [ROWS] [DAYS].

Pairs, days and months of one site's daily files; and how often pairs' months are touched when a day comes in more files
than one (as many slices of the same rows), or a month in one.
"""

from __future__ import annotations

import sys
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.setting import sample_files, show
from iotagg.core.flows import read_flows

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.core.judge import PairDay

ROWS, DAYS, DEVICES = 30_000, 31, 15
FILES_A_DAY = (1, 2, 4, 8, 24, 96)
_SLICED_DAYS = 4


def days_of(content: bytes) -> set[PairDay]:
    """Return the source, destination and day of all flows in a flow CSV."""
    return set(read_flows(BytesIO(content)).days)


def months_of(days: set[PairDay]) -> set[PairDay]:
    """Return the source, destination and month of pairs' days."""
    return {(source, destination, day[:7]) for source, destination, day in days}


def touched(file: Path, count: int) -> int:
    """Return how many pair-months are touched when a file comes in `count` slices."""
    header, *rows = file.read_bytes().splitlines(keepends=True)
    cuts = [len(rows) * place // count for place in range(count + 1)]
    slices = (rows[begin:end] for begin, end in pairwise(cuts))
    return sum(len(months_of(days_of(header + b"".join(part)))) for part in slices)


def main() -> None:
    """Measure and print."""
    rows, days = [*map(int, sys.argv[1:]), *(ROWS, DAYS)[len(sys.argv) - 1 :]]
    with sample_files(days, rows) as files:
        size = sum(file.stat().st_size for file in files)
        of_files = [days_of(file.read_bytes()) for file in files]
        touches = {count: sum(touched(file, count) for file in files[:_SLICED_DAYS]) for count in FILES_A_DAY}
    pair_days, daily = set[tuple[str, str, str]]().union(*of_files), sum(len(months_of(each)) for each in of_files)
    pair_months = months_of(pair_days)
    shape = [
        ("bytes of a row", size / rows / len(files)),
        ("pair-days of a device and day", len(pair_days) / days / DEVICES),
        ("pair-days in a file", sum(map(len, of_files)) / len(files)),
        ("pair-months touched for each pair-day, a file a day", daily / len(pair_days)),
        ("pair-months of a month for each pair-day", len(pair_months) / len(pair_days)),
    ]
    show(f"A month of a site's {len(files)} files of {rows:,} rows, {DEVICES} devices", ("what", "figure"), shape)
    factors = [(f"{count} a day", touches[count] / touches[1]) for count in FILES_A_DAY]
    factors.append(("one for the month", len(pair_months) / daily))
    show("Pair-months touched, of those touched by a file a day", ("files", "factor"), factors)


if __name__ == "__main__":
    main()
