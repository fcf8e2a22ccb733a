"""A flow CSV under pseudonyms: reading it says what the original says, of every file, and it tells nothing else."""

from __future__ import annotations

import gzip
import pickle
import re
import tracemalloc
from contextlib import ExitStack
from io import BytesIO
from itertools import chain, repeat
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from iotagg.core import lines as line_module
from iotagg.core import pseudonymised
from iotagg.core.dialect import ReadingOptions
from iotagg.core.flows import FileTotals, read_flows
from iotagg.core.pseudonym import Pseudonyms
from iotagg.core.pseudonymised import HEADER, Pseudonymisation
from iotagg.errors import FileRefused
from tests.examples import examples
from tests.strategies import FlowFile, ShortReads, flow_files, gzipped, read_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.core.rejects import Reject

PSEUDONYMS = Pseudonyms(bytes(range(32)))
HEAD = b"Flow ID,Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts,Label\n"
PARIS, PEER = b"84.207.93.159", b"93.193.196.189"
REASONS = (
    *("is no IP address", "has a zone (%), which means nothing outside its host"),
    *("is no number (digits, optional fraction and exponent, no sign anywhere)", "is not whole"),
    *("is more than 10^16", "is more than 10^16 µs", "is an impossible date", "is an impossible date (dmy)"),
    *("is an impossible date (mdy)", "is an impossible date (other rows show day-first)"),
    *("is no date but a time: a spreadsheet cut it, fetch the original", "is no date (d/m/Y, Y-m-d or epoch seconds)"),
)
ADDRESS = rb"(?:[0-9.]{7,15}|[0-9a-f:]{2,39}|no address|::%zone)"
SAFE = re.compile(
    rb"|%b|(?:[0-9]+ fields where the header has [0-9]+|broken quoting: [a-z0-9 ]+|the line is longer than 1 MiB)"
    rb"|%b,%b,(?:[0-9/:.+-]|[ \tTAPMampZ]){1,40},[0-9.eE]{1,32},[0-9.eE]{1,32}" % (HEADER, ADDRESS, ADDRESS)
)
FIXED = (b"no number", b"none")
long = pytest.mark.no_cover  # to note each line that runs would double what it takes; others run them all


def under_pseudonyms(content: bytes, options: ReadingOptions | None = None) -> bytes:
    return b"".join(Pseudonymisation(PSEUDONYMS, options or ReadingOptions()).blocks(BytesIO(content)))


def rows(content: bytes, options: ReadingOptions | None = None) -> list[bytes]:
    """Return what becomes of rows below a header."""
    header, *below, after = under_pseudonyms(HEAD + content, options).split(b"\n")
    assert (header, after) == (HEADER, b"")
    return below


def row(
    source: bytes = b"192.168.1.7",
    destination: bytes = b"203.0.113.9",
    timestamp: bytes = b"06/12/2022 11:00:15 PM",
    duration: bytes = b"5",
    packets: bytes = b"2",
) -> bytes:
    return b"x,%b,%b,%b,%b,%b,y\n" % (source, destination, timestamp, duration, packets)


def why(reject: Reject) -> str:
    """Return why a line was rejected, without what is in it."""
    if not reject.reason.startswith("column "):
        return reject.reason
    (found,) = [reason for reason in REASONS if reject.reason.endswith(f" {reason}")]
    return found


def why_under_pseudonyms(reject: Reject) -> str:
    # Of a torn line, the reason is all that comes out.
    torn = reject.reason.startswith("1 fields where the header has 5")
    return reject.text if torn else why(reject)


def assert_says_the_same(written: bytes, how: Pseudonymisation, original: FileTotals) -> None:
    totals = read_flows(BytesIO(written), how.reading)
    assert totals.lines == original.lines
    assert totals.day_order == original.day_order
    assert totals.days == {
        (PSEUDONYMS.of(source), PSEUDONYMS.of(destination), day): sums
        for (source, destination, day), sums in original.days.items()
    }
    rejects = [(reject.line, why_under_pseudonyms(reject)) for reject in totals.rejects]
    assert rejects == [(reject.line, why(reject)) for reject in original.rejects]
    for line in written.split(b"\n"):
        for fixed in FIXED:
            line = line.replace(b"," + fixed, b",0")  # noqa: PLW2901 (fixed texts are as good as a number)
        assert SAFE.fullmatch(line), line


def check(content: bytes, options: ReadingOptions) -> None:
    how = Pseudonymisation(PSEUDONYMS, options)
    original = outcome(lambda: read_flows(BytesIO(content), options))
    written = outcome(lambda: b"".join(how.blocks(BytesIO(content))))
    if isinstance(original, FileTotals) and isinstance(written, bytes):
        assert_says_the_same(written, how, original)
    else:
        # Names that were found instead of columns may be hidden; the rest is said in the same words.
        assert str(written).partition("; found: ")[0] == str(original).partition("; found: ")[0]


def outcome(reading: Callable[[], object]) -> object:
    """Return what comes out, or why a file is refused."""
    try:
        return reading()
    except FileRefused as refusal:
        return f"refused: {refusal}"


@settings(max_examples=examples(100), deadline=None)
@given(flow_files())
def test_a_file_says_under_pseudonyms_what_it_says(file: FlowFile) -> None:
    check(file.content, file.options)


@st.composite
def damaged(draw: st.DrawFn) -> FlowFile:
    """Draw a flow CSV with some bytes lost, doubled, or exchanged for others."""
    file = draw(flow_files())
    content = bytearray(file.content)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 0, 1, 1, 2, 9])))
        signs = st.sampled_from([b"", b",", b'"', b"\n", b"\r", b" ", b"T", b"\0", b"7", b".", b"e", b"%", b"/", b":"])
        content[start:end] = draw(signs | st.just(bytes(content[start:end])) | st.binary(max_size=3))
    return FlowFile(bytes(content), file.options)


@settings(max_examples=examples(100), deadline=None)
@given(damaged())
def test_a_damaged_file_says_under_pseudonyms_what_it_says(file: FlowFile) -> None:
    check(file.content, file.options)


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=80))
@example(b"")
@example(b"\n \n")
@example(b"\xef\xbb\xbf")
@example(gzip.compress(HEAD + row())[:-5])
def test_any_bytes_are_refused_in_the_same_words(content: bytes) -> None:
    check(content, ReadingOptions())


@settings(max_examples=examples(100), deadline=None)
@given(st.data(), flow_files(), read_sizes, st.sampled_from([1, 2, 7, 40, 1 << 18]), st.integers(0, 3))
def test_neither_short_reads_nor_block_borders_nor_forgetting_change_anything(
    data: st.DataObject, file: FlowFile, sizes: tuple[int, ...], block: int, pairs: int
) -> None:
    longest = data.draw(st.sampled_from([max(block, 60), max(block, 100), 1 << 20]))
    content = data.draw(st.just(file.content) | gzipped(file.content))
    how = Pseudonymisation(PSEUDONYMS, file.options)
    with patch.object(line_module, "MAX_LINE", longest), patch.object(line_module, "BLOCK", min(longest, 1 << 18)):
        original = outcome(lambda: read_flows(BytesIO(content), file.options))
        whole = outcome(lambda: b"".join(how.blocks(BytesIO(content))))
        with ExitStack() as small:
            small.enter_context(patch.object(line_module, "BLOCK", block))
            small.enter_context(patch.object(pseudonymised, "_MOST_PAIRS", pairs))
            assert outcome(lambda: b"".join(how.blocks(ShortReads(content, sizes)))) == whole
    if isinstance(original, FileTotals) and isinstance(whole, bytes):
        assert_says_the_same(whole, how, original)
    else:
        assert whole == original


@settings(max_examples=examples(100), deadline=None)
@given(st.data(), flow_files())
def test_a_file_that_has_grown_begins_with_what_it_was(data: st.DataObject, file: FlowFile) -> None:
    complete = [at + 1 for at, byte in enumerate(file.content) if byte == ord("\n")]
    beginning = file.content[: data.draw(st.sampled_from([*complete, len(file.content)]))]
    how = Pseudonymisation(PSEUDONYMS, file.options)
    try:
        whole = b"".join(how.blocks(BytesIO(file.content)))
        assert whole.startswith(b"".join(how.blocks(BytesIO(beginning))))
    except FileRefused:
        event("refused")


@settings(max_examples=examples(50), deadline=None)
@given(flow_files(), read_sizes)
def test_what_is_read_and_what_is_packed_is_what_is_written(file: FlowFile, sizes: tuple[int, ...]) -> None:
    how = Pseudonymisation(PSEUDONYMS, file.options)
    try:
        whole = b"".join(how.blocks(BytesIO(file.content)))
    except FileRefused:
        return
    stream = how.stream(ShortReads(file.content, sizes))
    assert b"".join(iter(lambda: stream.read(sizes[0]), b"")) == whole
    packed = [b"".join(how.packed(BytesIO(file.content))) for _ in range(2)]
    assert packed[0] == packed[1]
    assert gzip.decompress(packed[0]) == whole


# What is known of a file is its hash: a change of any byte here makes all files new that were counted before.
GOLDEN = b"""\

Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts
84.207.93.159,93.193.196.189,06/12/2022 11:00:15 PM,5,2
93.193.196.189,84.207.93.159,2022-12-06T23:00:15Z,1e3,12.0
84.207.93.159,no address,1670284800.25,no number,0.5

Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts
2 fields where the header has 7
::%zone,fdb4:d810:c90d:e42d:a1e7:1f40:8a77:d043,none,10000000000000001,10000000000000001
broken quoting: field 1 begins with a quote and does not end with one
84.207.93.159,84.207.93.159,0:00,5,2
84.207.93.159,84.207.93.159,9999-99-99,5,2
84.207.93.159,84.207.93.159,31/31/2022,5,2
the line is longer than 1 MiB
"""


def test_what_comes_out_never_changes() -> None:
    content = (
        b"\xef\xbb\xbf  \r\n"
        + HEAD
        + row()
        + row(b"203.0.113.9", b"::ffff:192.168.1.7", b"2022-12-06T23:00:15Z", b"1e3", b"12.0")
        + row(destination=b"printer", timestamp=b"1670284800.25", duration=b"-7", packets=b"2.5")
        + b"\r\n"
        + HEAD
        + b"192.168.1.7,203.0.113.9\n"
        + row(b"fe80::7%eth0", b"2001:DB8::7", b"Monday 192.168.1.7", b"9" * 40, b"9" * 20)
        + b'"\n'
        + row(destination=b"192.168.1.7", timestamp=b"11:00.5")
        + row(destination=b"192.168.1.7", timestamp=b"9" * 16)
        + row(destination=b"192.168.1.7", timestamp=b"31/31/2022 192.168.1.7")
        + b"x" * (1 << 21)
    )
    assert under_pseudonyms(content) == GOLDEN


def test_other_columns_and_what_else_stands_in_a_line_never_pass() -> None:
    device = b"192.168.1.7"
    odd = [
        row(timestamp=b"06/12/2022 " + device),
        row(timestamp=b"06/12/2022T11:00:15 " + device),
        row(timestamp=device, duration=device, packets=device),
        row(source=device + b" ", destination=device + b"%1"),
        b"192.168.1.7-203.0.113.9-80-443-6," + row()[2:],
        b"192.168.1.7\n",
        b'"192.168.1.7\n',
        row()[:-2] + device + b"," + device + b"," + device + b"\n",
        b'x,"192.168.1.7 ","192.168.1.7,1","192.168.1.7 ",5,2,y\n',
    ]
    for line in odd:
        written = b"\n".join(rows(row() + line + line))
        assert device not in written
        assert b"203.0.113.9" not in written


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (row(), "found: x, (hidden), (hidden), (hidden), (hidden), (hidden), y"),
        (b"abcd:ef::,Dst IP\n", "found: (hidden), Dst IP; name yours with --map src=NAME"),
        (b"client,\x1b[m,\n", "found: client, \\x1b[m, (empty)"),
    ],
)
def test_a_refusal_shows_no_name_that_may_be_an_address(content: bytes, reason: str) -> None:
    with pytest.raises(FileRefused, match=re.escape(reason)):
        under_pseudonyms(content)


def test_columns_are_found_by_the_names_that_were_given_and_come_out_under_their_own() -> None:
    # The names that --map gave are of the original; in what comes out, one of them may name another column.
    swapped = ReadingOptions("mdy", "ms", (("src", "dst ip"), ("dst", "src ip")))
    how = Pseudonymisation(PSEUDONYMS, swapped)
    assert rows(row(duration=b"1.5"), swapped) == [PEER + b"," + PARIS + b",06/12/2022 11:00:15 PM,1.5,2"]
    assert how.reading == ReadingOptions("mdy", "ms", (), "f8da6177")


@pytest.mark.parametrize("unit", ["us", "ms", "s"])
def test_long_cells_are_written_anew_by_what_they_mean(unit: str) -> None:
    zeros = b"0" * 60
    options = ReadingOptions(duration_unit=unit)  # type: ignore[arg-type]  # a parameter is any text
    content = HEAD + b"".join(
        [
            row(timestamp=zeros + b"1670284800." + zeros, duration=zeros + b"12.0005" + zeros, packets=zeros + b"12"),
            row(timestamp=b"1670284800." + zeros, duration=b"0." + zeros + b"1", packets=b"12." + zeros),
            row(duration=zeros + b"10000000000", packets=zeros),
            row(duration=zeros + b"2.5000001" + zeros),
        ]
    )
    check(content, options)
    assert max(map(len, under_pseudonyms(content, options).split(b"\n"))) < 90


def test_a_line_that_is_just_short_enough_stays_so() -> None:
    cells = row(b"::", b"::")
    number = b"0" * ((1 << 20) + 1 - len(cells)) + b"7"
    check(HEAD + row(b"::", b"::", packets=number), ReadingOptions())
    assert len(row(b"::", b"::", packets=number)) == (1 << 20) + 1


def test_a_row_that_begins_as_another_is_still_a_header_where_it_is_one() -> None:
    wide = HEAD.replace(b"\n", b",a,b\n")
    alike = b"x,Src IP,Dst IP,06/12/2022,5,2,y,a,b\n"
    other = b"x,Src IP,Dst IP,06/12/2022,5,2,Timestamp,Flow Duration,Tot Fwd Pkts\n"
    assert under_pseudonyms(wide + alike + alike).endswith(b"no address,no address,06/12/2022,5,2\n" * 2)
    with pytest.raises(FileRefused, match="line 4: another header"):
        under_pseudonyms(wide + alike + alike + other)


def test_a_line_is_written_the_same_whether_its_pair_is_known_or_not() -> None:
    seconds = ReadingOptions(duration_unit="s")
    odd = [row(duration=b"10000000001"), row()[:-2] + b'"open\n', b'"a,b' + row()[1:-3] + b'",2\n', b'"x"' + row()[1:]]
    alone = [rows(line, seconds) for line in odd]
    assert [rows(row() + line, seconds)[1:] for line in odd] == alone
    assert alone[0] == [PARIS + b"," + PEER + b",06/12/2022 11:00:15 PM,10000000000000000,2"]
    assert alone[1] == [b"broken quoting: field 7 begins with a quote and does not end with one"]


def test_a_line_that_is_too_long_is_a_line_where_others_are_named() -> None:
    with pytest.raises(FileRefused, match="line 4: another header"):
        rows(b"x" * (1 << 21) + b"\n" + row() + b"y," + HEAD)


def test_the_time_of_day_passes_so_that_different_files_stay_different() -> None:
    times = (b" 11:00:15 PM", b"T23:00:15.123456Z", b"T23:00:15+01:00", b" 9:05", b"\t09:05:07.5")
    written = rows(b"".join(row(timestamp=b"2022-12-06" + time) for time in times))
    assert [line.split(b",")[2] for line in written] == [b"2022-12-06" + time for time in times]


def test_it_goes_to_other_processes() -> None:
    how = Pseudonymisation(PSEUDONYMS, ReadingOptions())
    assert pickle.loads(pickle.dumps(how)).reading == how.reading  # noqa: S301 (made here)


class Endless:
    """A stream of lines that exist only while they are read."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines

    def read(self, size: int, /) -> bytes:
        del size
        return next(self._lines, b"")


def peak(lines: Iterator[bytes]) -> int:
    """Return the bytes that were needed at most."""
    how = Pseudonymisation(Pseudonyms(bytes(32)), ReadingOptions())
    tracemalloc.start()
    try:
        for _ in how.blocks(Endless(chain([HEAD], lines))):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_length_of_a_file() -> None:
    assert peak(repeat(row() * 1000, 24)) < 2 * peak(repeat(row() * 1000, 6))


@long
def test_memory_does_not_grow_with_pairs() -> None:
    def pairs(count: int) -> Iterator[bytes]:
        numbers = range(0, count, 100)
        return (b"".join(row(b"192.0.%d.%d" % divmod(each, 256)) for each in range(at, at + 100)) for at in numbers)

    with patch.object(pseudonymised, "_MOST_PAIRS", 100), patch("iotagg.core.pseudonym._MOST_KNOWN", 100):
        peak(pairs(3_000))  # so that addresses are known, which is bounded elsewhere
        few, many = peak(pairs(1_400)), peak(pairs(3_000))
    assert many < 1.5 * few
