"""The sweep: whatever was lost, everything ends; and nothing is removed that is not done with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import pytest

from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import PairMonth
from iotagg.errors import InvalidValue, NotFound
from iotagg.jobs.cloud import Settings
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.sweep import DAY_SECONDS, Swept, sweep
from iotagg.pipeline import retract
from tests.cloud.desk import KEY, LONG_AGO, arrival_of, clean, days_of, in_memory, on_the_engine, shelf_of
from tests.pipeline.csvs import HEADER, TORN, csv, flow, many_pairs, shown
from tests.stores.racing import at_once, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from iotagg.core.contribution import Chunk, Name
    from iotagg.core.ledger import OnChange
    from tests.cloud.desk import Desk

BASE = csv(flow())
GROWN = BASE + flow(packets=2)
OTHER = csv(flow(packets=9))
AT_ONCE = -60  # a grace that has passed whatever the engine's clock shows


@pytest.fixture(params=[in_memory, on_the_engine], ids=["in memory", "on the engine"])
def desk(request: pytest.FixtureRequest) -> Desk:
    made: Desk = request.param()
    return made


@pytest.fixture
def memory() -> Desk:
    return in_memory()


def ticking(times: int) -> Callable[[], bool]:
    asked = count(1)
    return lambda: next(asked) <= times


def all_done(desk: Desk) -> None:
    assert sweep(desk.cloud, grace_seconds=AT_ONCE) == Swept()
    assert (desk.events(), desk.chunk_messages(), desk.left_pending()) == ([], [], [])


# What was begun is finished.


def test_a_file_all_of_whose_messages_were_lost_is_finished(desk: Desk) -> None:
    content = many_pairs(250)
    desk.summarize(desk.put(content))
    lost = desk.chunk_messages()
    assert sweep(desk.cloud, grace_seconds=AT_ONCE) == Swept(handed_over=1)
    found = desk.chunk_messages()
    assert sorted(found) == sorted(lost)
    desk.consolidate(*found)
    assert desk.sums() == clean(content)
    all_done(desk)


def test_only_the_chunks_that_are_missing_are_handed_over_again(desk: Desk) -> None:
    desk.summarize(desk.put(many_pairs(250)))
    messages = desk.chunk_messages()
    desk.consolidate(*messages[:-2])
    sweep(desk.cloud, grace_seconds=AT_ONCE)
    desk.consolidate(*(found := desk.chunk_messages()))
    assert sorted(found) == sorted(messages[-2:])
    assert desk.sums() == clean(many_pairs(250))
    all_done(desk)


def test_a_retraction_that_was_left_half_done_is_finished(memory: Desk) -> None:
    memory.count(many_pairs(250))
    (record,) = memory.records()
    memory.cloud.store.advance(record.name, 1, 2)
    assert sweep(memory.cloud).handed_over == 1
    memory.work()
    # No path had let go of it, so it is counted again.
    assert memory.sums() == clean(many_pairs(250))
    retract(memory.cloud.store, "paris", KEY, [record.name], bring=lambda *_: None)
    assert memory.left_pending() == [str(record.name)]
    sweep(memory.cloud)
    memory.work()
    assert memory.sums() == {}
    all_done(memory)


def test_what_has_just_been_begun_is_left_to_those_who_are_at_it() -> None:
    desk = on_the_engine()
    desk.summarize(desk.put(BASE))
    desk.chunk_messages()
    desk.put(OTHER, "incoming/paris/b.csv")
    desk.set(remove_raw=True)
    assert sweep(desk.cloud) == Swept()
    assert (desk.events(), desk.chunk_messages()) == ([], [])
    assert len(list(desk.cloud.bucket.versions("incoming/"))) == 2


def test_a_file_that_turns_out_too_large_while_it_is_finished_is_taken_out(memory: Desk) -> None:
    full = PairMonth("192.168.0.7", "192.0.2.1", "2022-12", {"flows": 1, "dur_sq": MAX_SUM - 1})
    memory.cloud.store.apply(name_of(1), 1, 0, [full])
    before = {"paris": shown([full])}
    memory.summarize(memory.put(many_pairs(250)))
    memory.chunk_messages()
    for _ in range(2):
        sweep(memory.cloud)
        memory.work()
    assert memory.path().refusal is not None
    assert memory.path().names == ()
    assert memory.sums() == before
    all_done(memory)


# What was overlooked is looked at.


def test_an_object_whose_event_was_lost_is_counted(desk: Desk) -> None:
    lost = arrival_of(desk.put(BASE, "incoming/paris/a b+%2B.csv"))
    assert sweep(desk.cloud, grace_seconds=AT_ONCE) == Swept(enqueued=1)
    (event,) = desk.events()
    found = arrival_of(event)
    assert (found.bucket, found.key, found.version, found.etag, found.size) == (
        lost.bucket,
        lost.key,
        lost.version,
        lost.etag,
        lost.size,
    )
    desk.work(event)
    assert desk.sums() == clean(BASE)
    all_done(desk)


def test_what_is_refused_is_not_looked_at_again(desk: Desk) -> None:
    desk.count(b"no flow CSV\n")
    desk.count(BASE, "incoming/pa ris/a.csv")
    desk.count(BASE, "incoming/paris/b.csv")
    desk.count(OTHER, "incoming/paris/b.csv")
    all_done(desk)


def test_a_bucket_without_versions_is_swept_too() -> None:
    desk = in_memory(keeps_versions=False)
    desk.put(BASE)
    assert sweep(desk.cloud).enqueued == 1
    desk.work()
    all_done(desk)
    desk.put(GROWN)
    assert sweep(desk.cloud).enqueued == 1
    desk.work()
    assert desk.sums() == clean(GROWN)
    all_done(desk)
    desk.set(remove_raw=True)
    assert sweep(desk.cloud).removed == 1
    assert shelf_of(desk).held == []


@pytest.mark.parametrize(("policy", "left"), [("refuse", BASE), ("replace", OTHER)])
def test_versions_whose_events_were_lost_are_looked_at_in_the_order_of_writing(
    memory: Desk, policy: OnChange, left: bytes
) -> None:
    memory.set(on_overwrite=policy)
    for content in (BASE, OTHER):
        memory.put(content)
    assert sweep(memory.cloud).enqueued == 2
    memory.work()
    assert memory.sums() == clean(left)
    all_done(memory)


def test_objects_of_many_sites_are_found_among_those_that_are_done(memory: Desk) -> None:
    sites = ("", "default/", "paris/", "paris-2/", "Zürich/", "pa ris/", "a.b/", "x/y/z/")
    keys = [f"incoming/{site}{name}" for site in sites for name in ("a.csv", "é.csv", "A/b c.csv", "日.csv", "\n.csv")]
    done, overlooked = keys[::2], keys[1::2]
    for number, key in enumerate(keys):
        event = memory.put(csv(flow(packets=number)), key)
        if key in done:
            memory.work(event)
        if number % 3 == 0 and key in done:
            memory.cloud.bucket.remove(key, arrival_of(event).version)  # a path whose object is gone
    memory.put(BASE, "incoming/paris/folder/")
    memory.put(BASE, "elsewhere/a.csv")
    assert sweep(memory.cloud) == Swept(enqueued=len(overlooked))
    events = memory.events()
    assert sorted(arrival_of(event).key for event in events) == sorted(overlooked)
    memory.work(*events)
    assert {path.path for site in memory.cloud.store.sites() for path in memory.cloud.store.paths(site)} == set(keys)
    all_done(memory)


# What is done with is removed, if that is wanted.


def held(desk: Desk) -> list[str]:
    return [version.key for version in desk.cloud.bucket.versions("incoming/")]


def test_objects_stay_unless_they_are_to_be_removed(desk: Desk) -> None:
    desk.count(BASE)
    assert sweep(desk.cloud, grace_seconds=AT_ONCE).removed == 0
    assert held(desk) == [KEY]


def test_objects_that_are_counted_or_refused_are_removed_in_all_their_versions(desk: Desk) -> None:
    desk.set(remove_raw=True)
    for content in (BASE, OTHER, GROWN):
        desk.count(content)
    desk.count(b"no flow CSV\n", "incoming/paris/b.csv")
    desk.count(BASE, "incoming/pa ris/a.csv")
    assert sweep(desk.cloud, grace_seconds=AT_ONCE) == Swept(removed=5)
    assert held(desk) == []
    assert desk.sums() == clean(GROWN)
    all_done(desk)


def test_no_version_is_removed_beside_one_that_is_still_to_be_read(desk: Desk) -> None:
    desk.set(remove_raw=True)
    desk.count(BASE)
    desk.put(GROWN)
    assert sweep(desk.cloud, grace_seconds=AT_ONCE) == Swept(enqueued=1)
    assert held(desk) == [KEY, KEY]
    desk.work()
    assert desk.sums() == clean(GROWN)
    assert sweep(desk.cloud, grace_seconds=AT_ONCE) == Swept(removed=2)


def test_no_version_is_removed_beside_a_young_one(memory: Desk) -> None:
    memory.set(remove_raw=True)
    memory.count(BASE)
    shelf_of(memory).modified = datetime.now(UTC)
    memory.work(memory.put(GROWN))
    assert sweep(memory.cloud) == Swept()
    assert held(memory) == [KEY, KEY]


def test_nothing_is_removed_of_which_chunks_are_missing(memory: Desk) -> None:
    memory.set(remove_raw=True)
    memory.summarize(memory.put(BASE))
    memory.chunk_messages()
    assert sweep(memory.cloud) == Swept(handed_over=1)
    assert held(memory) == [KEY]
    memory.work()
    assert sweep(memory.cloud) == Swept(removed=1)


def test_a_quiet_day_is_removed_too(memory: Desk) -> None:
    memory.set(remove_raw=True)
    memory.count(HEADER)
    assert sweep(memory.cloud) == Swept(removed=1)


@pytest.mark.parametrize(("days", "after", "removed"), [(0, 1, 1), (30, 29.9, 0), (30, 30.1, 1)])
def test_objects_are_removed_when_they_are_so_many_days_old(
    memory: Desk, days: int, after: float, removed: int
) -> None:
    memory.set(remove_raw=True, remove_raw_after_days=days)
    memory.count(BASE)
    memory.count(b"no flow CSV\n", "incoming/paris/b.csv")
    now = LONG_AGO.timestamp() + after * DAY_SECONDS
    assert sweep(memory.cloud, clock=lambda: now) == Swept(removed=2 * removed)


def test_no_version_is_removed_beside_one_that_is_not_as_old(memory: Desk) -> None:
    memory.set(remove_raw=True, remove_raw_after_days=30)
    memory.count(BASE)
    shelf_of(memory).modified = LONG_AGO + timedelta(days=20)
    memory.count(GROWN)
    now = LONG_AGO.timestamp() + 40 * DAY_SECONDS
    assert sweep(memory.cloud, clock=lambda: now) == Swept()
    assert sweep(memory.cloud, clock=lambda: now + 10 * DAY_SECONDS) == Swept(removed=2)


def test_what_waits_for_those_who_read_large_files_is_not_overlooked(memory: Desk) -> None:
    memory.set(max_object_bytes=10, large_files_queue_url="large")
    memory.work(memory.put(BASE))
    large = memory.cloud.queue("large")
    assert sweep(memory.cloud) == Swept(complete=False)
    assert memory.events() == []
    memory.take(large)
    assert sweep(memory.cloud) == Swept(enqueued=1)


# What is old is forgotten, if that is wanted.

JANUARY = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
OLD, NEW = csv(flow(day="2022-11-30"), flow(day="2022-12-31"), TORN), csv(flow(day="2023-01-01"))
BOTH = csv(flow(day="2022-12-31", packets=3), flow(day="2023-01-01", packets=5))


def three_files(desk: Desk) -> None:
    for name, content in (("old", OLD), ("new", NEW), ("both", BOTH)):
        desk.count(content, f"incoming/paris/{name}.csv")


def at(moment: float) -> Callable[[], float]:
    return lambda: moment


def test_without_a_retention_everything_is_kept(desk: Desk) -> None:
    three_files(desk)
    sums = desk.sums()
    assert sweep(desk.cloud, clock=at(JANUARY * 2)) == Swept()
    assert (desk.sums(), desk.cloud.store.floor()) == (sums, "")


def test_what_is_past_the_retention_is_erased_and_the_floor_rises_with_it(desk: Desk) -> None:
    desk.set(retention_months=12)
    three_files(desk)
    sums = desk.sums()
    assert sweep(desk.cloud, clock=at(JANUARY - 32 * DAY_SECONDS)).forgotten == 0
    assert (desk.sums(), desk.cloud.store.floor()) == (sums, "2022-11")
    assert sweep(desk.cloud, clock=at(JANUARY - 1)).forgotten == 0
    assert desk.cloud.store.floor() == "2022-12"
    assert sweep(desk.cloud, clock=at(JANUARY)).forgotten == 1
    assert desk.cloud.store.floor() == "2023-01"
    assert desk.sums() == clean(NEW, csv(flow(day="2023-01-01", packets=5)))
    (record,) = desk.records("incoming/paris/old.csv")
    assert (record.erased, list(desk.cloud.store.rejects(record.name))) == (True, [])
    assert held(desk) == ["incoming/paris/both.csv", "incoming/paris/new.csv"]
    assert sweep(desk.cloud, clock=at(JANUARY)) == Swept()
    assert desk.count(OLD, "incoming/paris/again.csv").state == "already counted"
    assert "first month that is kept" in desk.count(OLD + b"\n", "incoming/paris/more.csv").reason


def test_rejected_lines_of_files_that_are_refused_go_with_the_days_that_they_are_of(memory: Desk) -> None:
    memory.set(retention_months=12)
    memory.count(OLD, metadata={"iotagg-max-rejects": "0"})
    assert len(list(memory.cloud.store.rejected("paris"))) == 1
    assert sweep(memory.cloud, clock=at(JANUARY)) == Swept()
    assert list(memory.cloud.store.rejected("paris")) == []


@pytest.mark.parametrize("steps", range(5))
def test_forgetting_that_time_runs_out_for_is_gone_on_with_before_the_floor_rises(memory: Desk, steps: int) -> None:
    memory.set(retention_months=12)
    for number in range(3):
        memory.count(csv(flow(day=f"2022-11-{number + 1:02}")), f"incoming/paris/{number}.csv")
    memory.count(NEW, "incoming/paris/new.csv")
    first = sweep(memory.cloud, in_time=ticking(steps), clock=at(JANUARY))
    assert first.forgotten == min(steps, 3)
    assert first.complete is False
    assert memory.cloud.store.floor() == ("2023-01" if steps > 3 else "")
    second = sweep(memory.cloud, clock=at(JANUARY))
    assert (first.forgotten + second.forgotten, second.complete) == (3, True)
    assert memory.cloud.store.floor() == "2023-01"
    assert memory.sums() == clean(NEW)


def test_chunks_that_come_after_their_file_was_erased_are_done(desk: Desk) -> None:
    desk.set(retention_months=12)
    desk.summarize(desk.put(OLD))
    messages = desk.chunk_messages()
    assert sweep(desk.cloud, clock=at(JANUARY)).forgotten == 1
    desk.consolidate(*messages, *messages)
    assert desk.sums() == {}
    sweep(desk.cloud, grace_seconds=AT_ONCE)
    assert desk.left_pending() == []


def test_a_chunk_whose_file_is_erased_while_it_is_read_is_done(memory: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.summarize(memory.put(OLD))
    (message,) = memory.chunk_messages()
    (record,) = memory.records()
    store = memory.cloud.store
    read = store.chunks

    def erased(name: Name, numbers: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        store.erase(name, referred=True)
        return read(name, numbers)

    with monkeypatch.context() as patch:
        patch.setattr(store, "chunks", erased)
        assert consolidate_message(memory.cloud, message)
    assert memory.sums() == {}
    assert store.applied(record.name, 2) == {0}


def test_a_chunk_that_is_missing_of_a_file_that_was_not_erased_is_a_failure(memory: Desk) -> None:
    memory.summarize(memory.put(OLD))
    (message,) = memory.chunk_messages()
    (record,) = memory.records()
    memory.cloud.store._tables.contributions.pop(record.name)  # type: ignore[attr-defined]  # in memory
    with pytest.raises(NotFound):
        consolidate_message(memory.cloud, message)


@pytest.mark.parametrize("name", ["IOTAGG_RETENTION_MONTHS", "IOTAGG_REMOVE_RAW_AFTER_DAYS"])
def test_how_long_things_are_kept_is_a_whole_number_that_makes_sense(name: str) -> None:
    for text in ("-1", "1.5", "two"):
        with pytest.raises(InvalidValue, match=f"{name}={text}: it has to be a whole number"):
            Settings.named_by({name: text})
    with pytest.raises(InvalidValue, match=f"{name}=99999: it has to be at most"):
        Settings.named_by({name: "99999"})
    settings = Settings.named_by({name: "13"})
    assert {settings.retention_months, settings.remove_raw_after_days} == {13, 0}
    assert Settings.named_by({name: ""}) == Settings()


# Several at once, in little time.


def test_two_sweeps_at_once_change_nothing_more(desk: Desk) -> None:
    desk.set(remove_raw=True)
    desk.count(csv(flow(packets=77)), "incoming/paris/done.csv")
    desk.summarize(desk.put(many_pairs(5)))
    desk.chunk_messages()
    for number in range(4):
        desk.put(csv(flow(day=f"2022-11-{number + 1:02}")), f"incoming/paris/{number}.csv")
    at_once(2, lambda _: sweep(desk.cloud, grace_seconds=AT_ONCE))
    events, messages = desk.events(), desk.chunk_messages()
    assert {arrival_of(event).key for event in events} == {f"incoming/paris/{number}.csv" for number in range(4)}
    desk.work(*events)
    desk.consolidate(*messages)
    at_once(2, lambda _: sweep(desk.cloud, grace_seconds=AT_ONCE))
    assert held(desk) == []
    days = (flow(day=f"2022-11-{number + 1:02}") for number in range(4))
    assert desk.sums() == clean(many_pairs(5) + b"".join(days) + flow(packets=77))
    all_done(desk)


@pytest.mark.parametrize("steps", range(6))
def test_a_sweep_that_time_runs_out_for_is_gone_on_with_by_the_next(memory: Desk, steps: int) -> None:
    contents = [csv(flow(day=f"2022-11-{number + 1:02}")) for number in range(4)]
    for number, content in enumerate(contents):
        event = memory.put(content, f"incoming/paris/{number}.csv")
        if number % 2:
            memory.summarize(event)
    memory.chunk_messages()
    first = sweep(memory.cloud, in_time=ticking(steps))
    assert first.complete is False
    assert first.handed_over + first.enqueued <= steps
    memory.work()
    assert sweep(memory.cloud).complete is True
    memory.work()
    assert memory.sums() == clean(csv(*(content.removeprefix(HEADER) for content in contents)))
    all_done(memory)


def test_a_sweep_while_a_message_is_worked_on_counts_nothing_twice(
    memory: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.summarize(memory.put(many_pairs(250)))
    messages = memory.chunk_messages()
    store = memory.cloud.store
    apply = store.apply

    def swept(name: Name, revision: int, number: int, chunk: Chunk) -> bool:
        sweep(memory.cloud)
        return apply(name, revision, number, chunk)

    with monkeypatch.context() as patch:
        patch.setattr(store, "apply", swept)
        assert consolidate_message(memory.cloud, messages[0])
    memory.work()
    memory.consolidate(*messages)
    assert memory.sums() == clean(many_pairs(250))
    all_done(memory)


def test_what_whoever_deploys_may_choose_is_off_unless_it_is_said() -> None:
    assert Settings.named_by({}) == Settings()
    assert Settings().remove_raw is False
    assert Settings.named_by({"IOTAGG_REMOVE_RAW": "yes"}).remove_raw is True


# Sites from which nothing comes any more.


def test_a_site_is_silent_once_whole_days_went_by_without_a_file(memory: Desk) -> None:
    memory.set(quiet_days=2)
    memory.count(BASE)
    memory.count(OTHER, "incoming/tokyo/a.csv")
    for day, silent in (("2022-12-10", ()), ("2022-12-12", ()), ("2022-12-13", ("tokyo",)), ("2022-12-20", ("tokyo",))):
        days_of(memory).day = day
        days_of(memory).note("paris")
        assert sweep(memory.cloud) == Swept(silent=silent)
    memory.work(memory.put(OTHER, "incoming/tokyo/a.csv"))  # which is counted already; but it came
    assert sweep(memory.cloud) == Swept()


def test_no_site_is_silent_unless_it_was_said_after_how_many_days(memory: Desk) -> None:
    memory.count(BASE)
    days_of(memory).day = "2032-12-10"
    assert sweep(memory.cloud).silent == ()


def test_a_file_that_is_refused_or_too_large_came_too(memory: Desk) -> None:
    memory.set(max_object_bytes=len(BASE), large_files_queue_url="large")
    memory.summarize(memory.put(b"no CSV\n", "incoming/tokyo/a.csv"), memory.put(GROWN, "incoming/rome/a.csv"))
    memory.summarize(memory.put(BASE, "incoming/no site/a.csv"))
    assert days_of(memory).last == {"tokyo": "2022-12-10", "rome": "2022-12-10"}


def test_silence_is_told_also_by_a_sweep_that_has_no_time(memory: Desk) -> None:
    memory.set(quiet_days=1)
    memory.count(BASE)
    memory.put(GROWN)
    memory.events()
    days_of(memory).day = "2022-12-20"
    assert sweep(memory.cloud, in_time=lambda: False) == Swept(complete=False, silent=("paris",))
