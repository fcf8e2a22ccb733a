"""Objects that are done with are removed, if that is wanted; and none that is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from iotagg.jobs.sweep import DAY_SECONDS, Swept, sweep
from tests.cloud.desk import KEY, LONG_AGO, clean, held, shelf_of
from tests.cloud.sweeping import AT_ONCE, all_done
from tests.pipeline.csvs import HEADER, csv, flow

if TYPE_CHECKING:
    from tests.cloud.desk import Desk

BASE = csv(flow())
GROWN = BASE + flow(packets=2)
OTHER = csv(flow(packets=9))


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
