"""The Lambda handlers: which messages of a batch they return, and what they say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

import lambda_handlers.consolidate
import lambda_handlers.summarize
import lambda_handlers.sweep
from iotagg.aws.clients import connect
from iotagg.aws.queues import Draft, Message
from iotagg.jobs.summarize import summarize_message
from iotagg.listing import files
from iotagg.stores.dynamodb.arrivals import Arrivals
from lambda_handlers import wiring
from tests.cloud.desk import clean
from tests.cloud.event_sources import record
from tests.cloud.runtime_api import Function, FunctionError
from tests.cloud.whole import Whole, deployed, taken, wait_until
from tests.pipeline.csvs import csv, everything, flow, many_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.aws.queues import Queue

ENOUGH_MS, TOO_LITTLE_MS = 60_000, 14_000
ARN = "arn:aws:sqs:eu-west-1:123456789012:queue"
BAD = "no message of ours"
sweep: Any = lambda_handlers.sweep.handler  # with a context that is one of ours


class Context:
    """What Lambda tells a handler; `left_ms` is the time that an invocation has left."""

    function_name = function_version = memory_limit_in_mb = aws_request_id = invoked_function_arn = "function"

    def __init__(self, left_ms: int = ENOUGH_MS) -> None:
        self.left_ms = left_ms

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Iterator[Whole]:
    whole = deployed(visibility_seconds=0)
    for name, value in whole.stack.environment().items():
        monkeypatch.setenv(name, value)
    wiring.cloud.cache_clear()
    yield whole
    wiring.cloud.cache_clear()


def batch(queue: Queue, count: int) -> dict[str, Any]:
    """Return the event of so many waiting messages, in their order."""
    sqs, found = queue._sqs, list[Any]()
    while len(found) < count:
        reply = sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            VisibilityTimeout=300,
        )
        found += reply.get("Messages", [])
    return {"Records": [record(message, ARN) for message in found]}


def returned(response: dict[str, Any]) -> set[str]:
    return {failure["itemIdentifier"] for failure in response["batchItemFailures"]}


def invoke(handler: Callable[..., Any], queue: Queue, event: dict[str, Any], context: Context) -> set[str]:
    """Invoke a handler as Lambda does, which deletes what is done; return the messages that are kept."""
    kept = returned(handler(event, context))
    for each in event["Records"]:
        if each["messageId"] not in kept:
            queue.done(Message(each["messageId"], each["body"], each["receiptHandle"]))
    return kept


def arrive(whole: Whole, content: bytes, name: str = "a.csv") -> str:
    """Put an object and return the body of its event, which waits no more."""
    whole.cloud.bucket.put_if_absent(f"incoming/paris/{name}", content)
    wait_until(lambda: whole.cloud.files.depth().waiting, "no event")
    (message,) = taken(whole.cloud.files)
    return message.body


def chunk_drafts(whole: Whole, content: bytes, name: str = "a.csv") -> list[Draft]:
    """Return the messages that a file's chunks need, which wait no more."""
    summarize_message(whole.cloud, arrive(whole, content, name))
    return [Draft(each.body, each.group, each.id) for each in taken(whole.cloud.chunks)]


def one_flow(number: int) -> bytes:
    return csv(flow(packets=number + 1, day=f"2022-12-{number + 1:02}"))


def test_of_a_batch_of_files_those_that_fail_are_returned_and_their_neighbours_done(whole: Whole) -> None:
    good: dict[str, bytes] = {}
    for number, broken in enumerate(product((False, True), repeat=3)):
        bodies = []
        for place, bad in enumerate(broken):
            name = f"{number}-{place}.csv"
            content = csv(flow(packets=10 * number + place + 1))
            bodies.append(f"{BAD} {name}" if bad else arrive(whole, content, name))
            good |= {} if bad else {name: content}
        whole.cloud.files.send(map(Draft, bodies))
        event = batch(whole.cloud.files, 3)
        kept = invoke(lambda_handlers.summarize.handler, whole.cloud.files, event, Context())
        assert kept == {each["messageId"] for each in event["Records"] if each["body"].startswith(BAD)}
        assert len(kept) == sum(broken)
    for message in taken(whole.cloud.chunks):
        whole.cloud.chunks.send([Draft(message.body, message.group, message.id)])
        event = batch(whole.cloud.chunks, 1)
        assert not invoke(lambda_handlers.consolidate.handler, whole.cloud.chunks, event, Context())
    assert everything(whole.cloud.store) == clean(*good.values())


def test_a_failed_chunk_message_is_returned_with_what_follows_in_its_group_and_other_groups_are_done(
    whole: Whole,
) -> None:
    contents = [one_flow(0), one_flow(1), csv(flow(source="192.168.1.8"))]
    before, after, other = (chunk_drafts(whole, each, f"{place}.csv")[0] for place, each in enumerate(contents))
    whole.cloud.chunks.send(
        [
            Draft(before.body, "paris#0", "before"),
            Draft(BAD, "paris#0", "bad"),
            Draft(after.body, "paris#0", "after"),
            Draft(other.body, "paris#1", "other"),
        ]
    )
    event = batch(whole.cloud.chunks, 4)
    kept = invoke(lambda_handlers.consolidate.handler, whole.cloud.chunks, event, Context())
    assert kept == {each["messageId"] for each in event["Records"] if each["body"] in {BAD, after.body}}
    assert everything(whole.cloud.store) == clean(contents[0], contents[2])


def test_a_file_whose_turn_comes_too_late_is_put_back_and_counted_by_the_next_invocation(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context()

    def slow(*args: Any) -> Any:
        try:
            return summarize_message(*args)
        finally:
            context.left_ms = TOO_LITTLE_MS

    monkeypatch.setattr(lambda_handlers.summarize, "summarize_message", slow)
    whole.cloud.files.send([Draft(arrive(whole, one_flow(number), f"{number}.csv")) for number in range(3)])
    event = batch(whole.cloud.files, 3)
    assert not invoke(lambda_handlers.summarize.handler, whole.cloud.files, event, context)
    assert states(whole) == ["pending"]
    assert whole.cloud.files.depth().total == 2
    for left in (2, 1):
        context.left_ms = ENOUGH_MS
        assert not invoke(lambda_handlers.summarize.handler, whole.cloud.files, batch(whole.cloud.files, left), context)
    assert states(whole) == ["pending"] * 3
    assert whole.cloud.files.depth().total == 0


def test_a_file_that_does_not_fit_a_whole_invocation_is_refused_with_the_way_out(whole: Whole) -> None:
    whole.cloud.files.send([Draft(arrive(whole, many_pairs(10)))])
    event = batch(whole.cloud.files, 1)
    assert not invoke(lambda_handlers.summarize.handler, whole.cloud.files, event, Context(TOO_LITTLE_MS))
    assert states(whole) == ["refused"]


def states(whole: Whole) -> list[str]:
    return [outcome.state for outcome in files(whole.cloud.store)]


def test_chunks_for_which_there_is_too_little_time_are_put_back_and_done_by_the_next_invocation(whole: Whole) -> None:
    content = many_pairs(30)
    drafts = chunk_drafts(whole, content)
    whole.cloud.chunks.send(drafts)
    event = batch(whole.cloud.chunks, len(drafts))
    assert not invoke(lambda_handlers.consolidate.handler, whole.cloud.chunks, event, Context(TOO_LITTLE_MS))
    assert everything(whole.cloud.store) == {}
    assert whole.cloud.chunks.depth().total == len(drafts)
    event = batch(whole.cloud.chunks, len(drafts))
    assert not invoke(lambda_handlers.consolidate.handler, whole.cloud.chunks, event, Context())
    assert everything(whole.cloud.store) == clean(content)
    assert whole.cloud.chunks.depth().total == 0
    assert whole.left() == {}


def test_the_sweep_returns_what_it_did(whole: Whole) -> None:
    arrive(whole, one_flow(0))  # what is younger than a quarter of an hour is on its way
    swept, begun = (sweep({}, Context(left)) for left in (ENOUGH_MS, TOO_LITTLE_MS))
    nothing = {"handed_over": 0, "enqueued": 0, "removed": 0, "forgotten": 0, "complete": True, "silent": ()}
    assert swept == nothing
    assert begun == swept | {"complete": False}


def test_the_sweep_tells_what_it_did_in_metrics_and_names_silent_sites(whole: Whole) -> None:
    days_ago = datetime.now(UTC) - timedelta(days=5)
    Arrivals(connect().dynamodb, whole.stack.table, lambda: days_ago).note("paris")
    environment = whole.stack.environment() | {"IOTAGG_QUIET_DAYS": "2"}
    with Function("lambda_handlers.sweep.handler", environment=environment) as function:
        assert function.invoke({})["silent"] == ["paris"]
        lines = [json.loads(line) for line in function.log.splitlines() if line.startswith("{")]
    (metrics,) = [line for line in lines if "_aws" in line]
    assert (metrics["service"], metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"]) == ("sweep", "iotagg")
    told = metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    assert [each["Name"] for each in told] == ["SilentSites"]  # what is 0 is not sent, since what is sent is paid for
    assert metrics["SilentSites"] == [1.0]
    assert [line["message"] for line in lines if line.get("level") == "WARNING"] == [
        "no file for more than 2 days from: paris"
    ]


def test_a_sweep_that_looks_for_no_silence_says_nothing_of_it(whole: Whole, capsys: pytest.CaptureFixture[str]) -> None:
    sweep({}, Context())
    assert "SilentSites" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"IOTAGG_TABLE": "missing-table"}, "table missing-table"),
        ({"IOTAGG_TABLE": ""}, "IOTAGG_TABLE not set"),
        ({"IOTAGG_REMOVE_RAW": "perhaps"}, "IOTAGG_REMOVE_RAW=perhaps"),
    ],
)
def test_a_function_that_is_set_up_wrongly_logs_a_line_and_keeps_the_messages(
    whole: Whole, environment: dict[str, str], told: str
) -> None:
    whole.cloud.files.send([Draft(arrive(whole, one_flow(0)))])
    event = batch(whole.cloud.files, 1)
    with Function("lambda_handlers.summarize.handler", environment=whole.stack.environment() | environment) as function:
        response = function.invoke(event)
        assert returned(response) == {event["Records"][0]["messageId"]}
        (line,) = [json.loads(line) for line in function.log.splitlines() if '"level":"ERROR"' in line]
        assert told in line["message"]
        assert line["received"] == 1
        assert "Traceback" not in function.log
        assert "Warning" not in function.log


def test_a_sweep_that_is_set_up_wrongly_fails_with_a_line(whole: Whole) -> None:
    environment = whole.stack.environment() | {"IOTAGG_TABLE": "missing-table"}
    with (
        Function("lambda_handlers.sweep.handler", environment=environment) as function,
        pytest.raises(FunctionError, match="table missing-table") as raised,
    ):
        function.invoke({})
    assert raised.value.error_type == "NotDeployed"
    assert "\n" not in raised.value.message
