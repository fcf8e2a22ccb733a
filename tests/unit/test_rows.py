from __future__ import annotations

import pytest

from iotagg.core.dialect import ReadingOptions, header_dialect
from iotagg.core.rows import TornRow, no_header, opening, row_cells
from iotagg.errors import FileRefused

OPTIONS = ReadingOptions()
HEADER = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts,Label"
DIALECT = header_dialect(HEADER, OPTIONS)
MARK = b"\xef\xbb\xbf"


def found(line: bytes, number: int = 2) -> object:
    return row_cells(line, number, DIALECT, OPTIONS)


@pytest.mark.parametrize("line", [b"", b"\r\r", b" \t", MARK, MARK + b" \r"])
def test_a_file_may_begin_with_blank_lines(line: bytes) -> None:
    assert opening(line, 1, OPTIONS) is None


def test_a_mark_in_front_of_a_blank_line_is_one_on_the_first_line_only() -> None:
    with pytest.raises(FileRefused, match="no flow CSV"):
        opening(MARK, 2, OPTIONS)


def test_what_opens_a_file_is_its_header_or_refuses_it() -> None:
    assert opening(MARK + HEADER + b"\r", 1, OPTIONS) == DIALECT
    with pytest.raises(FileRefused, match="found: one, two"):
        opening(b"one,two", 1, OPTIONS)
    with pytest.raises(FileRefused, match="found: ONE, TWO"):
        opening(b"one,two", 1, OPTIONS, str.upper)


def test_a_file_without_a_header_is_told_from_one_of_blank_lines() -> None:
    assert "no header" in str(no_header(0))
    assert "blank lines only" in str(no_header(1))


@pytest.mark.parametrize("line", [b"", b" ", b"\t \t"])
def test_blanks_and_tabs_alone_are_blank(line: bytes) -> None:
    assert found(line) == "blank"


@pytest.mark.parametrize(
    "line",
    [
        HEADER,
        MARK + HEADER,
        b"source ip,dst_ip,timestamp,flow duration,tot fwd pkt",
        b'"Src IP"' + HEADER[6:] + b",,,,",
    ],
)
def test_a_header_may_be_repeated_in_another_spelling_and_width(line: bytes) -> None:
    assert found(line) == "header"


def test_a_header_with_other_positions_refuses_the_file_naming_the_line() -> None:
    with pytest.raises(FileRefused, match=r"^line 17: another header"):
        found(b"x," + HEADER, 17)


def test_a_row_has_cells_as_far_as_they_are_used() -> None:
    assert found(b"::1,::2,3,4,5,6")[:5] == [b"::1", b"::2", b"3", b"4", b"5"]  # type: ignore[index]  # a row has cells
    assert found(b'::1,"::2",3,4,5,"a,b",7') == [b"::1", b"::2", b"3", b"4", b"5", b"a,b", b"7"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"x", "1 fields where the header has 6"),
        (b"::1,2,3,4,5", "5 fields where the header has 6"),
        (b"1,2,3,4,5,6,7,8", "8 fields where the header has 6"),
        (b'1,2,3,"a,b"', "4 fields where the header has 6"),
        (b'1,"x', "broken quoting: field 2 begins with a quote and does not end with one"),
    ],
)
def test_a_torn_row_says_why_and_nothing_of_what_is_in_it(line: bytes, reason: str) -> None:
    with pytest.raises(TornRow) as torn:
        found(line)
    assert str(torn.value) == reason
