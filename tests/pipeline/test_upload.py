"""What becomes of one file: counted, already counted or refused; and the way back out."""

from __future__ import annotations

import gzip
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import Move, next_revision
from iotagg.core.moments import MAX_SUM
from iotagg.errors import NotFound
from iotagg.pipeline import is_pending, settle
from iotagg.sources import path_text
from tests.pipeline.csvs import HEADER, TORN, contribution, csv, flow, many_pairs, put
from tests.stores.racing import name_of, pair_month

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.core.outcome import Outcome
    from tests.pipeline.conftest import Desk

A = csv(flow(packets=1), flow("2001:db8::7", packets=10))
B = csv(flow(packets=2, day="2022-12-31"))
GROWN = A + flow(packets=100)
GROWN_MORE = GROWN + flow(packets=1000)
SECONDS = ReadingOptions(duration_unit="s")


def states(*outcomes: Outcome) -> list[str]:
    return [outcome.state for outcome in outcomes]


# Counted, already counted, refused.


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


# A known path with new content.


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


# Reading options.


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


# The way back out.


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


# A dry run.


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


# Files that cannot be read, or not to their end.


def appending(file: Path) -> Callable[[int], None]:
    rows = iter([flow()])

    def append_once(_: int) -> None:
        with file.open("ab") as more:
            more.writelines(rows)

    return append_once


def test_a_file_that_grows_while_it_is_read_is_refused(desk: Desk) -> None:
    outcome = desk.upload("a.csv", A, passed=appending(desk.folder / "a.csv"))
    assert outcome.state == "refused"
    assert "changed while it was read" in outcome.reason
    assert desk.sums() == {}


def test_a_file_that_is_rewritten_while_it_is_read_is_refused(desk: Desk) -> None:
    def rewrite(_: int) -> None:
        (desk.folder / "a.csv").write_bytes(csv(flow(packets=2), flow("2001:db8::7", packets=10)))
        os.utime(desk.folder / "a.csv", ns=(1, 1))

    assert "changed while it was read" in desk.upload("a.csv", A, passed=rewrite).reason
    assert desk.sums() == {}


def test_a_file_that_changes_while_it_replaces_leaves_what_was_counted(desk: Desk) -> None:
    desk.upload("a.csv", A)
    outcome = desk.upload("a.csv", GROWN, passed=appending(desk.folder / "a.csv"))
    assert outcome.state == "refused"
    assert desk.sums() == desk.clean(A)


def test_a_known_file_that_changes_while_it_is_recognized_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.upload("a.csv", A)
    stat, calls = os.fstat, iter(range(100))

    def fstat(descriptor: int) -> os.stat_result:
        if next(calls) == 1:
            appending(desk.folder / "a.csv")(0)
        return stat(descriptor)

    monkeypatch.setattr("iotagg.sources.os.fstat", fstat)
    assert "changed while it was read" in desk.upload("a.csv").reason
    assert desk.sums() == desk.clean(A)


class Short:
    """A file that ends too early, as one on a disk that fails may."""

    def __init__(self, file: Any, length: int) -> None:
        self._file = file
        self._left = length
        self.fileno = file.fileno

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        given: bytes = self._file.read(min(size, self._left))
        self._left -= len(given)
        return given


@pytest.mark.parametrize(
    ("name", "content", "length"),
    [
        ("a.csv", GROWN, len(A)),
        ("a.csv", A + b"\n", len(A)),
        ("a.csv.gz", gzip.compress(A) + gzip.compress(flow()), len(gzip.compress(A))),
    ],
)
def test_a_short_read_is_never_taken_for_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, length: int
) -> None:
    (desk.folder / name).write_bytes(content)
    whole = Path.open
    monkeypatch.setattr(Path, "open", lambda self, mode: Short(whole(self, mode), length))
    outcome = desk.upload(name)
    assert outcome.state == "refused"
    assert f"only {length:,} of its {len(content):,} bytes" in outcome.reason
    assert desk.sums() == {}


def test_a_file_that_is_not_there_is_refused(desk: Desk) -> None:
    outcome = desk.upload("a.csv")
    assert (outcome.state, outcome.reason, outcome.lines) == ("refused", "no such file", {})


def test_a_known_file_that_is_gone_stays_counted(desk: Desk) -> None:
    desk.upload("a.csv", A)
    (desk.folder / "a.csv").unlink()
    assert desk.upload("a.csv").reason == "no such file"
    assert desk.sums() == desk.clean(A)


def test_a_folder_is_refused(desk: Desk) -> None:
    (desk.folder / "a.csv").mkdir()
    assert "a folder" in desk.upload("a.csv").reason


def test_a_file_that_may_not_be_read_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put(desk.folder / "a.csv", A)
    monkeypatch.setattr(Path, "open", refuse_to_open)
    assert desk.upload("a.csv").reason == "no permission to read it"


def refuse_to_open(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_disk_that_fails_while_it_is_read_is_refused(desk: Desk) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    assert desk.upload("a.csv", A, passed=fail).reason == "it cannot be read: Input/output error"
    assert desk.sums() == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_opened_once_so_that_nothing_of_it_is_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = desk.folder / "a.csv"
    os.mkfifo(pipe)
    opened: list[Path] = []
    whole = Path.open

    def once(self: Path, *how: Any, **more: Any) -> Any:
        if self == pipe and opened:
            raise OSError(29, "opened twice")  # and would wait for a second writer, who never comes
        opened.extend([self] if self == pipe else [])
        return whole(self, *how, **more)

    monkeypatch.setattr(Path, "open", once)
    writer = threading.Thread(target=write_to, args=(pipe,))
    writer.start()
    outcome = desk.upload("a.csv")
    writer.join()
    assert states(outcome) == ["counted"]
    assert desk.sums() == desk.clean(A)


def write_to(pipe: Path) -> None:
    descriptor = os.open(pipe, os.O_WRONLY)
    with suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as content:
        content.write(A)


# Jobs left half done.


@pytest.mark.parametrize("applied", [(), (0,), (1, 3), range(5)])
def test_a_half_done_upload_is_finished_by_the_next(desk: Desk, applied: tuple[int, ...]) -> None:
    content = many_pairs(300)
    put(desk.folder / "a.csv", content)
    kept = contribution(content)
    name = kept.head.name
    desk.store.keep(kept)
    desk.store.move("paris", Move(str(desk.folder / "a.csv"), take=name))
    desk.store.advance(name, 0, 1)
    for number, chunk in list(desk.store.chunks(name, applied)):
        desk.store.apply(name, 1, number, chunk)
    assert is_pending(desk.store, desk.records("a.csv")[0])
    assert desk.upload("a.csv", content).state == "already counted"
    assert not is_pending(desk.store, desk.records("a.csv")[0])
    assert desk.sums() == desk.clean(content)


@pytest.mark.parametrize("steps", range(4))
def test_an_upload_left_after_any_step_is_finished_by_the_next(desk: Desk, steps: int) -> None:
    content = many_pairs(100)
    kept = contribution(content)
    name = kept.head.name
    every: list[Callable[[], object]] = [
        lambda: desk.store.keep(kept),
        lambda: desk.store.move("paris", Move(str(desk.folder / "a.csv"), take=name)),
        lambda: desk.store.advance(name, 0, 1),
    ]
    for step in every[:steps]:
        step()
    assert not desk.upload("a.csv", content).failed
    assert desk.sums() == desk.clean(content)


def test_a_half_done_retraction_is_finished_by_the_next(desk: Desk) -> None:
    content = many_pairs(300)
    desk.upload("a.csv", content)
    (record,) = desk.records("a.csv")
    desk.store.move("paris", Move(str(desk.folder / "a.csv"), drop=(record.name,), retracted=True))
    settle_one_chunk(desk, record.name)
    settle(desk.store, [record.name])
    assert desk.sums() == {}
    after = desk.store.file(record.name)
    assert after is not None
    assert after.is_retracted


def settle_one_chunk(desk: Desk, name: Any) -> None:
    record = desk.store.file(name)
    assert record is not None
    revision = next_revision(record)
    assert revision == 2
    desk.store.advance(name, 1, revision, retracted=str(desk.folder / "a.csv"))
    ((number, chunk),) = list(desk.store.chunks(name, [1]))
    desk.store.apply(name, revision, number, chunk)


def test_what_is_unknown_cannot_be_settled(desk: Desk) -> None:
    with pytest.raises(NotFound):
        settle(desk.store, [name_of(1)])


# Sums beyond what is kept exactly.


def test_a_file_whose_sums_would_need_39_digits_is_refused_and_changes_nothing(desk: Desk) -> None:
    desk.upload("a.csv", A)
    full = [pair_month("192.168.1.7", dur_sq=MAX_SUM - 10**6, flows=1)]
    desk.store.apply(name_of(1), 1, 0, full)
    before = desk.sums()
    outcome = desk.upload("b.csv", csv(flow(duration=10**6)))
    assert outcome.state == "refused"
    assert "38 digits" in outcome.reason
    assert desk.sums() == before


# Many at once.


def test_threads_that_upload_the_same_files_count_each_once(desk: Desk) -> None:
    contents = [many_pairs(120, packets=number) for number in range(4)]
    for number, content in enumerate(contents):
        put(desk.folder / f"{number}.csv", content)
    outcomes: list[str] = []

    def upload_all() -> None:
        outcomes.extend(desk.upload(f"{number}.csv").state for number in range(4))

    threads = [threading.Thread(target=upload_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already counted"] * 12 + ["counted"] * 4
    assert desk.sums() == desk.clean(*contents)


def test_whoever_brings_in_what_another_only_began_says_that_it_was_counted(desk: Desk) -> None:
    put(desk.folder / "a.csv", A)
    name = desk.store.keep(contribution(A)).name
    desk.store.move("paris", Move(path_text(desk.folder / "a.csv"), take=name))
    assert desk.upload("a.csv").state == "counted"
    assert desk.upload("a.csv").state == "already counted"
    assert desk.sums() == desk.clean(A)


def test_threads_that_upload_one_growing_file_end_at_its_last_content(desk: Desk) -> None:
    desk.upload("a.csv", GROWN_MORE)
    desk.retract("a.csv")
    desk.upload("a.csv", A)
    put(desk.folder / "a.csv", GROWN_MORE)
    threads = [threading.Thread(target=desk.upload, args=("a.csv",), kwargs={"again": True}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.sums() == desk.clean(GROWN_MORE)


def test_a_file_whose_name_is_no_text_is_refused(desk: Desk) -> None:
    outcome = desk.upload("n\udcff.csv", A)
    assert (outcome.state, outcome.reason) == ("refused", "its name is not UTF-8; rename it")
    assert desk.sums() == {}
