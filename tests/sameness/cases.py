"""Flow files full of everything that is met in one, and worse: many lines, fast, from a seed."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from iotagg.core.dialect import ReadingOptions
from tests.sameness.pools import addresses, fillers, numbers, timestamps
from tests.sameness.quirks import Shape, quirky
from tests.strategies import BYTE_ORDER_MARK, HEADERS, ROLES, UNUSED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.core.dialect import DayOrder, DurationUnit

BLOCK = 1 << 18
_DAY_ORDERS: tuple[DayOrder, ...] = ("auto", "auto", "auto", "dmy", "mdy")
_UNITS: tuple[DurationUnit, ...] = ("us", "us", "ms", "s")
_SIZES = ((BLOCK,), (65_536, 1), (4096,), (4096, 500), (7, 64, 1000), (20_000, 13))
_BLANK = (b"", b" \t", b"\r")
_MOST_LINES = (*((100, 300, 1000, 3000) * 20), 30_000)  # short files are more different, long ones are most files


@dataclass(frozen=True, slots=True)
class Case:
    """A file and how it is read. `sizes` are those of the reads that bring it, `spare_keys` the reader's own bound."""

    name: str
    content: bytes
    lines: int
    options: ReadingOptions
    sizes: tuple[int, ...]
    max_pair_days: int = 1_000_000
    spare_keys: int = 10_000


def case(seed: int, number: int) -> Case:
    """Return a case, always the same for the same seed and number."""
    random = Random(f"{seed}/{number}")  # noqa: S311 (seeded, no secret)
    columns, names = _columns(random)
    shape = Shape(
        header=b",".join(name for _, name in columns),
        roles=tuple(role for role, _ in columns),
        quoted=random.random() < 0.3,
    )
    most_lines = _MOST_LINES[number % len(_MOST_LINES)]
    count = int(most_lines ** random.uniform(0.4, 1)) if random.random() < 0.97 else 0
    lines = quirky(random, shape, _rows(random, shape, count))
    return Case(
        name=f"--seed {seed} --case {number}",
        content=_content(random, shape, lines),
        lines=len(lines) + 1,
        options=ReadingOptions(random.choice(_DAY_ORDERS), random.choice(_UNITS), names),
        sizes=random.choice(_SIZES),
        max_pair_days=50 if random.random() < 0.05 else 1_000_000,
        spare_keys=random.choice((10_000, 10_000, 0)),
    )


def _columns(random: Random) -> tuple[list[tuple[str, bytes]], tuple[tuple[str, str], ...]]:
    # Returns (role, name) of each column, and the names that roles are mapped to.
    roles = list(ROLES)
    names: tuple[tuple[str, str], ...] = ()
    sharing = random.random()
    if sharing < 0.06:
        roles.remove("packets")
        names = (("packets", "flow duration"),)
    elif sharing < 0.12:
        roles.remove("dst")
        names = (("dst", "src ip"), ("dst", "source ip"))
    used = [(role, random.choice(HEADERS[role])) for role in roles]
    random.shuffle(used)
    count = random.choice((0, 0, 1, 1, 3, 3, 8, 8, 30, 79, random.randint(0, 195)))
    unused = [("", random.choice(UNUSED)) for _ in range(count)]
    order = random.random()
    if order < 0.2:
        return [*unused, *used], names
    if order < 0.4:
        return [*used, *unused], names
    columns = [*used, *unused]
    random.shuffle(columns)
    return columns, names


def _rows(random: Random, shape: Shape, count: int) -> list[bytes]:
    # Every piece of a row, a used cell or what stands between two, is drawn from a pool of its own.
    address = addresses(random)
    pools = {
        "src": address,
        "dst": address if random.random() < 0.3 else addresses(random),
        "timestamp": timestamps(random),
        "duration": numbers(random),
        "packets": numbers(random),
    }
    pieces: list[list[bytes]] = []
    between = 0
    for place, role in enumerate((*shape.roles, None)):
        if role == "":
            between += 1
            continue
        before, after = place > between, role is not None
        pieces.append([_gap(cells, before, after) for cells in fillers(random, between, quoted=shape.quoted)])
        between = 0
        if role is not None:
            pieces.append(_spelled(random, pools[role], quoted=shape.quoted))
    return list(map(b"".join, zip(*(random.choices(pool, k=count) for pool in pieces), strict=True)))


def _gap(cells: list[bytes], before: bool, after: bool) -> bytes:
    return (b"," if before and (cells or after) else b"") + b",".join(cells) + (b"," if after and cells else b"")


def _spelled(random: Random, pool: list[bytes], *, quoted: bool) -> list[bytes]:
    return [b'"%b"' % cell if quoted and random.random() < 0.3 and b'"' not in cell else cell for cell in pool]


def _content(random: Random, shape: Shape, lines: Iterable[bytes]) -> bytes:
    end = random.choice((b"\n", b"\n", b"\n", b"\r\n", b"\r\r\n"))
    opening = [random.choice(_BLANK) for _ in range(random.choice((0, 0, 0, 0, 2)))]
    mark = BYTE_ORDER_MARK if random.random() < 0.1 else b""
    content = mark + end.join([*opening, shape.header, *lines]) + random.choice((b"", end, end, end))
    kind = random.random()
    if kind < 0.01:
        return random.choice((b"", b"\n", b"\xff\xfe", b"\0" * 100, shape.header, b"a,b\n1,2\n", content[1:]))
    return gzip.compress(content, 1, mtime=0) if kind < 0.04 else content


def huge_sums(lines: int) -> Case:
    """Return a file of so many rows of one pair that its sum of squares needs more than 128 bits, given 4 million."""
    row = b"192.0.2.1,192.0.2.2,2022-04-03 10:00,9999999999999999,9999999999999998\n"
    header = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\n"
    return Case(f"huge sums of {lines} lines", header + row * (lines - 1), lines, ReadingOptions(), (BLOCK,))
