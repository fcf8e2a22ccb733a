"""The rejected lines of a file: number, reason and text of each, kept without filling the memory."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from heapq import merge
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from iotagg.core.intact import intact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from iotagg.core.lines import ByteStream

MAX_TEXT = 1024
_LINES_PER_MEMBER = 1000
_MOST_LINE = 1 << 22  # bytes of one stored line: many times what there ever are
_LEVEL = 1  # rejects are written while a file is read: fast beats small


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that was not counted: its number (from 1), why, and its text, cut to 1 KB."""

    line: int
    reason: str
    text: str


class RejectLog:
    """Rejected lines in the order of their numbers, as gzip members of JSON lines, in a file that the caller gives."""

    def __init__(self, new_file: Callable[[], BinaryIO]) -> None:
        self._new_file = new_file
        self._file: BinaryIO | None = None
        self._waiting: list[bytes] = []
        self.count = 0

    def add(self, line: int, reason: str, text: bytes) -> None:
        """Keep one rejected line; lines come in the order of their numbers."""
        self._put(Reject(line, reason, text[:MAX_TEXT].decode("utf-8", "backslashreplace")))

    def merged(self, other: RejectLog) -> RejectLog:
        """Return a log of the lines of both, in the order of their numbers."""
        both = RejectLog(self._new_file)
        for reject in merge(self, other, key=lambda reject: reject.line):
            both._put(reject)
        return both

    def members(self) -> Iterator[bytes]:
        """Yield the log as gzip members of up to 1,000 lines each; together they are one gzip file."""
        self._flush()
        if self._file is None:
            return
        self._file.seek(0)
        while length := self._file.read(8):
            yield self._file.read(int.from_bytes(length, "big"))
        self._file.seek(0, 2)

    def __iter__(self) -> Iterator[Reject]:
        for member in self.members():
            yield from read_rejects(member)

    def _put(self, reject: Reject) -> None:
        self._waiting.append(_line(reject))
        self.count += 1
        if len(self._waiting) >= _LINES_PER_MEMBER:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._file is None:
            self._file = self._new_file()
        member = _member(self._waiting)
        self._file.write(len(member).to_bytes(8, "big") + member)
        self._waiting.clear()


def pack(content: bytes, level: int, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """Return content as one gzip member, without the time or the name that would make it differ between runs."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy)
    return compressor.compress(content) + compressor.flush()


def packed_rejects(rejects: Iterable[Reject]) -> Iterator[bytes]:
    """Yield rejected lines, given in the order of their numbers, as gzip members of up to 1,000 lines each."""
    lines = map(_line, rejects)
    while together := list(islice(lines, _LINES_PER_MEMBER)):
        yield _member(together)


_as_json = json.JSONEncoder(ensure_ascii=False).encode


def _line(reject: Reject) -> bytes:
    return _as_json({"line": reject.line, "reason": reject.reason, "text": reject.text}).encode()


def _member(lines: list[bytes]) -> bytes:
    return pack(b"\n".join(lines) + b"\n", _LEVEL)


def read_rejects(member: bytes, of: str = "a file") -> Iterator[Reject]:
    """Yield the rejected lines that one gzip member holds. Raises Damaged, naming what they are `of`."""
    yield from stored_rejects(BytesIO(member), of)


def stored_rejects(stream: ByteStream, of: str = "a file") -> Iterator[Reject]:
    """Yield the rejected lines that a gzip file of one or more members holds, as it is read. Raises Damaged."""
    with (
        intact(f"what is kept of the rejected lines of {of}"),
        gzip.GzipFile(fileobj=stream, mode="rb") as content,  # type: ignore[call-overload]  # it only reads
    ):
        while line := content.readline(_MOST_LINE):
            yield _reject(**json.loads(line))


def _reject(line: int, reason: str, text: str) -> Reject:
    if [type(line), type(reason), type(text)] != [int, str, str]:
        raise TypeError("there is something else than a line's number, reason and text")
    return Reject(line, reason, text)
