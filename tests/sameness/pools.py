"""What the cells of a file are drawn from: a few values each, in every way in which they are written."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from tests.strategies import (
    ADDRESSES,
    DAY_FIRST_DATES,
    FRACTIONS,
    JUNK,
    MONTH_FIRST_DATES,
    NO_ADDRESSES,
    NO_DATES,
    NO_NUMBERS,
    NUMBERS,
    OPEN_DATES,
    PLAIN_DATES,
    QUOTED_JUNK,
    TIMES,
)

if TYPE_CHECKING:
    from random import Random

# One address ends as another begins, so that two keys may be the same bytes, cut elsewhere.
_ALIKE = (
    *(b"192.0.2.1", b"192.0.2.11", b"192.0.2.111", b"1.0.0.5", b"11.0.0.5", b"111.0.0.5"),
    *(b"10.0.0.1", b"10.0.0.11", b"0.0.0.1", b"0.0.0.11"),
)
_ALIKE_DATES = (b"1/1/2022", b"11/1/2022", b"1/11/2022", b"11/11/2022", b"2022-1-1", b"2022-11-1", b"2022-1-11")
_TIMES = (*TIMES, b"", b" 10:00", b"T10:00:00", b"\t10:00:00 AM", b" " + b"9" * 50)
_LARGEST = b"9999999999999999"
_DIGITS = tuple(b"%d" % (10**digits - 1) for digits in (1, 9, 10, 12, 13, 14, 15, 16))
_TOO_MANY = tuple(
    text
    for digits in (16, 17, 18, 19, 20, 21)
    for text in (b"9" * digits, b"1" + b"0" * (digits - 1), b"0" * (digits - 1) + b"7")
)
_NEARLY_DIGITS = (b"12:", b":12", b"1:2", b"12/", b"/12", b"1/2", b"12;", b"\xb1\xb2", b"12\xff", b"0x12")
ODD = {
    "src": NO_ADDRESSES,
    "dst": NO_ADDRESSES,
    "timestamp": NO_DATES,
    "duration": (*NO_NUMBERS, *_TOO_MANY, *_NEARLY_DIGITS, *FRACTIONS),
    "packets": (*NO_NUMBERS, *_TOO_MANY, *_NEARLY_DIGITS, *FRACTIONS),
    "": (*JUNK, *QUOTED_JUNK),
}


def addresses(random: Random) -> list[bytes]:
    """Return some addresses: few or so many that tables grow, and the same in several ways."""
    kind = random.random()
    if kind < 0.2:
        return list(_ALIKE)
    if kind < 0.4:
        return list(ADDRESSES)
    if kind < 0.7:
        return [b"192.168.1.%d" % (1 + at) for at in range(random.choice((1, 2, 2, 5, 5, 200)))]
    many = [random.getrandbits(32) for _ in range(random.choice((3, 10, 300)))]
    return [random.choice(_WAYS)(number) for number in many for _ in range(2)]


def _dotted(number: int) -> bytes:
    return b"%d.%d.%d.%d" % (number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255)


_WAYS = (
    _dotted,
    lambda number: b"::ffff:" + _dotted(number),
    lambda number: b"::FFFF:%x:%X" % (number >> 16, number & 0xFFFF),
    lambda number: b"2001:db8::%x:%x" % (number >> 16, number & 0xFFFF),
    lambda number: IPv6Address((0x20010DB8 << 96) + number).exploded.encode(),
    lambda number: b"2001:DB8::" + _dotted(number),
)


def timestamps(random: Random) -> list[bytes]:
    """Return some timestamps, of one way of writing dates or of several that may contradict each other."""
    kind = random.random()
    if kind < 0.15:
        return [b"%d" % (1_648_944_000 + 7 * at) for at in range(random.choice((5, 5, 5, 5000)))]
    if kind < 0.5:
        dates: tuple[bytes, ...] = _ALIKE_DATES
    elif kind < 0.6:
        dates = (*OPEN_DATES, *DAY_FIRST_DATES)
    elif kind < 0.7:
        dates = (*OPEN_DATES, *MONTH_FIRST_DATES)
    elif kind < 0.8:
        dates = (*OPEN_DATES, *MONTH_FIRST_DATES, *DAY_FIRST_DATES, *PLAIN_DATES)
    else:
        dates = PLAIN_DATES
    times = _TIMES if random.random() < 0.3 else (random.choice(_TIMES),)
    return [date + time for date in random.sample(dates, random.randint(1, len(dates))) for time in times]


def numbers(random: Random) -> list[bytes]:
    """Return some numbers, often plain ones alone: then a file is added up without judging, as most are."""
    kind = random.random()
    if kind < 0.1:
        return [_LARGEST, b"9999999999999998"]
    if kind < 0.8:
        return [b"%d" % random.randrange(10 ** random.randint(1, 9)) for _ in range(8)]
    if kind < 0.92:
        return list(_DIGITS)
    return [*NUMBERS, *_TOO_MANY, random.choice(FRACTIONS)]


def fillers(random: Random, count: int, *, quoted: bool) -> list[list[bytes]]:
    """Return some ways to fill so many cells of which nothing is used."""
    pool: tuple[bytes, ...] = random.choice(
        ((b"85",), (b"0", b"", b"1.5", b"-3"), JUNK, (b"x" * random.randint(0, 150), b"0"))
    )
    if quoted:
        pool = (*pool, b'"a, b"', b'"say ""hello"""', b'""', b'","', b'"x"')
    return [random.choices(pool, k=count) for _ in range(4 if count else 1)]
