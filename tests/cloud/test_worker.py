"""One process's worth of a worker: what becomes of messages, whatever becomes of the worker."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

import iotagg.jobs.handling
import iotagg.worker
from iotagg.aws.objects import ObjectStream
from iotagg.aws.queues import Draft, Message, Queue
from iotagg.errors import CloudBusy, CloudError, NotAllowed
from iotagg.jobs.cloud import Cloud
from iotagg.jobs.summarize import summarize_message
from iotagg.jobs.sweep import sweep
from iotagg.stores.dynamodb.sums import Sums
from iotagg.worker import Duties, Worker
from tests.cloud.desk import clean
from tests.cloud.whole import DEADLINE_SECONDS, Whole, deployed, taken, wait_until
from tests.pipeline.csvs import everything, many_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTENT = many_pairs(40)
JOBS = {"files": "summarize_message", "chunks": "consolidate_message"}


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iotagg.worker, "_TROUBLE_SECONDS", 0.05)


@contextmanager
def working(whole: Whole, **duties: float) -> Iterator[Worker]:
    given: dict[str, Any] = {"poll_seconds": 1, "sweep_seconds": 0, "grace_seconds": 20, **duties}
    worker = Worker(Cloud.connected(whole.stack), Duties(**given))
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


def arrive(whole: Whole, content: bytes = CONTENT, name: str = "a.csv") -> None:
    before = whole.cloud.files.depth().total
    whole.cloud.bucket.put_if_absent(f"incoming/paris/{name}", content)
    wait_until(lambda: whole.cloud.files.depth().total > before, "no event")


def assert_counted_once(whole: Whole, *contents: bytes) -> None:
    assert everything(whole.cloud.store) == clean(*(contents or (CONTENT,)))
    assert whole.left() == {}
    assert whole.idle()


class Gate:
    """Holds jobs of a kind at their beginning, or those of the first time only, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, first_only: bool = False) -> None:
        self.begun = 0
        self.opened = threading.Event()
        real, lock = getattr(owner, name), threading.Lock()

        def held(*args: Any, **options: Any) -> Any:
            with lock:
                self.begun += 1
                number = self.begun
            if number == 1 or not first_only:
                self.opened.wait(DEADLINE_SECONDS)
            return real(*args, **options)

        monkeypatch.setattr(owner, name, held)


def test_a_worker_counts_what_arrives_and_leaves_nothing() -> None:
    whole = deployed()
    other = many_pairs(30, packets=9, day="2022-12-02")
    arrive(whole)
    arrive(whole, other, "b.csv")
    with working(whole) as worker:
        whole.drained()
    assert_counted_once(whole, CONTENT, other)
    assert worker.counts["files pending"] == 2
    assert worker.counts["messages done"] == 2 + worker.counts["chunk messages"]


# Told to stop.


def test_a_file_that_is_read_when_the_worker_is_told_to_stop_is_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = deployed()
    arrive(whole)
    gate = Gate(monkeypatch, ObjectStream, "read")
    with working(whole) as worker:
        wait_until(lambda: gate.begun)
        worker.stop()
        wait_until(worker._stopping.is_set)
        gate.opened.set()
    assert worker.counts["files pending"] == 1
    assert whole.cloud.files.depth().total == 0
    with working(whole):
        whole.drained()
    assert_counted_once(whole)


def test_a_file_that_takes_longer_than_the_grace_period_is_given_back_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = deployed(visibility_seconds=300)
    arrive(whole)
    with monkeypatch.context() as slow:
        gate = Gate(slow, ObjectStream, "read")
        with working(whole, grace_seconds=0) as worker:
            wait_until(lambda: gate.begun)
            worker.stop()
            wait_until(worker._stopping.is_set)
            time.sleep(0.05)  # the grace period is over
            gate.opened.set()
    assert worker.counts["messages given back"] == 1
    depth = whole.cloud.files.depth()
    assert (depth.waiting, depth.total) == (1, 1)
    with working(whole):
        whole.drained()
    assert_counted_once(whole)


def test_chunks_that_are_not_begun_when_the_worker_is_told_to_stop_are_for_others_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = deployed(visibility_seconds=300)
    monkeypatch.setattr("iotagg.core.contribution.CHUNK", 3)  # so that there are several in a message
    content = many_pairs(250)
    arrive(whole, content)
    with monkeypatch.context() as slow:
        gate = Gate(slow, Sums, "apply")
        with working(whole) as worker:
            wait_until(lambda: gate.begun == 4, "four transactions at once")
            worker.stop()
            wait_until(worker._stopping.is_set)
            gate.opened.set()
    assert worker.counts["messages put back"] == 1
    assert worker.counts["messages given back"] >= 1
    depth = whole.cloud.chunks.depth()
    assert depth.in_flight == 0
    assert depth.waiting > 1
    with working(whole):
        whole.drained()
    assert_counted_once(whole, content)


def test_a_late_heartbeat_does_not_hide_what_was_given_back() -> None:
    hidden: list[tuple[str, int]] = []

    class Fake:
        def hide(self, message: Message, seconds: int) -> None:
            hidden.append((message.id, seconds))

    messages = [Message("one", "", ""), Message("two", "", ""), Message("three", "", "")]
    held = iotagg.worker._Held(cast("Queue", Fake()), messages, 60)
    held.give_back(messages[0])
    held.let_go(messages[1])
    held.extend()
    assert hidden == [("one", 0), ("three", 60)]


# Visibility.


def test_a_job_longer_than_the_visibility_timeout_stays_with_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = deployed(visibility_seconds=1)
    arrive(whole)
    gate = Gate(monkeypatch, iotagg.worker, "summarize_message")
    with working(whole), working(whole):
        wait_until(lambda: gate.begun)
        time.sleep(2.5)
        assert gate.begun == 1
        gate.opened.set()
        whole.drained()
    assert_counted_once(whole)


@pytest.mark.parametrize("job", JOBS.values())
def test_a_job_whose_heartbeat_stalls_is_raced_by_another_worker_and_counts_once(
    monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    whole = deployed(visibility_seconds=1)
    content = many_pairs(1) if job == JOBS["chunks"] else CONTENT
    arrive(whole, content)
    gate = Gate(monkeypatch, iotagg.worker, job, first_only=True)
    monkeypatch.setattr("iotagg.worker._Held.extend", lambda _: None)
    with working(whole), working(whole):
        wait_until(lambda: gate.begun == 2, "a second worker")
        whole.drained()
        gate.opened.set()
    assert_counted_once(whole, content)


# Failures.


@pytest.mark.parametrize("job", JOBS.values())
def test_a_busy_aws_sends_no_message_to_the_dead_letters_however_often(
    monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    whole = deployed(visibility_seconds=300)
    content = many_pairs(1)
    arrive(whole, content)
    monkeypatch.setattr(iotagg.jobs.handling, "BUSY_DELAY_SECONDS", 0)
    calls = fails(monkeypatch, job, CloudBusy("throttled"), times=7)
    with working(whole) as worker:
        whole.drained()
    assert len(calls) == 8
    assert worker.counts["messages put back"] == 7
    assert_counted_once(whole, content)


@pytest.mark.parametrize("job", JOBS.values())
def test_an_unexpected_error_leaves_the_message_to_come_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, job: str
) -> None:
    whole = deployed(visibility_seconds=1)
    content = many_pairs(1)
    arrive(whole, content)
    fails(monkeypatch, job, ZeroDivisionError("of all things"), times=1)
    with working(whole) as worker:
        whole.drained()
    assert worker.counts["messages failed"] == 1
    assert "of all things" in caplog.text
    assert_counted_once(whole, content)


def test_an_error_of_the_set_up_is_a_line_in_the_log_and_the_message_comes_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = deployed(visibility_seconds=1)
    arrive(whole)
    fails(monkeypatch, JOBS["files"], NotAllowed("not permitted: s3:GetObject"), times=1)
    with working(whole) as worker:
        whole.drained()
    assert worker.counts["troubles"] == 1
    assert "not permitted: s3:GetObject" in caplog.text
    assert "Traceback" not in caplog.text
    assert_counted_once(whole)


def fails(monkeypatch: pytest.MonkeyPatch, job: str, error: Exception, *, times: int) -> list[str]:
    real, calls = getattr(iotagg.worker, job), list[str]()

    def failing(cloud: Cloud, body: str, *args: Any, **options: Any) -> Any:
        calls.append(body)
        if len(calls) <= times:
            raise error
        return real(cloud, body, *args, **options)

    monkeypatch.setattr(iotagg.worker, job, failing)
    return calls


def test_messages_that_nobody_understands_become_dead_letters_and_their_neighbours_are_counted() -> None:
    whole = deployed(visibility_seconds=300)
    whole.cloud.files.send([Draft("no event")])
    whole.cloud.chunks.send([Draft("no chunks", group="paris#0", once="no-chunks")])
    arrive(whole)
    whole.cloud.files.send([Draft("{}")])
    with working(whole) as worker:
        whole.drained()
    dead = {queue.name: queue.dead_letters() for queue in (whole.cloud.files, whole.cloud.chunks)}
    assert sorted(message.body for queue in dead.values() for message in taken(queue)) == [
        "no chunks",
        "no event",
        "{}",
    ]
    assert worker.counts["messages failed"] == 3 * 5
    assert_counted_once(whole)


def test_a_chunk_message_of_an_unknown_contribution_becomes_a_dead_letter() -> None:
    whole = deployed(visibility_seconds=300)
    arrive(whole, many_pairs(1))
    summarize_message(whole.cloud, taken(whole.cloud.files)[0].body)
    (message,) = taken(whole.cloud.chunks)
    whole.cloud.chunks.send([Draft(message.body.replace("paris", "tokyo"), group="tokyo#0", once="tokyo")])
    with working(whole):
        whole.drained()
    assert [each.body for each in taken(whole.cloud.chunks.dead_letters())] == [message.body.replace("paris", "tokyo")]


@pytest.mark.parametrize("error", [CloudError("no such queue"), ZeroDivisionError("of all things")])
def test_a_queue_that_fails_once_is_polled_again(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    whole = deployed()
    arrive(whole)
    real, failed = Queue.receive, set[str]()

    def receive(self: Queue, *args: Any, **options: Any) -> list[Message]:
        if self.name not in failed:
            failed.add(self.name)
            raise error
        return real(self, *args, **options)

    monkeypatch.setattr(Queue, "receive", receive)
    with working(whole):
        whole.drained()
    assert len(failed) == 2
    assert_counted_once(whole)


# Nothing to do.


def test_a_worker_ends_when_there_has_been_nothing_to_do_for_as_long_as_it_was_told() -> None:
    whole = deployed()
    arrive(whole)
    worker = Worker(Cloud.connected(whole.stack), Duties(poll_seconds=1, sweep_seconds=0, idle_seconds=0.5))
    worker.run()
    assert_counted_once(whole)


def test_a_worker_is_not_idle_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = deployed()
    arrive(whole)
    gate = Gate(monkeypatch, ObjectStream, "read")
    worker = Worker(Cloud.connected(whole.stack), Duties(poll_seconds=1, sweep_seconds=0, idle_seconds=0.2))
    thread = threading.Thread(target=worker.run)
    thread.start()
    wait_until(lambda: gate.begun)
    time.sleep(0.6)
    assert thread.is_alive()
    gate.opened.set()
    thread.join(DEADLINE_SECONDS)
    assert worker.counts["files pending"] == 1


# The sweep.


def test_a_worker_hands_over_what_a_lost_message_left_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = deployed()
    arrive(whole)
    summarize_message(whole.cloud, taken(whole.cloud.files)[0].body)
    taken(whole.cloud.chunks)  # and they are lost
    # A queue drops a second message of the same name for five minutes; a sweep comes later than that.
    monkeypatch.setattr("iotagg.jobs.chunk_range.ChunkRange.draft", as_if_sent_later)
    monkeypatch.setattr(iotagg.worker, "sweep", partial(sweep, grace_seconds=-1))
    with working(whole, sweep_seconds=60) as worker:
        wait_until(lambda: worker.counts["sweeps"])
        whole.drained()
    assert worker.counts["sweeps"] == 1
    assert_counted_once(whole)


def as_if_sent_later(chunks: Any, bucket: int) -> Draft:
    return Draft(chunks.body(), group=f"paris#{bucket}", once=f"later-{chunks.first}")


@pytest.mark.parametrize("error", [CloudBusy("throttled"), ZeroDivisionError("of all things")])
def test_a_sweep_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    whole = deployed()
    calls = []

    def failing(cloud: Cloud, in_time: Callable[[], bool]) -> Any:
        calls.append(cloud)
        if len(calls) == 1:
            raise error
        return sweep(cloud, in_time=in_time)

    monkeypatch.setattr(iotagg.worker, "sweep", failing)
    with working(whole, sweep_seconds=0.1) as worker:
        wait_until(lambda: worker.counts["sweeps"])


def test_several_workers_at_once_count_each_file_once() -> None:
    whole = deployed()
    contents = [many_pairs(20, packets=number + 1) for number in range(4)]
    for number, content in enumerate(contents):
        arrive(whole, content, f"{number}.csv")
    with ExitStack() as workers:
        for _ in range(3):
            workers.enter_context(working(whole))
        whole.drained()
    assert_counted_once(whole, *contents)
