"""Files made to fill the memory or the time of whoever reads them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from iotagg.core.flows import MAX_PAIR_DAYS
from tests.hostile.measuring import measured
from tests.hostile.reading import ROW, USED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOST_MEBIBYTES = 150  # Python and iotagg alone have 30
MEBIBYTE = 1 << 20
BEGINNING = gzip.compress(USED + b"\n" + ROW + b"\n")
ZEROS, LETTERS = (gzip.compress(sign * (16 * MEBIBYTE)) for sign in (b"\0", b"x"))
COMMAS = b"," * (MEBIBYTE - 2) + b"\n"


def distinct(count: int) -> bytes:
    rows = (b"10.%d.%d.%d,192.0.2.2,2022-04-03,7,8" % (at >> 16, at >> 8 & 255, at & 255) for at in range(count))
    return gzip.compress(USED + b"\n" + b"\n".join(rows) + b"\n", 1)


def long_name() -> bytes:
    # A column's name may hold any run of blanks; it is told in the reason of each rejected line.
    return (
        b"Src" + b" " * (MEBIBYTE - 200) + b"IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\n" + b"x,1,1,1,1\n" * 3000
    )


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "4 GiB of zeros": (lambda: ZEROS * 256, "no line feed in the first 1 MiB"),
    "4 GiB of one line": (lambda: LETTERS * 256, "no line feed in the first 1 MiB"),
    "gzip in gzip in gzip": (lambda: gzip.compress(gzip.compress(BEGINNING)), "not a CSV in UTF-8|no flow CSV|broken"),
    "cut": (lambda: BEGINNING[:-9], "the gzip content ends early"),
    "cut in a later member": (lambda: BEGINNING + ZEROS[:-9], "the gzip content ends early"),
    "garbage behind it": (lambda: BEGINNING + b"garbage", "the gzip content ends early|the gzip content is damaged"),
    "a member that never begins": (lambda: BEGINNING + b"\x1f\x8b\x08\x08" + b"n" * MEBIBYTE, "ends early|is damaged"),
    "300,000 pairs": (lambda: distinct(300_000), "more than 50,000 pairs and days in one file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_counted_is_refused_in_bounded_memory(name: str, tmp_path: Path) -> None:
    make, reason = REFUSED[name]
    (tmp_path / "bomb.csv.gz").write_bytes(make())
    ended = measured(tmp_path, "upload", "--max-pair-days", "50000", "bomb.csv.gz")
    assert ended.code == 1
    assert any(each in ended.said for each in reason.split("|")), ended.said
    assert len(ended.said.splitlines()) == 1
    assert ended.mebibytes < MOST_MEBIBYTES


COUNTED: dict[str, Callable[[], bytes]] = {
    "512 MiB of a line below the header": lambda: BEGINNING + LETTERS * 32,
    "20,000 empty members": lambda: BEGINNING + gzip.compress(b"") * 20_000,
    "padded with zeros": lambda: BEGINNING + bytes(4 * MEBIBYTE),
    "lines of a million fields": lambda: BEGINNING + gzip.compress(COMMAS * 2),
    "lines of a million quotes": lambda: BEGINNING + gzip.compress(COMMAS.replace(b",", b'"') * 5),
    "100,000 short lines": lambda: BEGINNING + gzip.compress(b"x\n" * 100_000),
}


@pytest.mark.parametrize("name", COUNTED)
def test_what_is_rejected_is_rejected_in_bounded_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / "bomb.csv.gz").write_bytes(COUNTED[name]())
    ended = measured(tmp_path, "upload", "bomb.csv.gz")
    assert (ended.code, "1 flow, 1 pair" in ended.said) == (0, True), ended.said
    assert ended.mebibytes < MOST_MEBIBYTES


def test_the_name_of_a_column_is_not_told_in_full_with_each_line(tmp_path: Path) -> None:
    (tmp_path / "bomb.csv").write_bytes(long_name())
    ended = measured(tmp_path, "upload", "bomb.csv")
    assert ended.code == 1
    assert "none of its 3,000 rows can be counted" in ended.said
    assert len(ended.said) < 500
    assert ended.mebibytes < MOST_MEBIBYTES


def test_without_an_option_there_is_a_cap_too() -> None:
    assert MAX_PAIR_DAYS == 1_000_000
