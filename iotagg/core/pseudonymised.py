"""A flow CSV on its way to the reader, with pseudonyms in place of its addresses and nothing else that could tell them.

It comes out as a CSV of the used columns only, one line for each line that goes in. Reading it gives what reading the
original gives, under pseudonyms: the same lines are counted, blank, headers or rejected, for the same reasons, with the
same sums. A number that counts passes unchanged, and so does what has the form of a date; any other cell is replaced by
a fixed text that is rejected for the same reason, so that nothing of it is kept.

What comes out is hashed, and so decides whether a file is known: it depends on the lines and the key alone, and must
not change from one version to the next.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from iotagg.core import cells
from iotagg.core.dialect import UNIT_EXPONENTS
from iotagg.core.lines import Batch, Overlong, blocks, lines
from iotagg.core.metrics import METRICS
from iotagg.core.rows import NO_LINE_FEED, OVERLONG, TornRow, no_header, opening, row_cells
from iotagg.core.tally import PLAIN_DIGITS
from iotagg.errors import FileRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.core.dialect import Dialect, ReadingOptions
    from iotagg.core.lines import ByteStream
    from iotagg.core.pseudonym import Pseudonyms

HEADER = b",".join([b"Src IP", b"Dst IP", b"Timestamp", *(metric.headers[0].title().encode() for metric in METRICS)])
_LEVEL = 6
_MOST_PAIRS = 1 << 16
_LONGEST = 32  # what is longer is written anew by what it means, so that no line comes out much longer than it was

_DATE = rb"(?:[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2})"
_TIME = rb"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?: ?[APap][Mm])?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_TIMESTAMP = rb"%b(?:[ \tT]%b)?" % (_DATE, _TIME)
_is_date = re.compile(_DATE).fullmatch
_is_timestamp = re.compile(_TIMESTAMP).fullmatch
_TELLING = re.compile(r"[0-9:]")


@dataclass(frozen=True, slots=True)
class Pseudonymisation:
    """How files are to be changed before they are read: under which key, and how the originals are read."""

    pseudonyms: Pseudonyms
    original: ReadingOptions

    @property
    def reading(self) -> ReadingOptions:
        """How what comes out is to be read: by its own names, and with the key's fingerprint."""
        return replace(self.original, names=(), pseudonym=self.pseudonyms.fingerprint)

    def blocks(self, content: ByteStream) -> Iterator[bytes]:
        """Yield what becomes of a flow CSV, plain or gzip. Raises FileRefused where there is no way to read it."""
        writer = _Writer(self)
        for batch in lines(blocks(content)):
            yield writer.written(batch)
        if writer.dialect is None:
            raise no_header(writer.number)

    def packed(self, content: ByteStream) -> Iterator[bytes]:
        """Yield the same as one gzip member, without the time or the name that would make it differ between runs."""
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        yield from filter(None, map(compressor.compress, self.blocks(content)))
        yield compressor.flush()

    def stream(self, content: ByteStream) -> ByteStream:
        """Return what becomes of a flow CSV, to be read."""
        return _Stream(self.blocks(content))


class _Stream:
    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._left = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        if not self._left:
            self._left = memoryview(next(self._parts, b""))
        given, self._left = self._left[:size], self._left[size:]
        return bytes(given)


class _Column:
    """What the cells of one column may be: by what judges them, and texts that it refuses for any reason there is.

    `written` gives the text that means the same as what the judge returned.
    """

    def __init__(self, judge: Callable[[bytes], object], *refused: bytes, written: Callable[[Any], str] = str) -> None:
        self._judge = judge
        self._written = written
        self._instead: dict[str, bytes] = {}
        for text in refused:
            try:
                judge(text)
            except cells.BadCell as reason:
                self._instead[_without_cell(reason, text)] = text

    def safe(self, cell: bytes) -> bytes:
        """Return a cell that counts, as it is unless it is long, and for any other a text refused for its reason."""
        try:
            meaning = self._judge(cell)
        except cells.BadCell as reason:
            return self._instead[_without_cell(reason, cell)]
        return cell if len(cell) <= _LONGEST else self._written(meaning).encode()


def _without_cell(reason: cells.BadCell, cell: bytes) -> str:
    return str(reason).removeprefix(cells.shown(cell))


_ADDRESS = _Column(cells.address, b"no address", b"::%zone")
_DAY = _Column(cells.day, b"none", b"0:00", b"9999-99-99")
_WHOLE = _Column(cells.whole, b"no number", b"0.5", b"10000000000000001")


def _duration(exponent: int) -> _Column:
    def written(microseconds: int) -> str:
        return f"{Decimal(microseconds).scaleb(-exponent):f}"

    judge = partial(cells.microseconds, exponent=exponent)
    return _Column(judge, b"no number", b"10000000000000001", b"10000000000000000", written=written)


class _Writer:
    # What is known of a file while its lines come by. A row of a pair that is known, with usual numbers and a usual
    # timestamp, is written as it is seen; whatever is not that plain goes cell by cell. Both ways give the same.

    def __init__(self, how: Pseudonymisation) -> None:
        self._pseudonyms = how.pseudonyms
        self._options = how.original
        self._pairs: dict[tuple[bytes, bytes], bytes] = {}
        self.number = 0
        self.dialect: Dialect | None = None
        exponents = [UNIT_EXPONENTS[how.original.duration_unit] if m.kind == "duration" else 0 for m in METRICS]
        self._metrics = [
            _duration(e) if m.kind == "duration" else _WHOLE for m, e in zip(METRICS, exponents, strict=True)
        ]
        numbers = b"".join(b",[0-9]{1,%d}" % (PLAIN_DIGITS - exponent) for exponent in exponents)
        self._is_plain = re.compile(_TIMESTAMP + numbers).fullmatch

    def written(self, batch: Batch | Overlong) -> bytes:
        """Return what some more lines become. Raises FileRefused."""
        if isinstance(batch, Overlong):
            self.number += 1
            if self.dialect is None:
                raise FileRefused(NO_LINE_FEED)
            return OVERLONG.encode() + b"\n"
        found, quoted = batch.split()
        below = iter(found)
        written = [*self._beginning(below)] if self.dialect is None else []
        if self.dialect is not None:
            written += self._rows(below, quoted, self.dialect)
        written.append(b"")
        return b"\n".join(written)

    def _beginning(self, batch: Iterator[bytes]) -> Iterator[bytes]:
        # Takes lines up to the header; what comes below it is left.
        for line in batch:
            self.number += 1
            self.dialect = opening(line, self.number, self._options, _untelling)
            if self.dialect is not None:
                yield HEADER
                return
            yield b""

    def _rows(self, batch: Iterator[bytes], quoted: bool, dialect: Dialect) -> Iterator[bytes]:
        pick = itemgetter(*dialect.positions)
        splits = max(dialect.positions) + 1
        commas = (dialect.width - 1, dialect.width)
        known, is_plain = self._pairs.get, self._is_plain
        for line in batch:
            self.number += 1
            if line.count(b",") in commas and not (quoted and b'"' in line):
                row = pick(line.rstrip(b"\r").split(b",", splits))
                pair = known(row[:2])
                if pair is not None:
                    rest = b",".join(row[2:])
                    if is_plain(rest):
                        yield pair + rest
                        continue
            yield self._judged(line.rstrip(b"\r"), dialect)

    def _judged(self, line: bytes, dialect: Dialect) -> bytes:
        try:
            found = row_cells(line, self.number, dialect, self._options)
        except TornRow as reason:
            return str(reason).encode()  # which is one field, and holds nothing of the line
        if isinstance(found, str):
            return HEADER if found == "header" else b""
        numbers = (column.safe(found[at]) for column, at in zip(self._metrics, dialect.metrics, strict=True))
        pair = self._pair(found[dialect.src], found[dialect.dst])
        return pair + b",".join([_timestamp(found[dialect.timestamp]), *numbers])

    def _pair(self, source: bytes, destination: bytes) -> bytes:
        pair = b"%b,%b," % (self._pseudonym(source), self._pseudonym(destination))
        if cells.is_address(source) and cells.is_address(destination):
            # No other pair is remembered: a row that begins like it may be a header.
            if len(self._pairs) >= _MOST_PAIRS:
                self._pairs.clear()
            self._pairs[source, destination] = pair
        return pair

    def _pseudonym(self, cell: bytes) -> bytes:
        if not cells.is_address(cell):
            return _ADDRESS.safe(cell)
        return self._pseudonyms.of(cells.address(cell)).encode()


def _timestamp(cell: bytes) -> bytes:
    # A time of day is not counted; it passes where it is one, so that different files stay different.
    if _is_timestamp(cell):
        return cell
    date = cells.date_text(cell)
    if _is_date(date):
        return date
    return _DAY.safe(date)


def _untelling(name: str) -> str:
    # In a file without a header, what is taken for a column's name may be an address.
    return "(hidden)" if _TELLING.search(name) else cells.printable(name)
