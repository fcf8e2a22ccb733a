"""A file's content as it passes by: its hash, and the hashes of its beginnings."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from iotagg.core.lines import ByteStream, blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class HashedContent:
    """Blocks on their way to the reader, hashed with SHA-256 as they pass.

    `prefixes` gets the hash of the content's beginning for each length that is asked for, once it is reached.
    """

    def __init__(self, content: Iterator[bytes], prefix_lengths: Iterable[int]) -> None:
        self._content = content
        self._hash = hashlib.sha256()
        self._wanted = sorted(set(prefix_lengths), reverse=True)
        self.length = 0
        self.prefixes: dict[int, str] = {}

    def __iter__(self) -> Iterator[bytes]:
        for block in self._content:
            start = 0
            while self._wanted and self._wanted[-1] <= self.length + len(block) - start:
                end = start + self._wanted[-1] - self.length
                self._update(block[start:end])
                start = end
                self.prefixes[self._wanted.pop()] = self.digest()
            self._update(block[start:])
            yield block

    def _update(self, part: bytes) -> None:
        self._hash.update(part)
        self.length += len(part)

    def digest(self) -> str:
        """Return the hash of what has passed so far, as 64 hexadecimal digits."""
        return self._hash.hexdigest()


def beginning_digest(stream: ByteStream, length: int) -> str:
    """Return the SHA-256 of the first `length` bytes of a stream's (decompressed) content; empty if it is shorter."""
    content = HashedContent(blocks(stream), [length])
    while length not in content.prefixes and next(iter(content), None) is not None:
        pass
    return content.prefixes.get(length, "")


def content_digest(stream: ByteStream) -> tuple[str, int]:
    """Return the SHA-256 and the length of a stream's (decompressed) content, without reading what it says."""
    content = HashedContent(blocks(stream), ())
    for _ in content:
        pass
    return content.digest(), content.length
