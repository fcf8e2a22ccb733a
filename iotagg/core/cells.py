"""What one cell of a flow CSV means: an address, a number, a date. The only judge of each."""

from __future__ import annotations

import ipaddress
import re
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from decimal import Decimal

MAX_CELL = 10**16
_LIMIT_DIGITS = 17
_SHOWN = 40
_NUMBER = re.compile(rb"([0-9]+)(?:\.([0-9]+))?(?:[eE]([0-9]{1,2}))?")
_EPOCH = re.compile(rb"([0-9]+)(?:\.[0-9]+)?")
_SLASHED = re.compile(rb"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_DASHED = re.compile(rb"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_TIME = re.compile(rb"[0-9]{1,3}:[0-9]{2}(?:[:.][0-9]+)*")
_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_USUAL_ADDRESS = re.compile(rb"(?:%b\.){3}%b" % (_OCTET, _OCTET))
_DATE_FORMS = "(d/m/Y, Y-m-d or epoch seconds)"
DATE_ENDS = b" \tT"
_DATE_END = re.compile(rb"[%b]" % DATE_ENDS)
_EPOCH_START = date(1970, 1, 1)
_MAX_EPOCH_DIGITS = 12  # the year 9999 needs 12 digits of seconds


class BadCell(ValueError):
    """A cell that cannot mean what its column says; the text is the reason, without the column's name."""


def shown(cell: bytes) -> str:
    """Return a cell as a person may read it in a message, cut to a readable length."""
    text = printable(cell[:_SHOWN].decode("utf-8", "backslashreplace"))
    return f"'{text}{'…' if len(cell) > _SHOWN else ''}'" if cell else "empty"


def printable(text: str) -> str:
    """Return text in which nothing can move a terminal's cursor or change its colours."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


@lru_cache(maxsize=1 << 14)
def address(cell: bytes) -> str:
    """Return the canonical text of an IP address; IPv4 inside IPv6 is folded to IPv4. Raises BadCell."""
    if _USUAL_ADDRESS.fullmatch(cell):
        return cell.decode()  # which the library would return, ten times as slowly
    try:
        found = ipaddress.IPv6Address(cell.decode("ascii"))
    except ValueError:
        raise BadCell(f"{shown(cell)} is no IP address") from None
    if found.scope_id is not None:
        raise BadCell(f"{shown(cell)} has a zone (%), which means nothing outside its host")
    return str(found.ipv4_mapped or found)


def is_address(cell: bytes) -> bool:
    """Say whether a cell is an address that counts."""
    try:
        address(cell)
    except BadCell:
        return False
    return True


def whole(cell: bytes) -> int:
    """Return a whole number from 0 to 10^16; `12.0` and `1.2e1` are 12. Raises BadCell."""
    if _is_plain(cell):
        return int(cell)
    number = _decimal(cell)
    if number != number.to_integral_value():
        raise BadCell(f"{shown(cell)} is not whole")
    return int(number)


def microseconds(cell: bytes, exponent: int) -> int:
    """Return a duration, given in units of 10^exponent µs, as microseconds rounded half to even. Raises BadCell."""
    if exponent == 0 and _is_plain(cell):
        return int(cell)
    from decimal import ROUND_HALF_EVEN, Decimal  # noqa: PLC0415 (programs start faster without, and few cells need it)

    number = _decimal(cell)
    sign, digits, power = number.as_tuple()
    scaled = Decimal((sign, digits, int(power) + exponent))
    if scaled > MAX_CELL:
        raise BadCell(f"{shown(cell)} is more than 10^16 µs")
    return int(scaled.to_integral_value(ROUND_HALF_EVEN))


def _is_plain(cell: bytes) -> bool:
    # Digits alone, few enough to be within the limit whatever they are; most cells are.
    return cell.isdigit() and len(cell) < _LIMIT_DIGITS


def _decimal(cell: bytes) -> Decimal:
    if not _NUMBER.fullmatch(cell):
        raise BadCell(f"{shown(cell)} is no number (digits, optional fraction and exponent, no sign anywhere)")
    from decimal import Decimal  # noqa: PLC0415 (as above)

    number = Decimal(cell.decode("ascii"))
    if number > MAX_CELL:
        raise BadCell(f"{shown(cell)} is more than 10^16")
    return number


class SlashDate(NamedTuple):
    """A date written 3/4/2022, which is a day only once it is known whether the day or the month comes first."""

    first: int
    second: int
    year: int

    def day(self, order: str) -> str | None:
        """Return the ISO day under the order `dmy` or `mdy`, or None when there is no such day."""
        day, month = (self.first, self.second) if order == "dmy" else (self.second, self.first)
        return _iso(self.year, month, day)


def date_text(timestamp: bytes) -> bytes:
    """Return the date part of a timestamp: what stands before the first blank or `T`."""
    return _DATE_END.split(timestamp, maxsplit=1)[0]


def day(text: bytes) -> str | SlashDate:
    """Return what the date part of a timestamp says: an ISO day, or a date whose order is open. Raises BadCell."""
    if match := _SLASHED.fullmatch(text):
        return SlashDate(*map(int, match.groups()))
    if match := _DASHED.fullmatch(text):
        found = _iso(*map(int, match.groups()))
    elif match := _EPOCH.fullmatch(text):
        found = _epoch_day(match[1])
    else:
        why = "but a time: a spreadsheet cut it, fetch the original" if _TIME.fullmatch(text) else _DATE_FORMS
        raise BadCell(f"{shown(text)} is no date {why}")
    if found is None:
        raise BadCell(f"{shown(text)} is an impossible date")
    return found


def _iso(year: int, month: int, day_of_month: int) -> str | None:
    try:
        return date(year, month, day_of_month).isoformat()
    except ValueError:
        return None


def _epoch_day(seconds: bytes) -> str | None:
    digits = seconds.lstrip(b"0") or b"0"
    if len(digits) > _MAX_EPOCH_DIGITS:
        return None
    try:
        return (_EPOCH_START + timedelta(seconds=int(digits))).isoformat()
    except OverflowError:
        return None
