"""What killed processes have left behind, and whether the next ones clear it away."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.chaos.checking import Findings

_LONG_AGO = 2 * 3600  # seconds: what is that old, iotagg knows as left


def clear_parts(folder: Path, write_again: Callable[[], object], findings: Findings) -> None:
    """Count the unfinished files in a folder, let time go by, and see them go when the same is written once more."""
    parts = list(_parts(folder))
    size = sum(part.stat().st_size for part in parts)
    for part in parts:
        os.utime(part, (time.time() - _LONG_AGO,) * 2)
    write_again()
    findings.told.append(f"left: {len(parts)} unfinished files ({size:,} bytes), removed by who next wrote the same")
    findings.differing += [f"left for good: {part.name}" for part in _parts(folder)]


def _parts(folder: Path) -> Iterable[Path]:
    return (entry for entry in folder.iterdir() if entry.name.startswith("."))


def check_empty(folder: Path, findings: Findings) -> None:
    """See that nothing is in the folder for temporary files.

    SQLite removes the name of such a file when it has opened it: who is killed between both leaves an empty one.
    """
    entries = sorted(folder.iterdir())
    kept = [entry.name for entry in entries if not entry.name.startswith("etilqs_") or entry.stat().st_size]
    findings.told.append(f"temporary files: {len(entries)}, of which {len(kept)} hold anything")
    findings.differing += [f"temporary file left: {name}" for name in kept]
