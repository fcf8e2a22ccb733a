"""What is kept no longer stays so in a copy, and where an older copy is brought back."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, cast

import pytest

from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import FORGOTTEN, Policy
from iotagg.core.merging import COUNTED_OTHERWISE, ERASED_THERE
from iotagg.forgetting import forget_before, forget_site
from iotagg.forgetting_device import forget_device
from iotagg.moving import copied
from iotagg.pipeline import Request, retract, summarize
from iotagg.pipeline import count as count_in
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import TORN, csv, everything, flow
from tests.pipeline.seeing import Dying, Killed, seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iotagg.core.ledger import FileRecord, OnChange
    from iotagg.core.outcome import Outcome
    from iotagg.stores.protocol import Store

DEVICE, OTHER = "192.168.1.7", "192.168.1.8"
MONTH = "2022-12"
OLD = csv(flow(day="2022-11-03"), flow(OTHER, day="2022-11-04"))
BOTH = csv(flow(day="2022-11-30"), flow(OTHER), flow(OTHER, packets=5), TORN)
NEW = csv(flow(packets=11), flow(OTHER, packets=13))
QUIET = csv(flow(OTHER, "198.51.100.3", packets=17))


@pytest.fixture
def source() -> Store:
    """A store with old files and new ones at two sites."""
    store = MemoryStore()
    for name, content in (("old.csv", OLD), ("both.csv", BOTH), ("new.csv", NEW), ("quiet.csv", QUIET)):
        assert upload(store, name, content).state == "counted"
    upload(store, "new.csv", NEW, site="tokyo")
    return store


@pytest.fixture(params=["memory", "sqlite"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "target.db")
    yield store
    store.close()


def upload(
    store: Store, path: str, content: bytes, *, site: str = "paris", on_change: OnChange = "refuse", again: bool = False
) -> Outcome:
    request = Request(site, policy=Policy(on_change, again))
    outcome = count_in(store, path, summarize(BytesIO(content), request), request)
    assert outcome is not None
    return outcome


def copy(source: Store, target: Store, *, again: bool = False) -> dict[str, str]:
    """Return why files were refused."""
    return {outcome.file: outcome.reason for outcome in copied(source, target, again=again) if outcome.failed}


def copy_of(store: Store) -> MemoryStore:
    made = MemoryStore()
    assert copy(store, made) == {}
    return made


def records(store: Store, site: str = "paris") -> list[object]:
    paths = store.paths(site)
    return [record for path in paths for name in path.names if (record := store.file(name)) is not None]


def forgotten(store: Store) -> list[FileRecord]:
    return sorted(store.forgotten(), key=lambda record: record.name)


# The floor.


def test_a_store_that_holds_nothing_takes_the_floor_over_before_anything_is_counted(
    source: Store, target: Store
) -> None:
    forget_before(source, MONTH, wait=lambda _: None)
    outcomes = copied(source, target)
    next(outcomes)
    assert target.floor() == MONTH
    list(outcomes)
    assert seen(target) == seen(source)
    assert target.erase_below_floor() == 0


def test_a_store_with_data_of_its_own_keeps_its_floor(source: Store, target: Store) -> None:
    upload(target, "mine.csv", csv(flow(day="2022-10-01")))
    source.raise_floor(MONTH)
    assert copy(source, target) == {}
    assert target.floor() == ""
    assert {row.month for row in target.scan("paris")} == {"2022-10", "2022-11", "2022-12"}


def test_months_below_the_floor_of_a_store_are_not_counted_there(source: Store, target: Store) -> None:
    upload(target, "mine.csv", csv(flow(packets=99)))
    target.raise_floor(MONTH)
    assert copy(source, target) == {}
    assert (target.floor(), target.erase_below_floor()) == (MONTH, 0)
    assert {row.month for row in target.scan("paris")} == {MONTH}


def test_a_floor_that_is_higher_stays(source: Store, target: Store) -> None:
    target.raise_floor("2023-01")
    source.raise_floor(MONTH)
    copy(source, target)
    assert target.floor() == "2023-01"


# Erased, while a path refers to it.


def test_an_old_file_is_known_in_the_copy_as_it_is_in_the_source(source: Store, target: Store) -> None:
    forget_before(source, MONTH, wait=lambda _: None)
    assert copy(source, target) == copy(source, target) == {}
    assert records(target) == records(source)
    assert [(record.erased, record.is_in) for record in _of(target, "old.csv")] == [(True, True)]
    assert seen(target) == seen(source)
    for store in (target, source):
        assert "the first month that is kept" in upload(store, "again.csv", csv(flow(day="2022-11-05"))).reason
    retract(target, "paris", "old.csv", target.path("paris", "old.csv").names)
    retract(source, "paris", "old.csv", source.path("paris", "old.csv").names)
    assert seen(target) == seen(source)


def _of(store: Store, path: str) -> list[FileRecord]:
    return [record for name in store.path("paris", path).names if (record := store.file(name)) is not None]


def test_what_the_target_has_of_an_old_file_stays(source: Store, target: Store) -> None:
    copy(source, target)
    before = seen(target)
    forget_before(source, MONTH, wait=lambda _: None)
    assert copy(source, target) == {}
    assert seen(target) == before


def test_an_old_file_is_not_taken_for_counted_where_its_months_are_kept(source: Store, target: Store) -> None:
    upload(target, "mine.csv", csv(flow(day="2022-10-01")))
    forget_before(source, MONTH, wait=lambda _: None)
    assert copy(source, target) == {"old.csv": ERASED_THERE}
    assert upload(target, "old.csv", OLD).state == "counted"
    assert copy(source, target) == {}
    assert not _of(target, "old.csv")[0].erased


# Forgotten.


def test_a_forgotten_device_does_not_come_back_through_a_copy(source: Store, target: Store) -> None:
    forget_device(source, DEVICE)
    assert copy(source, target) == copy(source, target) == {}
    assert seen(target) == seen(source)
    assert forgotten(target) == forgotten(source) != []
    for path, on_change in (("new.csv", "replace"), ("elsewhere.csv", "replace")):
        outcome = upload(target, path, NEW, on_change=cast("OnChange", on_change))
        assert (outcome.state, outcome.reason) == ("refused", FORGOTTEN)
    assert seen(copy_of(target))["export"] == seen(source)["export"]
    assert upload(target, "new.csv", NEW, on_change="replace", again=True).state == "counted"


def test_a_forgotten_site_does_not_come_back_through_a_copy(source: Store, target: Store) -> None:
    retract(source, "tokyo", "new.csv", source.path("tokyo", "new.csv").names)
    for site in ("paris", "tokyo"):
        forget_site(source, site)
    assert copy(source, target) == {}
    assert target.sites() == []
    assert forgotten(target) == forgotten(source)
    assert len(forgotten(target)) == 5
    assert upload(target, "new.csv", NEW).reason == FORGOTTEN
    assert "retracted" in upload(target, "new.csv", NEW, site="tokyo").reason
    assert upload(target, "new.csv", NEW, again=True).state == "counted"


def test_what_is_counted_in_the_target_is_not_forgotten_with_the_source(source: Store, target: Store) -> None:
    copy(source, target)
    before = seen(target)
    forget_site(source, "paris")
    assert copy(source, target) == {}
    assert seen(target) == before
    assert forgotten(target) == []


# An older copy, brought back.


def test_what_was_forgotten_is_refused_at_once_unless_it_is_said_again(source: Store, target: Store) -> None:
    copy(source, target)
    expected = seen(target)
    forget_site(target, "paris")
    assert copy(source, target) == dict.fromkeys(("both.csv", "new.csv", "old.csv", "quiet.csv"), FORGOTTEN)
    assert target.sites() == ["tokyo"]
    assert list(target.files("paris")) == []
    assert list(target.rejected("paris")) == []
    assert copy(source, target, again=True) == {}
    assert seen(target) == expected
    assert forgotten(target) == []


def test_no_path_is_tried_more_than_once_for_what_was_forgotten(source: Store) -> None:
    target = copy_of(source)
    forget_site(target, "paris")
    moves: list[str] = []

    class Counting(Dying):
        def __getattr__(self, name: str) -> object:
            moves.extend([name] if name == "move" else [])
            return super().__getattr__(name)

    assert len(copy(source, cast("Store", Counting(target, 10**6)))) == 4
    assert moves == []


def test_a_device_stays_forgotten_and_what_remains_stays_counted(source: Store, target: Store) -> None:
    copy(source, target)
    forget_device(target, DEVICE)
    expected = seen(target)
    assert copy(source, target) == dict.fromkeys(("both.csv", "new.csv", "old.csv"), FORGOTTEN)
    assert seen(target) == expected


def test_again_takes_the_place_of_what_remains_once_that_is_taken_out(source: Store, target: Store) -> None:
    copy(source, target)
    whole = everything(target)
    forget_device(target, DEVICE)
    refused = copy(source, target, again=True)
    assert refused == dict.fromkeys(("both.csv", "new.csv", "old.csv"), COUNTED_OTHERWISE)
    for site, path in [("paris", path) for path in refused] + [("tokyo", "new.csv")]:
        retract(target, site, path, target.path(site, path).names)
    assert set(copy(source, target).values()) == {FORGOTTEN}
    assert copy(source, target, again=True) == {}
    assert everything(target) == whole


def test_a_copy_made_after_a_device_was_forgotten_is_recognised(source: Store, target: Store) -> None:
    copy(source, target)
    forget_device(target, DEVICE)
    made = copy_of(target)
    upload(made, "more.csv", csv(flow(OTHER, packets=41)))
    assert {outcome.state for outcome in copied(made, target)} == {"already counted", "counted"}
    assert seen(target) == seen(made)
    retract(target, "paris", "new.csv", target.path("paris", "new.csv").names)
    assert list(copy(made, target)) == ["new.csv"]
    assert copy(made, target, again=True) == {}
    assert seen(target) == seen(made)


def test_what_remains_without_another_device_does_not_bring_the_forgotten_one_back(
    source: Store, target: Store
) -> None:
    copy(source, target)
    forget_device(source, OTHER)
    forget_device(target, DEVICE)
    expected = seen(target)
    assert copy(source, target) == {
        **dict.fromkeys(("both.csv", "new.csv", "old.csv"), FORGOTTEN),
        "quiet.csv": COUNTED_OTHERWISE,
    }
    assert seen(target) == expected


def test_nothing_of_a_forgotten_content_is_stored_again_that_no_path_refers_to(source: Store, target: Store) -> None:
    copy(source, target)
    forget_device(target, DEVICE)
    forget_device(source, OTHER)
    left = [*source.path("paris", "new.csv").names, *source.path("paris", "both.csv").names]
    upload(source, "new.csv", csv(flow("192.168.1.9", packets=43)), on_change="replace")
    retract(source, "paris", "both.csv", left[1:])
    assert copy(source, target)["both.csv"] == FORGOTTEN
    assert [target.file(name) for name in left] == [None, None]


def test_rejected_lines_of_a_forgotten_content_do_not_come_back_with_a_refusal(source: Store, target: Store) -> None:
    copy(source, target)
    forget_site(target, "paris")
    request = Request("paris", reading=ReadingOptions(duration_unit="s"))
    count_in(source, "twice.csv", summarize(BytesIO(BOTH), request), request)
    assert len(list(source.rejected("paris"))) == 2
    copy(source, target)
    assert [path.path for path in target.paths("paris")] == ["twice.csv"]
    assert list(target.rejected("paris")) == []


# Interrupted.


@pytest.mark.parametrize("first", range(3))
def test_a_copy_killed_once_at_each_write_brings_nothing_back(source: Store, first: int) -> None:
    forget_before(source, MONTH, wait=lambda _: None)
    forget_device(source, DEVICE)
    forget_site(source, "tokyo")
    for writes in count(first, 3):
        target = MemoryStore()
        dying = Dying(target, writes)
        with suppress(Killed):
            copy(source, cast("Store", dying))
        assert target.floor() == MONTH or not target.sites()
        done = bool(dying.left)
        assert copy(source, target) == {}
        assert seen(target) == seen(source), f"after {writes} writes"
        assert (records(target), forgotten(target)) == (records(source), forgotten(source))
        if done:
            break
    assert writes > 20
