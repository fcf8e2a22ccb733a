"""Answers that hold for as long as what they were made from stands in the store: many look at the same pair."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable

    from iotagg.web.changes import Version

MOST_BYTES = 16 << 20
_ETAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """The content of an answer, and its entity tag."""

    content: bytes
    tag: str

    @classmethod
    def of(cls, text: str) -> Answer:
        """Return the answer that a text is."""
        content = text.encode()
        return cls(content, f'"{blake2b(content, digest_size=_ETAG_BYTES).hexdigest()}"')


class Digested(Protocol):
    """What an answer is made from."""

    def digest(self) -> bytes:
        """Return what is another one where another answer would be made."""
        ...


@dataclass(frozen=True, slots=True)
class Before:
    """An answer, what it was made from (a digest of that), and a version of the store in which that was so."""

    answer: Answer
    made_from: bytes
    version: str


class Kept:
    """Answers by what was asked; who was not asked for longest is forgotten first.

    An answer holds while the store has the version that it was given in, and after that for as long as the store still
    holds what it was made from. For one thread. Without a version, nothing is kept.
    """

    def __init__(self, source: Version | None = None, most_bytes: int = MOST_BYTES) -> None:
        self._source = source
        self._most = most_bytes
        self._answers: OrderedDict[Hashable, Before] = OrderedDict()
        self._bytes = 0

    def version(self) -> str:
        """Return the version that the store has now, "" where nobody knows. Raises StoreError.

        What is read after that is at least as new.
        """
        return self._source.read() if self._source is not None else ""

    def get(self, asked: Hashable) -> Before | None:
        """Return what was answered before, if it is known."""
        before = self._answers.get(asked)
        if before is not None:
            self._answers.move_to_end(asked)
        return before

    def put(self, asked: Hashable, before: Before) -> None:
        """Keep an answer; its version is one that the store had before it was read."""
        if not before.version:
            return
        replaced = self._answers.pop(asked, None)
        self._bytes += len(before.answer.content) - (len(replaced.answer.content) if replaced else 0)
        self._answers[asked] = before
        while self._bytes > self._most:
            _, forgotten = self._answers.popitem(last=False)
            self._bytes -= len(forgotten.answer.content)

    def close(self) -> None:
        """Let go of the store."""
        if self._source is not None:
            self._source.close()
