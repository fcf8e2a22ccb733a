"""A file's way back out: as if it had never been counted, until a person says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.pipeline.contents import GROWN, SECONDS, A, B, states
from tests.pipeline.csvs import flow

if TYPE_CHECKING:
    from tests.pipeline.conftest import Desk


def test_a_retracted_file_is_as_if_it_had_never_been_counted(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", B)
    desk.retract("a.csv")
    assert desk.sums() == desk.clean(B)
    assert desk.path("a.csv").names == ()


def test_a_retracted_file_is_counted_again_on_a_persons_word_only(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.retract("a.csv")
    for name in ("a.csv", "b.csv", "c.csv.gz"):
        outcome = desk.upload(name, A)
        assert outcome.state == "refused"
        assert "--again" in outcome.reason
    assert desk.sums() == {}
    assert desk.upload("a.csv", again=True).state == "counted"
    assert desk.upload("b.csv").state == "already counted"
    assert desk.sums() == desk.clean(A)


def test_a_retracted_content_is_refused_however_it_is_read(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.retract("a.csv")
    assert "--again" in desk.upload("a.csv", reading=SECONDS).reason
    assert desk.upload("a.csv", reading=SECONDS, again=True).state == "counted"
    assert desk.sums() == desk.clean(A, reading=SECONDS)
    desk.retract("a.csv")
    assert "--again" in desk.upload("a.csv").reason


def test_again_counts_new_files_and_known_ones_once(desk: Desk) -> None:
    assert states(desk.upload("a.csv", A, again=True), desk.upload("a.csv", again=True)) == [
        "counted",
        "already counted",
    ]
    assert desk.sums() == desk.clean(A)


def test_retracting_one_of_two_paths_keeps_the_content_in(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", A)
    desk.retract("a.csv")
    assert desk.sums() == desk.clean(A)
    assert desk.upload("a.csv").state == "already counted"
    desk.retract("a.csv")
    desk.retract("b.csv")
    assert desk.sums() == {}


def test_retracting_twice_takes_out_once(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", A + flow())
    desk.retract("a.csv")
    desk.retract("a.csv")
    assert desk.sums() == desk.clean(A + flow())


def test_growth_of_a_retracted_file_is_new_content(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.retract("a.csv")
    assert desk.upload("a.csv", GROWN).state == "counted"
    assert desk.sums() == desk.clean(GROWN)


def test_what_outgrew_itself_is_not_retracted_and_may_come_elsewhere(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("a.csv", GROWN)
    assert desk.upload("b.csv", A).state == "counted"
    assert desk.sums() == desk.clean(A, GROWN)


def test_a_replacement_by_a_retracted_content_is_refused_without_again(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", B)
    desk.retract("b.csv")
    assert desk.upload("a.csv", B, on_change="replace").state == "refused"
    assert desk.sums() == desk.clean(A)
    assert desk.upload("a.csv", B, on_change="replace", again=True).state == "counted"
    assert desk.sums() == desk.clean(B)
