"""Rejected lines: none is lost, whatever their number, and they stay in the order of the file."""

import gzip
from io import BytesIO
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.core.rejects import MAX_TEXT, Reject, RejectLog, pack, packed_rejects, read_rejects, stored_rejects
from iotagg.errors import Damaged
from tests.examples import examples

many = settings(max_examples=examples(100), deadline=None)


def log_of(lines: list[int]) -> RejectLog:
    log = RejectLog(BytesIO)
    for line in lines:
        log.add(line, "torn", b"text %d" % line)
    return log


@many
@given(st.binary(max_size=40), st.text(st.characters(codec="utf-8"), max_size=10))
def test_a_line_comes_back_with_number_reason_and_text(text: bytes, reason: str) -> None:
    log = RejectLog(BytesIO)
    log.add(7, reason, text)
    assert list(log) == [Reject(7, reason, text.decode("utf-8", "backslashreplace"))]


def test_a_text_is_cut_to_a_kilobyte() -> None:
    log = RejectLog(BytesIO)
    log.add(1, "long", b"x" * (MAX_TEXT + 1))
    assert [len(reject.text) for reject in log] == [MAX_TEXT]


def test_thousands_of_lines_come_in_several_members_that_are_one_gzip_file() -> None:
    numbers = list(range(1, 2_502))
    log = log_of(numbers)
    members = list(log.members())
    assert log.count == 2_501
    assert [len(list(read_rejects(member))) for member in members] == [1_000, 1_000, 501]
    assert gzip.decompress(b"".join(members)).count(b"\n") == 2_501
    assert [reject.line for reject in log] == numbers


def test_lines_of_a_log_are_packed_as_the_log_does_it() -> None:
    log = log_of(list(range(1, 2_502)))
    assert list(packed_rejects(iter(log))) == list(log.members())
    assert list(packed_rejects([])) == []


def test_lines_may_be_added_after_others_were_read() -> None:
    log = log_of([1, 2])
    assert [reject.line for reject in log] == [1, 2]
    log.add(3, "torn", b"")
    assert [reject.line for reject in log] == [1, 2, 3]


@many
@given(st.sets(st.integers(1, 5_000)), st.sets(st.integers(1, 5_000)))
def test_two_logs_merge_in_the_order_of_the_file(one: set[int], other: set[int]) -> None:
    both = log_of(sorted(one)).merged(log_of(sorted(other - one)))
    assert [reject.line for reject in both] == sorted(one | other)
    assert both.count == len(one | other)


def test_no_file_is_opened_for_nothing() -> None:
    def no_file() -> BinaryIO:
        raise AssertionError("a file was opened")

    log = RejectLog(no_file)
    assert list(log) == []
    assert list(log.members()) == []


def test_packing_twice_gives_the_same_bytes() -> None:
    assert pack(b"content", 6) == pack(b"content", 6)
    assert gzip.decompress(pack(b"content", 1)) == b"content"


def test_members_one_after_the_other_are_read_as_one_file() -> None:
    log = log_of(list(range(1, 2_502)))
    assert list(stored_rejects(BytesIO(b"".join(log.members())))) == list(log)
    assert list(stored_rejects(BytesIO(b""))) == []


@pytest.mark.parametrize("count", [0, 1, 1_000, 2_001])
def test_lines_that_were_read_are_packed_as_they_were(count: int) -> None:
    log = log_of(list(range(1, count + 1)))
    assert list(packed_rejects(iter(log))) == list(log.members())


@pytest.mark.parametrize(
    "text", ["no json", "[]", '{"line":1}', '{"line":"1","reason":"","text":""}', '{"line":1,"reason":null,"text":""}']
)
def test_rejected_lines_in_another_form_are_damaged(text: str) -> None:
    with pytest.raises(Damaged, match="what is kept of the rejected lines of contribution c0ffee is damaged"):
        list(read_rejects(pack(text.encode(), 1), "contribution c0ffee"))


def test_rejected_lines_that_were_cut_are_damaged() -> None:
    log = RejectLog(BytesIO)
    log.add(1, "torn", b"x")
    (member,) = log.members()
    with pytest.raises(Damaged):
        list(read_rejects(member[:-1]))
