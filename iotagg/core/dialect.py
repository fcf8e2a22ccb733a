"""What kind of CSV this is: which columns hold what, and how dates and durations are written."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from iotagg.core.cells import printable
from iotagg.core.metrics import METRICS
from iotagg.errors import FileRefused, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable

DayOrder = Literal["auto", "dmy", "mdy"]
DurationUnit = Literal["us", "ms", "s"]
UNIT_EXPONENTS: dict[DurationUnit, int] = {"us": 0, "ms": 3, "s": 6}

_HEADERS: dict[str, tuple[str, ...]] = {
    "src": ("src ip", "source ip"),
    "dst": ("dst ip", "destination ip"),
    "timestamp": ("timestamp",),
    **{metric.role: metric.headers for metric in METRICS},
}
ROLES = tuple(_HEADERS)
_FIELD = re.compile(rb'(?:"([^"]*(?:""[^"]*)*)"|((?:[^,"][^,]*)?))(?=,|\Z)')
_FINGERPRINT = re.compile(r"(?:[0-9a-f]{8})?")
_RUNS = re.compile(r"[ \t_-]+")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LISTED = 12
_LONGEST_NAME = 30


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How a file is to be read, as far as its content does not say; part of a contribution's name.

    `names` holds (role, column name) pairs, each adding a name under which a column is found. `pseudonym` is the
    fingerprint of the key under which addresses were replaced before anything was read, empty where they are real.
    Raises InvalidValue for a role or a name that makes no sense.
    """

    day_order: DayOrder = "auto"
    duration_unit: DurationUnit = "us"
    names: tuple[tuple[str, str], ...] = ()
    pseudonym: str = ""

    def __post_init__(self) -> None:
        for role, name in self.names:
            if role not in ROLES:
                raise InvalidValue(
                    f"'{printable(role[:_LONGEST_NAME])}' is no column of a flow; choose one of {', '.join(ROLES)}"
                )
            if not folded(name):
                raise InvalidValue(f"the name given for '{role}' is empty")
        object.__setattr__(self, "names", tuple(sorted({(role, folded(name)) for role, name in self.names})))

    def as_json(self) -> dict[str, Any]:
        """Return the options as they are stored beside what was read with them."""
        names = [list(pair) for pair in self.names]
        options = {"day_order": self.day_order, "duration_unit": self.duration_unit, "names": names}
        return options | ({"pseudonym": self.pseudonym} if self.pseudonym else {})

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> ReadingOptions:
        """Return the options that as_json() gave. Raises InvalidValue for what it never gives."""
        try:
            names = tuple((str(role), str(name)) for role, name in fields.get("names", ()))
            options = cls(
                str(fields.get("day_order", "auto")),  # type: ignore[arg-type]  # checked below
                str(fields.get("duration_unit", "us")),  # type: ignore[arg-type]  # as above
                names,
                str(fields.get("pseudonym", "")),
            )
        except (AttributeError, TypeError, ValueError):
            raise InvalidValue("the reading options are not in the form in which they are stored") from None
        if options.day_order not in get_args(DayOrder) or options.duration_unit not in UNIT_EXPONENTS:
            raise InvalidValue("the reading options name an order of days or a unit that there is not")
        if not _FINGERPRINT.fullmatch(options.pseudonym):
            raise InvalidValue("the reading options name a key of pseudonyms by something else than its fingerprint")
        return options

    def digest(self) -> str:
        """Return 16 hexadecimal digits that stand for these options."""
        return options_digest(self.as_json())


def options_digest(reading: dict[str, Any]) -> str:
    """Return 16 hexadecimal digits that stand for reading options as they are stored."""
    text = json.dumps(reading, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where the used columns of a file stand: positions from 0, how many columns there are, and their names."""

    src: int
    dst: int
    timestamp: int
    metrics: tuple[int, ...]
    width: int
    names: tuple[str, ...]

    @property
    def positions(self) -> tuple[int, ...]:
        """The positions that decide what a row means."""
        return (self.src, self.dst, self.timestamp, *self.metrics)

    def column(self, position: int) -> str:
        """Return how messages name a column: its place, from 1, and its name as the file has it."""
        name = self.names[position]
        # It goes into the reason of every rejected line; blanks can make a name as long as a line may be.
        return f"column {position + 1} '{name if len(name) <= _LONGEST_NAME else f'{name[:_LONGEST_NAME]}…'}'"


def folded(name: str) -> str:
    """Return a column's name as names are compared: trimmed, unquoted, lower case, runs of blanks, `_`, `-` as one."""
    while True:
        name = _RUNS.sub(" ", name.strip().strip('"').lower()).strip()
        if not name.startswith('"') and not name.endswith('"'):
            return name


def split_fields(line: bytes) -> list[bytes]:
    """Return the fields of one record, by the rules of RFC 4180 where it holds a quote.

    A field that begins with a quote ends with one, and a doubled quote inside stands for one; elsewhere a quote is a
    character like any other. Raises ValueError when a quoted field does not end so.
    """
    if b'"' not in line:
        return line.split(b",")
    fields, at = [], 0
    while match := _FIELD.match(line, at):
        quoted, plain = match.groups()
        fields.append(plain if quoted is None else quoted.replace(b'""', b'"'))
        at = match.end() + 1
        if at > len(line):
            return fields
    raise ValueError(f"broken quoting: field {len(fields) + 1} begins with a quote and does not end with one")


def header_dialect(line: bytes, options: ReadingOptions, shown: Callable[[str], str] = printable) -> Dialect:
    """Return the dialect that a file's first line tells.

    Raises FileRefused, naming what is missing and what was found, as `shown` gives it.
    """
    line = line.removeprefix(BYTE_ORDER_MARK)
    _refuse_binary(line)
    try:
        names = _names(split_fields(line))
    except ValueError as error:
        raise FileRefused(f"the header has {error}") from None
    found, missing = _find(names, options)
    if missing:
        raise FileRefused(_missing(missing, _listed(names, shown)))
    return _dialect(found, names)


def repeated_header(line: bytes, options: ReadingOptions) -> Dialect | None:
    """Return the dialect of a row that is itself a header, or None when it is none."""
    try:
        names = _names(split_fields(line.removeprefix(BYTE_ORDER_MARK)))
    except ValueError:
        return None
    found, missing = _find(names, options)
    return None if missing else _dialect(found, names)


def _refuse_binary(line: bytes) -> None:
    if b"\0" in line:
        raise FileRefused("not a CSV in UTF-8: it holds NUL bytes (binary, or UTF-16: save it as UTF-8)")
    if b"\r" in line:
        raise FileRefused("its lines end in CR alone; end them with LF (for example: tr '\\r' '\\n')")


def _names(fields: list[bytes]) -> tuple[str, ...]:
    return tuple(field.decode("utf-8", "backslashreplace").strip() for field in fields)


def _find(names: tuple[str, ...], options: ReadingOptions) -> tuple[dict[str, int], list[str]]:
    first: dict[str, int] = {}
    for position, name in enumerate(names):
        first.setdefault(folded(name), position)
    found = {}
    for role in ROLES:
        given = [first[name] for wanted, name in options.names if wanted == role and name in first]
        known = [first[name] for name in _HEADERS[role] if name in first]
        if given or known:
            found[role] = min(given or known)
    return found, [role for role in ROLES if role not in found]


def _dialect(found: dict[str, int], names: tuple[str, ...]) -> Dialect:
    return Dialect(
        src=found["src"],
        dst=found["dst"],
        timestamp=found["timestamp"],
        metrics=tuple(found[metric.role] for metric in METRICS),
        width=len(names),
        names=names,
    )


def _missing(missing: list[str], listed: str) -> str:
    if len(missing) == len(ROLES):
        wanted = ", ".join(f"'{_HEADERS[role][0]}'" for role in ROLES)
        return f"no flow CSV: its first line names none of the columns {wanted}; found: {listed}"
    wanted = ", ".join(f"{role} (such as '{_HEADERS[role][0]}')" for role in missing)
    return f"no column for {wanted}; found: {listed}; name yours with --map {missing[0]}=NAME"


def _listed(names: tuple[str, ...], shown: Callable[[str], str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(shown(name[:_LONGEST_NAME]) or "(empty)" for name in names[:_LISTED]) + more
