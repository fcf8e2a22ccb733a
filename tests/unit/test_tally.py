"""Both tallies, by the one thing that they promise: what is known by its bytes is added up, all else is told."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.dialect import Dialect
from iotagg.core.lines import Batch
from iotagg.core.native import quickest_tally
from tests.unit.tallies import each_tally  # noqa: F401 (it applies to every test here)

NAMES = ("Src IP", "Dst IP", "Timestamp", "Flow Duration", "Tot Fwd Pkts", "Label")
DIALECT = Dialect(src=0, dst=1, timestamp=2, metrics=(3, 4), width=6, names=NAMES)
KNOWN = (b"192.0.2.1", b"192.0.2.2", b"6/12/2022 10:00", b"6/12/2022")


@dataclass
class Listener:
    told: list[tuple[int, bytes]] = field(default_factory=list)

    def line(self, place: int, line: bytes, /) -> None:
        self.told.append((place, line))

    def group(self, _place: int, _source: bytes, _destination: bytes, _date: bytes, /) -> int | None:
        return None


def row(duration: object, packets: object, *, date: str = "6/12/2022 11:11", source: str = "192.0.2.1") -> bytes:
    return f"{source},192.0.2.2,{date},{duration},{packets},label".encode()


def batch(*lines: bytes) -> Batch:
    return Batch(memoryview(b"\n".join(lines)))


@given(st.lists(st.tuples(st.integers(0, 10**16 - 1), st.integers(0, 10**16 - 1)), min_size=1, max_size=30))
def test_rows_that_are_known_are_added_up_exactly(numbers: list[tuple[int, int]]) -> None:
    tally, listener = quickest_tally(DIALECT, [0, 0]), Listener()
    tally.add(0, numbers[0])
    tally.learn(*KNOWN, 0)
    assert tally.read(batch(*(row(*pair) for pair in numbers[1:])), listener) == (len(numbers) - 1, len(numbers) - 1)
    durations, packets = zip(*numbers, strict=True)
    squares = [sum(number * number for number in column) for column in (durations, packets)]
    assert tally.sums(0) == [len(numbers), sum(durations), squares[0], sum(packets), squares[1]]
    assert listener.told == []


def test_durations_in_other_units_are_kept_in_microseconds() -> None:
    tally = quickest_tally(DIALECT, [3, 0])
    tally.add(0, (0, 0))
    tally.learn(*KNOWN, 0)
    assert tally.read(batch(row(7, 2)), Listener()) == (1, 1)
    assert tally.sums(0) == [2, 7000, 49_000_000, 2, 4]


@pytest.mark.parametrize(
    "line",
    [
        row(5, 2, source="192.0.2.9"),
        row(5, 2, date="7/12/2022 11:11"),
        row("5.5", 2),
        row("", 2),
        row(10**16, 2),
        row(5, "-2"),
        row(5, 2) + b",more,than one more",
        row(5, 2).rpartition(b",")[0],
        b"",
    ],
)
def test_any_other_line_is_told_by_its_place(line: bytes) -> None:
    tally, listener = quickest_tally(DIALECT, [0, 0]), Listener()
    tally.add(0, (5, 2))
    tally.learn(*KNOWN, 0)
    assert tally.read(batch(row(5, 2), line, b"torn", row(5, 2)), listener)[1] == 4
    assert (1, line) in listener.told
    assert (2, b"torn") in listener.told


def test_what_is_forgotten_is_told_again_and_no_sum_is_lost() -> None:
    tally, listener = quickest_tally(DIALECT, [0, 0]), Listener()
    tally.add(0, (5, 2))
    tally.learn(*KNOWN, 0)
    assert tally.known() == 1
    tally.forget()
    assert tally.known() == 0
    assert tally.read(batch(row(5, 2)), listener) == (0, 1)
    assert listener.told == [(0, row(5, 2))]
    assert tally.sums(0) == [1, 5, 25, 2, 4]
