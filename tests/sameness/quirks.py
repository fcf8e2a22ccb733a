"""What may have happened to the lines of a file before it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.core.cells import date_text
from iotagg.core.lines import MAX_LINE
from tests.sameness.pools import ODD
from tests.strategies import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_NASTY = (
    b'"',
    b'""',
    b",",
    b"\r",
    b"\0",
    b"\xff",
    b" ",
    b"\t",
    b":",
    b"/",
    b"0",
    b"\n",
    b"\n\n",
    b"T",
    b"\xc3\xa9",
    b".",
)
_LANES = 64


@dataclass(frozen=True, slots=True)
class Shape:
    """A file's columns: its header, the role of each (empty where it has none), and whether it likes quotes."""

    header: bytes
    roles: tuple[str, ...]
    quoted: bool


def quirky(random: Random, shape: Shape, lines: list[bytes]) -> list[bytes]:
    """Return the lines with none, few or many of them damaged in some way."""
    rate = random.choice((0, 0.001, 0.01, 0.05, 0.5))
    for place in range(len(lines)) if rate > 0 else ():
        if random.random() < rate:
            lines[place] = random.choice(_QUIRKS)(random, shape, lines[place])
    if lines and random.random() < 0.02:
        lines[random.randrange(len(lines))] = _near_a_megabyte(random, shape, lines[0])
    if lines and random.random() < 0.03:
        lines[random.randrange(len(lines))] = b",".join(reversed(shape.header.split(b",")))
    return lines


def _cut(random: Random, _shape: Shape, line: bytes) -> bytes:
    return line[: random.randint(0, len(line))]


def _byte_lost(random: Random, _shape: Shape, line: bytes) -> bytes:
    at = random.randint(0, len(line))
    return line[:at] + line[at + 1 :]


def _nasty_byte(random: Random, _shape: Shape, line: bytes) -> bytes:
    at = random.randint(0, len(line))
    return line[:at] + random.choice(_NASTY) + line[at + random.randint(0, 1) :]


def _blank(random: Random, _shape: Shape, _line: bytes) -> bytes:
    return random.choice((b"", b" ", b" \t ", b"\r", b"\t\r\r"))


def _header_again(random: Random, shape: Shape, _line: bytes) -> bytes:
    return random.choice((b"", BYTE_ORDER_MARK)) + random.choice((shape.header, shape.header.upper()))


def _other_end(random: Random, _shape: Shape, line: bytes) -> bytes:
    return line + random.choice(
        (b"\r", b"\r\r", b" ", b"\t", b",", b",85", b',"x"', b',"x"\r', b'"', b'"\r', b',"x"\t', b',"x" ')
    )


def _broken_end(random: Random, _shape: Shape, line: bytes) -> bytes:
    return line + random.choice((b',"x', b',"', b',"x""', b',"x"y', b',""x', b',x"', b',x"y"'))


def _cells(random: Random, line: bytes) -> tuple[list[bytes], int]:
    cells = line.split(b",")
    return cells, random.randrange(len(cells))


def _odd_cell(random: Random, shape: Shape, line: bytes) -> bytes:
    cells, place = _cells(random, line)
    used = [at for at, role in enumerate(shape.roles[: len(cells)]) if role]
    place = random.choice(used) if used and random.random() < 0.9 else place
    role = shape.roles[place] if place < len(shape.roles) else ""
    cells[place] = random.choice(ODD[role])
    return b",".join(cells)


def _quoted_cell(random: Random, _shape: Shape, line: bytes) -> bytes:
    cells, place = _cells(random, line)
    cell = cells[place].replace(b'"', b'""')
    cells[place] = b'"%b%b"' % (cell, random.choice((b"", b"", b"", b'""', b" ", b",", b" , x")))
    return b",".join(cells)


def _half_quoted_cell(random: Random, _shape: Shape, line: bytes) -> bytes:
    cells, place = _cells(random, line)
    cells[place] = random.choice((b'"%b', b'%b"', b'"%b"" ', b'"%b" ', b'"%b"x', b' "%b"', b'"%b""')) % cells[place]
    return b",".join(cells)


def _two_cells_in_quotes(random: Random, _shape: Shape, line: bytes) -> bytes:
    cells, place = _cells(random, line)
    place = random.choice((place, len(cells) - 2)) if len(cells) > 1 else 0
    cells[place : place + 2] = [b'"%b"' % b",".join(cells[place : place + 2])]
    return b",".join(cells)


def _other_width(random: Random, _shape: Shape, line: bytes) -> bytes:
    cells, place = _cells(random, line)
    if random.random() < 0.5:
        del cells[place]
    else:
        cells[place:place] = [b"85"] * random.choice((1, 1, 2, 3))
    return b",".join(cells)


def _two_lines_in_one(random: Random, _shape: Shape, line: bytes) -> bytes:
    return line + random.choice((b"", b",", b"\r")) + line


def _padded(random: Random, _shape: Shape, line: bytes) -> bytes:
    # Something ends just before, at or behind a border of 64 bytes.
    cells, place = _cells(random, line)
    ended = len(b",".join(cells[: random.randint(place, len(cells))]))
    cells[place] += b" " * ((random.choice((-2, -1, 0, 1)) - ended) % _LANES)
    return b",".join(cells)


def _quote_at_a_border(random: Random, shape: Shape, line: bytes) -> bytes:
    # The only quote of a line stands just before, at or behind a border of 64 bytes, and nothing ends it.
    cells = line.split(b",")
    roomy = [at for at, role in enumerate(shape.roles[: len(cells)]) if role in {"", "timestamp"}]
    at = random.choice(roomy or [0])
    later = [place for place in roomy if place > at and not shape.roles[place]] or [len(cells)]
    place = random.choice(later)
    cells[place : place + 1] = [b'"x']
    cells[at] += b" " * ((random.choice((-2, -1, -1, 0, 1)) - len(b",".join(cells[:place])) - 1) % _LANES)
    return b",".join(cells)


def _date_end_lost(random: Random, shape: Shape, line: bytes) -> bytes:
    cells = line.split(b",")
    place = shape.roles.index("timestamp")
    if place < len(cells):
        date = date_text(cells[place])
        time = cells[place][len(date) :]
        cells[place] = date + random.choice((b"Z", b"t", b"_", b"\v", b"\x1f", b"!", b"\xa0", b".", b"+", b"U")) + time
    return b",".join(cells)


def _long_time(random: Random, shape: Shape, line: bytes) -> bytes:
    # A cell may be as long as it likes when only its beginning is used.
    cells = line.split(b",")
    place = shape.roles.index("timestamp")
    if place < len(cells):
        cells[place] = cells[place].removesuffix(b'"') + b" " + b"x" * random.choice((64, 128, 4096, 70_000))
    return b",".join(cells)


def _many_commas(random: Random, _shape: Shape, line: bytes) -> bytes:
    # So many that a count of them in too few bits is the count that there should be.
    line += b"," + b"x" * random.choice((0, random.randrange(_LANES), -(len(line) + 1) % _LANES))
    cells = random.choice((255, 256, 257, 4032, 4096, 8192, 12_288, 16_384, 65_536)) + random.choice((-1, 0, 0, 0, 1))
    return line + random.choice((b"", b"", b"y" * random.randrange(5000))) + b"," * cells


def _near_a_megabyte(random: Random, _shape: Shape, line: bytes) -> bytes:
    length = MAX_LINE + random.choice((-65, -2, -1, 0, 1, 2, 70_000))
    return line + b"," + random.choice((b"x", b",", b'"')) * (length - len(line) - 1)


_QUIRKS: tuple[Callable[[Random, Shape, bytes], bytes], ...] = (
    *(_cut, _byte_lost, _nasty_byte, _nasty_byte, _blank, _header_again, _other_end, _other_end, _broken_end),
    *(_odd_cell, _odd_cell, _odd_cell, _quoted_cell, _quoted_cell, _half_quoted_cell, _two_cells_in_quotes),
    *(
        _other_width,
        _two_lines_in_one,
        _padded,
        _quote_at_a_border,
        _date_end_lost,
        _long_time,
        _many_commas,
        _many_commas,
    ),
)
