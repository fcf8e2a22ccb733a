"""What a program is told, and what the Python ones share. It imports next to nothing: start-up is part of the race."""

from __future__ import annotations

import sys
from io import FileIO

TYPE_CHECKING = False  # typing has it too, but takes milliseconds to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

BLOCK = 1 << 18


class Job:
    """The file, `-` for standard input; where the table goes; what is known of the file.

    `kind` is `clean` (no quotes, no odd lines), `quotes`, or `odd` (rows cut short, bad numbers and blank lines too).
    `names` are the header's, `used` the places of source, destination, timestamp, duration and forward packets.
    """

    def __init__(self, arguments: list[str]) -> None:
        self.path, self.out, self.kind, packed, used, names = arguments
        self.packed = packed == "gz"
        self.used = [int(place) for place in used.split(",")]
        self.names = names.split("\x1f")

    @property
    def piped(self) -> bool:
        """Say whether the file comes by standard input."""
        return self.path == "-"

    @property
    def used_names(self) -> list[str]:
        """The names of the used columns."""
        return [self.names[place] for place in self.used]

    def raw(self) -> FileIO:
        """Open the file, or standard input, without a buffer."""
        return FileIO(0 if self.piped else self.path, "rb")

    def stream(self) -> BinaryIO:
        """Open the file's content: buffered, decompressed with the fastest library that is installed."""
        if not self.packed:
            return sys.stdin.buffer if self.piped else open(self.path, "rb", BLOCK)  # noqa: PTH123 (pathlib costs)
        content: BinaryIO = _inflating()(sys.stdin.buffer if self.piped else self.path)
        return content


def given() -> Job:
    """Return what the program was told."""
    return Job(sys.argv[1:])


def _inflating() -> Callable[..., Any]:
    # What opens gzip content: of isal where that is installed, or else Python's own.
    try:
        from isal import igzip as library  # noqa: PLC0415 (only where it is needed)
    except ImportError:
        import gzip as library  # noqa: PLC0415
    opening: Callable[..., Any] = library.open
    return opening


def iso(date: str) -> str:
    """Return a date's text as Y-m-d; d/m/Y becomes that."""
    return f"{date[6:10]}-{date[3:5]}-{date[:2]}" if date[2:3] == "/" else date[:10]


def write(job: Job, rows: list[str]) -> None:
    """Leave the table, sorted."""
    rows.sort()
    with open(job.out, "w", encoding="utf-8") as file:  # noqa: PTH123 (pathlib costs)
        file.write("".join(rows))
