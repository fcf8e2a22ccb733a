from __future__ import annotations

from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.dialect import ReadingOptions
from iotagg.core.lines import Batch, Overlong
from iotagg.core.reader import FlowReader, LineCounts
from iotagg.errors import FileRefused

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


def read(batches: list[list[bytes]]) -> tuple[object, ...]:
    found = reader()
    for lines in batches:
        found.read(Batch(lines, quoted=any(b'"' in line for line in lines)))
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


def test_without_a_header_there_are_no_columns() -> None:
    found = reader()
    found.read(Batch([b"", b"  "], quoted=False))
    with pytest.raises(FileRefused, match="blank lines only"):
        found.columns()
    with pytest.raises(FileRefused, match="no header line"):
        reader().columns()


def test_a_line_without_end_is_a_reject_after_the_header_and_a_refusal_before() -> None:
    with pytest.raises(FileRefused, match="no line feed in the first 1 MiB"):
        reader().read(Overlong(b"x"))
    found = reader()
    found.read(Batch([HEADER], quoted=False))
    found.read(Overlong(b"x"))
    assert found.finish()[1] == LineCounts(headers=1, rejected=1)
