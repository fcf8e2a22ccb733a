"""A stream of bytes, cut into lines in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from iotagg.core.beside import ahead
from iotagg.core.inflating import inflated

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
    """The text of complete lines that were read together; each ends with a LF, but for the last one of a file."""

    text: memoryview

    def split(self) -> tuple[list[bytes], bool]:
        """Return the lines without their LF, and whether any of them holds a quote."""
        text = bytes(self.text)
        lines = text.split(b"\n")
        if not lines[-1]:
            del lines[-1]
        return lines, b'"' in text


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

    def readinto(self, buffer: memoryview, /) -> int:  # what isal wants
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


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
    return ahead(inflated(replayed, BLOCK))


def lines(content: Iterable[bytes]) -> Iterator[Batch | Overlong]:
    """Yield the lines of blocks (none longer than 1 MiB), in batches; a line that is too long comes alone.

    What is a line, and which are too long, depends on the bytes alone, never on where the blocks were cut.
    """
    carried = b""
    skipping = False
    for block in content:
        first = block.find(b"\n") + 1
        if not skipping:
            carried += block[: first or None]
            if len(carried) - bool(first) > MAX_LINE:
                yield Overlong(carried[:MAX_LINE])  # at once: it may have no end
                skipping, carried = True, b""
        if not first:
            continue
        if not skipping:
            yield Batch(memoryview(carried))
        skipping = False
        last = block.rfind(b"\n") + 1
        if last > first:
            yield Batch(memoryview(block)[first:last])
        carried = block[last:]
    if carried:
        yield Batch(memoryview(carried))
