"""A flow CSV read the slow and plain way: the rules of reading, one row at a time, with the whole file in memory.

It shares no code with the reader under test and leaves nothing out for speed. Numbers are fractions, nothing is
remembered between rows, and the order of dates is decided only once all rows are known.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 10**16
LONGEST_LINE = 1 << 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SCALES = {"us": 1, "ms": 10**3, "s": 10**6}
COLUMNS = {
    "src": {"src ip", "source ip"},
    "dst": {"dst ip", "destination ip"},
    "timestamp": {"timestamp"},
    "duration": {"flow duration"},
    "packets": {"tot fwd pkts", "tot fwd pkt", "total fwd packets", "total fwd packet"},
}
Positions = dict[str, int]
Slashed = tuple[int, int, int]


class Refused(Exception):
    """The file is not counted; `line` is the number of the line that speaks against it, where one does."""

    def __init__(self, line: int | None = None) -> None:
        super().__init__(line)
        self.line = line


class Invalid(Exception):
    """A cell that cannot mean what its column says."""


@dataclass
class Reading:
    """What a file says, under the names that its reader gives."""

    content: str
    length: int
    lines: int
    headers: int = 0
    blank: int = 0
    counted: int = 0
    rejected: list[int] = field(default_factory=list)
    day_order: str = ""
    days: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Flow:
    """A row that is valid but for the order of its date."""

    line: int
    source: str
    destination: str
    when: str | Slashed
    duration: int
    packets: int


def read_plainly(
    content: bytes,
    *,
    day_order: str = "auto",
    duration_unit: str = "us",
    names: tuple[tuple[str, str], ...] = (),
    longest_line: int = LONGEST_LINE,
) -> Reading:
    """Return what the decompressed content of a flow CSV says, or raise Refused."""
    lines = split_lines(content)
    reading = Reading(hashlib.sha256(content).hexdigest(), len(content), len(lines))
    header: Positions | None = None
    width = 0
    flows: list[Flow] = []
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip(b"\r")
        unmarked = line.removeprefix(BYTE_ORDER_MARK)
        if len(raw) > longest_line:
            if header is None:
                raise Refused(number)
            reading.rejected.append(number)
        elif not (unmarked if number == 1 else line).strip(b" \t"):
            reading.blank += 1
        elif header is None:
            header, width = first_header(unmarked, names, number)
            reading.headers += 1
        elif is_repeat(unmarked, header, names, number):
            reading.headers += 1
        else:
            try:
                flows.append(flow_of(number, csv_fields(line), header, width, SCALES[duration_unit]))
            except Invalid:
                reading.rejected.append(number)
    if header is None:
        raise Refused
    count(reading, flows, day_order)
    reading.rejected.sort()
    return reading


def split_lines(content: bytes) -> list[bytes]:
    """Return the lines without their LF; what follows the last LF is a line unless it is nothing."""
    *lines, last = content.split(b"\n")
    return [*lines, last] if last else lines


def first_header(line: bytes, names: tuple[tuple[str, str], ...], number: int) -> tuple[Positions, int]:
    """Return the positions of the used columns, and how many columns there are."""
    fields = csv_fields(line)
    if fields is None or b"\0" in line or b"\r" in line:
        raise Refused(number)
    found = columns_of(fields, names)
    if found is None:
        raise Refused(number)
    return found, len(fields)


def is_repeat(line: bytes, header: Positions, names: tuple[tuple[str, str], ...], number: int) -> bool:
    """Say whether a line is the header once more; another one refuses the file."""
    fields = csv_fields(line)
    found = columns_of(fields, names) if fields is not None else None
    if found is not None and found != header:
        raise Refused(number)
    return found is not None


def columns_of(fields: list[bytes], names: tuple[tuple[str, str], ...]) -> Positions | None:
    """Return where a header has the used columns, or None for a line that lacks one of them."""
    there = [plain_name(name.decode("utf-8", "replace")) for name in fields]
    found = {}
    for role, known in COLUMNS.items():
        wanted = known | {plain_name(name) for mapped, name in names if mapped == role}
        places = [place for place, name in enumerate(there) if name in wanted]
        if not places:
            return None
        found[role] = places[0]
    return found


def plain_name(name: str) -> str:
    """Return a name as names are compared."""
    return " ".join(part for part in re.split(r"[\s_-]+", name.strip().strip('"').lower()) if part)


def csv_fields(line: bytes) -> list[bytes] | None:
    """Return the fields of a line by RFC 4180, or None where its quotes do not match."""
    fields, rest = [], line
    while True:
        if rest.startswith(b'"'):
            match = re.match(rb'"((?:[^"]|"")*)"(,|\Z)', rest, re.DOTALL)
            if match is None:
                return None
            fields.append(match[1].replace(b'""', b'"'))
            rest, more = rest[match.end() :], bool(match[2])
        else:
            cell, comma, rest = rest.partition(b",")
            fields.append(cell)
            more = bool(comma)
        if not more:
            return fields


def flow_of(number: int, fields: list[bytes] | None, header: Positions, width: int, scale: int) -> Flow:
    """Return what a row says, or raise Invalid."""
    if fields is None or len(fields) not in (width, width + 1):
        raise Invalid
    packets = number_of(fields[header["packets"]])
    duration = number_of(fields[header["duration"]]) * scale
    if packets.denominator != 1 or duration > LIMIT:
        raise Invalid
    return Flow(
        number,
        address_of(fields[header["src"]]),
        address_of(fields[header["dst"]]),
        date_of(fields[header["timestamp"]]),
        round(duration),  # a fraction is rounded half to even
        int(packets),
    )


def address_of(cell: bytes) -> str:
    """Return the canonical text of an address."""
    try:
        address = ipaddress.ip_address(cell.decode("ascii"))
    except ValueError:
        raise Invalid from None
    if "%" in str(address):
        raise Invalid
    if isinstance(address, ipaddress.IPv6Address) and int(address) >> 32 == 0xFFFF:
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return str(address)


def number_of(cell: bytes) -> Fraction:
    """Return a number from 0 to 10^16."""
    if not re.fullmatch(rb"[0-9]+(\.[0-9]+)?([eE][0-9][0-9]?)?", cell):
        raise Invalid
    number = Fraction(cell.decode())
    if number > LIMIT:
        raise Invalid
    return number


def date_of(cell: bytes) -> str | Slashed:
    """Return the ISO day of a timestamp, or the two parts and the year of a date whose order is open."""
    text = re.split(rb"[ \tT]", cell)[0].decode("latin-1")
    if re.fullmatch(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", text):
        first, second, year = text.split("/")
        return int(first), int(second), int(year)
    if re.fullmatch(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", text):
        year, month, day = text.split("-")
        found = iso(int(year), int(month), int(day))
    elif re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        ordinal = date(1970, 1, 1).toordinal() + int(text.partition(".")[0]) // 86_400
        found = date.fromordinal(ordinal).isoformat() if ordinal <= date.max.toordinal() else None
    else:
        raise Invalid
    if found is None:
        raise Invalid
    return found


def iso(year: int, month: int, day: int) -> str | None:
    """Return an ISO day, or None when there is no such day."""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def day_under(order: str, when: str | Slashed) -> str | None:
    """Return the day of a date under an order of day and month."""
    if isinstance(when, str):
        return when
    first, second, year = when
    return iso(year, second, first) if order == "dmy" else iso(year, first, second)


def count(reading: Reading, flows: list[Flow], day_order: str) -> None:
    """Decide the order of dates, then count each flow on its day or reject its row."""
    order, reading.day_order = decided_order(flows, day_order)
    for flow in flows:
        day = day_under(order, flow.when)
        if day is None:
            reading.rejected.append(flow.line)
            continue
        reading.counted += 1
        sums = reading.days.setdefault((flow.source, flow.destination, day), [0] * 5)
        figures = (1, flow.duration, flow.duration**2, flow.packets, flow.packets**2)
        sums[:] = [kept + more for kept, more in zip(sums, figures, strict=True)]


def decided_order(flows: list[Flow], day_order: str) -> tuple[str, str]:
    """Return the order of dates, and how results name it: with what was assumed, or empty where none was needed."""
    orders = ("dmy", "mdy") if day_order == "auto" else (day_order,)
    readable = [set(possible(flow.when, orders)) for flow in flows if not isinstance(flow.when, str)]
    slashed = [possibilities for possibilities in readable if possibilities]
    if day_order != "auto":
        return day_order, day_order if slashed else ""
    if {"dmy"} in slashed:
        return "dmy", "dmy"
    if {"mdy"} in slashed:
        return "mdy", "mdy"
    return "dmy", "dmy (assumed)" if slashed else ""


def possible(when: str | Slashed, orders: tuple[str, ...]) -> Iterator[str]:
    """Yield the orders under which a date is one."""
    yield from (order for order in orders if day_under(order, when) is not None)
