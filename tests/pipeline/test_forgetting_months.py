"""Old months that are forgotten: whole files go with what is kept of them, and do not come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.forgetting import affected_before, forget_before
from tests.pipeline.csvs import HEADER, TORN, csv, flow
from tests.pipeline.forgetting import NO_WAIT, OTHER, A, before

if TYPE_CHECKING:
    from tests.pipeline.conftest import Desk


def test_what_is_old_is_forgotten_by_whole_files_and_by_months(desk: Desk) -> None:
    old = csv(flow(day="2022-10-05"), flow(OTHER, day="2022-11-05"), TORN)
    desk.upload("old.csv", old)
    desk.upload("quiet.csv", HEADER)
    desk.upload("a.csv", A)
    found = affected_before(desk.store, "2022-12")
    assert (found.files, found.pairs) == (1, 2)
    assert forget_before(desk.store, "2022-12", wait=NO_WAIT.append) == 1
    assert desk.sums() == desk.clean(before(A, "2022-12"))
    (record,) = desk.records("old.csv")
    assert (record.erased, record.is_in, list(desk.store.rejects(record.name))) == (True, True, [])
    assert desk.store.erase_below_floor() == 0
    for name in ("old.csv", "a.csv", "quiet.csv"):
        assert desk.upload(name).state == "already counted"
    assert forget_before(desk.store, "2022-12", wait=NO_WAIT.append) == 0


def test_a_file_that_is_old_as_a_whole_is_refused_and_nothing_of_it_kept(desk: Desk) -> None:
    desk.store.raise_floor("2022-12")
    outcome = desk.upload("old.csv", csv(flow(day="2022-11-30"), TORN))
    assert (outcome.state, outcome.reason) == (
        "refused",
        "its last day, 2022-11-30, is before 2022-12, the first month that is kept: nothing of it would count",
    )
    assert list(desk.store.rejected("paris")) == []
    assert desk.upload("partly.csv", csv(flow(day="2022-11-30"), flow(OTHER, day="2022-12-01"))).state == "counted"
    assert desk.sums() == desk.clean(csv(flow(OTHER, day="2022-12-01")))


def test_an_old_file_that_was_erased_can_be_taken_out_and_does_not_come_back(desk: Desk) -> None:
    desk.upload("old.csv", csv(flow(day="2022-11-30")))
    desk.upload("a.csv", A)
    forget_before(desk.store, "2022-12", wait=NO_WAIT.append)
    assert desk.upload("copy.csv", csv(flow(day="2022-11-30"))).state == "already counted"
    for name in ("old.csv", "copy.csv"):
        desk.retract(name)
    for again in (False, True):
        assert "first month that is kept" in desk.upload("old.csv", again=again).reason
    desk.retract("a.csv")
    assert desk.sums() == {}
    assert desk.store.erase_below_floor() == 0


def test_rejected_lines_of_old_refused_files_go_with_them(desk: Desk) -> None:
    desk.upload("old.csv", csv(flow(day="2022-11-30"), TORN), max_rejects="0")
    desk.upload("new.csv", csv(flow(day="2022-12-30"), TORN), max_rejects="0")
    forget_before(desk.store, "2022-12", wait=NO_WAIT.append)
    assert [each.content for each in desk.store.rejected("paris")] == [
        refusal.content.partition("-")[0] for name in ("new.csv",) if (refusal := desk.path(name).refusal)
    ]
