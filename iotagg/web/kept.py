"""Answers that hold for as long as nothing changes in the store: many look at the same pair."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

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


class Kept:
    """Answers by what was asked, of one version of a store; who was not asked for longest is forgotten first.

    For one thread. Without a version, nothing is kept.
    """

    def __init__(self, source: Version | None = None, most_bytes: int = MOST_BYTES) -> None:
        self._source = source
        self._most = most_bytes
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._version = ""
        self._bytes = 0

    def version(self) -> str:
        """Return the version that the store has now, "" where nobody knows. Raises StoreError.

        What is worked out after that is at least as new.
        """
        version = self._source.read() if self._source is not None else ""
        if version != self._version:
            self._answers.clear()
            self._version, self._bytes = version, 0
        return version

    def get(self, asked: Hashable) -> Answer | None:
        """Return what was answered in the version that was told last, if it is known."""
        answer = self._answers.get(asked)
        if answer is not None:
            self._answers.move_to_end(asked)
        return answer

    def put(self, asked: Hashable, answer: Answer, version: str) -> None:
        """Keep an answer that was worked out after the store had a version."""
        if not version or version != self._version or asked in self._answers:
            return
        self._answers[asked] = answer
        self._bytes += len(answer.content)
        while self._bytes > self._most:
            _, forgotten = self._answers.popitem(last=False)
            self._bytes -= len(forgotten.content)

    def close(self) -> None:
        """Let go of the store."""
        if self._source is not None:
            self._source.close()
