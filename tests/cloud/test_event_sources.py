"""The harness itself: functions as Lambda runs them, and queues as its pollers read them."""

from __future__ import annotations

import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.cloud.engine import unique
from tests.cloud.event_sources import EventSource, failed
from tests.cloud.runtime_api import Function, FunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

    Made = Callable[..., Function]

HANDLERS = """
import json, os, signal, time
from pathlib import Path

SEEN = Path("seen.jsonl")

def age_s(record):
    return time.time() - int(record["attributes"]["ApproximateFirstReceiveTimestamp"]) / 1000

def see(event):
    lines = [[record["body"], age_s(record)] for record in event["Records"]]
    with SEEN.open("a") as seen:
        seen.write(json.dumps(lines) + "\\n")
    return len(SEEN.read_text().splitlines()) == 1

def take(event, context):
    see(event)

def echo(event, context):
    names = ("function_name", "memory_limit_in_mb", "invoked_function_arn")
    told = {name: getattr(context, name) for name in names}
    return {"event": event, "left_ms": context.get_remaining_time_in_millis(), "pid": os.getpid(),
            "environment": dict(os.environ), **told}

def fail(event, context):
    raise LookupError(f"no {event['what']}")

def raise_first(event, context):
    if see(event):
        raise LookupError("the first time")

def sleep_first(event, context):
    if see(event):
        time.sleep(30)

def die_first(event, context):
    if see(event):
        os.kill(os.getpid(), signal.SIGKILL)

def die(event, context):
    os.kill(os.getpid(), signal.SIGKILL)

def sleep(event, context):
    time.sleep(event["seconds"])
    return os.getpid()

def allocate(event, context):
    block = bytearray(event["mb"] << 20)
    block[::4096] = bytes([1]) * len(block[::4096])
    del block
    return os.getpid()

def fail_bad(event, context):
    see(event)
    bad = [record["messageId"] for record in event["Records"] if record["body"].startswith("bad")]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}

def keep_event(event, context):
    SEEN.write_text(json.dumps(event))
"""

PATIENCE_S = 60  # how long a busy machine may take for what normally takes milliseconds
OF_ALL = {"ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SentTimestamp", "SenderId"}


@pytest.fixture
def function(tmp_path: Path, aws: str) -> Iterator[Made]:
    (tmp_path / "probe.py").write_text(HANDLERS, encoding="utf-8")
    with ExitStack() as functions:

        def made(handler: str, **options: Any) -> Function:
            return functions.enter_context(Function(f"probe.{handler}", task_root=tmp_path, **options))

        yield made


@pytest.fixture
def sqs(aws: str) -> Iterator[SQSClient]:
    client = boto3.client("sqs")
    yield client
    client.close()


def new_queue(
    sqs: SQSClient, *bodies: str, visibility_s: int = 0, attributes: dict[QueueAttributeNameType, str] | None = None
) -> str:
    url = sqs.create_queue(
        QueueName=unique("queue"), Attributes={"VisibilityTimeout": str(visibility_s), **(attributes or {})}
    )["QueueUrl"]
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    return url


def new_fifo(sqs: SQSClient, *bodies: str) -> str:
    url = sqs.create_queue(QueueName=unique("queue") + ".fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for body in bodies:
        sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId=body.partition("-")[0], MessageDeduplicationId=body
        )
    return url


def aged_batches(folder: Path) -> list[list[tuple[str, float]]]:
    file = folder / "seen.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def batches(folder: Path) -> list[list[str]]:
    return [[body for body, _ in batch] for batch in aged_batches(folder)]


def bodies(folder: Path) -> list[str]:
    return list(chain.from_iterable(batches(folder)))


def wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_handler_gets_its_event_and_its_context(function: Made) -> None:
    said = function("echo", memory_mb=320, timeout_s=7, name="summarize").invoke({"a": "é"})
    assert said["event"] == {"a": "é"}
    assert 2_000 < said["left_ms"] <= 7_000
    assert said["function_name"] == "summarize"
    assert said["memory_limit_in_mb"] == "320"
    assert said["invoked_function_arn"].endswith(":function:summarize")


def test_a_handler_sees_its_own_environment_and_nobody_elses(
    function: Made, monkeypatch: pytest.MonkeyPatch, aws: str
) -> None:
    monkeypatch.setenv("IOTAGG_DB", "of a person")
    environment = function("echo", environment={"BUCKET": "flows"}).invoke({})["environment"]
    assert "IOTAGG_DB" not in environment
    assert environment["BUCKET"] == "flows"
    assert environment["AWS_ENDPOINT_URL"] == aws
    assert environment["_HANDLER"] == "probe.echo"


def test_an_exception_becomes_an_error_and_the_process_lives_on(function: Made) -> None:
    failing = function("fail")
    first = failing._running()
    with pytest.raises(FunctionError, match=r"^LookupError: no bucket$") as caught:
        failing.invoke({"what": "bucket"})
    assert "in fail" in "".join(caught.value.trace)
    assert "no bucket" in failing.log
    assert failing._running() is first


def test_a_function_that_cannot_be_imported_says_so_each_time(function: Made) -> None:
    missing = function("nowhere.handler")
    for _ in range(2):
        with pytest.raises(FunctionError) as caught:
            missing.invoke({})
        assert caught.value.error_type == "Runtime.ImportModuleError"


def test_a_timeout_kills_the_process_and_the_next_event_gets_another(function: Made) -> None:
    sleeping = function("sleep", timeout_s=1)
    first = sleeping.invoke({"seconds": 0})
    with pytest.raises(FunctionError, match=r"timed out after 1.00 seconds"):
        sleeping.invoke({"seconds": 30})
    assert not is_running(first)
    assert sleeping.invoke({"seconds": 0}) != first


def test_a_process_that_dies_is_an_error_and_the_next_event_gets_another(function: Made) -> None:
    dying = function("die")
    for _ in range(2):
        with pytest.raises(FunctionError, match=r"Runtime.ExitError: the process ended with code -9"):
            dying.invoke({})


def test_a_process_killed_between_events_is_replaced_unnoticed(function: Made) -> None:
    echo = function("echo")
    first = echo.invoke({})["pid"]
    echo.kill()
    assert echo.invoke({})["pid"] != first


def test_no_process_survives_a_failing_test(tmp_path: Path, aws: str) -> None:
    (tmp_path / "probe.py").write_text(HANDLERS, encoding="utf-8")
    pids = []

    def failing() -> None:
        with Function("probe.echo", task_root=tmp_path) as echo:
            pids.append(echo.invoke({})["pid"])
            raise LookupError

    with pytest.raises(LookupError):
        failing()
    assert not is_running(pids[0])


def test_the_end_does_not_wait_for_a_running_invocation(tmp_path: Path, aws: str) -> None:
    (tmp_path / "probe.py").write_text(HANDLERS, encoding="utf-8")
    with ThreadPoolExecutor() as threads:
        with Function("probe.sleep_first", task_root=tmp_path) as sleeping:
            running = threads.submit(sleeping.invoke, {"Records": []})
            wait_until(lambda: batches(tmp_path))
            began = time.monotonic()
        assert isinstance(running.exception(), FunctionError)
        assert time.monotonic() - began < 10


def test_a_warm_invocation_takes_milliseconds(function: Made) -> None:
    sleeping = function("sleep")
    sleeping.invoke({"seconds": 0})
    times = []
    for _ in range(50):
        began = time.perf_counter()
        sleeping.invoke({"seconds": 0})
        times.append(time.perf_counter() - began)
    assert statistics.median(times) < 0.05


def test_memory_above_the_limit_kills_even_when_it_is_freed_again(function: Made) -> None:
    allocating = function("allocate", memory_mb=256, enforce_memory=True)
    first = allocating.invoke({"mb": 100})
    assert 100 << 10 < allocating.peak_rss_kb < 200 << 10
    with pytest.raises(FunctionError, match=r"Runtime.OutOfMemory: \d+ kB used of 262144 kB"):
        allocating.invoke({"mb": 400})
    assert not is_running(first)
    assert allocating.invoke({"mb": 100}) != first


def test_memory_is_not_limited_unless_asked(function: Made) -> None:
    allocating = function("allocate", memory_mb=256)
    allocating.invoke({"mb": 400})
    assert allocating.peak_rss_kb > 400 << 10


def test_an_event_looks_as_lambda_shows_it(function: Made, sqs: SQSClient, tmp_path: Path) -> None:
    url = new_queue(sqs, visibility_s=30)
    sent = sqs.send_message(
        QueueUrl=url,
        MessageBody="hello",
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "x"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )
    with EventSource(url, [function("keep_event")]) as source:
        source.drained(PATIENCE_S)
    (record,) = json.loads((tmp_path / "seen.jsonl").read_text(encoding="utf-8"))["Records"]
    assert record.pop("receiptHandle")
    attributes = record.pop("attributes")
    assert record == {
        "messageId": sent["MessageId"],
        "body": "hello",
        "md5OfBody": sent["MD5OfMessageBody"],
        "messageAttributes": {
            "text": {"stringValue": "x", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
            "bytes": {"binaryValue": "AAE=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-west-1:123456789012:{url.rsplit('/', 1)[1]}",
        "awsRegion": "eu-west-1",
    }
    assert attributes.keys() == OF_ALL
    assert attributes["ApproximateReceiveCount"] == "1"


def test_an_event_of_a_fifo_queue_says_which_group(function: Made, sqs: SQSClient, tmp_path: Path) -> None:
    with EventSource(new_fifo(sqs, "g-1"), [function("keep_event")]) as source:
        source.drained(PATIENCE_S)
    (record,) = json.loads((tmp_path / "seen.jsonl").read_text(encoding="utf-8"))["Records"]
    assert record["attributes"].keys() == OF_ALL | {"MessageGroupId", "MessageDeduplicationId", "SequenceNumber"}
    assert record["attributes"]["MessageGroupId"] == "g"


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        ("raise_first", "LookupError"),
        ("sleep_first", "Sandbox.Timedout"),
        ("die_first", "Runtime.ExitError"),
    ],
)
def test_what_a_function_fails_on_comes_again(
    function: Made, sqs: SQSClient, tmp_path: Path, handler: str, error: str
) -> None:
    url = new_queue(sqs, "a", "b")
    with EventSource(url, [function(handler, timeout_s=1)]) as source:
        source.drained(PATIENCE_S)
    assert [reason.error_type for reason in source.errors] == [error]
    assert sorted(bodies(tmp_path)) == ["a", "a", "b", "b"]


def test_messages_whose_function_is_killed_come_again(function: Made, sqs: SQSClient, tmp_path: Path) -> None:
    sleeping = function("sleep_first")
    with EventSource(new_queue(sqs, "a"), [sleeping]) as source:
        wait_until(lambda: batches(tmp_path))
        sleeping.kill()
        source.drained(PATIENCE_S)
    assert batches(tmp_path) == [["a"], ["a"]]


def test_only_the_listed_failures_come_again_after_the_visibility_timeout(
    function: Made, sqs: SQSClient, tmp_path: Path
) -> None:
    url = new_queue(sqs, "good", "bad", visibility_s=1)
    with EventSource(url, [function("fail_bad")]):
        wait_until(lambda: len(batches(tmp_path)) > 1)
    first, second = aged_batches(tmp_path)[:2]
    assert [sorted(body for body, _ in batch) for batch in (first, second)] == [["bad", "good"], ["bad"]]
    assert second[0][1] > 0.95


def test_what_always_fails_ends_in_the_dead_letter_queue(function: Made, sqs: SQSClient, tmp_path: Path) -> None:
    dead = new_queue(sqs)
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    url = new_queue(sqs, "bad", "good", attributes={"RedrivePolicy": redrive})
    with EventSource(url, [function("fail_bad")]) as source:
        source.drained(PATIENCE_S)
    assert bodies(tmp_path).count("bad") == 3
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=dead)["Messages"]] == ["bad"]


def test_messages_of_a_group_stay_in_order(function: Made, sqs: SQSClient, tmp_path: Path) -> None:
    sent = [f"{group}-{n}" for n in range(8) for group in "abc"]
    url = new_fifo(sqs, *sent)
    with EventSource(url, [function("take"), function("take")], batch_size=4, shuffle=True) as source:
        source.drained(PATIENCE_S)
    came = bodies(tmp_path)
    assert sorted(came) == sorted(sent)
    for group in "abc":
        assert [body for body in came if body[0] == group] == [f"{group}-{n}" for n in range(8)]


def test_a_duplicate_of_a_group_comes_before_its_next_message(function: Made, sqs: SQSClient, tmp_path: Path) -> None:
    url = new_fifo(sqs, "a-0", "a-1")
    with EventSource(url, [function("take")], batch_size=1, duplicate=1) as source:
        source.drained(PATIENCE_S)
    assert batches(tmp_path) == [["a-0"], ["a-0"], ["a-1"], ["a-1"]]


def test_a_duplicate_in_a_group_brings_its_whole_batch(function: Made, sqs: SQSClient, tmp_path: Path) -> None:
    url = new_fifo(sqs, "a-0", "a-1")
    with EventSource(url, [function("take")], duplicate=0.5, seed=3) as source:  # chosen: the first of the two
        source.drained(PATIENCE_S)
    assert batches(tmp_path) == [["a-0", "a-1"], ["a-0", "a-1"]]


def test_a_seed_duplicates_and_shuffles_the_same_messages_each_time(
    function: Made, sqs: SQSClient, tmp_path: Path
) -> None:
    sent = [f"{n:02}" for n in range(20)]
    came = []
    for _ in range(2):
        url = new_queue(sqs, *sent, visibility_s=30)
        with EventSource(url, [function("take")], batch_size=20, duplicate=0.4, shuffle=True, seed=5) as source:
            source.drained(PATIENCE_S)
        came.append(batches(tmp_path))
        (tmp_path / "seen.jsonl").unlink()
    batch, twice = came[0]
    assert came[0] == came[1]
    assert sorted(batch) == sent != batch
    assert 0 < len(twice) < 20


def test_draining_that_takes_too_long_says_what_is_left(function: Made, sqs: SQSClient) -> None:
    url = new_queue(sqs, "a", visibility_s=30)
    left = r"'ApproximateNumberOfMessagesNotVisible': '1'.*last error: LookupError"
    with EventSource(url, [function("raise_first")]) as source:
        wait_until(lambda: source.errors)
        with pytest.raises(TimeoutError, match=left):
            source.drained(0)


def test_a_poller_that_breaks_is_reported(function: Made, sqs: SQSClient) -> None:
    url = new_queue(sqs)
    source = EventSource(url, [function("take")])
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(RuntimeError, match=r"the poller of .* broke: .*NonExistentQueue"), source:
        source._threads[0].join()


@pytest.mark.parametrize(
    ("response", "kept"),
    [
        (None, []),
        ({}, []),
        ({"batchItemFailures": None}, []),
        ({"batchItemFailures": []}, []),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, ["b"]),
        ({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "unknown"}]}, ["a", "b"]),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, ["a", "b"]),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, ["a", "b"]),
        ({"batchItemFailures": [{"id": "b"}]}, ["a", "b"]),
        ({"batchItemFailures": ["b"]}, ["a", "b"]),
        ({"batchItemFailures": "b"}, ["a", "b"]),
        ("fine", ["a", "b"]),
    ],
)
def test_a_response_that_makes_no_sense_keeps_everything(response: Any, kept: list[str]) -> None:
    assert sorted(failed(response, ["a", "b"])) == kept
