"""One message done: an object becomes a contribution, its chunks are counted, and doing it again changes nothing."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from iotagg import listing
from iotagg.aws.events import message_for
from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import READ_OTHERWISE
from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import PairMonth
from iotagg.errors import Unintelligible
from iotagg.jobs.summarize import MAX_REJECTS, metadata_for, summarize_message
from iotagg.pipeline import Request
from tests.cloud.desk import KEY, arrival_of, clean, in_memory, merged, on_the_engine
from tests.pipeline.csvs import HEADER, TORN, contribution, csv, flow, many_pairs, shown
from tests.stores.racing import name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.core.ledger import Move
    from tests.cloud.desk import Desk

ONE = csv(flow(), flow("2001:db8::7", day="2022-11-30"))
OTHER = csv(flow(packets=9))
SECOND = "incoming/paris/b.csv"
MILLISECONDS = ReadingOptions(duration_unit="ms")


# From the event to the sums.


def test_an_object_is_summarized_and_its_chunks_are_counted(desk: Desk) -> None:
    content = many_pairs(250)
    (outcome,) = desk.summarize(desk.put(content))
    assert (outcome.state, outcome.file, outcome.site, outcome.pairs) == ("pending", KEY, "paris", 250)
    assert desk.sums() == {}
    assert desk.left_pending() == [outcome.contribution]
    desk.work()
    assert desk.sums() == clean(content)
    assert desk.left_pending() == []


def test_every_message_done_three_times_counts_once(desk: Desk) -> None:
    content = many_pairs(250)
    event = desk.put(content)
    for _ in range(3):
        desk.summarize(event)
        messages = desk.chunk_messages()
        for _ in range(3):
            desk.consolidate(*reversed(messages))
    (outcome,) = desk.work(event)
    assert outcome.state == "already counted"
    assert desk.sums() == clean(content)
    assert desk.left_pending() == []


def test_a_first_in_first_out_queue_takes_the_chunks_of_a_file_too() -> None:
    desk = on_the_engine(fifo=True)
    desk.count(many_pairs(250))
    assert desk.sums() == clean(many_pairs(250))


def test_an_object_that_was_read_is_not_read_again(engine: Desk) -> None:
    event = engine.put(ONE)
    engine.work(event)
    before = engine.cloud.meter.requests["s3.GetObject"]
    engine.work(event, event)
    assert before
    assert engine.cloud.meter.requests["s3.GetObject"] == before


def test_one_message_may_tell_of_several_objects(desk: Desk) -> None:
    events = [desk.put(csv(flow(packets=n)), f"incoming/paris/{n}.csv") for n in range(3)]
    outcomes = desk.work(merged(events))
    assert [outcome.file for outcome in outcomes] == [f"incoming/paris/{n}.csv" for n in range(3)]
    assert desk.sums() == clean(csv(*(flow(packets=n) for n in range(3))))


def notified(body: str) -> str:
    return json.dumps({"Type": "Notification", "Message": body})


def bridged(body: str) -> str:
    arrival = arrival_of(body)
    item = {"key": arrival.key, "version-id": arrival.version, "etag": arrival.etag, "sequencer": arrival.sequencer}
    detail = {"bucket": {"name": arrival.bucket}, "object": item}
    return json.dumps({"detail-type": "Object Created", "source": "aws.s3", "detail": detail})


@pytest.mark.parametrize("wrap", [notified, bridged, lambda body: notified(bridged(body))])
def test_an_event_may_come_by_another_service(memory: Desk, wrap: Callable[[str], str]) -> None:
    memory.work(wrap(memory.put(ONE, "incoming/paris/a b+c.csv")))
    assert memory.sums() == clean(ONE)


def test_a_test_event_and_a_removal_are_done_with(memory: Desk) -> None:
    removal = message_for(replace(arrival_of(memory.put(ONE)), removed=True))
    assert memory.work(json.dumps({"Event": "s3:TestEvent"}), removal) == []
    assert memory.cloud.store.sites() == []


@pytest.mark.parametrize("body", ["", "x", "{}", "[]", '{"Records": [{}]}', '{"Type": "SubscriptionConfirmation"}'])
def test_a_message_that_is_no_event_is_unintelligible_and_nothing_else(memory: Desk, body: str) -> None:
    with pytest.raises(Unintelligible, match="files queue"):
        summarize_message(memory.cloud, body)
    assert memory.cloud.store.sites() == []


def test_a_compressed_object_is_the_same_file_as_its_content(desk: Desk) -> None:
    desk.count(gzip.compress(ONE), "incoming/paris/a.csv.gz")
    assert desk.sums() == clean(ONE)
    assert desk.count(ONE, SECOND).state == "already counted"
    assert desk.sums() == clean(ONE)


def test_an_empty_object_is_refused_and_a_header_alone_is_a_quiet_day(desk: Desk) -> None:
    assert desk.count(b"").state == "refused"
    assert desk.count(HEADER, SECOND).state == "counted"
    assert desk.left_pending() == []
    assert desk.sums() == {}


@pytest.mark.parametrize(
    "name", ["a b.csv", "a+b.csv", "100%.csv", "%2B.csv", "día/日.csv", 'it\'s "so".csv', "a\nb.csv", "a&b=c?.csv"]
)
def test_a_key_is_remembered_as_it_is_whatever_its_characters(desk: Desk, name: str) -> None:
    key = f"incoming/paris/{name}"
    assert desk.count(ONE, key).file == key
    assert [path.path for path in desk.cloud.store.paths("paris")] == [key]
    assert desk.sums() == clean(ONE)


# Where an object lies.


def test_an_object_in_no_sites_folder_is_the_default_sites(desk: Desk) -> None:
    assert desk.count(ONE, "incoming/a.csv").site == "default"
    assert desk.sums() == clean(ONE, request=Request("default"))


def test_an_object_in_an_impossible_sites_folder_is_refused_where_everybody_sees_it(desk: Desk) -> None:
    event = desk.put(ONE, "incoming/pa ris/a.csv")
    for _ in range(2):
        (outcome,) = desk.work(event)
        assert (outcome.state, outcome.site) == ("refused", "default")
    (listed,) = listing.files(desk.cloud.store)
    assert (listed.file, listed.state) == ("incoming/pa ris/a.csv", "refused")
    assert "pa ris" in listed.reason


@pytest.mark.parametrize("key", ["contributions/paris/a.csv", "incoming", "incoming/paris/", "paris/incoming/a.csv"])
def test_what_did_not_come_in_is_ignored(memory: Desk, key: str) -> None:
    assert memory.work(memory.put(ONE, key)) == []
    assert memory.cloud.store.sites() == []


# What is refused stays refused, and is seen.


def test_a_file_that_is_worse_than_allowed_is_refused_with_its_rejected_lines(engine: Desk) -> None:
    event = engine.put(ONE + TORN, metadata={MAX_REJECTS: "1%"})
    (outcome,) = engine.work(event)
    assert outcome.state == "refused"
    refusal = engine.path().refusal
    assert refusal is not None
    assert (refusal.reason, refusal.lines["rejected"]) == (outcome.reason, 1)
    name = contribution(ONE + TORN).head.name
    assert [reject.line for reject in engine.cloud.store.rejects(name)] == [4]
    before = engine.cloud.meter.requests["s3.GetObject"]
    (again,) = engine.work(event)
    assert (again.state, again.reason) == ("refused", outcome.reason)
    assert engine.cloud.meter.requests["s3.GetObject"] == before
    assert engine.sums() == {}


def test_a_file_that_is_no_flow_csv_is_refused_once(desk: Desk) -> None:
    event = desk.put(b"a,b\n1,2\n")
    (first,), (second,) = desk.work(event), desk.work(event)
    assert (first.state, second.state) == ("refused", "refused")
    assert first.reason == second.reason
    assert [outcome.state for outcome in listing.files(desk.cloud.store)] == ["refused"]


def test_an_object_that_was_removed_before_it_was_read_is_refused(desk: Desk) -> None:
    event = desk.put(ONE)
    desk.cloud.bucket.remove(KEY, arrival_of(event).version)
    (outcome,) = desk.work(event)
    assert outcome.state == "refused"
    assert outcome.reason == "the object was removed before it was read; upload it again"
    assert desk.work(event)[0].state == "refused"
    assert desk.count(ONE).state == "pending"
    assert desk.sums() == clean(ONE)
    assert desk.path().refusal is None


def test_in_a_bucket_without_versions_what_was_overwritten_is_refused_and_its_successor_counted() -> None:
    desk = in_memory(keeps_versions=False)
    first, second = desk.put(ONE), desk.put(OTHER)
    assert [outcome.state for outcome in desk.work(first, second)] == ["refused", "pending"]
    assert desk.sums() == clean(OTHER)
    assert len(desk.path().versions.final) == 2


def test_a_file_with_more_pairs_and_days_than_allowed_is_refused(memory: Desk) -> None:
    memory.set(max_pair_days=10)
    assert memory.count(many_pairs(11)).state == "refused"
    assert memory.count(many_pairs(10), SECOND).state == "pending"


# A sum that would need more than 38 digits.


def test_a_sum_that_grows_too_large_takes_the_whole_file_out_again(long_desk: Desk) -> None:
    full = PairMonth("192.168.0.7", "192.0.2.1", "2022-12", {"flows": 1, "dur_sq": MAX_SUM - 1})
    long_desk.cloud.store.apply(name_of(1), 1, 0, [full])
    content = many_pairs(250)
    before = {"paris": shown([full])}
    events = [long_desk.put(content), long_desk.put(content, SECOND)]
    long_desk.summarize(*events)
    (record,) = long_desk.records()
    messages = long_desk.chunk_messages()
    long_desk.consolidate(*messages)
    long_desk.work()
    assert long_desk.sums() == before
    for key in (KEY, SECOND):
        path = long_desk.path(key)
        assert path.names == ()
        assert path.refusal is not None
        assert "38 digits" in path.refusal.reason
        assert path.refusal.lines == record.head.lines
    assert long_desk.left_pending() == []
    assert [outcome.state for outcome in long_desk.work(*events)] == ["refused", "refused"]
    long_desk.consolidate(*messages)
    long_desk.work()
    assert long_desk.sums() == before
    assert long_desk.left_pending() == []


# The same content, read in two ways at once.


@pytest.mark.parametrize(
    ("pause", "first"),
    [
        ("before the move", ReadingOptions()),
        ("before the move", MILLISECONDS),
        ("after the move", ReadingOptions()),
        ("after the move", MILLISECONDS),
    ],
)
def test_of_two_who_bring_a_content_read_in_two_ways_at_once_one_counts(
    memory: Desk, monkeypatch: pytest.MonkeyPatch, first: ReadingOptions, pause: str
) -> None:
    second = MILLISECONDS if first == ReadingOptions() else ReadingOptions()
    events = [
        memory.put(ONE, key, metadata_for(Request("paris", reading)))
        for key, reading in ((KEY, first), (SECOND, second))
    ]
    store = memory.cloud.store
    move = store.move

    def paused(site: str, given: Move) -> bool:
        monkeypatch.setattr(store, "move", move)
        moved = pause == "after the move" and move(site, given)
        memory.work(events[1])
        return moved or move(site, given)

    monkeypatch.setattr(store, "move", paused)
    memory.work(events[0])
    assert memory.left_pending() == []
    one, other = memory.path(KEY), memory.path(SECOND)
    assert len(one.names) + len(other.names) == 1
    assert [path.refusal.reason for path in (one, other) if path.refusal] == [READ_OTHERWISE]
    assert memory.sums() == clean(ONE, request=Request("paris", first if one.names else second))
    assert [outcome.state for outcome in memory.work(*events)].count("already counted") == 1
