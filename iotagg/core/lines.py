"""A stream of bytes, cut into lines in bounded memory."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from iotagg.errors import FileRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BLOCK = 1 << 18
MAX_LINE = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


class ByteStream(Protocol):
    """Whatever gives bytes when read; it need not be seekable."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and none at the end only."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Complete lines that were read together, and whether any of them may hold a quote."""

    lines: list[bytes]
    quoted: bool


@dataclass(frozen=True, slots=True)
class Overlong:
    """A line of more than 1 MiB, of which only the beginning was kept."""

    beginning: bytes


class _Replayed:
    # A stream whose first bytes were read to see what it is, and are given out again.
    def __init__(self, beginning: bytes, stream: ByteStream) -> None:
        self._beginning = beginning
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        if self._beginning:
            given, self._beginning = self._beginning[:size], self._beginning[size:]
            return given
        return self._stream.read(size)


def blocks(stream: ByteStream) -> Iterator[bytes]:
    """Yield a stream's content in blocks of at most 256 KiB, decompressed when it is gzip (known by its content).

    Raises FileRefused when compressed content is damaged or ends early.
    """
    beginning = stream.read(BLOCK)
    while len(beginning) < len(_GZIP_MAGIC) and (more := stream.read(BLOCK)):
        beginning += more
    replayed = _Replayed(beginning, stream)
    if not beginning.startswith(_GZIP_MAGIC):
        return iter(lambda: replayed.read(BLOCK), b"")
    return _decompressed(replayed)


def _decompressed(stream: _Replayed) -> Iterator[bytes]:
    # GzipFile reads members one after the other and gives out no more than is asked for, however well it compressed.
    with gzip.GzipFile(fileobj=stream, mode="rb") as content:  # type: ignore[call-overload]  # it only reads
        while True:
            try:
                block = content.read(BLOCK)
            except EOFError:
                raise FileRefused("the gzip content ends early: the file was cut; fetch it again") from None
            except (gzip.BadGzipFile, zlib.error) as error:
                raise FileRefused(f"the gzip content is damaged ({error}); fetch it again") from None
            if not block:
                return
            yield block


def lines(content: Iterable[bytes]) -> Iterator[Batch | Overlong]:
    """Yield the lines of blocks (none longer than 1 MiB), in batches, without their LF; a line too long comes alone.

    What is a line, and which are too long, depends on the bytes alone, never on where the blocks were cut.
    """
    carried = b""
    cut: bytes | None = None
    for block in content:
        text = carried + block
        *complete, carried = text.split(b"\n")
        if cut is not None:
            if not complete:
                carried = b""
                continue
            yield Overlong(cut)
            cut = None
            del complete[0]
        if complete and len(complete[0]) > MAX_LINE:
            yield Overlong(complete.pop(0)[:MAX_LINE])
        if complete:
            yield Batch(complete, quoted=b'"' in text)
        if len(carried) > MAX_LINE:
            cut, carried = carried[:MAX_LINE], b""
    if cut is not None:
        yield Overlong(cut)
    elif carried:
        yield Batch([carried], quoted=b'"' in carried)
