"""The sweep: whatever was lost, everything ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import PairMonth
from iotagg.jobs.cloud import Settings
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.sweep import Swept, sweep
from iotagg.pipeline import retract
from tests.cloud.desk import KEY, arrival_of, clean, held, in_memory, on_the_engine, shelf_of, ticking
from tests.cloud.sweeping import AT_ONCE, all_done
from tests.pipeline.csvs import HEADER, csv, flow, many_pairs, shown
from tests.stores.racing import at_once, name_of

if TYPE_CHECKING:
    from iotagg.core.contribution import Chunk, Name
    from iotagg.core.ledger import OnChange
    from tests.cloud.desk import Desk

BASE = csv(flow())
GROWN = BASE + flow(packets=2)
OTHER = csv(flow(packets=9))


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
