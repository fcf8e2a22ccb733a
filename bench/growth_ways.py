"""What growth compares: ways to count a file, each with what the file costs."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bench.consolidated_csv import Totals, add, pair_totals
from bench.setting import totals_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.growth_traffic import GrowthTraffic

_IO = Path("/proc/self/io")  # what this process has read and written, where the system tells


@dataclass(slots=True)
class Cost:
    """What a file costs: seconds by the clock, and of this process's processor; what else was counted of it.

    `requests` are SQL statements in a database file. Bytes are what was read from files and written to them.
    """

    seconds: float | None = None
    cpu: float | None = None
    requests: int | None = None
    read_units: int | None = None
    write_units: int | None = None
    pair_months: int | None = None
    bytes_read: int | None = None
    bytes_written: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what is known."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Way(Protocol):
    """A way to count files."""

    def preload(self, traffic: GrowthTraffic) -> None:
        """Store what lies there before the first file."""
        ...

    def take(self, file: Path) -> Cost:
        """Count a file and say how long it took."""
        ...

    def closely(self, file: Path) -> Cost:
        """Count a file and say what it took beside time, which looking on would spoil."""
        ...

    def take_all(self, files: Sequence[Path]) -> list[Cost]:
        """Count files, and say how long each took where that is known."""
        ...


@contextmanager
def timed(cost: Cost) -> Iterator[None]:
    """Add the time that passes inside."""
    begin, cpu = time.perf_counter(), time.process_time()
    yield
    cost.seconds, cost.cpu = time.perf_counter() - begin, time.process_time() - cpu


@contextmanager
def watched_bytes(cost: Cost) -> Iterator[None]:
    """Add the bytes that are read and written inside, where the system tells."""
    before = _bytes()
    yield
    if before is not None and (after := _bytes()) is not None:
        cost.bytes_read, cost.bytes_written = (now - then for now, then in zip(after, before, strict=True))


def _bytes() -> tuple[int, int] | None:
    try:
        lines = dict(line.split(": ") for line in _IO.read_text(encoding="ascii").splitlines())
    except OSError:
        return None
    return int(lines["rchar"]), int(lines["wchar"])


def totals_of_all(files: Iterable[Path]) -> Totals:
    """Return what files say of each pair, all together."""
    totals: Totals = {}
    for file in files:
        for key, figures in pair_totals(totals_of(file).days).items():
            add(totals, key, figures)
    return totals


def must_be_counted(state: str, file: Path) -> None:
    """Raise where a file was not counted."""
    if state != "counted":
        raise RuntimeError(f"{file.name} was not counted, but {state}: nothing is measured")
