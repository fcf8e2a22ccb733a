"""An object that is too large, or too slow, for a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.jobs.summarize import summarize_message
from tests.cloud.desk import arrival_of, clean, shelf_of, ticking
from tests.pipeline.csvs import csv, flow, many_pairs

if TYPE_CHECKING:
    from tests.cloud.desk import Desk, Line

ONE = csv(flow(), flow("2001:db8::7", day="2022-11-30"))
SECOND = "incoming/paris/b.csv"


def large(desk: Desk) -> Line:
    return desk.cloud.queue("large").another("large")  # type: ignore[return-value]  # a line in memory


def test_an_object_that_is_too_large_goes_to_the_queue_for_those(memory: Desk) -> None:
    memory.set(max_object_bytes=len(ONE) - 1, large_files_queue_url="large")
    event = memory.put(ONE)
    assert memory.work(event) == []
    assert shelf_of(memory).opened == []
    (body,) = large(memory).bodies
    assert arrival_of(body) == arrival_of(event)
    memory.set(max_object_bytes=None)
    memory.work(body)
    assert memory.sums() == clean(ONE)


def test_an_object_that_is_too_large_is_refused_where_there_is_no_such_queue(memory: Desk) -> None:
    memory.set(max_object_bytes=len(ONE) - 1)
    outcome = memory.count(ONE)
    assert outcome.state == "refused"
    assert f"{len(ONE)} bytes" in outcome.reason
    assert "IOTAGG_LARGE_FILES_QUEUE_URL" in outcome.reason
    memory.set(max_object_bytes=len(ONE))
    assert memory.count(ONE, SECOND).state == "pending"


def test_an_object_for_which_time_runs_out_goes_to_the_queue_for_large_ones(memory: Desk) -> None:
    memory.set(large_files_queue_url="large")
    event = memory.put(many_pairs(3_000))
    assert summarize_message(memory.cloud, event, ticking(1)) == []
    assert memory.cloud.store.sites() == []
    memory.work(*large(memory).bodies)
    assert memory.sums() == clean(many_pairs(3_000))


def test_an_object_for_which_time_runs_out_is_refused_where_there_is_no_such_queue(memory: Desk) -> None:
    (outcome,) = summarize_message(memory.cloud, memory.put(ONE), ticking(0))
    assert outcome.state == "refused"
    assert "longer than a function may run" in outcome.reason
    assert memory.path().refusal is not None
