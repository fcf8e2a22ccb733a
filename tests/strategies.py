"""Flow CSVs as they are met, and worse, for Hypothesis."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from iotagg.core.dialect import DayOrder, DurationUnit, ReadingOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
ROLES = ("src", "dst", "timestamp", "duration", "packets")
HEADERS = {
    "src": (b"Src IP", b"Source IP", b"src_ip", b" SRC-IP ", b'"Src IP"', b"source__ip"),
    "dst": (b"Dst IP", b"Destination IP", b"dst_ip", b"\tdestination - ip", b'"Dst IP"'),
    "timestamp": (b"Timestamp", b" timestamp", b"TIMESTAMP", b'" Timestamp"'),
    "duration": (b"Flow Duration", b"flow_duration", b" Flow  Duration "),
    "packets": (b"Tot Fwd Pkts", b"tot_fwd_pkt", b"Total Fwd Packets", b"Total Fwd Packet"),
}
UNUSED = (b"Flow ID", b"Label", b"Subflow Fwd Pkts", b"Fwd Pkts/s", b"", b"Caf\xe9", b'"a, b"', b"Flow Duration 2")

ADDRESSES = (
    *(b"192.168.1.7", b"192.168.1.254", b"0.0.0.0", b"255.255.255.255", b"224.0.0.251", b"203.0.113.9"),
    *(b"2001:db8::7", b"2001:DB8:0:0::7", b"2001:0db8:0000:0000:0000:0000:0000:0007", b"2001:db8::0.0.0.7"),
    *(b"::ffff:192.168.1.7", b"::FFFF:c0a8:0107", b"::", b"ff02::fb"),
)
NO_ADDRESSES = (
    *(b"", b" 192.168.1.7", b"192.168.1.7 ", b"192.168.1", b"192.168.1.256", b"192.168.01.7", b"192.168.1.7/32"),
    *(b"fe80::1%eth0", b"::ffff:192.168.1.7%1", b"2001:db8:::7", b"2001:db8::1::7", b"[::1]", b"3232235783"),
    *("\uff11\uff19\uff12.168.1.7".encode(), b"\xff\xfe", b"localhost", b"-", b"12345::", b"192.168.1.7\0"),
)
NUMBERS = (
    *(b"0", b"1", b"7", b"12", b"00012", b"120000000", b"999999999999999", b"9999999999999999", b"10000000000000000"),
    *(
        b"12.0",
        b"1.2e1",
        b"12.000E0",
        b"120e0",
        b"1e16",
        b"10000000000000000.0",
        b"0.0",
        b"0e99",
        b"000000000000000001",
    ),
)
FRACTIONS = (b"12.5", b"0.5", b"1.5", b"2.5", b"5.96", b"0.0005", b"0.0015", b"0.0000005", b"2.50000000000000000001")
NO_NUMBERS = (
    *(b"", b" ", b"NaN", b"nan", b"Infinity", b"inf", b"-1", b"+1", b"-0", b" 12", b"12 ", b"1_000", b"1,5", b"0x10"),
    *(b"12.", b".5", b"1e", b"e5", b"1e-1", b"1e+1", b"1e100", b"1.5e17", b"10000000000000001", b"9" * 40, b"1e17"),
    *("١٢".encode(), "\uff11\uff12".encode(), b"12\xb2", b"10000000000000000.1", b"12\r", b"\x0012", b"1.2.3"),
)
OPEN_DATES = (b"3/4/2022", b"04/03/2022", b"12/12/2022", b"1/1/0001", b"7/7/2017")
DAY_FIRST_DATES = (b"13/4/2022", b"31/12/2022", b"29/02/2024")
MONTH_FIRST_DATES = (b"4/13/2022", b"12/31/2022", b"02/29/2024")
PLAIN_DATES = (b"2022-04-03", b"2022-4-3", b"1648944000", b"1648944000.123456789", b"0", b"86399", b"253402300799")
NO_DATES = (
    *(b"", b"13/13/2022", b"31/4/2022", b"4/31/2022", b"29/02/2023", b"02/29/2023", b"0/4/2022", b"4/0/2022"),
    *(b"2022-13-01", b"2022-02-30", b"0000-01-01", b"1/1/0000", b"253402300800", b"9" * 30, b"-1", b"1e9", b"59:00.1"),
    *(b"3/4/22", b"3.4.2022", b"003/4/2022", b"2022/04/03", b"yesterday", "٣/4/2022".encode(), b"1648944000."),
    *(b"2022-04-03Z", b" 2022-04-03", b"\t2022-04-03"),
)
TIMES = (b"", b" ", b" 11:00:15 PM", b"T11:00:15Z", b"\t11:00", b" 1:2 T", "T11:00 下午".encode(), b"T 1")
JUNK = (
    b"",
    b"x",
    b"a\rb",
    b"NaN",
    b"Infinity",
    b"\xff\xfe\x00",
    b"a b",
    b"Web Attack \x96 XSS",
    "\u2013".encode(),
    b"-1",
)
QUOTED_JUNK = (b'"a, b"', b'"a ""b"", c"', b'""', b'","', b'a"b', b' "a', b'"x"y', b'"open', b'"\xff,"')


@dataclass(frozen=True)
class FlowFile:
    """The decompressed content of a flow CSV, and how it is to be read."""

    content: bytes
    options: ReadingOptions


class ShortReads:
    """A stream that gives fewer bytes than it is asked for, in sizes that repeat, and none at its end only."""

    def __init__(self, content: bytes, sizes: Sequence[int]) -> None:
        self._content = memoryview(content)
        self._sizes = cycle(sizes)

    def read(self, size: int, /) -> bytes:
        given = bytes(self._content[: max(1, min(size, next(self._sizes)))])
        self._content = self._content[len(given) :]
        return given


read_sizes = st.sampled_from([(1,), (7,), (1, 2, 3), (13, 1), (64, 5), (1 << 18,)])


@st.composite
def reading_options(draw: st.DrawFn) -> ReadingOptions:
    """Draw options without added names."""
    day_order: DayOrder = draw(st.sampled_from(["auto", "auto", "auto", "dmy", "mdy"]))
    duration_unit: DurationUnit = draw(st.sampled_from(["us", "us", "ms", "s"]))
    return ReadingOptions(day_order, duration_unit)


@st.composite
def headers(draw: st.DrawFn) -> list[tuple[str, bytes]]:
    """Draw the columns of a header, as (role or nothing, name), in any order, some of them unused or repeated."""
    columns = [(role, draw(st.sampled_from(HEADERS[role]))) for role in ROLES]
    columns += [("", name) for name in draw(st.lists(st.sampled_from(UNUSED), max_size=3))]
    columns = list(draw(st.permutations(columns)))
    if draw(st.integers(0, 4)) == 0:
        role = draw(st.sampled_from(ROLES))
        columns.append(("", draw(st.sampled_from(HEADERS[role]))))  # the first of a duplicated name wins
    return columns


def usable(date: bytes) -> st.SearchStrategy[bytes]:
    """Return timestamps of a date."""
    return st.sampled_from(TIMES).map(lambda time: date + time)


@st.composite
def cell_pools(draw: st.DrawFn) -> dict[str, list[bytes]]:
    """Draw the few cells that most rows of a file share."""
    forms = draw(
        st.sampled_from(
            [
                PLAIN_DATES,
                OPEN_DATES,
                (*OPEN_DATES, *DAY_FIRST_DATES),
                (*OPEN_DATES, *MONTH_FIRST_DATES),
                (*OPEN_DATES, *MONTH_FIRST_DATES, *DAY_FIRST_DATES, *PLAIN_DATES),
            ]
        )
    )
    addresses = st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3)
    numbers = st.lists(st.sampled_from(NUMBERS) | st.integers(0, 10**9).map(b"%d".__mod__), min_size=1, max_size=4)
    return {
        "src": draw(addresses),
        "dst": draw(addresses),
        "timestamp": draw(st.lists(st.sampled_from(forms).flatmap(usable), min_size=1, max_size=4)),
        "duration": [*draw(numbers), draw(st.sampled_from(FRACTIONS))],
        "packets": draw(numbers),
        "": [*draw(st.lists(st.sampled_from(JUNK), max_size=2)), b"1.2.3.4"],
    }


ODD = {
    "src": NO_ADDRESSES,
    "dst": NO_ADDRESSES,
    "timestamp": NO_DATES,
    "duration": NO_NUMBERS,
    "packets": (*NO_NUMBERS, *FRACTIONS),
    "": JUNK,
}


@st.composite
def good_cells(draw: st.DrawFn, columns: list[tuple[str, bytes]], pools: dict[str, list[bytes]]) -> list[bytes]:
    """Draw the cells of a row that counts."""
    return [draw(st.sampled_from(pools[role])) for role, _ in columns]


@st.composite
def odd_cells(draw: st.DrawFn, columns: list[tuple[str, bytes]], pools: dict[str, list[bytes]]) -> list[bytes]:
    """Draw the cells of a row with something odd about one of them, or about their number."""
    cells = draw(good_cells(columns, pools))
    place = draw(st.integers(0, len(columns) - 1))
    role = columns[place][0]
    kind = draw(st.sampled_from(["bad", "bad", "bad", "fewer", "more", "fused", "quoted", "quoted junk"]))
    if kind == "bad":
        cells[place] = draw(st.sampled_from(ODD[role]))
    elif kind == "fewer":
        del cells[place]
    elif kind == "more":
        cells += [b"85"] * draw(st.integers(1, 2))
    elif kind == "fused":
        cells[place : place + 2] = [b'"' + b",".join(cells[place : place + 2]) + b'"']
    elif kind == "quoted":
        cells[place] = b'"' + cells[place] + b'"'
    elif role:
        cells.append(draw(st.sampled_from(QUOTED_JUNK)))
    else:
        cells[place] = draw(st.sampled_from(QUOTED_JUNK))
    return cells


@st.composite
def repeats(draw: st.DrawFn, columns: list[tuple[str, bytes]]) -> list[bytes]:
    """Draw a repeat of the header, perhaps in another spelling, perhaps with a mark as at the beginning of a file."""
    names = [name for _, name in columns]
    if draw(st.booleans()):
        names = [draw(st.sampled_from(HEADERS[role])) if role else name for role, name in columns]
    names[0] = draw(st.sampled_from([b"", BYTE_ORDER_MARK])) + names[0]
    return names


def rows(columns: list[tuple[str, bytes]], pools: dict[str, list[bytes]]) -> st.SearchStrategy[bytes]:
    """Return lines below a header, without their ends: mostly rows that count, else one of the ways not to."""
    good = good_cells(columns, pools).map(b",".join)
    odd = odd_cells(columns, pools).map(b",".join)
    blank = st.sampled_from([b"", b" ", b"\t ", b"   "])
    torn = st.sampled_from(
        [b",", BYTE_ORDER_MARK + b"x", BYTE_ORDER_MARK + b'"x', b'"', b"\x1f\x8b", b"192.168.1.7", b'""']
    )
    rare = st.one_of(blank, repeats(columns).map(b",".join), torn)
    return st.integers(0, 9).flatmap(lambda kind: good if kind < 5 else odd if kind < 9 else rare)


@st.composite
def flow_files(draw: st.DrawFn, max_rows: int = 14) -> FlowFile:
    """Draw a flow CSV that has a header with all used columns, and how it is to be read."""
    columns = draw(headers())
    options = draw(reading_options())
    if draw(st.integers(0, 5)) == 0:
        role = draw(st.sampled_from(ROLES))
        columns = [(kept, b"Client_Column" if kept == role else name) for kept, name in columns]
        if not any(kept == "" and name in HEADERS[role] for kept, name in columns):
            options = ReadingOptions(options.day_order, options.duration_unit, ((role, "client column"),))
    pools = draw(cell_pools())
    lines = [b",".join(name for _, name in columns), *draw(st.lists(rows(columns, pools), max_size=max_rows))]
    if draw(st.integers(0, 19)) == 0:
        other = draw(st.permutations(columns))
        lines.insert(draw(st.integers(1, len(lines))), b",".join(name for _, name in other))
    ends = draw(st.sampled_from([(b"\n",), (b"\r\n",), (b"\n", b"\r\n", b"\r\r\n")]))
    ended = [line + draw(st.sampled_from(ends)) for line in lines]
    if draw(st.booleans()):
        ended[-1] = ended[-1].rstrip(b"\r\n")
    blank = draw(st.sampled_from([b"", b"", b"\n", b" \r\n\n"]))
    mark = draw(st.sampled_from([b"", BYTE_ORDER_MARK]))
    return FlowFile(mark + blank + b"".join(ended), options)


@st.composite
def gzipped(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw a gzip file of some content, of one member or of several."""
    middle = draw(st.integers(0, len(content)))
    parts = draw(st.sampled_from([[content], [content[:middle], content[middle:]]]))
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


pair_days = st.dictionaries(
    st.tuples(
        st.sampled_from([f"192.0.2.{number}" for number in range(12)] + ["2001:db8::7", "2001:db8::a"]),
        st.sampled_from([f"198.51.100.{number}" for number in range(12)] + ["ff02::fb"]),
        st.dates().map(str),
    ),
    st.tuples(st.integers(1, 9), *[st.integers(0, 10**18)] * 4).map(list),
    max_size=60,
)
