"""A store that is copied into another one, of any kind, is the same to whoever asks; and what is known there stays."""

from __future__ import annotations

from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import pytest

from iotagg.core.allowances import allowance_of
from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import Move, Origin, Refusal
from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import PairMonth
from iotagg.errors import FileRefused
from iotagg.moving import copied
from iotagg.pipeline import Request, is_pending, retract, settle, summarize
from iotagg.pipeline import count as count_in
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.examples import LONG
from tests.pipeline.csvs import HEADER, TORN, contribution, csv, everything, flow, many_pairs
from tests.pipeline.seeing import Dying, Killed, seen
from tests.stores.backends import BACKENDS, backend_of
from tests.stores.racing import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iotagg.core.ledger import FileRecord
    from iotagg.core.outcome import Outcome
    from iotagg.stores.protocol import Store
    from tests.pipeline.conftest import Desk

A = csv(flow(packets=3), TORN, flow("192.168.1.8", day="2022-11-30"))
GROWN = A + flow(packets=7)
B = csv(flow(packets=11))
C = csv(flow(packets=13))
ALL_REJECTED = csv(TORN, TORN)
SECONDS = ReadingOptions(duration_unit="s")


# To a file and to a stack; to what else there is by hands alone.
@pytest.fixture(params=BACKENDS if LONG else ["sqlite", "simulated"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "target").mkdir()
    store = backend_of(request, tmp_path / "target").open()
    yield store
    store.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "other.db")
    yield store
    store.close()


def sample(desk: Desk) -> None:
    """Let a store see most of what can happen to files."""
    desk.upload("a.csv", A)
    desk.upload("a.csv", GROWN)
    desk.upload("same.csv.gz", GROWN)
    desk.upload("same.csv.gz", GROWN, site="tokyo")
    desk.upload("b.csv", B)
    desk.upload("b.csv", C, on_change="add")
    desk.upload("b.csv", csv(flow(packets=17)))
    desk.upload("replaced.csv", many_pairs(120))
    desk.upload("replaced.csv", many_pairs(121), on_change="replace")
    desk.upload("gone.csv", csv(flow(packets=19)))
    desk.retract("gone.csv")
    desk.upload("back.csv", csv(flow(packets=23)))
    desk.retract("back.csv")
    desk.upload("back.csv", again=True)
    desk.upload("rejected.csv", ALL_REJECTED)
    desk.upload("no.csv", b"no flows\n")
    desk.upload("quiet.csv", HEADER)
    desk.upload("seconds.csv", csv(flow(packets=29)), reading=SECONDS)


def states(outcomes: list[Outcome]) -> dict[str, int]:
    found: dict[str, int] = {}
    for outcome in outcomes:
        found[outcome.state] = found.get(outcome.state, 0) + 1
    return found


def copy(source: Store, target: Store, *, again: bool = False) -> list[Outcome]:
    return list(copied(source, target, again=again))


# From any store into any other.


def test_a_copy_is_the_same_to_whoever_asks(desk: Desk, target: Store, other: SqliteStore) -> None:
    sample(desk)
    expected = seen(desk.store)
    assert states(copy(desk.store, target)) == {"counted": 8, "already counted": 1, "retracted": 1}
    assert seen(target) == expected
    copy(target, other)
    assert seen(other) == expected
    assert [record for site in other.sites() for record in other.files(site) if is_left(other, record)] == []


def is_left(store: Store, record: FileRecord) -> bool:
    return bool(record.revision) and is_pending(store, record)


def test_copying_again_changes_nothing(desk: Desk, target: Store) -> None:
    sample(desk)
    copy(desk.store, target)
    expected = seen(target)
    assert states(copy(desk.store, target)) == {"already counted": 9, "retracted": 1}
    assert seen(target) == expected


def test_what_a_person_finds_in_order_is_copied_and_what_is_known_there_stays(desk: Desk, target: Store) -> None:
    one, other = allowance_of(source="192.168.1.7", note="the new backup"), allowance_of(kind="surge")
    desk.store.allow(one)
    target.allow(other)
    for _ in range(2):
        copy(desk.store, target)
        assert target.allowances() == sorted([one, other])


def test_what_is_known_of_an_objects_versions_is_copied(desk: Desk, target: Store) -> None:
    path = "incoming/paris/a.csv"
    first, second = contribution(A), contribution(B)
    for kept, version in ((first, "v1"), (second, "v2")):
        desk.store.keep(kept)
        name = kept.head.name
        desk.store.move("paris", Move(path, name, origin=Origin(version, "05"), first="01", last=f"0{version[1]}"))
        settle(desk.store, [name])
    desk.store.refuse("paris", path, Refusal("odd"), "v3")
    desk.store.refuse("paris", "incoming/paris/no.csv", Refusal("no CSV"), "v4")
    desk.store.refuse("paris", "incoming/paris/seen.csv", None, "v5")
    copy(desk.store, target)
    assert list(target.paths("paris")) == list(desk.store.paths("paris"))


def test_a_copy_of_what_is_half_done_holds_each_file_whole(desk: Desk, other: SqliteStore) -> None:
    coming, going = contribution(many_pairs(120)), contribution(many_pairs(130, day="2022-11-01"))
    for kept in (coming, going):
        desk.store.keep(kept)
        desk.store.move("paris", Move(f"{kept.head.length}.csv", kept.head.name))
    settle(desk.store, [going.head.name])
    desk.store.advance(coming.head.name, 0, 1)
    for number, chunk in list(desk.store.chunks(coming.head.name, [0, 3])):
        desk.store.apply(coming.head.name, 1, number, chunk)
    desk.store.move("paris", Move(f"{going.head.length}.csv", drop=(going.head.name,), retracted=True))
    copy(desk.store, other)
    assert everything(other) == desk.clean(many_pairs(120))
    assert [record.is_retracted for record in other.files("paris")].count(True) == 1


# Into a store that holds something already.


def upload_into(store: Store, path: str, content: bytes, site: str = "paris") -> None:
    request = Request(site)
    outcome = count_in(store, path, summarize(BytesIO(content), request), request)
    assert outcome is not None
    assert outcome.state == "counted"


def test_two_stores_become_one_in_which_each_content_counts_once(desk: Desk, other: SqliteStore) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", B, site="tokyo")
    upload_into(other, "elsewhere/a.csv", A)
    upload_into(other, "elsewhere/c.csv", C)
    assert states(copy(other, desk.store)) == {"already counted": 1, "counted": 1}
    assert desk.sums() == desk.clean(A, csv(flow(packets=13))) | desk.clean(B, site="tokyo")
    assert {path.path for path in desk.store.paths("paris")} >= {"elsewhere/a.csv", "elsewhere/c.csv"}


def refused(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.file: outcome.reason for outcome in outcomes if outcome.failed}


def test_a_path_that_is_known_with_other_content_stays_and_the_others_go_on(desk: Desk, other: SqliteStore) -> None:
    upload_into(desk.store, "flows.csv", A)
    upload_into(other, "flows.csv", B)
    upload_into(other, "later.csv", C)
    outcomes = copy(other, desk.store)
    assert refused(outcomes) == {
        "flows.csv": "this path is known here with other content, which stays; iotagg retract takes that out,"
        " then restore again"
    }
    assert states(outcomes) == {"refused": 1, "counted": 1}
    assert desk.sums() == desk.clean(A, C)
    retract(desk.store, "paris", "flows.csv", desk.store.path("paris", "flows.csv").names)
    assert states(copy(other, desk.store)) == {"counted": 1, "already counted": 1}
    assert desk.sums() == desk.clean(B, C)


def test_what_was_retracted_here_comes_back_on_a_persons_word_only(desk: Desk, other: SqliteStore) -> None:
    upload_into(other, "flows.csv", A)
    copy(other, desk.store)
    retract(desk.store, "paris", "flows.csv", desk.store.path("paris", "flows.csv").names)
    assert refused(copy(other, desk.store)) == {"flows.csv": "its content was retracted here; --again counts it again"}
    assert desk.sums() == {}
    assert states(copy(other, desk.store, again=True)) == {"counted": 1}
    assert desk.sums() == desk.clean(A)
    assert [record.retracted for record in desk.store.files("paris")] == [""]


def test_what_was_retracted_there_stays_here_and_is_said(desk: Desk, other: SqliteStore) -> None:
    upload_into(other, "flows.csv", A)
    copy(other, desk.store)
    retract(other, "paris", "flows.csv", other.path("paris", "flows.csv").names)
    outcomes = copy(other, desk.store)
    assert list(refused(outcomes)) == ["flows.csv"]
    assert "it was retracted there and is counted here, which stays" in outcomes[0].reason
    assert desk.sums() == desk.clean(A)


def test_a_retraction_is_brought_to_a_store_that_knows_the_content_as_replaced(desk: Desk, other: SqliteStore) -> None:
    desk.upload("flows.csv", A)
    desk.upload("flows.csv", B, on_change="replace")
    upload_into(other, "flows.csv", A)
    retract(other, "paris", "flows.csv", other.path("paris", "flows.csv").names)
    assert states(copy(other, desk.store)) == {"retracted": 1}
    assert sorted(record.is_retracted for record in desk.store.files("paris")) == [False, True]
    assert desk.sums() == desk.clean(B)


def test_a_content_that_is_counted_here_with_other_options_stays(desk: Desk, other: SqliteStore) -> None:
    desk.upload("flows.csv", A, reading=SECONDS)
    upload_into(other, "elsewhere.csv", A)
    assert "read with other options" in refused(copy(other, desk.store))["elsewhere.csv"]
    assert desk.sums() == desk.clean(A, reading=SECONDS)


def test_a_file_that_was_added_to_a_path_since_then_is_brought(desk: Desk, other: SqliteStore) -> None:
    upload_into(other, "flows.csv", A)
    copy(other, desk.store)
    added = contribution(B)
    other.keep(added)
    other.move("paris", Move("flows.csv", added.head.name))
    settle(other, [added.head.name])
    assert states(copy(other, desk.store)) == {"already counted": 1, "counted": 1}
    assert desk.store.path("paris", "flows.csv") == other.path("paris", "flows.csv")


def test_a_file_whose_sums_would_be_too_large_is_refused_and_leaves_nothing(desk: Desk, other: SqliteStore) -> None:
    full = PairMonth("192.168.0.7", "192.0.2.1", "2022-12", {"flows": 1, "dur_sq": MAX_SUM - 1})
    desk.store.apply(name_of(1), 1, 0, [full])
    desk.upload("before.csv", A)
    before = desk.sums()
    upload_into(other, "large.csv", many_pairs(250))
    upload_into(other, "later.csv", C)
    outcomes = copy(other, desk.store)
    assert "38 digits" in refused(outcomes)["large.csv"]
    path = desk.store.path("paris", "large.csv")
    assert (path.names, path.refusal is not None) == ((), True)
    retract(desk.store, "paris", "later.csv", desk.store.path("paris", "later.csv").names)
    assert desk.sums() == before


def test_a_file_that_the_store_does_not_take_is_refused_and_the_others_go_on(other: SqliteStore) -> None:
    target = MemoryStore()

    class Narrow:
        def __getattr__(self, name: str) -> Any:
            return getattr(target, name)

        def move(self, site: str, move: Move) -> bool:
            if move.path == "long.csv":
                raise FileRefused("too long")
            return target.move(site, move)

    upload_into(other, "long.csv", A)
    upload_into(other, "short.csv", B)
    outcomes = copy(other, cast("Store", Narrow()))
    assert (refused(outcomes), states(outcomes)) == ({"long.csv": "too long"}, {"refused": 1, "counted": 1})


def test_a_path_that_changes_meanwhile_is_looked_at_again(other: SqliteStore) -> None:
    target = MemoryStore()
    upload_into(other, "flows.csv", A)

    class Racing:
        def __getattr__(self, name: str) -> Any:
            return getattr(target, name)

        def move(self, site: str, move: Move) -> bool:
            if not list(target.paths(site)):
                upload_into(target, "flows.csv", B)
            return target.move(site, move)

    assert list(refused(copy(other, cast("Store", Racing())))) == ["flows.csv"]
    assert [name.content for name in target.path("paris", "flows.csv").names] == [contribution(B).head.name.content]


def test_a_path_that_others_keep_changing_is_given_up(other: SqliteStore) -> None:
    target = MemoryStore()
    upload_into(other, "flows.csv", A)

    class Busy:
        def __getattr__(self, name: str) -> Any:
            return getattr(target, name)

        def move(self, *_: object) -> bool:
            return False

    assert "others keep changing" in refused(copy(other, cast("Store", Busy())))["flows.csv"]


def test_a_contribution_that_is_lost_is_said_and_the_others_go_on(tmp_path: Path, other: SqliteStore) -> None:
    source = MemoryStore()
    for number, content in enumerate((A, B, C)):
        upload_into(source, f"{number}.csv", content)
    retract(source, "paris", "1.csv", source.path("paris", "1.csv").names)
    for content in (A, B):
        del source._tables.contributions[contribution(content).head.name]
    outcomes = copy(source, other)
    assert states(outcomes) == {"refused": 2, "counted": 1}
    assert all(why.startswith("no contribution ") for why in refused(outcomes).values())
    assert [record.is_in for record in other.files("paris")] == [True]


# Interrupted.


@pytest.mark.parametrize("first", range(4))
def test_a_copy_that_is_killed_at_any_write_is_finished_by_the_next(desk: Desk, other: SqliteStore, first: int) -> None:
    upload_into(other, "flows.csv", A)
    upload_into(other, "many.csv", many_pairs(60))
    upload_into(other, "gone.csv", C)
    retract(other, "paris", "gone.csv", other.path("paris", "gone.csv").names)
    other.refuse("paris", "no.csv", Refusal("no CSV"))
    for writes in count(first, 4):
        try:
            copy(other, cast("Store", Dying(desk.store, writes)))
        except Killed:
            continue
        break
    assert writes > first
    assert seen(desk.store) == seen(other)
    assert list(desk.store.pending("paris")) == []


def test_a_copy_killed_once_at_each_write_ends_the_same(other: SqliteStore, tmp_path: Path) -> None:
    upload_into(other, "flows.csv", A)
    upload_into(other, "added.csv", B)
    upload_into(other, "gone.csv", C)
    retract(other, "paris", "gone.csv", other.path("paris", "gone.csv").names)
    for writes in count():
        target = MemoryStore()
        try:
            copy(other, cast("Store", Dying(target, writes)))
        except Killed:
            copy(other, target)
            assert seen(target) == seen(other), f"after {writes} writes"
            continue
        break
    assert writes > 15


# While others write.


def test_a_source_that_is_written_to_meanwhile_is_copied_file_by_file(desk: Desk, other: SqliteStore) -> None:
    for number in range(4):
        desk.upload(f"{number}.csv", many_pairs(30 + number, day=f"2022-12-0{number + 1}"))
    outcomes = copied(desk.store, other)
    next(outcomes)
    desk.retract("0.csv")
    desk.upload("3.csv", many_pairs(60, day="2022-12-09"), on_change="replace")
    desk.upload("4.csv", many_pairs(70, day="2022-12-10"))
    assert [outcome for outcome in outcomes if outcome.failed] == []
    whole = [many_pairs(30 + number, day=f"2022-12-0{number + 1}") for number in range(4)]
    whole += [many_pairs(60, day="2022-12-09"), many_pairs(70, day="2022-12-10")]
    counted = {record.name.content for record in other.files("paris") if record.is_in}
    held = [content for content in whole if contribution(content).head.name.content in counted]
    assert everything(other) == desk.clean(*held)
    assert len(held) >= 4
