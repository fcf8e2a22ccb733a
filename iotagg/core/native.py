"""The compiled scanner, where there is one: the same tally, an order of magnitude faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.cells import DATE_ENDS
from iotagg.core.tally import PLAIN_DIGITS, Judge, PurePythonTally, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core._scanner import Scanner
    from iotagg.core.dialect import Dialect
    from iotagg.core.lines import Batch


def compiled_scanner() -> type[Scanner] | None:
    """Return the compiled scanner; None where iotagg was installed without a compiler, or for another machine."""
    try:
        from iotagg.core._scanner import Scanner  # noqa: PLC0415 (it may not be there)
    except ImportError:
        return None
    return Scanner


def reader_in_use() -> str:
    """Name what reads here, for people: "compiled scanner" or "pure Python"."""
    return "pure Python" if compiled_scanner() is None else "compiled scanner"


class NativeTally:
    """A tally whose rows are found and added up by the compiled scanner."""

    def __init__(self, scanner: type[Scanner], dialect: Dialect, exponents: Sequence[int]) -> None:
        metrics = zip(dialect.metrics, exponents, strict=True)
        self._scanner = scanner(
            key=(dialect.src, dialect.dst, dialect.timestamp),
            numbers=tuple((position, PLAIN_DIGITS - exponent, exponent) for position, exponent in metrics),
            width=dialect.width,
            date_ends=DATE_ENDS,
        )
        self.add = self._scanner.add
        self.sums = self._scanner.sums
        self.known = self._scanner.known
        self.forget = self._scanner.forget

    def read(self, batch: Batch, judge: Judge) -> tuple[int, int]:  # noqa: D102 (see the protocol)
        text, scan, learn = batch.text, self._scanner.scan, self._scanner.learn
        length, start = len(text), 0
        added = place = 0
        while start < length:
            more, start, end, unknown = scan(text, start)
            added += more
            place += more
            if unknown is not None:
                group = judge.group(place, *unknown)
                if group is not None and learn(*unknown, group):
                    continue  # with the same line, which is known now
            if start < length:
                judge.line(place, bytes(text[start:end]))
                place += 1
            start = end + 1
        return added, place

    def learn(self, source: bytes, destination: bytes, _timestamp: bytes, date: bytes, group: int, /) -> None:  # noqa: D102
        self._scanner.learn(source, destination, date, group)


def quickest_tally(dialect: Dialect, exponents: Sequence[int]) -> Tally:
    """Return the quickest tally that there is here."""
    scanner = compiled_scanner()
    return PurePythonTally(dialect, exponents) if scanner is None else NativeTally(scanner, dialect, exponents)
