"""A contribution's stored form, read from its first byte to its last: each chunk, or why it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iotagg.auditing.rows import examined
from iotagg.core.contribution import bucket_of, head_of, largest_days, read_chunk
from iotagg.core.intact import SIGNS
from iotagg.core.metrics import FLOWS, FLOWS_LETTER, METRICS
from iotagg.errors import Damaged, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.core.contribution import Chunk, Head, Name
    from iotagg.core.lines import ByteStream
    from iotagg.stores.protocol import Store

# What reading something damaged raises.
DAMAGE = (Damaged, InvalidValue, *SIGNS)
_TOTALS = (FLOWS, *(metric.stored for metric in METRICS))
_BLOCK = 1 << 20


@dataclass(slots=True)
class Found:
    """What the chunks of a contribution add up to, and what was wrong with them."""

    faults: list[str] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_TOTALS, 0))
    pairs: int = 0
    pair_months: int = 0
    pair_days: int = 0
    first_day: str = ""
    last_day: str = ""
    flows: dict[str, int] = field(default_factory=dict)
    complete: bool = True
    last: tuple[int, str, str, str] = (-1, "", "", "")

    def add(self, number: int, bucket: int, chunk: Chunk) -> Chunk:
        """Add a chunk's rows; return those that are as they have to be."""
        sound = []
        for row in chunk:
            fault, days = examined(row)
            fault = self._place_fault(bucket, row.source, row.destination, row.month) or fault
            if fault:
                self.faults.append(f"chunk {number}: {row.source} -> {row.destination} {row.month}: {fault}")
            else:
                self._add_sums(row.month, row.sums, days)
                sound.append(row)
        if not chunk:
            self.faults.append(f"chunk {number} is empty")
        self.complete = self.complete and len(sound) == len(chunk)
        return sound

    def _place_fault(self, bucket: int, source: str, destination: str, month: str) -> str:
        before, self.last = self.last, (bucket, source, destination, month)
        self.pairs += before[:3] != self.last[:3]
        if bucket != bucket_of(source, destination):
            return f"it is in bucket {bucket}, and belongs into {bucket_of(source, destination)}"
        return "" if before < self.last else "it stands out of order"

    def _add_sums(self, month: str, sums: dict[str, int], days: list[str]) -> None:
        self.pair_months += 1
        self.pair_days += len(days)
        first, last = f"{month}-{min(days)}", f"{month}-{max(days)}"
        self.first_day = min(first, self.first_day or first)
        self.last_day = max(last, self.last_day)
        for day in days:
            named = f"{month}-{day}"
            self.flows[named] = self.flows.get(named, 0) + sums[f"{FLOWS_LETTER}{day}"]
        for name in _TOTALS:
            self.totals[name] += sums.get(name, 0)

    def against(self, head: Head) -> Iterator[str]:
        """Yield what the head says otherwise; nothing where some chunk could not be read."""
        if not self.complete:
            return
        for name in ("pairs", "pair_months", "pair_days", "first_day", "last_day"):
            if getattr(self, name) != getattr(head, name):
                yield f"its {name.replace('_', ' ')}: {getattr(head, name)}, its chunks have {getattr(self, name)}"
        if head.days and head.days != largest_days(self.flows):  # older heads have none
            yield "its flows by day: others than its chunks have"
        for name, value in self.totals.items():
            if head.totals.get(name) != value:
                yield f"its total of {name}: {head.totals.get(name)}, its chunks have {value}"


def chunks_of(store: Store, head: Head, found: Found) -> Iterator[tuple[int, Chunk | None]]:
    """Yield each chunk with its number, None for one that cannot be read. What is wrong is added to `found`.

    Raises NotFound where nothing is stored.
    """
    with store.stored(head.name) as (stream, length, known_begin):
        begin = length - sum(head.chunk_bytes)
        if begin != known_begin:
            found.faults.append(f"its first chunk begins at byte {begin}, and is looked for at {known_begin}")
        _check_head(_exactly(stream, max(begin, 0)), head, found)
        for number, size in enumerate(head.chunk_bytes):
            try:
                chunk = read_chunk(_exactly(stream, size))
                for row in chunk:
                    row.sums  # noqa: B018 (what cannot be parsed is found now)
            except DAMAGE as error:
                found.faults.append(f"chunk {number} cannot be read: {said(error)}")
                found.complete = False
                yield number, None
            else:
                yield number, chunk
        if stream.read(1):
            found.faults.append("it goes on after its last chunk")


def _check_head(stored: bytes, head: Head, found: Found) -> None:
    try:
        standing, end = head_of(stored)
    except DAMAGE as error:
        found.faults.append(f"its stored head cannot be read: {said(error)}")
        return
    if standing != head:
        found.faults.append("its stored head is not what is known of it")
    if end != len(stored):
        found.faults.append(f"its stored head is {end} bytes long, and its first chunk begins at byte {len(stored)}")


def _exactly(stream: ByteStream, size: int) -> bytes:
    pieces = []
    while size > 0 and (piece := stream.read(min(size, _BLOCK))):
        pieces.append(piece)
        size -= len(piece)
    if size > 0:
        raise EOFError("it ends too early")
    return b"".join(pieces)


def said(error: BaseException) -> str:
    """Return what an error says, in one line."""
    return str(error).partition("\n")[0] or type(error).__name__


def reject_faults(store: Store, name: Name, rejected: int, lines: int, *, or_none: bool = False) -> Iterator[str]:
    """Yield what is wrong with the rejected lines kept under a name; `or_none` allows that there are none."""
    last = kept = 0
    try:
        for reject in store.rejects(name):
            if not last < reject.line <= lines:
                yield f"rejected line {reject.line} follows line {last} of {lines}"
                return
            last, kept = reject.line, kept + 1
    except DAMAGE as error:
        yield f"its rejected lines cannot be read: {said(error)}"
        return
    if kept != rejected and (kept or not or_none):
        yield f"{rejected} lines were rejected, {kept} are kept"
