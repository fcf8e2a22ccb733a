"""The message of the chunks queue: which chunks of which contribution are to reach which revision."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iotagg.aws.queues import Draft
from iotagg.core.cells import printable
from iotagg.core.contribution import Name
from iotagg.core.values import checked_site
from iotagg.errors import InvalidValue, Unintelligible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from iotagg.core.contribution import Head

VERSION = 1
MOST_CHUNKS = 50  # of one message: a minute's work even where every transaction takes a second
_NAME = re.compile("[0-9a-f]{64}-[0-9a-f]{16}")
_MOST = 10**9  # chunks, or revisions: more than there ever are
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class ChunkRange:
    """Chunks `first` to `last` (both included) of a contribution, all of one bucket, and the revision for them."""

    name: Name
    revision: int
    first: int
    last: int

    @property
    def numbers(self) -> range:
        """The numbers of the chunks."""
        return range(self.first, self.last + 1)

    def body(self) -> str:
        """Return the message, version 1."""
        return json.dumps(
            {
                "version": VERSION,
                "site": self.name.site,
                "contribution": str(self.name),
                "revision": self.revision,
                "chunks": [self.first, self.last],
            }
        )

    @classmethod
    def parse(cls, body: str) -> ChunkRange:
        """Return what a message says. Raises Unintelligible."""
        try:
            fields: Any = json.loads(body)
            return cls._of(fields)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, InvalidValue):
            raise Unintelligible(
                "this message of the chunks queue names no chunks, let nothing else send there; it begins"
                f" '{printable(body[:_SHOWN])}'"
            ) from None

    @classmethod
    def _of(cls, fields: Any) -> ChunkRange:
        first, last = fields["chunks"]
        if not _NAME.fullmatch(fields["contribution"]):
            raise ValueError(fields)  # it would be a key of the table that nobody ever wrote
        name = Name.parse(checked_site(fields["site"]), fields["contribution"])
        found = cls(name, _whole(fields["revision"]), _whole(first), _whole(last))
        in_order = 0 <= found.first <= found.last < _MOST and 1 <= found.revision < _MOST
        if fields["version"] != VERSION or not in_order:
            raise ValueError(fields)
        return found

    def draft(self, bucket: int) -> Draft:
        """Return the message as it is sent: those of a site and bucket one after the other, each once in 5 minutes."""
        body = self.body()
        once = hashlib.sha256(body.encode()).hexdigest()
        return Draft(body, group=f"{self.name.site}#{bucket}", once=once)


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def drafts(head: Head, revision: int, numbers: Collection[int]) -> Iterator[Draft]:
    """Yield the messages that bring chunks of a contribution to a revision: each of one bucket, and not too long."""
    run: list[int] = []
    for number in sorted(numbers):
        if run and (number != run[-1] + 1 or head.buckets[number] != head.buckets[run[0]] or len(run) == MOST_CHUNKS):
            yield _draft(head, revision, run)
            run = []
        run.append(number)
    if run:
        yield _draft(head, revision, run)


def _draft(head: Head, revision: int, run: list[int]) -> Draft:
    return ChunkRange(head.name, revision, run[0], run[-1]).draft(head.buckets[run[0]])
