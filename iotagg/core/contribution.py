"""Everything that one file adds, cut into chunks once and stored in that cut.

A contribution's stored form is a gzip file of several members, so that `zcat` shows it and a range of its bytes holds a
range of its chunks. The first member is the head, one line of JSON; each further member is a chunk, a line of JSON for
each pair-month. The cut depends on what is added alone: pair-months are put into buckets by their pair, sorted by
source, destination and month within a bucket, and every 96 of them make a chunk.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby, islice
from operator import add, itemgetter
from typing import TYPE_CHECKING, Any

from iotagg.core.cells import printable
from iotagg.core.intact import intact
from iotagg.core.metrics import FLOWS, METRICS
from iotagg.core.moments import MAX_SUM, checked
from iotagg.core.pair_month import RUNNING, PairMonth, line_of, rows_of, text_of, text_of_day
from iotagg.core.rejects import pack
from iotagg.core.values import is_site
from iotagg.errors import FileRefused, InvalidValue, NotFound, NumberTooLarge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from iotagg.core.dialect import ReadingOptions
    from iotagg.core.flows import FileTotals
    from iotagg.core.judge import PairDay

FORMAT = 1
READER = 1
BUCKETS = 16
CHUNK = 96  # with its marker a chunk stays below the 100 actions of one DynamoDB transaction
_LEVEL = 6
# Figures hardly repeat, their names always do: with short matches left aside (`Z_FILTERED`), this is as small as level
# 6 without, in two thirds of its time (measured: see docs/explanation/cost-and-speed.md).
_CHUNK_LEVEL = 4
_CHUNK_STRATEGY = zlib.Z_FILTERED
_MOST_HEAD, _MOST_CHUNK = 1 << 26, 1 << 22  # bytes of text, a hundred and ten times what there ever are
_HEXADECIMAL = re.compile("[0-9a-f]+")
MOST_DAYS = 400  # of which a head tells the flows: a year and a month; a file holds one day, or a few
_LINE_COUNTS = frozenset(("lines", "headers", "blank", "counted", "rejected"))
_TOTALS = (FLOWS, *(metric.stored for metric in METRICS))


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """What names a contribution: the site, the content's SHA-256 and the digest of the reading options."""

    site: str
    content: str
    options: str

    def __str__(self) -> str:
        return f"{self.content}-{self.options}"

    @classmethod
    def parse(cls, site: str, text: str) -> Name:
        """Return the name that str() gave, at a site. Raises InvalidValue."""
        content, dash, options = text.partition("-")
        if not (content and dash and options):
            raise InvalidValue(f"'{text}' is no contribution's name")
        return cls(site, content, options)


def no_contribution(name: Name) -> NotFound:
    """Return what to raise for a contribution that is not there; what names it may be damaged."""
    return NotFound(f"no contribution {printable(str(name))} at site {printable(name.site)}")


Chunk = list[PairMonth]


@dataclass(frozen=True, slots=True)
class Head:
    """What a contribution says of itself: what was read and how, what came out, and where its chunks lie.

    `chunk_bytes` are the lengths of the chunks' gzip members, in order; `reading` the options as they were given.
    `days` are the flows of each day (`2022-12-06`), sorted, of the MOST_DAYS that have most; older heads have none.
    """

    name: Name
    reading: dict[str, Any]
    reader: int
    length: int
    lines: dict[str, int]
    day_order: str
    totals: dict[str, int]
    pairs: int
    pair_months: int
    pair_days: int
    first_day: str
    last_day: str
    buckets: tuple[int, ...]
    chunk_bytes: tuple[int, ...]
    days: dict[str, int] = field(default_factory=dict)

    @property
    def chunks(self) -> int:
        """The number of chunks."""
        return len(self.chunk_bytes)

    def emptied(self) -> Head:
        """Return the head of what was erased: what was read and what became of it, without chunks and days."""
        return replace(self, buckets=(), chunk_bytes=(), days={})

    def as_json(self) -> dict[str, Any]:
        """Return the head as it is stored."""
        days = {"days": self.days} if self.days else {}  # so that an older head comes out as it was
        return {
            "format": FORMAT,
            "site": self.name.site,
            "content": self.name.content,
            "options": self.name.options,
            "reading": self.reading,
            "reader": self.reader,
            "length": self.length,
            "lines": self.lines,
            "day_order": self.day_order,
            "totals": self.totals,
            "pairs": self.pairs,
            "pair_months": self.pair_months,
            "pair_days": self.pair_days,
            "first_day": self.first_day,
            "last_day": self.last_day,
            "chunks": [list(chunk) for chunk in zip(self.buckets, self.chunk_bytes, strict=True)],
            **days,
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Head:
        """Return the head that as_json() gave. Raises Damaged, and InvalidValue for a format of a newer iotagg."""
        with intact("the head of a contribution"):
            if type(fields["format"]) is int and fields["format"] > FORMAT:
                raise InvalidValue(
                    f"a contribution of format {fields['format']}; this iotagg knows {FORMAT}: upgrade it"
                )
            chunks = fields["chunks"]
            head = cls(
                name=Name(fields["site"], fields["content"], fields["options"]),
                buckets=tuple(bucket for bucket, _ in chunks),
                chunk_bytes=tuple(length for _, length in chunks),
                days=fields.get("days", {}),
                **{key: fields[key] for key in _COPIED},
            )
            if fields["format"] != FORMAT or not head._is_possible():
                raise ValueError("no head was ever stored so")
            return head

    @classmethod
    def parse(cls, text: str) -> Head:
        """Return the head of which a text is the JSON. Raises as from_json() does."""
        with intact("the head of a contribution"):
            fields = json.loads(text)
        return cls.from_json(fields)

    def _is_possible(self) -> bool:
        # Whether each part is of its kind. That they fit together is for an audit to say.
        name = self.name
        return (
            is_site(name.site)
            and all(map(_HEXADECIMAL.fullmatch, (name.content, name.options)))
            and {str} == set(map(type, (self.day_order, self.first_day, self.last_day)))
            and type(self.reading) is dict
            and self.lines.keys() >= _LINE_COUNTS
            and FLOWS in self.totals
            and _are_counts(self.lines.values())
            and _are_counts(self.totals.values())
            and _are_counts((self.reader, self.length, self.pairs, self.pair_months, self.pair_days))
            and _are_counts(self.chunk_bytes)
            and _are_counts(self.buckets)
            and max(self.buckets, default=0) < BUCKETS
            and type(self.days) is dict
            and all(date.fromisoformat(day).isoformat() == day for day in self.days)
            and _are_counts(self.days.values())
        )


def _are_counts(values: Collection[object]) -> bool:
    return set(map(type, values)) <= {int} and min(values, default=0) >= 0  # type: ignore[type-var, operator]  # all are whole numbers there


_COPIED = (
    *("reading", "reader", "length", "lines", "day_order", "totals"),
    *("pairs", "pair_months", "pair_days", "first_day", "last_day"),
)


@dataclass(frozen=True, slots=True)
class Contribution:
    """A contribution in its stored form: the head and a gzip member for each chunk."""

    head: Head
    members: tuple[bytes, ...]

    def stored(self) -> bytes:
        """Return the stored form, whole."""
        head = json.dumps(self.head.as_json(), separators=(",", ":")).encode() + b"\n"
        return pack(head, _LEVEL) + b"".join(self.members)


def bucket_of(source: str, destination: str) -> int:
    """Return the bucket in which a pair always travels: CRC-32 of both addresses, modulo 16."""
    return zlib.crc32(f"{source}\0{destination}".encode()) % BUCKETS


def cut(totals: FileTotals, site: str, options: ReadingOptions) -> Contribution:
    """Return the contribution of a file that was read; empties `totals.days` on the way, to save memory.

    Raises FileRefused when a sum needs more than 38 digits.
    """
    days = totals.days
    pair_days, pairs = len(days), len({(source, destination) for source, destination, _ in days})
    flows_of_day = _flows_of_days(days)
    observed = list(flows_of_day)
    file_totals = _file_totals(days)
    if max(file_totals.values()) > MAX_SUM:  # else no pair's can be, which is a part of it
        _check_pair_months(days)
    cut_chunks = [(bucket, len(lines), _member(lines)) for bucket, lines in _chunks(days)]
    head = Head(
        name=Name(site, totals.content, options.digest()),
        reading=options.as_json(),
        reader=READER,
        length=totals.length,
        lines={
            "lines": totals.lines.lines,
            "headers": totals.lines.headers,
            "blank": totals.lines.blank,
            "counted": totals.lines.counted,
            "rejected": totals.lines.rejected,
        },
        day_order=totals.day_order,
        totals={name: file_totals[name] for name in _TOTALS},
        pairs=pairs,
        pair_months=sum(rows for _, rows, _ in cut_chunks),
        pair_days=pair_days,
        first_day=observed[0] if observed else "",
        last_day=observed[-1] if observed else "",
        buckets=tuple(bucket for bucket, _, _ in cut_chunks),
        chunk_bytes=tuple(len(member) for _, _, member in cut_chunks),
        days=largest_days(flows_of_day),
    )
    return Contribution(head, tuple(member for _, _, member in cut_chunks))


def largest_days(flows: dict[str, int]) -> dict[str, int]:
    """Return the flows of the MOST_DAYS days that have most, sorted by day; of days with as many, the earlier ones."""
    kept = sorted(sorted(flows), key=flows.__getitem__, reverse=True)[:MOST_DAYS]
    return {day: flows[day] for day in sorted(kept)}


def head_of(stored: bytes) -> tuple[Head, int]:
    """Return the head of a stored contribution, given its first bytes, and where its first chunk begins.

    Raises Damaged, and ValueError when the bytes are too few.
    """
    member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    with intact("the head of a contribution"):
        text = member.decompress(stored, _MOST_HEAD)
        if member.unconsumed_tail:
            raise ValueError("it is longer than any")
        if member.eof:
            return Head.from_json(json.loads(text)), len(stored) - len(member.unused_data)
    raise ValueError(f"the head is longer than the {len(stored):,} bytes that were read of it")


def packed(chunk: Chunk) -> bytes:
    """Return the gzip member that holds a chunk."""
    return _member([line_of(row.source, row.destination, row.month, row.text) for row in chunk])


def _member(lines: list[str]) -> bytes:
    return pack("".join(lines).encode(), _CHUNK_LEVEL, _CHUNK_STRATEGY)


def read_chunk(member: bytes, of: str = "a contribution") -> Chunk:
    """Return the chunk that one gzip member holds. Raises Damaged, naming what it is a chunk `of`.

    It does not look at the sums: that is done when they are asked for.
    """
    with intact(f"a chunk of {of}"):
        inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        text = inflater.decompress(member, _MOST_CHUNK)
        if not inflater.eof or inflater.unused_data:
            raise ValueError("it is longer or shorter than it was")
        return rows_of(text.decode())


def chunk_ranges(head: Head, start: int) -> list[tuple[int, int]]:
    """Return where each chunk begins and ends in the stored form, whose first chunk begins at `start`."""
    ranges = []
    for length in head.chunk_bytes:
        ranges.append((start, start + length))
        start += length
    return ranges


def _flows_of_days(days: dict[PairDay, list[int]]) -> dict[str, int]:
    flows: dict[str, int] = {}
    for (_, _, day), figures in days.items():
        flows[day] = flows.get(day, 0) + figures[0]
    return dict(sorted(flows.items()))


def _file_totals(days: dict[PairDay, list[int]]) -> dict[str, int]:
    return {name: sum(map(itemgetter(place), days.values())) for place, name in enumerate(RUNNING)}


def _check_pair_months(days: dict[PairDay, list[int]]) -> None:
    running: dict[PairDay, list[int]] = {}
    for (source, destination, day), figures in days.items():
        key = (source, destination, day[:7])
        running[key] = list(map(add, running[key], figures)) if key in running else figures
    try:
        for (source, destination, month), sums in sorted(running.items()):
            checked(max(sums), f"the traffic from {source} to {destination} in {month}")
    except NumberTooLarge as error:
        raise FileRefused(str(error)) from None


def _chunks(days: dict[PairDay, list[int]]) -> Iterator[tuple[int, list[str]]]:
    buckets: list[list[PairDay]] = [[] for _ in range(BUCKETS)]
    for key in days:
        buckets[bucket_of(key[0], key[1])].append(key)
    for bucket, keys in enumerate(buckets):
        # Joined by what is in no part and below all that is, keys compare as their parts do, and sooner.
        keys.sort(key="\0".join)
        lines = _lines(keys, days)
        while chunk := list(islice(lines, CHUNK)):
            yield bucket, chunk


def _lines(keys: list[PairDay], days: dict[PairDay, list[int]]) -> Iterator[str]:
    for (source, destination, month), group in groupby(keys, key=lambda key: (key[0], key[1], key[2][:7])):
        running: list[int] = []
        texts = ""
        for key in group:
            figures = days.pop(key)
            running = list(map(add, running, figures)) if running else figures
            texts += text_of_day(key[2][8:], figures)
        yield line_of(source, destination, month, text_of(running, texts))
