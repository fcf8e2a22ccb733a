"""A contribution in its cut, put together again from its chunks: for another store, or with something taken out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from iotagg.core.contribution import Contribution, packed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.core.contribution import Chunk, Head


def reassembled(head: Head, chunks: Iterable[Chunk]) -> Contribution:
    """Return a contribution of these chunks, in this order: as many as the head says, which learns their lengths anew.

    Two builds of zlib may compress alike content differently; what is counted does not depend on it. Raises ValueError
    when there are more or fewer chunks.
    """
    members = tuple(packed(chunk) for chunk in chunks)
    if len(members) != head.chunks:
        raise ValueError(f"{len(members)} chunks of a contribution that has {head.chunks}")
    return Contribution(replace(head, chunk_bytes=tuple(map(len, members))), members)
