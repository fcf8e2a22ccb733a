"""Reading a flow CSV: the fast reader says what the plain one says, of every file, however it arrives."""

import gzip
import hashlib
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from itertools import chain, repeat
from unittest.mock import patch

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from iotagg.core import dates, judge
from iotagg.core import lines as line_module
from iotagg.core.content import content_digest
from iotagg.core.dialect import ReadingOptions
from iotagg.core.flows import FileTotals, read_flows
from iotagg.core.lines import ByteStream
from iotagg.errors import FileRefused
from tests.examples import examples
from tests.reference import LONGEST_LINE, Reading, Refused, read_plainly
from tests.strategies import FlowFile, ShortReads, flow_files, gzipped, read_sizes
from tests.unit.tallies import each_tally  # noqa: F401 (it applies to every test here)

HEADER = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts,Label\n"
PARIS = "192.168.1.7"
PEER = "203.0.113.9"
MARK = b"\xef\xbb\xbf"
long = pytest.mark.no_cover  # to note each line that runs would double what it takes; others run them all


def row(
    date: str = "06/12/2022", duration: str = "5", packets: str = "2", source: str = PARIS, label: str = "x"
) -> bytes:
    return f"{source},{PEER},{date} 11:00:15 PM,{duration},{packets},{label}\n".encode()


def reading(content: bytes, options: ReadingOptions | None = None) -> FileTotals:
    return read_flows(BytesIO(content), options)


def by_reason(value: bytes | str) -> str:
    """Return the part of a test's name that stands for a value: reasons tell more than content."""
    return value if isinstance(value, str) else "content"


def rejected(totals: FileTotals) -> dict[int, str]:
    return {reject.line: reject.reason for reject in totals.rejects}


def days_of(totals: FileTotals) -> dict[str, int]:
    """Return the flows by day."""
    found: dict[str, int] = {}
    for (_, _, day), sums in totals.days.items():
        found[day] = found.get(day, 0) + sums[0]
    return found


def plain_reading(file: FlowFile, longest_line: int = LONGEST_LINE) -> Reading | Refused:
    options = file.options
    try:
        return read_plainly(
            file.content,
            day_order=options.day_order,
            duration_unit=options.duration_unit,
            names=options.names,
            longest_line=longest_line,
        )
    except Refused as refusal:
        return refusal


def assert_says_the_same(stream: ByteStream, options: ReadingOptions, expected: Reading | Refused) -> None:
    if isinstance(expected, Refused):
        event("refused")
        with pytest.raises(FileRefused, match=f"line {expected.line}: another header|no line feed"):
            read_flows(stream, options)
        return
    totals = read_flows(stream, options)
    event(f"counted {min(totals.lines.counted, 3)}")
    assert list(rejected(totals)) == expected.rejected
    assert totals.days == expected.days
    assert totals.day_order == expected.day_order
    assert (totals.content, totals.length) == (expected.content, expected.length)
    counts = totals.lines
    assert (counts.headers, counts.blank, counts.counted) == (expected.headers, expected.blank, expected.counted)
    assert counts.rejected == totals.rejects.count == len(expected.rejected)
    assert counts.headers + counts.blank + counts.counted + counts.rejected == counts.lines == expected.lines


@long
@settings(max_examples=examples(150), deadline=None)
@given(flow_files())
def test_a_file_is_read_as_the_plain_reader_reads_it(file: FlowFile) -> None:
    assert_says_the_same(BytesIO(file.content), file.options, plain_reading(file))


@settings(max_examples=examples(120), deadline=None)
@given(st.data(), flow_files(), read_sizes, st.sampled_from([1, 2, 7, 40, 1 << 18]), st.integers(0, 3))
def test_neither_short_reads_nor_block_borders_nor_forgetting_change_anything(
    data: st.DataObject, file: FlowFile, sizes: tuple[int, ...], block: int, spare_keys: int
) -> None:
    longest = data.draw(st.sampled_from([max(block, 60), max(block, 100), LONGEST_LINE]))
    content = data.draw(st.just(file.content) | gzipped(file.content))
    with ExitStack() as small:
        small.enter_context(patch.object(line_module, "BLOCK", block))
        small.enter_context(patch.object(line_module, "MAX_LINE", longest))
        small.enter_context(patch.object(judge, "_SPARE_KEYS", spare_keys))
        small.enter_context(patch.object(dates, "_MOST_SETTLED", spare_keys))
        assert_says_the_same(ShortReads(content, sizes), file.options, plain_reading(file, longest))


@settings(max_examples=examples(60), deadline=None)
@given(st.data(), st.binary(max_size=60).filter(lambda content: content[:2] != b"\x1f\x8b"), read_sizes)
def test_the_hash_is_of_the_decompressed_content(data: st.DataObject, content: bytes, sizes: tuple[int, ...]) -> None:
    compressed = data.draw(gzipped(content))
    expected = (hashlib.sha256(content).hexdigest(), len(content))
    assert content_digest(BytesIO(content)) == content_digest(ShortReads(compressed, sizes)) == expected


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.integers(0, 260), max_size=6), st.sampled_from([1, 7, 64, 1 << 18]))
def test_beginnings_are_hashed_at_each_length_that_is_reached(lengths: list[int], block: int) -> None:
    content = HEADER + row() + row()
    with patch.object(line_module, "BLOCK", block):
        totals = read_flows(BytesIO(content), prefix_lengths=iter(lengths))
    reached = {length for length in lengths if length <= len(content)}
    assert totals.prefixes == {length: hashlib.sha256(content[:length]).hexdigest() for length in reached}
    assert totals.content == hashlib.sha256(content).hexdigest()


def test_a_flow_adds_to_the_day_of_its_pair() -> None:
    totals = reading(HEADER + row() + row(duration="3.5", packets="12.0") + row(source="::ffff:192.168.1.7"))
    assert totals.days == {(PARIS, PEER, "2022-12-06"): [3, 14, 25 + 16 + 25, 16, 4 + 144 + 4]}


def test_a_known_pair_with_a_number_that_wants_judging_is_judged() -> None:
    rows = row() + row(duration="1e3") + row(duration="x") + row() + row(duration="99999999999999999")
    with patch.object(line_module, "BLOCK", 160):  # two rows at a time, so that the first is known before the others
        totals = reading(HEADER + rows)
    assert totals.days == {(PARIS, PEER, "2022-12-06"): [3, 1_010, 1_000_050, 6, 12]}
    assert list(rejected(totals)) == [4, 6]


def test_identical_rows_are_as_many_flows() -> None:
    assert reading(HEADER + row() * 3).days == {(PARIS, PEER, "2022-12-06"): [3, 15, 75, 6, 12]}


def test_one_day_written_in_several_ways_is_one_day() -> None:
    content = HEADER + row("06/12/2022") + row("2022-12-06") + row("6/12/2022") + row("1670284800")
    assert days_of(reading(content)) == {"2022-12-06": 4}


@pytest.mark.parametrize(
    ("unit", "duration", "expected"),
    [("s", "1.5", 1_500_000), ("ms", "7", 7_000), ("us", "2.5", 2), ("s", "3", 3 * 10**6)],
)
def test_durations_are_kept_in_microseconds(unit: str, duration: str, expected: int) -> None:
    options = ReadingOptions(duration_unit=unit)  # type: ignore[arg-type]  # a parameter is any text
    (sums,) = reading(HEADER + row(duration=duration) * 3, options).days.values()
    assert sums[1:3] == [3 * expected, 3 * expected**2]


def test_a_file_with_a_header_only_is_a_quiet_day() -> None:
    totals = reading(HEADER)
    assert (totals.lines.lines, totals.lines.headers, totals.lines.counted) == (1, 1, 0)
    assert totals.days == {}
    assert totals.day_order == ""


def test_the_names_of_the_columns_that_were_used_are_told() -> None:
    assert reading(HEADER).columns == {
        "src": "Src IP",
        "dst": "Dst IP",
        "timestamp": "Timestamp",
        "duration": "Flow Duration",
        "packets": "Tot Fwd Pkts",
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "^empty: it has no header line$"),
        (gzip.compress(b"", mtime=0), "^empty"),
        (b"\n \r\n", "^it holds blank lines only$"),
        (b"Source IP,Length\n", "no column for dst"),
        (b"PK\x03\x04\0\0", "NUL bytes"),
        (HEADER.replace(b"\n", b"\r") + row().replace(b"\n", b"\r"), "CR alone"),
        (b"x" * (LONGEST_LINE + 1), "no line feed in the first 1 MiB"),
        (b"\n" + b"x" * (LONGEST_LINE + 1) + b"\n" + HEADER, "no line feed in the first 1 MiB"),
        (gzip.compress(HEADER + row(), mtime=0)[:-4], "ends early"),
    ],
    ids=by_reason,
)
def test_what_is_no_flow_csv_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(FileRefused, match=reason):
        reading(content)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row(source="localhost"), "column 1 'Src IP': 'localhost' is no IP address"),
        (
            row().replace(PEER.encode(), b"fe80::1%2"),
            "column 2 'Dst IP': 'fe80::1%2' has a zone (%), which means nothing",
        ),
        (row(date="59:00.1"), "column 3 'Timestamp': '59:00.1' is no date"),
        (row(date="31/04/2022"), "column 3 'Timestamp': '31/04/2022' is an impossible date"),
        (row(duration="-1"), "column 4 'Flow Duration': '-1' is no number"),
        (row(duration="NaN"), "column 4 'Flow Duration': 'NaN' is no number"),
        (row(packets="12.5"), "column 5 'Tot Fwd Pkts': '12.5' is not whole"),
        (row(packets=""), "column 5 'Tot Fwd Pkts': empty is no number"),
        (row(packets="10000000000000001"), "column 5 'Tot Fwd Pkts': '10000000000000001' is more than 10^16"),
        (b"1,2,3\n", "3 fields where the header has 6"),
        (row(label="x,y,z"), "8 fields where the header has 6"),
        (row(label='"x'), "broken quoting: "),
        (b"x" * (LONGEST_LINE + 1) + b"\n", "the line is longer than 1 MiB"),
    ],
    ids=by_reason,
)
def test_a_rejected_line_says_where_and_why(line: bytes, reason: str) -> None:
    totals = reading(HEADER + row() + line + row())
    (reject,) = totals.rejects
    assert reject.line == 3
    assert reject.reason.startswith(reason)
    assert reject.text == line[:1024].decode().rstrip("\n")
    assert totals.lines.counted == 2


@pytest.mark.parametrize("label", ["", "NaN", "Infinity", "x,one more", '"a, ""b"""', "\x00", "\x16", "\u2013"])
def test_what_stands_in_unused_columns_does_not_matter(label: str) -> None:
    assert reading(HEADER + row(label=label)).lines.counted == 1


def test_bytes_that_are_no_utf_8_do_not_matter_in_unused_columns() -> None:
    assert reading(HEADER + row(label="Web Attack \u2013 XSS").decode().encode("cp1252")).lines.counted == 1


def test_a_very_long_quoted_label_does_not_matter() -> None:
    assert reading(HEADER + row(label='"' + "x" * 140_000 + '"')).lines.counted == 1


def test_a_cr_in_an_unused_cell_does_not_matter_beside_quotes() -> None:
    assert reading(HEADER + row(label="a\rb") + row(label='a\rb,"c"')).lines.counted == 2


def test_repeated_headers_are_counted_apart() -> None:
    totals = reading(HEADER + row() + HEADER.replace(b"Src IP", b'"source_ip"') + row())
    assert (totals.lines.headers, totals.lines.counted, totals.lines.rejected) == (2, 2, 0)


def test_another_header_further_down_refuses_the_file_naming_the_line() -> None:
    other = b"Dst IP,Src IP,Timestamp,Flow Duration,Tot Fwd Pkts,Label\n"
    with pytest.raises(FileRefused, match=r"^line 3: another header, with other columns"):
        reading(HEADER + row() + other + row())


def test_a_mark_in_front_of_a_repeated_header_is_no_part_of_its_name() -> None:
    totals = reading(MARK + HEADER + row() + MARK + HEADER + row())
    assert (totals.lines.headers, totals.lines.counted, totals.lines.rejected) == (2, 2, 0)


def test_a_mark_in_front_of_another_header_does_not_hide_it() -> None:
    other = b"Dst IP,Src IP,Timestamp,Flow Duration,Tot Fwd Pkts,Label\n"
    with pytest.raises(FileRefused, match=r"^line 3: another header"):
        reading(HEADER + row() + MARK + other + row())


def test_a_mark_in_front_of_a_broken_quote_is_a_rejected_line_like_any_other() -> None:
    totals = reading(HEADER + row() + MARK + b'"open\n' + row())
    assert list(rejected(totals)) == [3]
    assert totals.lines.counted == 2


def test_a_quoted_comma_does_not_stand_for_a_missing_field() -> None:
    header = HEADER.replace(b"Label", b"Label,Score")
    with patch.object(line_module, "BLOCK", 64):  # about a row at a time, so that the first is known before the others
        totals = reading(header + row(label="x,1") + row(label='"x,1"') + row(label='"x,1",1'))
    assert rejected(totals) == {3: "6 fields where the header has 7"}
    assert totals.lines.counted == 2


def test_a_mark_in_front_of_a_blank_line_is_no_header() -> None:
    totals = reading(MARK + b"\r\n" + HEADER + row())
    assert (totals.lines.blank, totals.lines.headers, totals.lines.counted) == (1, 1, 1)


@pytest.mark.parametrize(
    ("dates", "order", "days"),
    [
        (["3/4/2022"], "dmy (assumed)", {"2022-04-03": 1}),
        (["3/4/2022", "13/4/2022"], "dmy", {"2022-04-03": 1, "2022-04-13": 1}),
        (["3/4/2022", "4/13/2022"], "mdy", {"2022-03-04": 1, "2022-04-13": 1}),
        (["4/13/2022", "3/4/2022", "4/14/2022"], "mdy", {"2022-03-04": 1, "2022-04-13": 1, "2022-04-14": 1}),
        (["4/13/2022", "13/4/2022", "3/4/2022"], "dmy", {"2022-04-13": 1, "2022-04-03": 1}),
        (["13/4/2022", "4/13/2022", "3/4/2022"], "dmy", {"2022-04-13": 1, "2022-04-03": 1}),
        (["2022-04-03", "1648944000"], "", {"2022-04-03": 2}),
        (["2022-04-03", "3/4/2022"], "dmy (assumed)", {"2022-04-03": 2}),
        (["13/13/2022", "3/4/2022"], "dmy (assumed)", {"2022-04-03": 1}),
    ],
)
def test_day_or_month_first_is_decided_by_the_whole_file(dates: list[str], order: str, days: dict[str, int]) -> None:
    totals = reading(HEADER + b"".join(map(row, dates)))
    assert totals.day_order == order
    assert days_of(totals) == days
    assert totals.lines.rejected == len(dates) - sum(days.values())


def test_a_row_that_is_bad_in_anything_else_is_no_evidence() -> None:
    totals = reading(HEADER + row("4/13/2022", packets="12.5") + row("3/4/2022"))
    assert totals.day_order == "dmy (assumed)"
    assert days_of(totals) == {"2022-04-03": 1}


def test_contradicting_rows_are_rejected_by_their_lines_in_order() -> None:
    totals = reading(HEADER + row("4/13/2022") * 2 + row(packets="x") + row("13/4/2022") + row("4/14/2022"))
    reason = "is an impossible date (other rows show day-first)"
    found = rejected(totals)
    assert found[4].startswith("column 5 'Tot Fwd Pkts': 'x' is no number")
    assert found == {
        2: f"column 3 'Timestamp': '4/13/2022' {reason}",
        3: f"column 3 'Timestamp': '4/13/2022' {reason}",
        4: found[4],
        6: f"column 3 'Timestamp': '4/14/2022' {reason}",
    }
    assert (totals.lines.counted, totals.lines.rejected) == (1, 4)


@pytest.mark.parametrize(("order", "day", "impossible"), [("dmy", "2022-04-03", 4), ("mdy", "2022-03-04", 3)])
def test_a_given_order_overrides_the_evidence(order: str, day: str, impossible: int) -> None:
    options = ReadingOptions(day_order=order)  # type: ignore[arg-type]  # a parameter is any text
    totals = reading(HEADER + row("3/4/2022") + row("13/4/2022") + row("4/13/2022"), options)
    assert totals.day_order == order
    assert days_of(totals) == {day: 1, "2022-04-13": 1}
    text = {3: "13/4/2022", 4: "4/13/2022"}[impossible]
    assert rejected(totals) == {impossible: f"column 3 'Timestamp': '{text}' is an impossible date ({order})"}


def test_more_pairs_and_days_than_the_cap_refuse_the_file_naming_the_line() -> None:
    content = HEADER + row("2022-12-05") + row("2022-12-06") + row("2022-12-05") + row("2022-12-07")
    assert len(read_flows(BytesIO(content), max_pair_days=3).days) == 3
    with pytest.raises(FileRefused, match=r"^line 5: more than 2 pairs and days in one file; split it"):
        read_flows(BytesIO(content), max_pair_days=2)


class Endless:
    """A stream of lines that exist only while they are read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines

    def read(self, size: int, /) -> bytes:
        del size
        return next(self._lines, b"")


def peak_of_reading(lines: Iterator[bytes]) -> int:
    """Return the bytes that reading needed at its most."""
    tracemalloc.start()
    try:
        read_flows(Endless(chain([HEADER], lines)))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_length_of_a_file() -> None:
    batch = row() * 1_000
    assert peak_of_reading(repeat(batch, 24)) < 2 * peak_of_reading(repeat(batch, 6))


def test_memory_does_not_grow_with_timestamps_that_are_all_different() -> None:
    def epochs(count: int) -> Iterator[bytes]:
        lines = [row(f"{1_670_284_800 + number}.5") for number in range(count)]
        return (b"".join(lines[start : start + 100]) for start in range(0, count, 100))

    with patch.object(judge, "_SPARE_KEYS", 200), patch.object(dates, "_MOST_SETTLED", 200):
        few, many = peak_of_reading(epochs(4_200)), peak_of_reading(epochs(9_000))
    assert many < 1.5 * few


def test_memory_does_not_grow_with_timestamps_that_are_very_long() -> None:
    lines = (row(f"1670284800.{number}{'0' * 500_000}") for number in range(60))
    assert peak_of_reading(lines) < 16 << 20
