"""Output files that are there whole or not at all."""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO, cast

from iotagg.errors import IotaggError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART = ".part"  # what the names of unfinished files end with; they begin with `.`, the file's own name and `.`
_LEFT_SECONDS = 3600  # who writes does so all the time: what has not grown for an hour has been left
_BESIDE_A_DATABASE = "(?:-journal|-wal|-shm)?"


@contextmanager
def part_of(file: Path) -> Iterator[Path]:
    """Give the name of a file to write, which becomes `file` at the end, or is removed after an error.

    What is no regular file (a pipe, /dev/stdout) is written as it is. Raises IotaggError when it cannot be written.
    """
    if file.exists() and not file.is_file():
        yield file
        return
    if not file.absolute().parent.is_dir():
        raise IotaggError(f"{file} cannot be written: there is no folder {file.parent}")
    part = file.with_name(f".{file.name}.{os.getpid()}{PART}")
    remove_left_parts(file)
    try:
        yield part
        part.replace(file)
    except OSError as error:
        raise IotaggError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def remove_left_parts(file: Path) -> None:
    """Remove what is left beside a file by those who were killed while they wrote it; what may still grow stays."""
    name = re.compile(rf"\.{re.escape(file.name)}\.\w+{re.escape(PART)}{_BESIDE_A_DATABASE}")
    before = time.time() - _LEFT_SECONDS
    with suppress(OSError):  # whoever may not look, or remove, has it no worse than before
        for part in file.absolute().parent.iterdir():
            if name.fullmatch(part.name) and _written(part) < before:
                _remove(part)


def _written(part: Path) -> float:
    inside = part.iterdir() if part.is_dir() else ()
    return max(float(place.stat().st_mtime) for place in (part, *inside))


def _remove(part: Path) -> None:
    if part.is_dir():
        import shutil  # noqa: PLC0415 (commands begin sooner without)

        shutil.rmtree(part)
    else:
        part.unlink()


def put_in_place(part: Path, file: Path) -> None:
    """Let a file that is complete take the place of another one, also when the power fails. Raises OSError."""
    _sync(part)
    part.replace(file)
    if os.name == "posix":  # elsewhere folders cannot be opened
        _sync(file.absolute().parent)


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(file: Path) -> Iterator[TextIO]:
    """Open a text file (UTF-8, LF) that is there whole, or not at all."""
    with part_of(file) as part, part.open("w", encoding="utf-8", newline="") as out:
        yield cast("TextIO", out)
