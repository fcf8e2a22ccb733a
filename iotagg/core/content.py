"""A file's content as it passes by: its hash, and the hashes of its beginnings."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from iotagg.core.beside import Taker
from iotagg.core.lines import ByteStream, blocks

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator


class HashedContent:
    """Blocks on their way to the reader, hashed with SHA-256 beside their reading.

    `prefixes` gets the hash of the content's beginning for each length that is asked for, once it is reached.
    """

    def __init__(self, content: Iterator[bytes], prefix_lengths: Iterable[int]) -> None:
        self._content = content
        self._hash = hashlib.sha256()
        self._wanted = sorted(set(prefix_lengths), reverse=True)
        self.length = 0
        self.prefixes: dict[int, str] = {}

    def __iter__(self) -> Generator[bytes]:
        hashing = Taker(self._take)
        try:
            for block in self._content:
                hashing.give(block)
                yield block
        finally:
            hashing.finish()

    def _take(self, block: bytes) -> None:
        start = 0
        while self._wanted and self._wanted[-1] <= self.length + len(block) - start:
            end = start + self._wanted[-1] - self.length
            self._update(block[start:end])
            start = end
            self.prefixes[self._wanted.pop()] = self.digest()
        self._update(block[start:] if start else block)

    def _update(self, part: bytes) -> None:
        self._hash.update(part)
        self.length += len(part)

    def digest(self) -> str:
        """Return the hash of what has passed so far, as 64 hexadecimal digits; of all of it, once that has passed."""
        return self._hash.hexdigest()


def beginning_digest(stream: ByteStream, length: int) -> str:
    """Return the SHA-256 of the first `length` bytes of a stream's (decompressed) content; empty if it is shorter."""
    content = HashedContent(blocks(stream), [length])
    passing, passed = iter(content), 0
    for block in passing:
        passed += len(block)
        if passed >= length:
            break
    passing.close()
    return content.prefixes.get(length, "")


def content_digest(stream: ByteStream) -> tuple[str, int]:
    """Return the SHA-256 and the length of a stream's (decompressed) content, without reading what it says."""
    content = HashedContent(blocks(stream), ())
    for _ in content:
        pass
    return content.digest(), content.length
