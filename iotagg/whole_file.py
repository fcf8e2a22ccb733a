"""Output files that are there whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, cast

from iotagg.errors import IotaggError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(file)
    except OSError as error:
        raise IotaggError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


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
