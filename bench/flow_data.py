"""Flow files for the bench, as CICFlowMeter writes them: the same size, kind and seed always make the same bytes.

84 columns, about 550 bytes a row, 20,000 pairs of which the n-th has flows in proportion to n^-1.1, on two days. A part
of the flows last as long as the meter lets them, 120 s, so that the sums of squares of large files do not fit into 64
bits. Of the kind `quotes`, a hundredth of the rows have a quoted field, which holds a comma where that is no address;
of the kind `odd`, a hundredth of the lines are a row with a quoted field, a row cut short, a row with a bad number, or
blank. Addresses are private and from documentation networks (RFC 1918, RFC 5737).
"""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from iotagg.sample.features import COLUMNS, TAILS_PER_PROTOCOL, ready_tails

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Kind = Literal["clean", "quotes", "odd"]
KINDS: tuple[Kind, ...] = ("clean", "quotes", "odd")
MEGABYTE = 1_000_000
PAIRS, EXPONENT, ODD_SHARE = 20_000, 1.1, 0.01
_FORMAT = 1  # of what is generated: files of another are made again
_ROW_BYTES = 549
_BLOCK_ROWS = 20_000
_DATES = (b"05/12/2022", b"06/12/2022")
_DAY_SECONDS = 86_400
_LONGEST_US = 120_000_000
_NETWORKS = (b"192.0.2.%d", b"198.51.100.%d", b"203.0.113.%d")
_BAD_NUMBERS = (b"NaN", b"-1", b"", b"12x")
_DURATION = 7
_GZIP_LEVEL = 6


@dataclass(slots=True)
class Lines:
    """What a file's lines are; `bytes` is its size, decompressed."""

    bytes: int = 0
    headers: int = 0
    blank: int = 0
    counted: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class FlowFile:
    """A flow file, and what its lines are; `lines` is none for a file that somebody else wrote."""

    path: Path
    lines: Lines | None = None


def flow_file(folder: Path, megabytes: int, kind: Kind = "clean", *, packed: bool = False, seed: int = 1) -> FlowFile:
    """Return a file of at least so many megabytes (less than a row more), made unless it lies in the folder already.

    A packed one is compressed by gzip at level 6.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"flows-{_FORMAT}-{seed}-{kind}-{megabytes}MB.csv{'.gz' * packed}"
    known = path.with_name(f"{path.name}.json")
    if known.exists() and path.exists():
        return FlowFile(path, Lines(**json.loads(known.read_text(encoding="utf-8"))))
    lines = Lines()
    with path.open("wb") as file:
        if packed:
            with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as content:
                content.writelines(flow_blocks(megabytes * MEGABYTE, kind, lines, seed))
        else:
            file.writelines(flow_blocks(megabytes * MEGABYTE, kind, lines, seed))
    known.write_text(json.dumps(asdict(lines)), encoding="utf-8")
    return FlowFile(path, lines)


def flow_blocks(size: int, kind: Kind, lines: Lines, seed: int = 1) -> Iterator[bytes]:
    """Yield a file's content up to the first row that reaches `size` bytes, and count its lines in `lines`."""
    header = f"{COLUMNS}\n".encode("ascii")
    lines.bytes, lines.headers = len(header), 1
    yield header
    rows = _Rows(seed, max(1, size // _ROW_BYTES))
    spoil = _Spoiler(kind, seed)
    while lines.bytes < size:
        block = spoil.some(rows.next_block())
        text, count = _up_to(block, size - lines.bytes)
        lines.bytes += len(text)
        spoil.count(lines, count)
        yield text


def _up_to(rows: list[bytes], size: int) -> tuple[bytes, int]:
    text = b"".join(rows)
    if len(text) <= size:
        return text, len(rows)
    ends = np.cumsum([len(row) for row in rows])
    count = int(np.searchsorted(ends, size)) + 1
    return text[: int(ends[count - 1])], count


class _Rows:
    # Rows in the order of their times, which are spread evenly over the days as if there were `expected` rows.
    def __init__(self, seed: int, expected: int) -> None:
        self._chance = np.random.Generator(np.random.PCG64(seed))
        self._expected = expected
        self._made = 0
        shares = np.arange(1, PAIRS + 1) ** -EXPONENT
        self._shares = np.cumsum(shares / shares.sum())
        self._beginnings = [_beginning(pair) for pair in range(PAIRS)]
        self._tails = [tail.encode("ascii") for tail in ready_tails(seed)]
        self._times = [
            b"%02d:%02d:%02d %b" % (hour % 12 or 12, minute, second, b"PM" if hour >= 12 else b"AM")  # noqa: PLR2004 (the hour of noon)
            for hour in range(24)
            for minute in range(60)
            for second in range(60)
        ]

    def next_block(self) -> list[bytes]:
        draw = self._chance.random
        pairs = np.minimum(np.searchsorted(self._shares, draw(_BLOCK_ROWS)), PAIRS - 1)
        long = draw(_BLOCK_ROWS) < 0.1  # noqa: PLR2004 (of the flows; the others are mostly short)
        durations = np.where(long, _LONGEST_US, draw(_BLOCK_ROWS) ** 6 * _LONGEST_US).astype(np.int64)
        packets = (1 / (draw(_BLOCK_ROWS) + 0.0005)).astype(np.int64)
        tails = (draw(_BLOCK_ROWS) * TAILS_PER_PROTOCOL).astype(np.int64) + TAILS_PER_PROTOCOL * (pairs % 3 == 0)
        places = np.arange(self._made, self._made + _BLOCK_ROWS) / self._expected
        seconds = (np.minimum(places, 1) * (len(_DATES) * _DAY_SECONDS - 1)).astype(np.int64)
        self._made += _BLOCK_ROWS
        columns = (pairs, seconds // _DAY_SECONDS, seconds % _DAY_SECONDS, durations, packets, tails)
        beginnings, times, ends = self._beginnings, self._times, self._tails
        return [
            b"%b%b %b,%d,%d,%b" % (beginnings[pair], _DATES[day], times[second], duration, count, ends[tail])
            for pair, day, second, duration, count, tail in zip(*(column.tolist() for column in columns), strict=True)
        ]


def _beginning(pair: int) -> bytes:
    # The first six columns of a pair's rows; every third pair talks TCP (6), the others UDP (17).
    device, peer = pair % 200, pair // 200
    source = b"192.168.%d.%d" % (20 + peer // 200, 10 + device)
    destination = _NETWORKS[peer % 3] % (1 + peer * 7 % 250)
    port = 49_152 + pair * 7919 % 16_000
    protocol = 6 if pair % 3 == 0 else 17
    flow = b"%b-%b-%d-443-%d" % (source, destination, port, protocol)
    return b"%b,%b,%d,%b,443,%d," % (flow, source, port, destination, protocol)


class _Spoiler:
    # Makes some rows odd, and counts what lines have become.
    def __init__(self, kind: Kind, seed: int) -> None:
        self._chance = np.random.Generator(np.random.PCG64((seed, KINDS.index(kind))))
        quotes: Sequence[Callable[[bytes, int], bytes]] = (_quoted_address, _quoted_label)
        self._ways = {"clean": (), "quotes": quotes, "odd": (_quoted_label, _torn, _bad_number, _blank)}[kind]
        self._places: dict[int, str] = {}
        self._number = 0

    def some(self, rows: list[bytes]) -> list[bytes]:
        self._places = {}
        if not self._ways:
            return rows
        for place in np.flatnonzero(self._chance.random(len(rows)) < ODD_SHARE).tolist():
            way = self._ways[self._number % len(self._ways)]
            rows[place] = way(rows[place], self._number)
            if way is _blank:
                self._places[place] = "blank"
            elif way in {_torn, _bad_number}:
                self._places[place] = "rejected"
            self._number += 1
        return rows

    def count(self, lines: Lines, count: int) -> None:
        became = [what for place, what in self._places.items() if place < count]
        lines.blank += became.count("blank")
        lines.rejected += became.count("rejected")
        lines.counted += count - len(became)


def _quoted_address(row: bytes, number: int) -> bytes:
    fields = row.split(b",", 4)
    place = 1 if number % 4 else 3
    fields[place] = b'"%b"' % fields[place]
    return b",".join(fields)


def _quoted_label(row: bytes, _: int) -> bytes:
    return row[: row.rindex(b",")] + b',"No label, or ""none"""\n'


def _torn(row: bytes, number: int) -> bytes:
    return row[: 30 + number * 37 % (len(row) // 2)] + b"\n"


def _bad_number(row: bytes, number: int) -> bytes:
    fields = row.split(b",", _DURATION + 2)
    fields[_DURATION + number // 16 % 2] = _BAD_NUMBERS[number // 4 % len(_BAD_NUMBERS)]
    return b",".join(fields)


def _blank(_: bytes, number: int) -> bytes:
    return b"\n" if number % 8 else b"\r\n"
