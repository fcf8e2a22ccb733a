"""What remains of a contribution when a device is taken out of it: under another name, as if read otherwise.

Its name depends on what remains alone, so that whoever takes the same out of the same finds what stands already, and
nobody takes something else for it. The device is named nowhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from iotagg.core.contribution import Contribution, largest_days, packed
from iotagg.core.dialect import options_digest
from iotagg.core.history import days_of
from iotagg.core.mentions import masked
from iotagg.core.metrics import FLOWS
from iotagg.core.rejects import Reject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.core.contribution import Chunk, Head
    from iotagg.core.pair_month import PairMonth

ERASED = "erased"  # the line count, and the entry among the reading options
NOTE = "(erased on request)"
_DIGITS = 16


def is_of(row: PairMonth, device: str) -> bool:
    """Say whether a pair's month is one of a device, as its source or its destination."""
    return device in (row.source, row.destination)


def without_mention(reject: Reject, device: str) -> Reject:
    """Return a rejected line as it may stay: where it mentions the device, with a note for its text."""
    reason, text = masked(reject.reason, device), masked(reject.text, device)
    return reject if (reason, text) == (reject.reason, reject.text) else Reject(reject.line, reason, NOTE)


def remainder(head: Head, chunks: Iterable[Chunk], device: str, rejects: Iterable[Reject] = ()) -> Contribution:
    """Return what remains of a contribution, given whole, without the pair-months of a device.

    What was rejected is not part of it, but of its name: without the texts that mention the device.
    """
    rest = _Rest()
    for bucket, chunk in zip(head.buckets, chunks, strict=True):
        rest.add(bucket, [row for row in chunk if not is_of(row, device)])
    for reject in rejects:
        rest.hash_line(_line(without_mention(reject, device)))
    return Contribution(rest.head(head), tuple(rest.members))


@dataclass(slots=True)
class _Rest:
    # What is left, as chunk follows chunk: a pair's months come one after the other.
    members: list[bytes] = field(default_factory=list)
    buckets: list[int] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    pairs: int = 0
    pair_months: int = 0
    pair_days: int = 0
    first_day: str = ""
    last_day: str = ""
    flows: dict[str, int] = field(default_factory=dict)
    digest: Any = field(default_factory=hashlib.sha256)
    last_pair: tuple[str, str] = ("", "")

    def add(self, bucket: int, chunk: Chunk) -> None:
        for row in chunk:
            self._add_row(row)
        if chunk:
            self.members.append(packed(chunk))
            self.buckets.append(bucket)

    def _add_row(self, row: PairMonth) -> None:
        self.hash_line([row.source, row.destination, row.month, row.sums])
        days = days_of(row)
        for day in days:
            self.flows[day.day] = self.flows.get(day.day, 0) + day.flows
        self.pairs += (row.source, row.destination) != self.last_pair
        self.last_pair = (row.source, row.destination)
        self.pair_months += 1
        self.pair_days += len(days)
        self.first_day = min(days[0].day, self.first_day or days[0].day)
        self.last_day = max(days[-1].day, self.last_day)
        for name, value in row.sums.items():
            self.totals[name] = self.totals.get(name, 0) + value

    def hash_line(self, values: object) -> None:
        self.digest.update(json.dumps(values, sort_keys=True, separators=(",", ":")).encode() + b"\n")

    def head(self, whole: Head) -> Head:
        reading = {**whole.reading, ERASED: self.digest.hexdigest()[:_DIGITS]}
        totals = {name: self.totals.get(name, 0) for name in whole.totals}
        return replace(
            whole,
            name=replace(whole.name, options=options_digest(reading)),
            reading=reading,
            lines=_lines(whole, whole.totals[FLOWS] - totals[FLOWS]),
            totals=totals,
            pairs=self.pairs,
            pair_months=self.pair_months,
            pair_days=self.pair_days,
            first_day=self.first_day,
            last_day=self.last_day,
            buckets=tuple(self.buckets),
            chunk_bytes=tuple(map(len, self.members)),
            days=largest_days(self.flows),
        )


def _lines(whole: Head, erased: int) -> dict[str, int]:
    lines = {**whole.lines, "counted": whole.lines["counted"] - erased}
    return {**lines, ERASED: lines.get(ERASED, 0) + erased} if erased else lines


def _line(reject: Reject) -> list[object]:
    return [reject.line, reject.reason, reject.text]
