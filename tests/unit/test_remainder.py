"""What remains of a contribution without a device is what the file without its rows adds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.contribution import Contribution, Head, read_chunk
from iotagg.core.dialect import ReadingOptions
from iotagg.core.rejects import Reject
from iotagg.core.remainder import NOTE, remainder, without_mention
from tests.pipeline.csvs import contribution, csv, flow, many_pairs

DEVICE, OTHER = "192.168.1.7", "192.0.2.1"
rows = st.lists(
    st.builds(
        flow,
        st.sampled_from([DEVICE, OTHER, "192.168.1.70", "2001:db8::7"]),
        st.sampled_from([DEVICE, OTHER, "198.51.100.1"]),
        st.sampled_from(["2022-11-30", "2022-12-01", "2022-12-31", "2023-01-01"]),
        st.integers(0, 10**15),
        st.integers(0, 9),
    ),
    max_size=30,
)


def without(made: Contribution, device: str, *rejects: Reject) -> Contribution:
    return remainder(made.head, map(read_chunk, made.members), device, rejects)


def is_of(row: bytes, device: str) -> bool:
    return device.encode() in row.split(b",")[:2]


def described(head: Head) -> Head:
    """Return a head without what names it, and without its line counts."""
    name = replace(head.name, content="", options="")
    return replace(head, name=name, reading={}, length=0, lines={}, buckets=(), chunk_bytes=())


@given(rows)
def test_what_remains_is_what_the_file_adds_without_those_rows(given_rows: list[bytes]) -> None:
    whole = contribution(csv(*given_rows))
    rest = without(whole, DEVICE)
    clean = contribution(csv(*(row for row in given_rows if not is_of(row, DEVICE))))
    assert described(rest.head) == described(clean.head)
    assert [row for member in rest.members for row in read_chunk(member)] == [
        row for member in clean.members for row in read_chunk(member)
    ]
    assert (rest.head.chunks, list(rest.head.chunk_bytes)) == (len(rest.members), list(map(len, rest.members)))
    assert rest.head.name.content == whole.head.name.content
    assert rest.head.name.options != whole.head.name.options


@given(rows)
def test_every_line_is_accounted_for_however_many_devices_are_taken_out(given_rows: list[bytes]) -> None:
    whole = contribution(csv(*given_rows))
    rest = without(without(whole, DEVICE), OTHER)
    lines = rest.head.lines
    erased = sum(is_of(row, DEVICE) or is_of(row, OTHER) for row in given_rows)
    assert lines.get("erased", 0) == erased
    assert ("erased" in lines) is (erased > 0)
    assert lines["headers"] + lines["blank"] + lines["counted"] + lines["rejected"] + erased == lines["lines"]


def test_a_chunk_of_which_nothing_remains_is_left_out_and_the_others_keep_their_buckets() -> None:
    whole = contribution(many_pairs(30) + flow(DEVICE, "198.51.100.77"))
    rest = without(whole, OTHER)
    ((row,),) = [read_chunk(member) for member in rest.members]
    assert row.destination == "198.51.100.77"
    assert whole.head.chunks > 1
    assert rest.head.buckets[0] in whole.head.buckets


def test_its_name_follows_from_what_remains_and_says_nothing_of_what_does_not() -> None:
    content = csv(flow(DEVICE, OTHER), flow("192.168.1.8", "192.0.2.2"))
    whole = contribution(content)
    assert without(whole, DEVICE) == without(whole, OTHER)
    assert without(whole, DEVICE).head.name != without(whole, "192.168.1.8").head.name
    assert set(without(whole, DEVICE).head.reading) == {*ReadingOptions().as_json(), "erased"}
    assert ReadingOptions.from_json(without(whole, DEVICE).head.reading) == ReadingOptions()
    assert DEVICE not in str(without(whole, DEVICE).head.as_json())


def test_rejected_lines_are_part_of_its_name_as_they_may_stay() -> None:
    whole = contribution(csv(flow("192.168.1.8")))
    mentioning, other = Reject(3, "torn", f"{DEVICE},x"), Reject(3, "torn", "198.51.100.1,x")
    names = {without(whole, DEVICE, *rejects).head.name for rejects in ((), (mentioning,), (other,))}
    assert len(names) == 3
    same = Reject(3, "torn", f"{DEVICE},and something else")
    assert without(whole, DEVICE, mentioning) == without(whole, DEVICE, same)


@pytest.mark.parametrize(
    ("reject", "stays"),
    [
        (Reject(2, "torn", f"{DEVICE},x"), Reject(2, "torn", NOTE)),
        (Reject(2, f"'{DEVICE} ' is no IP address", "x"), Reject(2, "'… ' is no IP address", NOTE)),
        (Reject(2, "torn", "192.168.1.70,x"), Reject(2, "torn", "192.168.1.70,x")),
    ],
)
def test_of_a_rejected_line_that_mentions_the_device_number_and_reason_stay(reject: Reject, stays: Reject) -> None:
    assert without_mention(reject, DEVICE) == stays
    assert (without_mention(reject, DEVICE) is reject) is (reject == stays)
