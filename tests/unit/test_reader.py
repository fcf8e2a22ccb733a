from __future__ import annotations

import sys
from io import BytesIO
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.dialect import ReadingOptions
from iotagg.core.judge import LineCounts
from iotagg.core.lines import Batch, Overlong
from iotagg.core.native import reader_in_use
from iotagg.core.reader import FlowReader
from iotagg.errors import FileRefused
from tests.unit.tallies import each_tally  # noqa: F401 (it applies to every test here)

HEADER = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts,Label"
ROWS = [
    b"192.168.1.7,203.0.113.9,06/12/2022 11:00:15 PM,5,2,x",
    b"192.168.1.7,203.0.113.9,06/12/2022 11:00:16 PM,7.5,3,x",
    b"192.168.1.7,203.0.113.9,06/12/2022 11:00:17 PM,-7,3,x",
    b'192.168.1.7,"203.0.113.9",06/12/2022,11,4,"x,y"',
    b"192.168.1.8,203.0.113.9,13/12/2022,1,1,x\r",
    b"",
    b"torn",
    HEADER,
]


def reader() -> FlowReader:
    return FlowReader(ReadingOptions(), 1000, BytesIO)


def batch(lines: list[bytes]) -> Batch:
    return Batch(memoryview(b"".join(line + b"\n" for line in lines)))


def read(batches: list[list[bytes]]) -> tuple[object, ...]:
    found = reader()
    for lines in batches:
        found.read(batch(lines))
    days, counts, rejects = found.finish()
    return days, counts, [(reject.line, reject.reason) for reject in rejects]


@given(st.lists(st.sampled_from(ROWS), max_size=12), st.sets(st.integers(1, 12), max_size=4))
def test_how_lines_come_in_batches_changes_nothing(rows: list[bytes], cuts: set[int]) -> None:
    lines = [HEADER, *rows]
    places = [0, *sorted(cut for cut in cuts if cut < len(lines)), len(lines)]
    parts = [lines[start:end] for start, end in pairwise(places)]
    assert read(parts) == read([lines]) == read([[line] for line in lines])


def test_a_known_combination_with_an_odd_number_is_judged_in_its_place() -> None:
    days, counts, rejects = read([[HEADER, ROWS[0]], [ROWS[0], b"torn", ROWS[2], ROWS[1], ROWS[0]]])
    assert days == {
        ("192.168.1.7", "203.0.113.9", "2022-12-06"): [4, 5 + 5 + 8 + 5, 25 + 25 + 64 + 25, 9, 4 + 4 + 9 + 4]
    }
    assert counts == LineCounts(headers=1, blank=0, counted=4, rejected=2)
    assert isinstance(rejects, list)
    assert [line for line, _ in rejects] == [4, 5]


def flow(source: str, destination: str, date: str = "06/12/2022", duration: str = "5", more: str = "") -> bytes:
    return f"{source},{destination},{date},{duration},2,x{more}".encode()


def test_a_pair_of_one_device_with_itself_is_not_taken_for_what_others_send_it() -> None:
    own, others = ("192.0.2.1", "192.0.2.1"), ("192.0.2.9", "192.0.2.1")
    days, _, _ = read([[HEADER], [flow(*own), flow(*others)], [flow(*own), flow(*others), flow(*others)]])
    assert isinstance(days, dict)
    assert {key[:2]: sums[0] for key, sums in days.items()} == {own: 2, others: 3}


def test_days_before_and_after_a_date_that_turns_out_impossible_stay() -> None:
    pair = ("192.0.2.1", "192.0.2.2")
    dates = ("03/04/2022", "04/13/2022", "13/04/2022")
    days, counts, rejects = read([[HEADER, *(flow(*pair, date) for date in dates)]])
    assert days == {(*pair, "2022-04-03"): [1, 5, 25, 2, 4], (*pair, "2022-04-13"): [1, 5, 25, 2, 4]}
    assert counts == LineCounts(headers=1, counted=2, rejected=1)
    assert isinstance(rejects, list)
    assert [line for line, _ in rejects] == [3]


@pytest.mark.parametrize(
    "odd",
    [
        flow("192.0.2.1", "192.0.2.2", more=",y,z"),
        flow("192.0.2.1", "192.0.2.2").removesuffix(b",x"),
        flow("192.0.2.1", "192.0.2.2", duration="5 "),
        b"\x0b",
    ],
)
def test_a_row_of_a_known_combination_is_rejected_for_the_same_reasons(odd: bytes) -> None:
    good = flow("192.0.2.1", "192.0.2.2")
    _, counts, rejects = read([[HEADER, good], [good, odd, good]])
    assert counts == LineCounts(headers=1, counted=3, rejected=1)
    assert isinstance(rejects, list)
    assert [line for line, _ in rejects] == [4]


def test_blanks_after_the_last_used_cell_are_part_of_it() -> None:
    header = HEADER.removesuffix(b",Label")
    good = b"192.0.2.1,192.0.2.2,06/12/2022,5,2"
    _, counts, _ = read([[header, good], [good + b"\r", good + b" ", good]])
    assert counts == LineCounts(headers=1, counted=3, rejected=1)


def test_the_limit_of_a_duration_holds_in_microseconds_for_known_combinations_too() -> None:
    found = FlowReader(ReadingOptions(duration_unit="s"), 1000, BytesIO)
    longest, longer = str(10**10), str(10**10 + 1)
    lines = [flow("192.0.2.1", "192.0.2.2", duration=duration) for duration in ("1", longest, longer, longest + "0")]
    found.read(batch([HEADER, lines[0]]))
    found.read(batch(lines[1:]))
    assert found.finish()[1] == LineCounts(headers=1, counted=2, rejected=2)


def test_without_a_header_there_are_no_columns() -> None:
    found = reader()
    found.read(batch([b"", b"  "]))
    with pytest.raises(FileRefused, match="blank lines only"):
        found.columns()
    with pytest.raises(FileRefused, match="no header line"):
        reader().columns()


def test_a_line_without_end_is_a_reject_after_the_header_and_a_refusal_before() -> None:
    with pytest.raises(FileRefused, match="no line feed in the first 1 MiB"):
        reader().read(Overlong(b"x"))
    found = reader()
    found.read(batch([HEADER]))
    found.read(Overlong(b"x"))
    assert found.finish()[1] == LineCounts(headers=1, rejected=1)


def test_what_reads_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((None, "pure Python"), (SimpleNamespace(Scanner=int), "compiled scanner")):
        monkeypatch.setitem(sys.modules, "iotagg.core._scanner", module)
        assert reader_in_use() == name
