"""The compiled scanner as Python sees it, and what is done without it."""

from __future__ import annotations

import sys
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.core.native import NativeTally, compiled_scanner, quickest_tally, reader_in_use
from iotagg.core.tally import PurePythonTally
from tests.unit.test_tally import DIALECT, KNOWN, Listener, batch, row

if TYPE_CHECKING:
    from iotagg.core._scanner import Scanner

LAYOUT: dict[str, Any] = {"key": (0, 1, 2), "numbers": ((3, 16, 0), (4, 16, 0)), "width": 6, "date_ends": b" T"}


@pytest.fixture
def scanner_type() -> type[Scanner]:
    found = compiled_scanner()
    if found is None:
        pytest.skip("the scanner is not compiled here")
    return found


def test_without_the_scanner_python_reads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iotagg.core._scanner", None)
    assert isinstance(quickest_tally(DIALECT, [0, 0]), PurePythonTally)
    assert reader_in_use() != "compiled scanner"


def test_a_row_of_new_cells_asks_for_its_group_by_them_alone(scanner_type: type[Scanner]) -> None:
    class Knowing(Listener):
        def group(self, place: int, source: bytes, destination: bytes, date: bytes, /) -> int | None:
            assert (place, source, destination, date) == (1, *KNOWN[:2], KNOWN[3])
            return 0

    tally, listener = NativeTally(scanner_type, DIALECT, [0, 0]), Knowing()
    assert tally.read(batch(b"torn", row(5, 2), row(7, 3)), listener) == (2, 3)
    assert listener.told == [(0, b"torn")]
    assert tally.sums(0) == [2, 12, 74, 5, 13]


def test_cells_too_long_to_be_learned_are_told_with_their_line(scanner_type: type[Scanner]) -> None:
    class Knowing(Listener):
        def group(self, *_: object) -> int | None:
            return 0

    tally, listener = NativeTally(scanner_type, DIALECT, [0, 0]), Knowing()
    line = row(5, 2, source="x" * (1 << 16))
    assert tally.read(batch(line), listener) == (0, 1)
    assert listener.told == [(0, line)]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"key": (0, 1, 6)}, "beyond the width"),
        ({"key": (0, 1)}, "three positions"),
        ({"numbers": ()}, "one to eight"),
        ({"numbers": ((3, 16, 0),) * 9}, "one to eight"),
        ({"numbers": ((9, 16, 0),)}, "beyond the width"),
        ({"numbers": ((3, 0, 0),)}, "1 to 18 digits"),
        ({"numbers": ((3, 16, 3),)}, "1 to 18 digits"),
        ({"numbers": ((3, 16),)}, "position, digits and an exponent"),
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(scanner_type: type[Scanner], wrong: dict[str, Any], why: str) -> None:
    with pytest.raises((TypeError, ValueError), match=why):
        scanner_type(**LAYOUT | wrong)


def test_what_there_is_not_is_refused(scanner_type: type[Scanner]) -> None:
    scanner = scanner_type(**LAYOUT)
    with pytest.raises(ValueError, match="outside of the text"):
        scanner.scan(b"abc", 4)
    with pytest.raises(ValueError, match="as many numbers"):
        scanner.add(0, (1,))
    with pytest.raises(OverflowError):
        scanner.add(0, (1 << 64, 1))
    with pytest.raises(IndexError, match="no such group"):
        scanner.sums(1 << 31)


def test_sums_of_the_largest_numbers_are_exact(scanner_type: type[Scanner]) -> None:
    scanner, most = scanner_type(**LAYOUT), (1 << 64) - 1
    for _ in range(70_000):
        scanner.add(3, (most, 1))
    assert scanner.sums(3) == [70_000, 70_000 * most, 70_000 * most * most, 70_000, 70_000]


def test_a_scanner_serves_one_thread_at_a_time(scanner_type: type[Scanner]) -> None:
    scanner = scanner_type(**LAYOUT)
    scanner.learn(*KNOWN[:2], KNOWN[3], 0)
    text = (row(5, 2) + b"\n") * 400_000
    scans = refused = 0
    while not refused and scans < 50:  # on a busy machine a scan may be over before anybody else gets a look at it
        scanning = Thread(target=scanner.scan, args=(text, 0))
        scanning.start()
        scans += 1
        while scanning.is_alive() and not refused:
            try:
                scanner.known()
            except RuntimeError:
                refused += 1
        scanning.join()
    assert refused
    assert scanner.sums(0)[0] == scans * 400_000
