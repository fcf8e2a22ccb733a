"""Do all ways find the same? Their tables are compared line by line, iotagg's counts with what is known of a file."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from bench.options import Disagreement

if TYPE_CHECKING:
    from pathlib import Path

    from bench.flow_data import Lines

_PARTS = 12  # columns of a table whose squares are in parts
_SPLIT = 14
_LONGEST = 60


def table_of(file: Path, leaves: str) -> list[str]:
    """Return the lines of a table, sorted; squares that were summed in parts are put together."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return sorted(map(_put_together, lines) if leaves == "halves" else lines)


def _put_together(line: str) -> str:
    src, dst, date, *figures = line.split(",")
    flows, d, d_high, d_middle, d_low, p, p_high, p_middle, p_low = map(int, figures)
    day = f"{date[6:10]}-{date[3:5]}-{date[:2]}" if date[2:3] == "/" else date
    squares = [
        (high << 2 * _SPLIT) + (middle << _SPLIT + 1) + low
        for high, middle, low in ((d_high, d_middle, d_low), (p_high, p_middle, p_low))
    ]
    return f"{src},{dst},{day},{flows},{d},{squares[0]},{p},{squares[1]}"


def digest(table: list[str]) -> str:
    """Return the SHA-256 of a table."""
    return hashlib.sha256("\n".join(table).encode()).hexdigest()


def compare(name: str, table: list[str], with_name: str, expected: list[str]) -> None:
    """Hold a table against another. Raises Disagreement, which says in how many lines they differ, and shows one."""
    if table == expected:
        return
    more, less = set(table) - set(expected), set(expected) - set(table)
    first = min(more | less, default="a line that is there twice")
    whose = name if first in more else with_name
    raise Disagreement(
        f"{name} has {len(more):,} lines that {with_name} has not, and lacks {len(less):,};"
        f" the first, of {whose}: {first[:_LONGEST]}"
    )


def compare_outcome(name: str, printed: str, expected: Lines | None, content: str) -> None:
    """Hold what iotagg printed against what is known of the file's lines, and the hash of its content."""
    outcome = json.loads(printed)
    if outcome["state"] != "counted":
        raise Disagreement(f"{name}: the file is {outcome['state']}: {outcome['reason']}")
    if content and not outcome["contribution"].startswith(content):
        raise Disagreement(f"{name} has another hash of the content than {content}")
    if expected is None:
        return
    for what in ("headers", "blank", "counted", "rejected"):
        if outcome[what] != getattr(expected, what):
            raise Disagreement(f"{name}: {what} {outcome[what]:,}, but the file has {getattr(expected, what):,}")
