"""Contributions: what a file adds is cut the same way for ever, and adds up to the file."""

import copy
import gzip
import json
import zlib
from collections import Counter
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from iotagg.core.contribution import (
    BUCKETS,
    CHUNK,
    FORMAT,
    MOST_DAYS,
    READER,
    Contribution,
    Head,
    Name,
    bucket_of,
    chunk_ranges,
    cut,
    head_of,
    no_contribution,
    read_chunk,
)
from iotagg.core.dialect import BYTE_ORDER_MARK, ReadingOptions
from iotagg.core.flows import FileTotals, read_flows
from iotagg.core.judge import LineCounts
from iotagg.core.pair_month import PairMonth
from iotagg.core.rejects import RejectLog, pack
from iotagg.errors import Damaged, FileRefused, InvalidValue
from tests.examples import examples
from tests.pipeline import csvs
from tests.strategies import FlowFile, flow_files, pair_days

many = settings(max_examples=examples(50), deadline=None)
OPTIONS = ReadingOptions()
GOLDEN = Path(__file__).parents[1] / "golden"
HEADER = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\n"

PairDays = dict[tuple[str, str, str], list[int]]


def totals_of(days: PairDays) -> FileTotals:
    return FileTotals("c0ffee", 99, LineCounts(1, 2, 3, 4), "dmy", copy.deepcopy(days), RejectLog(BytesIO), {})


def cut_days(days: PairDays) -> Contribution:
    return cut(totals_of(days), "paris", OPTIONS)


def chunks_of(contribution: Contribution) -> list[list[PairMonth]]:
    return [read_chunk(member) for member in contribution.members]


def pair_months_of(contribution: Contribution) -> list[PairMonth]:
    return [pair_month for chunk in chunks_of(contribution) for pair_month in chunk]


def many_pairs(count: int, source: str = "192.0.2.1") -> PairDays:
    """Return pair-days that all travel in one bucket."""
    peers = (f"2001:db8::{number:x}" for number in range(1, 1 << 16))
    bucket = bucket_of(source, "2001:db8::1")
    same = [peer for peer in peers if bucket_of(source, peer) == bucket]
    return {(source, peer, "2022-12-06"): [1, 5, 25, 2, 4] for peer in same[:count]}


@many
@given(pair_days)
def test_pair_months_hold_each_day_and_the_sums_of_all(days: PairDays) -> None:
    found: PairDays = {}
    for row in pair_months_of(cut_days(days)):
        running = [row.sums[name] for name in ("flows", "dur", "dur_sq", "pkt", "pkt_sq")]
        own = [
            figures
            for (*pair, day), figures in days.items()
            if (*pair, day[:7]) == (row.source, row.destination, row.month)
        ]
        assert running == [sum(column) for column in zip(*own, strict=True)]
        for name in row.sums:
            if name.startswith("f") and name != "flows":
                day = name[1:]
                key = (row.source, row.destination, f"{row.month}-{day}")
                found[key] = [row.sums[f"{letter}{day}"] for letter in "fdp"]
    assert found == {key: [flows, duration, packets] for key, (flows, duration, _, packets, _) in days.items()}


@many
@given(pair_days)
def test_the_head_describes_what_was_cut(days: PairDays) -> None:
    contribution = cut_days(days)
    head, rows = contribution.head, pair_months_of(contribution)
    assert head.pair_months == len(rows) == len({(row.source, row.destination, row.month) for row in rows})
    assert head.pairs == len({key[:2] for key in days})
    assert head.pair_days == len(days)
    assert (head.first_day, head.last_day) == (
        (min(key[2] for key in days), max(key[2] for key in days)) if days else ("", "")
    )
    assert head.totals == {name: sum(row.sums[name] for row in rows) for name in ("flows", "dur", "pkt")}
    assert head.chunks == len(contribution.members)
    assert head.lines == {"lines": 10, "headers": 1, "blank": 2, "counted": 3, "rejected": 4}
    assert (head.name, head.length, head.reader) == (Name("paris", "c0ffee", OPTIONS.digest()), 99, READER)


@many
@given(st.data(), pair_days)
def test_the_cut_does_not_depend_on_the_order_in_which_days_were_met(data: st.DataObject, days: PairDays) -> None:
    shuffled = dict(data.draw(st.permutations(list(days.items()))))
    assert cut_days(shuffled).stored() == cut_days(days).stored()


@many
@given(st.data(), st.lists(st.tuples(st.sampled_from("1234"), st.integers(1, 28), st.integers(0, 10**16)), max_size=12))
def test_the_cut_does_not_depend_on_the_order_of_rows(data: st.DataObject, flows: list[tuple[str, int, int]]) -> None:
    rows = [b"192.0.2.%s,192.0.2.9,2022-12-%d,%d,1\n" % (peer.encode(), day, us) for peer, day, us in flows]
    shuffled = data.draw(st.permutations(rows))
    one, other = (cut(read_flows(BytesIO(HEADER + b"".join(some))), "paris", OPTIONS) for some in (rows, shuffled))
    assert one.members == other.members
    assert one.head.buckets == other.head.buckets


def added_up(contributions: list[Contribution]) -> dict[tuple[str, str, str], Counter[str]]:
    """Return what is stored when contributions are added, by pair and month."""
    sums: dict[tuple[str, str, str], Counter[str]] = {}
    for contribution in contributions:
        for row in pair_months_of(contribution):
            sums.setdefault((row.source, row.destination, row.month), Counter()).update(row.sums)
    return sums


@many
@given(st.data(), flow_files())
def test_parts_of_a_file_add_up_to_the_file(data: st.DataObject, file: FlowFile) -> None:
    # The order of dates is given, since evidence for it in one part is none for another.
    options = ReadingOptions("dmy", file.options.duration_unit, file.options.names)
    try:
        whole = cut(read_flows(BytesIO(file.content), options), "paris", options)
    except FileRefused:
        reject()
    header, *lines = file.content.removeprefix(BYTE_ORDER_MARK).lstrip(b" \t\r\n").split(b"\n")
    places = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=3)))
    parts = [lines[start:end] for start, end in zip([0, *places], [*places, len(lines)], strict=True)]
    contributions = [cut(read_flows(BytesIO(b"\n".join([header, *part])), options), "paris", options) for part in parts]
    assert added_up(contributions) == added_up([whole])
    assert sum(part.head.lines["rejected"] for part in contributions) == whole.head.lines["rejected"]


@many
@given(pair_days)
def test_rows_are_sorted_in_utf_8_within_the_bucket_of_their_pair(days: PairDays) -> None:
    contribution = cut_days(days)
    buckets: dict[int, list[tuple[bytes, ...]]] = {}
    for bucket, chunk in zip(contribution.head.buckets, chunks_of(contribution), strict=True):
        assert {bucket_of(row.source, row.destination) for row in chunk} == {bucket}
        buckets.setdefault(bucket, []).extend(
            tuple(part.encode() for part in (row.source, row.destination, row.month)) for row in chunk
        )
    assert list(buckets) == sorted(buckets)
    assert all(keys == sorted(keys) for keys in buckets.values())


@pytest.mark.parametrize(
    ("pairs", "sizes"), [(0, []), (1, [1]), (96, [96]), (97, [96, 1]), (192, [96, 96]), (200, [96, 96, 8])]
)
def test_a_chunk_holds_at_most_96_rows(pairs: int, sizes: list[int]) -> None:
    contribution = cut_days(many_pairs(pairs))
    assert CHUNK == 96
    assert [len(chunk) for chunk in chunks_of(contribution)] == sizes
    assert len(set(contribution.head.buckets)) <= 1


@settings(max_examples=examples(100), deadline=None)
@given(st.ip_addresses().map(str), st.ip_addresses().map(str))
def test_a_pair_always_travels_in_the_same_bucket(source: str, destination: str) -> None:
    # Frozen: another rule would let two workers meet on a pair while old contributions are retracted.
    assert bucket_of(source, destination) == zlib.crc32(source.encode() + b"\0" + destination.encode()) % 16
    assert bucket_of(source, destination) < BUCKETS


@many
@given(pair_days)
def test_the_stored_form_comes_back(days: PairDays) -> None:
    contribution = cut_days(days)
    stored = contribution.stored()
    head, start = head_of(stored)
    assert head == contribution.head
    assert Head.from_json(json.loads(json.dumps(head.as_json()))) == head
    ranges = chunk_ranges(head, start)
    assert tuple(stored[begin:end] for begin, end in ranges) == contribution.members
    assert (ranges[-1][1] if ranges else start) == len(stored)


@many
@given(pair_days)
def test_a_range_of_bytes_holds_a_range_of_chunks(days: PairDays) -> None:
    contribution = cut_days(days)
    stored = contribution.stored()
    ranges = chunk_ranges(*head_of(stored))
    for first in range(len(ranges)):
        part = stored[ranges[first][0] : ranges[-1][1]]
        expected = b"".join(gzip.decompress(member) for member in contribution.members[first:])
        assert gzip.decompress(part) == expected


@many
@given(pair_days)
def test_zcat_shows_the_head_and_every_row(days: PairDays) -> None:
    contribution = cut_days(days)
    first, *lines = gzip.decompress(contribution.stored()).splitlines()
    assert json.loads(first) == contribution.head.as_json()
    assert [json.loads(line) for line in lines] == [
        {"src_ip": row.source, "dst_ip": row.destination, "month": row.month, **row.sums}
        for row in pair_months_of(contribution)
    ]


def test_the_head_is_known_from_the_first_bytes() -> None:
    contribution = cut_days(many_pairs(400))
    stored = contribution.stored()
    _, start = head_of(stored)
    assert head_of(stored[:start]) == head_of(stored[: start + 5]) == (contribution.head, start)


@many
@given(pair_days)
def test_the_head_tells_the_flows_of_each_day(days: PairDays) -> None:
    head = cut_days(days).head
    flows: Counter[str] = Counter()
    for (_, _, day), figures in days.items():
        flows[day] += figures[0]
    assert head.days == flows
    assert list(head.days) == sorted(flows)


def test_of_very_many_days_the_head_tells_those_with_most_flows_and_of_equal_ones_the_earlier() -> None:
    days = [(date(2020, 1, 1) + timedelta(days=number)).isoformat() for number in range(600)]
    flows = {day: 3 if number == 599 else 2 - number % 2 for number, day in enumerate(days)}
    head = cut_days({("192.0.2.1", "192.0.2.2", day): [flows[day], 5, 25, 2, 4] for day in reversed(days)}).head
    twos, ones = days[0:598:2], days[1:600:2]
    assert list(head.days) == sorted([days[599], *twos, days[598], *ones[: MOST_DAYS - 301]])
    assert all(head.days[day] == flows[day] for day in head.days)
    assert len(head.days) == MOST_DAYS == 400


def test_a_head_from_before_days_were_told_has_none_and_comes_out_as_it_was() -> None:
    fields = heads()
    del fields["days"]
    assert Head.from_json(fields).days == {}
    assert Head.from_json(fields).as_json() == fields


def test_an_emptied_head_says_what_was_read_and_has_no_chunks() -> None:
    head = cut_days(many_pairs(400)).head
    emptied = head.emptied()
    assert emptied.chunks == 0
    assert emptied.days == {}
    assert (emptied.name, emptied.lines, emptied.totals) == (head.name, head.lines, head.totals)
    assert Head.from_json(emptied.as_json()) == emptied


def test_storing_twice_gives_the_same_bytes() -> None:
    assert cut_days(many_pairs(100)).stored() == cut_days(many_pairs(100)).stored()


def test_cutting_empties_the_days_to_save_memory() -> None:
    totals = totals_of(many_pairs(100))
    cut(totals, "paris", OPTIONS)
    assert totals.days == {}


def test_a_row_and_its_inverse_add_up_to_nothing() -> None:
    row = PairMonth("192.0.2.1", "192.0.2.2", "2022-12", {"flows": 2, "dur": 10**38 - 1, "f06": 2})
    assert row.inverse() == PairMonth("192.0.2.1", "192.0.2.2", "2022-12", {"flows": -2, "dur": 1 - 10**38, "f06": -2})
    assert row.inverse().inverse() == row


def test_a_sum_of_38_digits_is_kept() -> None:
    nines = 10**38 - 1
    (row,) = pair_months_of(cut_days({("192.0.2.1", "192.0.2.2", "2022-12-06"): [9, 5, nines, 1, 1]}))
    assert row.sums["dur_sq"] == nines


def test_a_sum_of_39_digits_refuses_the_file_naming_the_pair_and_month() -> None:
    days = {("192.0.2.1", "192.0.2.2", f"2022-12-{day}"): [9, 5, 10**38 - 1, 1, 1] for day in ("06", "07")}
    with pytest.raises(FileRefused, match=r"from 192\.0\.2\.1 to 192\.0\.2\.2 in 2022-12 needs more than 38 digits"):
        cut_days(days)


def test_a_sum_of_39_digits_over_all_pairs_refuses_nothing() -> None:
    nines = 10**38 - 1
    days = {("192.0.2.1", f"192.0.2.{peer}", "2022-12-06"): [9, 5, nines, 1, 1] for peer in (2, 3)}
    assert [row.sums["dur_sq"] for row in pair_months_of(cut_days(days))] == [nines, nines]


def test_a_head_of_a_newer_format_asks_for_an_upgrade() -> None:
    fields = cut_days({}).head.as_json() | {"format": FORMAT + 1}
    with pytest.raises(InvalidValue, match=f"of format {FORMAT + 1}; this iotagg knows {FORMAT}: upgrade it"):
        Head.from_json(fields)


def test_a_name_comes_back_from_its_text() -> None:
    name = Name("paris", "c0ffee", "0123")
    assert str(name) == "c0ffee-0123"
    assert Name.parse("paris", str(name)) == name


@pytest.mark.parametrize("text", ["", "c0ffee", "c0ffee-", "-0123", "-"])
def test_what_is_no_name_says_so(text: str) -> None:
    with pytest.raises(InvalidValue, match="is no contribution's name"):
        Name.parse("paris", text)


def test_a_damaged_name_is_shown_so_that_no_terminal_obeys_it() -> None:
    assert str(no_contribution(Name("paris", "c0\x1b[31m", "01"))) == r"no contribution c0\x1b[31m-01 at site paris"


def test_names_differ_by_site_content_and_options() -> None:
    content = HEADER + b"192.0.2.1,192.0.2.2,3/4/2022,5,1\n"
    others = [("paris", OPTIONS), ("tokyo", OPTIONS), ("paris", ReadingOptions(day_order="mdy"))]
    names = {cut(read_flows(BytesIO(content), options), site, options).head.name for site, options in others}
    assert len(names) == 3


# The golden files freeze what is stored. A change that makes these tests fail would give a file another name or
# another cut than it has where it was counted before: it needs a new format number (contribution.FORMAT), a reader of
# the old one, and golden files beside these, which stay. A head may get further keys, with a reader of heads that lack
# them: flows.ndjson.gz has none of them. Text is compared decompressed, for zlib builds may compress differently.


@pytest.fixture
def golden() -> dict[str, object]:
    found: dict[str, object] = json.loads((GOLDEN / "flows.json").read_text(encoding="utf-8"))
    return found


def golden_contribution() -> Contribution:
    options = ReadingOptions(day_order="dmy", names=(("src", "Client_Address"),))
    with (GOLDEN / "flows.csv").open("rb") as stream:
        return cut(read_flows(stream, options), "paris", options)


def test_golden_identity_and_cut_stay(golden: dict[str, object]) -> None:
    head = golden_contribution().head
    assert head.as_json()["format"] == golden["format"]
    assert head.name.content == golden["content"]
    assert head.name.options == golden["options"]
    assert list(head.buckets) == golden["buckets"]


def test_golden_lines_stay(golden: dict[str, object]) -> None:
    contribution = golden_contribution()
    head, *_ = gzip.decompress(contribution.stored()).splitlines()
    lengths = list(contribution.head.chunk_bytes)
    fields = json.loads(head)
    assert [length for _, length in fields.pop("chunks")] == lengths
    assert json.dumps(fields) == json.dumps(golden["head"])
    assert [gzip.decompress(member).decode().splitlines() for member in contribution.members] == golden["chunks"]


def test_golden_stored_form_stays_readable(golden: dict[str, object]) -> None:
    stored = (GOLDEN / "flows.ndjson.gz").read_bytes()
    head, start = head_of(stored)
    contribution = golden_contribution()
    assert head.name == contribution.head.name
    assert head.days == {}
    assert json.dumps(head.as_json(), separators=(",", ":")) == gzip.decompress(stored).decode().splitlines()[0]
    assert list(head.buckets) == golden["buckets"]
    members = [stored[begin:end] for begin, end in chunk_ranges(head, start)]
    assert [read_chunk(member) for member in members] == chunks_of(contribution)


def test_golden_rejects_stay(golden: dict[str, object]) -> None:
    options = ReadingOptions(day_order="dmy", names=(("src", "Client_Address"),))
    with (GOLDEN / "flows.csv").open("rb") as stream:
        assert [reject.line for reject in read_flows(stream, options).rejects] == golden["rejected_lines"]


def test_golden_default_options_stay() -> None:
    assert OPTIONS.digest() == "afd90d6e1846c953"


def test_a_head_of_which_bytes_are_missing_is_said_to_be_longer() -> None:
    stored = cut_days({("192.168.1.7", "192.0.2.1", "2022-12-01"): [1, 2, 4, 3, 9]}).stored()
    head, start = head_of(stored)
    assert head_of(stored[:start]) == (head, start)
    for short in (0, 1, start // 2, start - 1):
        with pytest.raises(ValueError, match=f"longer than the {short} bytes"):
            head_of(stored[:short])


# What was stored and comes back otherwise.


def heads() -> dict[str, Any]:
    return csvs.contribution(csvs.many_pairs(3)).head.as_json()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        *[("site", value) for value in ("", "a#b", "../x", 7, None)],
        *[("content", value) for value in ("", "C0FFEE", "a/b", 7)],
        *[("options", "x"), ("reading", []), ("lines", {}), ("lines", {"lines": 1}), ("totals", {}), ("format", 0)],
        *[("totals", {"flows": -1}), ("totals", {"flows": 1.5}), ("length", "9"), ("pairs", True), ("day_order", None)],
        *[("chunks", value) for value in ([[0, -1]], [[16, 1]], [[0, "x"]], [[0]], [7], 7, {"a": 1})],
        ("format", "1"),
        *[("days", []), ("days", None), ("days", 7), *[("days", {"2022-12-06": count}) for count in (-1, "1", True)]],
        *[("days", {day: 1}) for day in ("", "2022-13-01", "20221206", "2022-W49-2", "=1+1")],
    ],
)
def test_a_head_with_an_impossible_part_is_damaged(part: str, value: object) -> None:
    with pytest.raises(Damaged, match="the head of a contribution is damaged"):
        Head.from_json(heads() | {part: value})


@pytest.mark.parametrize("part", sorted(heads().keys() - {"days"}))
def test_a_head_without_one_of_its_parts_is_damaged(part: str) -> None:
    fields = heads()
    del fields[part]
    with pytest.raises(Damaged):
        Head.from_json(fields)


def test_the_text_of_a_head_is_parsed() -> None:
    assert Head.parse(json.dumps(heads())) == csvs.contribution(csvs.many_pairs(3)).head
    for text in ("", "{", "[]", "7", "[" * 100_000):
        with pytest.raises(Damaged):
            Head.parse(text)


def test_a_head_that_unpacks_to_more_than_any_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iotagg.core.contribution._MOST_HEAD", 100)
    with pytest.raises(Damaged, match="longer than any"):
        head_of(csvs.contribution(csvs.many_pairs(3)).stored())


@pytest.mark.parametrize(
    "text",
    [
        '{"src_ip":"=1+1","dst_ip":"192.0.2.2","month":"2022-04","flows":1}\n',
        '{"src_ip":"192.0.2.1","dst_ip":"a#b","month":"2022-04","flows":1}\n',
        '{"src_ip":"192.0.2.1","dst_ip":"192.0.2.2","month":"2022","flows":1}\n',
        '{"src_ip":"192.0.2.1","dst_ip":"192.0.2.2","month":"2022-04","flows":1.5} \n\n',
        '{"src_ip":"192.0.2.1"}\n',
        "[]\n",
        "no json\n",
    ],
)
def test_a_chunk_with_a_line_that_is_no_pairs_month_is_damaged(text: str) -> None:
    with pytest.raises(Damaged, match="a chunk of contribution c0ffee is damaged"):
        read_chunk(pack(text.encode(), 1), "contribution c0ffee")


def test_a_chunk_that_was_cut_or_goes_on_is_damaged() -> None:
    member = csvs.contribution(csvs.many_pairs(3)).members[0]
    for other in (b"", member[:-1], member[:9], member + b"x", b"x" + member):
        with pytest.raises(Damaged):
            read_chunk(other)


def test_a_chunk_that_unpacks_to_more_than_any_is_damaged_and_not_unpacked() -> None:
    with pytest.raises(Damaged, match="longer or shorter"):
        read_chunk(pack(bytes(1 << 24), 1))
