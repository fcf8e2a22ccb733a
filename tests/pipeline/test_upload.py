"""What becomes of one file: counted, already counted or refused."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from iotagg.core.moments import MAX_SUM
from tests.pipeline.contents import A, B, states
from tests.pipeline.csvs import HEADER, TORN, contribution, csv, flow
from tests.stores.racing import name_of, pair_month

if TYPE_CHECKING:
    from tests.pipeline.conftest import Desk


def test_a_new_file_is_counted(desk: Desk) -> None:
    outcome = desk.upload("a.csv", A + b"\n" + HEADER + TORN)
    assert outcome.state == "counted"
    assert not outcome.failed
    assert outcome.lines == {"lines": 6, "headers": 2, "blank": 1, "counted": 2, "rejected": 1}
    assert (outcome.file, outcome.site, outcome.pairs) == (str(desk.folder / "a.csv"), "paris", 2)
    assert outcome.contribution == str(contribution(A + b"\n" + HEADER + TORN).head.name)
    assert desk.sums() == desk.clean(A)


def test_the_rejected_lines_of_a_counted_file_are_kept_with_number_and_reason(desk: Desk) -> None:
    desk.upload("a.csv", A + TORN)
    (record,) = desk.records("a.csv")
    ((line, reason, text),) = [(each.line, each.reason, each.text) for each in desk.store.rejects(record.name)]
    assert (line, text) == (4, TORN.decode().strip())
    assert "3 fields" in reason


def test_a_file_uploaded_again_is_already_counted(desk: Desk) -> None:
    first = desk.upload("a.csv", A)
    second = desk.upload("a.csv")
    assert states(first, second) == ["counted", "already counted"]
    assert (second.contribution, second.lines, second.pairs) == (first.contribution, first.lines, first.pairs)
    assert desk.sums() == desk.clean(A)


def test_the_same_content_at_two_paths_is_counted_once(desk: Desk) -> None:
    assert states(desk.upload("a.csv", A), desk.upload("b.csv", A)) == ["counted", "already counted"]
    assert len(desk.records("a.csv")[0].paths) == 2
    assert desk.sums() == desk.clean(A)


@pytest.mark.parametrize("first", ["a.csv", "a.csv.gz"])
def test_a_file_and_its_gzip_are_one_contribution(desk: Desk, first: str) -> None:
    second = "a.csv.gz" if first == "a.csv" else "a.csv"
    outcomes = [desk.upload(first, A), desk.upload(second, A), desk.upload(first), desk.upload(second)]
    assert states(*outcomes) == ["counted", *["already counted"] * 3]
    assert len({outcome.contribution for outcome in outcomes}) == 1
    assert desk.sums() == desk.clean(A)


def test_a_file_compressed_in_place_is_already_counted(desk: Desk) -> None:
    desk.upload("a.csv", A)
    (desk.folder / "a.csv").write_bytes(gzip.compress(A))
    assert desk.upload("a.csv").state == "already counted"


def test_two_sites_are_apart(desk: Desk) -> None:
    assert states(desk.upload("a.csv", A), desk.upload("a.csv", site="tokyo")) == ["counted", "counted"]
    assert desk.sums() == desk.clean(A) | desk.clean(A, site="tokyo")
    desk.retract("a.csv", "tokyo")
    assert desk.sums() == desk.clean(A)


def test_a_header_alone_is_a_quiet_day(desk: Desk) -> None:
    outcome = desk.upload("a.csv", HEADER)
    assert (outcome.state, outcome.lines["counted"], outcome.pairs) == ("counted", 0, 0)
    assert desk.upload("a.csv").state == "already counted"
    assert desk.sums() == {}


def test_an_empty_file_is_refused(desk: Desk) -> None:
    outcome = desk.upload("a.csv", b"")
    assert outcome.state == "refused"
    assert outcome.failed
    assert "empty" in outcome.reason


def test_a_file_of_rejected_rows_only_is_refused_and_its_rejects_are_kept(desk: Desk) -> None:
    outcome = desk.upload("a.csv", HEADER + TORN + TORN)
    assert outcome.state == "refused"
    assert "none of its 2 rows" in outcome.reason
    assert outcome.lines["rejected"] == 2
    refusal = desk.path("a.csv").refusal
    assert refusal is not None
    assert (refusal.reason, refusal.lines) == (outcome.reason, outcome.lines)
    assert [reject.line for reject in desk.store.rejects(contribution(HEADER + TORN + TORN).head.name)] == [2, 3]
    assert desk.sums() == {}
    assert list(desk.store.files("paris")) == []


@pytest.mark.parametrize(
    ("max_rejects", "state"), [("25%", "counted"), ("24.9%", "refused"), ("1", "counted"), ("0", "refused")]
)
def test_a_file_with_more_rejects_than_allowed_is_refused(desk: Desk, max_rejects: str, state: str) -> None:
    content = A + flow() + TORN
    assert desk.upload("a.csv", content, max_rejects=max_rejects).state == state
    assert (desk.sums() == {}) is (state == "refused")
    assert [reject.line for reject in desk.store.rejects(contribution(content).head.name)] == [5]


def test_a_refused_file_is_counted_when_more_rejects_are_allowed(desk: Desk) -> None:
    desk.upload("a.csv", A + TORN, max_rejects="0")
    assert desk.upload("a.csv").state == "counted"
    assert desk.path("a.csv").refusal is None


def test_a_counted_file_stays_counted_when_fewer_rejects_are_allowed(desk: Desk) -> None:
    desk.upload("a.csv", A + TORN)
    assert states(desk.upload("a.csv", max_rejects="0")) == ["already counted"]
    assert states(desk.upload("b.csv", A + TORN, max_rejects="0")) == ["already counted"]
    assert desk.sums() == desk.clean(A)


def test_a_dry_run_says_what_would_become_of_a_file_and_writes_nothing(desk: Desk) -> None:
    if not desk.transactional:
        pytest.skip("has no transactions over several writes")
    desk.upload("a.csv", A)
    before = desk.sums()
    planned = [
        desk.upload("a.csv", dry_run=True),
        desk.upload("b.csv", B, dry_run=True),
        desk.upload("a.csv", B, dry_run=True),
        desk.upload("a.csv", B, dry_run=True, on_change="replace"),
        desk.upload("c.csv", b"", dry_run=True),
        desk.upload("d.csv", HEADER + TORN, dry_run=True),
        desk.upload("missing.csv", dry_run=True),
    ]
    expected = ["already counted", "counted", "refused", "counted", "refused", "refused", "refused"]
    assert states(*planned) == expected
    assert desk.sums() == before
    assert [record.path for record in desk.store.paths("paris")] == [str(desk.folder / "a.csv")]
    assert desk.path("a.csv").refusal is None
    assert len(list(desk.store.files("paris"))) == 1
    assert list(desk.store.rejects(contribution(HEADER + TORN).head.name)) == []


def test_a_file_whose_sums_would_need_39_digits_is_refused_and_changes_nothing(desk: Desk) -> None:
    desk.upload("a.csv", A)
    full = [pair_month("192.168.1.7", dur_sq=MAX_SUM - 10**6, flows=1)]
    desk.store.apply(name_of(1), 1, 0, full)
    before = desk.sums()
    outcome = desk.upload("b.csv", csv(flow(duration=10**6)))
    assert outcome.state == "refused"
    assert "38 digits" in outcome.reason
    assert desk.sums() == before
