"""Flow files: what a branch sends, and what a person names."""

from __future__ import annotations

import gzip
import re
from datetime import date
from fractions import Fraction
from functools import cache
from io import BytesIO
from ipaddress import ip_address
from typing import TYPE_CHECKING

from iotagg.core import cells
from iotagg.core.contribution import head_of
from iotagg.core.dialect import DayOrder, DurationUnit, ReadingOptions, folded, header_dialect, split_fields
from iotagg.core.flows import FileTotals, read_flows
from iotagg.core.native import compiled_scanner
from iotagg.core.pseudonym import Pseudonyms
from iotagg.core.pseudonymised import Pseudonymisation
from iotagg.errors import FileRefused
from tests.hostile.drawing import WORDS, mutated, one_line
from tests.sameness.comparing import Reader, both_ways, differences
from tests.sameness.fuzzing import case_of
from tests.strategies import (
    ADDRESSES,
    DAY_FIRST_DATES,
    FRACTIONS,
    HEADERS,
    JUNK,
    MONTH_FIRST_DATES,
    NO_ADDRESSES,
    NO_DATES,
    NO_NUMBERS,
    NUMBERS,
    OPEN_DATES,
    PLAIN_DATES,
    QUOTED_JUNK,
    ROLES,
    TIMES,
)

if TYPE_CHECKING:
    from random import Random

USED = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts"
ROW = b"192.0.2.1,192.0.2.2,2022-04-03 10:00,9,9"
_DATES = (*OPEN_DATES, *DAY_FIRST_DATES, *MONTH_FIRST_DATES, *PLAIN_DATES, *NO_DATES)
_NUMBERS = (*NUMBERS, *FRACTIONS, *NO_NUMBERS)
_ADDRESSES = (
    *(*ADDRESSES, *NO_ADDRESSES, b"fe80::1%eth0", b"10.0.0.1/24", b"010.1.1.1", b"10.0.0.1#", b"1.2.3.4,5.6.7.8"),
    *(b"::ffff:0:0", b"0x7f.1", b"127.1", b"2130706433", b"::1#2022-12", b"1.1.1.1\n", b"::%", b"[::1]:80"),
)
CELLS = {"src": _ADDRESSES, "dst": _ADDRESSES, "timestamp": _DATES, "duration": _NUMBERS, "packets": _NUMBERS}
_FILE_WORDS = (*WORDS, USED, ROW, b"\n" + USED + b"\n", *ADDRESSES[:4], *TIMES, *JUNK, *QUOTED_JUNK)
_CANONICAL = re.compile(r"[0-9a-f:.]{2,39}")
_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?(?:[eE](\d{1,2}))?", re.ASCII)
_ORDERS: tuple[DayOrder, ...] = ("auto", "dmy", "mdy")
_UNITS: tuple[DurationUnit, ...] = ("us", "ms", "s")
_OPTIONS = tuple(ReadingOptions(order, unit) for order in _ORDERS for unit in _UNITS)
_KEY = Pseudonyms(bytes(range(32)))
_HOW = tuple(Pseudonymisation(_KEY, options) for options in _OPTIONS)


@cache
def _readers() -> tuple[Reader, Reader] | None:
    scanner = compiled_scanner()
    return None if scanner is None else both_ways(scanner)


def flow_file(random: Random) -> bytes:
    """Return a small flow file with anything in it."""
    rows = [USED if random.random() < 0.8 else b",".join(random.choice(HEADERS[role]) for role in ROLES)]
    for _ in range(random.choice((0, 1, 1, 2, 3, 6))):
        kind = random.random()
        if kind < 0.5:
            rows.append(b",".join(random.choice(CELLS[role]) for role in ROLES))
        else:
            rows.append(ROW if kind < 0.9 else random.choice(_FILE_WORDS))
    whole = random.choice((b"\n", b"\n", b"\n", b"\r\n", b"\r")).join(rows) + random.choice((b"", b"\n"))
    return mutated(random, whole, _FILE_WORDS)


def read_alike(random: Random) -> None:
    """Read a file with the compiled scanner and with Python alone; or, without a compiler, with the latter."""
    readers = _readers()
    if readers is None:
        _read(flow_file(random), random.choice(_OPTIONS))
        return
    how = bytes((random.randrange(16), random.choice((255, 255, 0, 3)), 0, random.randrange(2)))
    differing, outcome = differences(*readers, case_of(how + flow_file(random)))
    assert not differing, differing[0]
    one_line(outcome.refused)
    if outcome.contribution.startswith(b"\x1f\x8b"):
        head, _ = head_of(outcome.contribution)
        assert sum(head.lines[each] for each in ("headers", "blank", "counted", "rejected")) == head.lines["lines"]


def _read(content: bytes, options: ReadingOptions) -> FileTotals | str:
    try:
        totals = read_flows(BytesIO(content), options, max_pair_days=50)
    except FileRefused as reason:
        one_line(reason)
        return str(reason)
    for source, destination, day in totals.days:
        assert _CANONICAL.fullmatch(source)
        assert _CANONICAL.fullmatch(destination)
        assert date.fromisoformat(day).isoformat() == day
    return totals


def read_gzip(random: Random) -> None:
    """Read what is nearly gzip: members that are cut, damaged, nested, or followed by something else."""
    content = flow_file(random)
    members = [gzip.compress(content, random.choice((0, 1)), mtime=0)]
    kind = random.randrange(6)
    if kind == 0:
        members.append(gzip.compress(random.choice((b"", ROW, content)), 1, mtime=0))
    elif kind == 1:
        members.append(random.choice((b"\0" * 20, b"garbage", b"\x1f\x8b", b"\x1f\x8b\x08\x08" + b"n" * 99)))
    elif kind == 2:
        members = [gzip.compress(members[0], 1)]
    packed = b"".join(members)
    _read(packed if kind == 5 else mutated(random, packed), random.choice(_OPTIONS))


def read_pseudonymised(random: Random) -> None:
    """Under pseudonyms, the same lines are counted and rejected, and no address of the original is told."""
    content, place = flow_file(random), random.randrange(len(_OPTIONS))
    original = _read(content, _OPTIONS[place])
    try:
        changed = b"".join(_HOW[place].blocks(BytesIO(content)))
    except FileRefused as reason:
        one_line(reason)
        assert isinstance(original, str)
        return
    if isinstance(original, FileTotals):
        found = _read(changed, _HOW[place].reading)
        assert isinstance(found, FileTotals), found
        assert found.lines == original.lines
        assert sorted(found.days.values()) == sorted(original.days.values())


def judge_cells(random: Random) -> None:
    """Judge one cell: what counts means what it says, all else is a bad cell."""
    role = random.choice(ROLES)
    cell = random.choice(CELLS[role])
    if random.random() < 0.7:
        cell = mutated(random, cell)
    if role in {"src", "dst"}:
        _check_address(cell)
    elif role == "timestamp":
        _check_date(cells.date_text(cell))
    else:
        _check_number(cell, random.choice((0, 3, 6)))


def _check_address(cell: bytes) -> None:
    try:
        found = cells.address(cell)
    except cells.BadCell as reason:
        one_line(reason)
        return
    assert _CANONICAL.fullmatch(found), found
    assert cells.address(found.encode()) == found
    meant = ip_address(cell.decode("ascii"))
    assert ip_address(found) in {meant, getattr(meant, "ipv4_mapped", None)}


def _check_date(text: bytes) -> None:
    try:
        found = cells.day(text)
    except cells.BadCell as reason:
        one_line(reason)
        return
    for day in [found] if isinstance(found, str) else [found.day("dmy"), found.day("mdy")]:
        assert day is None or date.fromisoformat(day).isoformat() == day


def _check_number(cell: bytes, exponent: int) -> None:
    match = _NUMBER.fullmatch(cell.decode("latin-1"))
    try:
        found = cells.microseconds(cell, exponent)
    except cells.BadCell as reason:
        one_line(reason)
    else:
        assert match
        assert 0 <= found <= cells.MAX_CELL
        exact = Fraction(f"{match[1]}.{match[2] or 0}") * 10 ** (int(match[3] or 0) + exponent)
        assert found == round(exact)
    try:
        whole = cells.whole(cell)
    except cells.BadCell as reason:
        one_line(reason)
    else:
        assert match
        assert Fraction(f"{match[1]}.{match[2] or 0}") * 10 ** int(match[3] or 0) == whole <= cells.MAX_CELL


def read_headers(random: Random) -> None:
    """Read a header of any names, under added names."""
    line = mutated(random, b",".join(random.choice(HEADERS[role]) for role in ROLES), _FILE_WORDS)
    for field in line.split(b",")[:2]:
        name = folded(field.decode("utf-8", "replace"))
        assert folded(name) == name or '"' in name
    try:
        fields = split_fields(line)
    except ValueError as reason:
        one_line(reason)
    else:
        assert len(fields) <= line.count(b",") + 1
    try:
        dialect = header_dialect(line, ReadingOptions())
    except FileRefused as reason:
        one_line(reason)
        return
    assert all(place < dialect.width for place in dialect.positions)
