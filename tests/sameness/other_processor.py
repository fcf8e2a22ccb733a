"""python -m tests.sameness.other_processor: does the scanner's core say the same on AArch64 as here?

Wants a compiler for it and qemu-user; on Debian: gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from iotagg.core.dialect import header_dialect
from iotagg.errors import FileRefused
from tests.sameness.building import SOURCES
from tests.sameness.cases import case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core.dialect import Dialect
    from tests.sameness.cases import Case

MAIN = Path(__file__).parent / "scan_main.c"
_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror")
_HERE: tuple[Sequence[str], Sequence[str]] = (("cc",), ())
_THERE = (("aarch64-linux-gnu-gcc", "-static"), ("qemu-aarch64",))


def main(cases: int = 300) -> int:
    """Have both read many cases; return 1 when they say anything different."""
    lines = 0
    with TemporaryDirectory() as folder:
        programs = [_built(Path(folder) / name, way) for name, way in (("here", _HERE), ("there", _THERE))]
        for number in range(cases):
            given = case(7, number)
            text = gzip.decompress(given.content) if given.content[:2] == b"\x1f\x8b" else given.content
            dialect = _dialect(given, text)
            if dialect is None:
                continue
            where = [str(position) for position in (dialect.width, *dialect.positions)]
            here, there = (_said([*program, *where], text) for program in programs)
            lines += here.count(b"\n")
            if here != there:
                sys.stdout.write(f"{given.name}: they differ\n")
                return 1
    sys.stdout.write(f"{cases} files: {lines:,} lines of answers, no difference\n")
    return 0


def _built(program: Path, way: tuple[Sequence[str], Sequence[str]]) -> list[str]:
    compiler, runner = way
    subprocess.run([*compiler, *_FLAGS, str(MAIN), str(SOURCES / "scan.c"), "-o", str(program)], check=True)
    return [*runner, str(program)]


def _dialect(given: Case, text: bytes) -> Dialect | None:
    lines = (line.rstrip(b"\r") for line in text.split(b"\n"))
    try:
        return header_dialect(next(line for line in lines if line.strip(b" \t\xef\xbb\xbf")), given.options)
    except (FileRefused, StopIteration):
        return None


def _said(command: Sequence[str], text: bytes) -> bytes:
    return subprocess.run(command, input=text, capture_output=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
