"""The flow files that a person names: found in folders and patterns, and read so that a change meanwhile is noticed."""

from __future__ import annotations

import errno
import glob
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from iotagg.errors import FileUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_CHANGED = "it changed while it was read; upload it again when it is complete"
SUFFIXES = (".csv", ".csv.gz")
_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Nothing:
    """A name that stands for no file, and why."""

    name: str
    reason: str


def find_files(names: Iterable[str]) -> Iterator[Path | Nothing]:
    """Yield the files that names, folders and patterns stand for, each once, and the names that stand for none."""
    seen = set()
    for name in names:
        found = _found(name)
        if isinstance(found, Nothing):
            yield found
            continue
        for file in found:
            path = path_text(file)
            if path not in seen:
                seen.add(path)
                yield file


def _found(name: str) -> list[Path] | Nothing:
    # A name that is there is meant as it is written, even with brackets in it.
    place = Path(name)
    if place.is_dir():
        files = _flow_files(place)
        return files or Nothing(name, f"no {' or '.join(SUFFIXES)} file in this folder")
    if place.exists() or place.is_symlink() or not _WILDCARDS & set(name):
        return [place]
    matches = map(Path, sorted(set(_matches(name))))
    files = [
        file
        for match in matches
        for file in (_flow_files(match) if match.is_dir() else [] if _is_special(match) else [match])
    ]
    return files or Nothing(name, "nothing matches")


def _matches(pattern: str) -> Iterator[str]:
    # For ** without glob, which follows links there: one to the folder that it lies in is followed forty times, and of
    # two of them every way of following them.
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from glob.glob(pattern)  # noqa: PTH207 (patterns may be absolute)
        return
    above, below = parts[: parts.index("**")], parts[parts.index("**") + 1 :]
    for start in _matches(str(Path(*above))) if above else ["."]:
        for parent, folders, files in os.walk(start):
            folders[:] = [folder for folder in folders if not folder.startswith(".")]
            if below:
                yield from _matches(str(Path(glob.escape(parent), *below)))
            else:
                yield from (str(Path(parent, file)) for file in files if not file.startswith("."))


def _flow_files(folder: Path) -> list[Path]:
    found = (Path(parent, file) for parent, _, files in os.walk(folder) for file in files)
    return sorted(file for file in found if file.name.lower().endswith(SUFFIXES) and not _is_special(file))


def _is_special(file: Path) -> bool:
    # A pipe or a device, which a person may name; in a folder it would keep all others waiting.
    try:
        mode = file.stat().st_mode
    except OSError:
        return False  # why it cannot be read is said of it
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def path_text(file: Path) -> str:
    """Return the path under which a file's contribution is remembered: absolute, links not followed."""
    return os.path.normpath(file.absolute())


def is_text(path: str) -> bool:
    """Say whether a path can be written down: bytes that are no UTF-8 come as surrogates, which cannot."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def file_bytes(file: Path) -> int:
    """Return how many bytes a file has on disk; 0 when that cannot be told."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


class SourceFile:
    """A flow file on its way to the reader; `size` is its length on disk, 0 for what is no regular file."""

    def __init__(self, file: BinaryIO, size: int | None, passed: Callable[[int], object]) -> None:
        self._file = file
        self._most = size
        self._passed = passed
        self.size = size or 0
        self.length = 0
        self.ended = False

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and none at the end only."""
        block = self._file.read(size)
        self.length += len(block)
        self.ended = not block
        if self._most is not None and self.length > self._most:
            raise FileUnreadable(_CHANGED)  # at once: one that keeps growing would never end
        self._passed(len(block))
        return block


def no_progress(_: int) -> None:
    """Nobody asked for progress."""


@contextmanager
def opened(file: Path, passed: Callable[[int], object] = no_progress) -> Iterator[SourceFile]:
    """Open a flow file for reading; `passed` is told the bytes on disk as they are read.

    Raises FileUnreadable when it cannot be read, and, at the end, when it changed meanwhile.
    """
    try:
        with file.open("rb") as content:
            before = os.fstat(content.fileno())
            regular = stat.S_ISREG(before.st_mode)
            source = SourceFile(content, before.st_size if regular else None, passed)
            yield source
            if regular and source.ended:
                _refuse_changed(before, os.fstat(content.fileno()), source.length)
    except OSError as error:
        raise FileUnreadable(_reason(error)) from None


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return "no such file"
        case errno.EISDIR:
            return "a folder, not a file"
        case errno.EACCES | errno.EPERM:
            return "no permission to read it"
        case errno.ENOSPC:
            import tempfile  # noqa: PLC0415 (slow to load, and the pipeline does so only for what is rejected)

            return f"no room for temporary files in {tempfile.gettempdir()}; make some, or set TMPDIR"
        case _:
            return f"it cannot be read: {error.strerror or error}"


def _refuse_changed(before: os.stat_result, after: os.stat_result, read: int) -> None:
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise FileUnreadable(_CHANGED)
    if read != after.st_size:
        raise FileUnreadable(f"only {read:,} of its {after.st_size:,} bytes could be read; upload it again")
