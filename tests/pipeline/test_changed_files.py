"""What becomes of what is known and comes otherwise: grown, changed, or read with other options."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.pipeline.contents import GROWN, GROWN_MORE, SECONDS, A, B, states
from tests.pipeline.csvs import HEADER, TORN, contribution, csv, flow

if TYPE_CHECKING:
    from tests.pipeline.conftest import Desk


@pytest.mark.parametrize("rest", [GROWN[len(A) :], b"\n", TORN], ids=["a flow", "a blank line", "a torn line"])
def test_a_grown_file_replaces_itself(desk: Desk, rest: bytes) -> None:
    outcomes = [desk.upload("a.csv", A), desk.upload("a.csv", A + rest), desk.upload("a.csv")]
    assert states(*outcomes) == ["counted", "counted", "already counted"]
    assert len(desk.path("a.csv").names) == 1
    assert desk.sums() == desk.clean(A + rest)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_file_that_grows_many_times_is_counted_as_it_last_was(desk: Desk, name: str) -> None:
    outcomes = [desk.upload(name, content) for content in (HEADER, A, GROWN, GROWN_MORE)]
    assert states(*outcomes) == ["counted"] * 4
    assert desk.sums() == desk.clean(GROWN_MORE)


@pytest.mark.parametrize("cut", [-1, -2, -6, -20])
def test_a_file_that_ended_in_the_middle_of_a_line_grows(desk: Desk, cut: int) -> None:
    assert states(desk.upload("a.csv", GROWN[:cut]), desk.upload("a.csv", GROWN_MORE)) == ["counted", "counted"]
    assert desk.sums() == desk.clean(GROWN_MORE)


def test_a_file_that_shrank_is_refused(desk: Desk) -> None:
    desk.upload("a.csv", GROWN)
    assert desk.upload("a.csv", A).state == "refused"
    assert desk.sums() == desk.clean(GROWN)


def test_growth_that_is_refused_leaves_what_was_counted(desk: Desk) -> None:
    desk.upload("a.csv", A)
    assert desk.upload("a.csv", A + TORN * 9, max_rejects="1").state == "refused"
    assert desk.sums() == desk.clean(A)
    assert [record.name for record in desk.records("a.csv")] == [contribution(A).head.name]


def test_what_grew_at_one_path_stays_as_it_was_at_another(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", A)
    desk.upload("a.csv", GROWN)
    assert desk.sums() == desk.clean(A, GROWN)


def test_a_file_of_the_same_length_is_not_taken_for_the_same(desk: Desk) -> None:
    desk.upload("a.csv", csv(flow(packets=1)))
    outcome = desk.upload("a.csv", csv(flow(packets=2)))
    assert outcome.state == "refused"


def test_a_changed_file_is_refused_with_both_ways_out(desk: Desk) -> None:
    desk.upload("a.csv", A)
    outcome = desk.upload("a.csv", B)
    assert outcome.state == "refused"
    assert "--replace" in outcome.reason
    assert "--add" in outcome.reason
    refusal = desk.path("a.csv").refusal
    assert refusal is not None
    assert refusal.reason == outcome.reason
    assert desk.sums() == desk.clean(A)


def test_a_changed_file_replaces_what_it_corrects(desk: Desk) -> None:
    desk.upload("a.csv", A)
    assert desk.upload("a.csv", B, on_change="replace").state == "counted"
    assert desk.path("a.csv").refusal is None
    assert desk.sums() == desk.clean(B)


def test_other_traffic_under_an_old_name_is_added(desk: Desk) -> None:
    desk.upload("a.csv", A)
    assert desk.upload("a.csv", B, on_change="add").state == "counted"
    assert [record.name for record in desk.records("a.csv")] == [contribution(A).head.name, contribution(B).head.name]
    assert desk.sums() == desk.clean(A, B)


def test_both_contents_of_a_path_are_already_counted(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("a.csv", B, on_change="add")
    assert states(desk.upload("a.csv", A), desk.upload("a.csv", B)) == ["already counted"] * 2
    assert desk.sums() == desk.clean(A, B)


def test_of_two_contents_the_one_that_grew_is_replaced(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("a.csv", B, on_change="add")
    assert desk.upload("a.csv", GROWN).state == "counted"
    assert desk.sums() == desk.clean(B, GROWN)


def test_of_two_contents_the_later_is_replaced(desk: Desk) -> None:
    other = csv(flow(packets=7))
    desk.upload("a.csv", A)
    desk.upload("a.csv", B, on_change="add")
    assert desk.upload("a.csv", other, on_change="replace").state == "counted"
    assert desk.sums() == desk.clean(A, other)


def test_what_replaces_one_path_stays_at_another(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", A)
    desk.upload("a.csv", B, on_change="replace")
    assert desk.sums() == desk.clean(A, B)
    desk.upload("b.csv", B, on_change="replace")
    assert desk.sums() == desk.clean(B)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", HEADER + TORN, gzip.compress(B)[:-9]])
def test_a_replacement_that_is_refused_leaves_what_was_counted(desk: Desk, content: bytes) -> None:
    desk.upload("a.csv", A)
    assert desk.upload("a.csv", content, on_change="replace").state == "refused"
    assert desk.sums() == desk.clean(A)
    assert [record.is_in for record in desk.records("a.csv")] == [True]


def test_a_replaced_content_may_come_back(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("a.csv", B, on_change="replace")
    assert desk.upload("a.csv", A, on_change="replace").state == "counted"
    assert desk.records("a.csv")[0].revision == 3
    assert desk.sums() == desk.clean(A)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_file_that_is_counted_after_all_is_no_longer_refused(desk: Desk, name: str) -> None:
    desk.upload(name, A)
    desk.upload(name, B)
    assert desk.upload(name, A).state == "already counted"
    assert desk.path(name).refusal is None


def test_a_content_read_with_other_options_is_refused(desk: Desk) -> None:
    desk.upload("a.csv", A)
    for name in ("a.csv", "b.csv"):
        outcome = desk.upload(name, A, reading=SECONDS)
        assert outcome.state == "refused"
        assert "--replace" in outcome.reason
        assert desk.upload(name, A, reading=SECONDS, on_change="add").state == "refused"
    assert desk.sums() == desk.clean(A)


@pytest.mark.parametrize("name", ["a.csv", "b.csv"])
def test_a_content_is_read_otherwise_at_all_its_paths_on_replace(desk: Desk, name: str) -> None:
    desk.upload("a.csv", A)
    desk.upload("c.csv", A)
    assert desk.upload(name, A, reading=SECONDS, on_change="replace").state == "counted"
    assert desk.sums() == desk.clean(A, reading=SECONDS)
    for each in {"a.csv", "c.csv", name}:
        assert desk.upload(each, reading=SECONDS).state == "already counted"


def test_a_file_that_grew_read_with_other_options_does_not_replace_itself(desk: Desk) -> None:
    desk.upload("a.csv", A)
    assert desk.upload("a.csv", GROWN, reading=SECONDS).state == "refused"
    assert desk.sums() == desk.clean(A)
