"""Event source mappings: threads that take messages from an SQS queue to functions, as Lambda's own pollers do.

What a function failed to handle is left alone, so it comes again after the queue's visibility timeout, and ends in the
dead-letter queue that the queue names; the rest is deleted.
"""

from __future__ import annotations

import base64
import queue
import random
import threading
import time
from typing import TYPE_CHECKING, Any, Self, cast

import boto3
from botocore.config import Config

from tests.cloud.runtime_api import FunctionError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from tests.cloud.runtime_api import Function

_RECEIVE_AT_MOST = 10  # messages in one answer of SQS
_IDLE = 0.1  # seconds between two looks at an empty queue
_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


class EventSource:
    """Polls one queue, with one thread for each function, until it is stopped.

    `duplicate` is the probability with which a message is delivered a second time: from a standard queue alone, after
    or beside its batch; from a FIFO queue with its whole batch, before anything else of its groups. `shuffle` mixes the
    batches of a standard queue. Both depend on `seed`, a message's body and how often it was received, not on timing.
    `errors` collects what the functions raised.
    """

    def __init__(
        self,
        queue_url: str,
        functions: Sequence[Function],
        *,
        batch_size: int = 10,
        duplicate: float = 0.0,
        shuffle: bool = False,
        seed: int = 0,
    ) -> None:
        self.queue_url, self.functions, self.batch_size = queue_url, functions, batch_size
        self.errors: list[FunctionError] = []
        self._duplicate, self._shuffle, self._seed = duplicate, shuffle, seed
        self._sqs = boto3.client("sqs", config=Config(max_pool_connections=len(functions) + 1))
        self._arn = self._attributes("QueueArn")["QueueArn"]
        self._fifo = queue_url.endswith(".fifo")
        self._again: queue.Queue[list[MessageTypeDef]] = queue.Queue()
        self._busy: set[int] = set()
        self._stopped = threading.Event()
        self._broken: Exception | None = None
        self._threads = [threading.Thread(target=self._work, args=(function,)) for function in functions]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._stopped.set()
            for function in self.functions:
                function.kill()
        self.stop()

    def stop(self) -> None:
        """Let running invocations end, and stop. Raises what broke a thread, if anything did."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._sqs.close()
        self._raise_broken()

    def drained(self, timeout_s: float) -> None:
        """Wait until every message is handled and no function runs. Raises TimeoutError with what is left."""
        until = time.monotonic() + timeout_s
        calm = 0
        while calm < 2:
            self._raise_broken()
            counts = self._attributes(*_COUNTS)
            left = sum(map(int, counts.values())) + self._again.unfinished_tasks + len(self._busy)
            calm = 0 if left else calm + 1
            if left and time.monotonic() > until:
                last = self.errors[-1] if self.errors else "none"
                raise TimeoutError(f"{self.queue_url}: {counts} after {timeout_s} s; last error: {last}")
            time.sleep(_IDLE)

    def _attributes(self, *names: QueueAttributeNameType) -> dict[QueueAttributeNameType, str]:
        return self._sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=names)["Attributes"]

    def _raise_broken(self) -> None:
        if self._broken is not None:
            raise RuntimeError(f"the poller of {self.queue_url} broke: {self._broken}") from self._broken

    def _work(self, function: Function) -> None:
        try:
            while not self._stopped.is_set():
                if not (self._deliver_again(function) or self._deliver(function)):
                    self._stopped.wait(_IDLE)
        except Exception as reason:  # noqa: BLE001 (a thread has no caller; drained and stop raise it)
            self._broken = reason
            self._stopped.set()

    def _deliver_again(self, function: Function) -> bool:
        try:
            batch = self._again.get_nowait()
        except queue.Empty:
            return False
        self._invoke(function, batch)
        self._again.task_done()
        return True

    def _deliver(self, function: Function) -> bool:
        batch = self._receive()
        twice = [message for message in batch if self._chance("twice", message) < self._duplicate]
        if twice and self._fifo:
            self._invoke(function, batch)
        elif twice:
            self._again.put(twice)
        if batch:
            self._delete(self._invoke(function, batch))
        return bool(batch)

    def _receive(self) -> list[MessageTypeDef]:
        batch: list[MessageTypeDef] = []
        while (room := min(_RECEIVE_AT_MOST, self.batch_size - len(batch))) > 0:
            received = self._sqs.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=room,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            batch += received
            if len(received) < room or self._fifo:  # Lambda fills larger batches from standard queues only
                break
        if self._shuffle and not self._fifo:
            batch.sort(key=lambda message: self._chance("order", message))
        return batch

    def _chance(self, purpose: str, message: MessageTypeDef) -> float:
        received = message["Attributes"]["ApproximateReceiveCount"]
        seed = f"{self._seed} {purpose} {received} {message['Body']}"
        return random.Random(seed).random()  # noqa: S311 (a seeded order, no secret)

    def _invoke(self, function: Function, batch: list[MessageTypeDef]) -> list[MessageTypeDef]:
        # Returns what was handled.
        self._busy.add(threading.get_ident())
        try:
            response = function.invoke({"Records": [record(message, self._arn) for message in batch]})
        except FunctionError as reason:
            self.errors.append(reason)
            return []
        finally:
            self._busy.discard(threading.get_ident())
        kept = failed(response, [message["MessageId"] for message in batch])
        return [message for message in batch if message["MessageId"] not in kept]

    def _delete(self, batch: list[MessageTypeDef]) -> None:
        # A receipt that has expired is refused; such a message comes again, so the answer changes nothing.
        for start in range(0, len(batch), _RECEIVE_AT_MOST):
            part = batch[start : start + _RECEIVE_AT_MOST]
            self._sqs.delete_message_batch(
                QueueUrl=self.queue_url,
                Entries=[{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(part)],
            )


def failed(response: object, sent: Collection[str]) -> Collection[str]:
    """Return which of the sent messages a response keeps in the queue: all of them if it makes no sense to Lambda."""
    if response is None:
        return ()
    if not isinstance(response, dict):
        return sent
    failures = cast("dict[str, Any]", response).get("batchItemFailures") or []
    if not isinstance(failures, list):
        return sent
    named = [str(failure.get("itemIdentifier")) if isinstance(failure, dict) else "" for failure in failures]
    return named if all(name in sent for name in named) else sent


def record(message: MessageTypeDef, queue_arn: str) -> dict[str, Any]:
    """Return a message as an event shows it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {
            name: {
                **({"stringValue": value["StringValue"]} if "StringValue" in value else {}),
                **({"binaryValue": base64.b64encode(value["BinaryValue"]).decode()} if "BinaryValue" in value else {}),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": value["DataType"],
            }
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
