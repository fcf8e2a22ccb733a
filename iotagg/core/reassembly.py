"""A contribution in its cut, put together again from its chunks: for another store, or with something taken out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from iotagg.core.contribution import Contribution, packed
from iotagg.core.intact import intact
from iotagg.core.metrics import FLOWS
from iotagg.core.pair_month import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.core.contribution import Chunk, Head


def reassembled(head: Head, chunks: Iterable[Chunk]) -> Contribution:
    """Return a contribution of these chunks, in this order: as many as the head says, which learns their lengths anew.

    Two builds of zlib may compress alike content differently; what is counted does not depend on it. Raises Damaged
    when there are more or fewer chunks, or they add up to something else than the head says: a copy may have been in
    other hands.
    """
    totals = dict.fromkeys(head.totals, 0)
    members = tuple(packed(_added(chunk, totals)) for chunk in chunks)
    with intact(f"contribution {head.name} at site {head.name.site}"):
        if len(members) != head.chunks:
            raise ValueError(f"{len(members)} chunks of a contribution that has {head.chunks}")
        if members and totals != head.totals:
            raise ValueError(f"its chunks hold {totals[FLOWS]:,} flows, its head {head.totals[FLOWS]:,}, or other sums")
    return Contribution(replace(head, chunk_bytes=tuple(map(len, members))), members)


def _added(chunk: Chunk, totals: dict[str, int]) -> Chunk:
    with intact("a chunk of a contribution"):
        for row in chunk:
            if not KNOWN.issuperset(row.sums) or min(row.sums.values()) < 0:
                raise ValueError(f"no file adds what it has of {row.source} and {row.destination}")
            for name in totals:
                totals[name] += row.sums.get(name, 0)
    return chunk
