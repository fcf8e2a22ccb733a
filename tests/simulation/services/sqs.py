"""SQS: standard and FIFO queues with dead-letter queues.

Limits and errors: Amazon SQS API Reference, of each operation; Developer Guide, "Message quotas".
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from tests.simulation.services.answers import Refused, Service, operation
from tests.simulation.services.queue import (
    LEAST_RETENTION_SECONDS,
    MOST_DELAY_SECONDS,
    MOST_MESSAGE_BYTES,
    MOST_RETENTION_SECONDS,
    MOST_VISIBILITY_SECONDS,
    QueueMessage,
    SimulatedQueue,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.simulation.services.clock import Clock

MOST_TOGETHER = 10
LONGEST_POLL_SECONDS = 20
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|(?=.{1,80}$)[A-Za-z0-9_-]+\.fifo")
_FIFO_NAME = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~-]{1,128}")
_NOT_IN_A_MESSAGE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SENT = "MessageBody DelaySeconds MessageGroupId MessageDeduplicationId"


class SimulatedSQS(Service):
    """SQS with no queues at first.

    What SQS decides by chance is drawn from `choices`: which messages of a standard queue come and how many, which
    groups of a FIFO queue come first, whether an old receipt deletes. Without it, all comes in order.
    """

    HOLDS = ("queues", "_last_number")

    def __init__(self, clock: Clock, choices: Random | None = None) -> None:
        self._clock = clock
        self._choices = choices
        self._last_number = 0
        self.queues: dict[str, SimulatedQueue] = {}
        super().__init__(
            {
                "CreateQueue": operation(self._create_queue, "QueueName Attributes"),
                "GetQueueUrl": operation(self._get_queue_url, "QueueName"),
                "GetQueueAttributes": operation(self._get_queue_attributes, "QueueUrl AttributeNames"),
                "ListDeadLetterSourceQueues": operation(self._list_sources, "QueueUrl"),
                "SendMessage": operation(self._send_message, f"QueueUrl {_SENT}"),
                "SendMessageBatch": operation(self._send_message_batch, "QueueUrl Entries"),
                "ReceiveMessage": operation(
                    self._receive_message,
                    "QueueUrl MaxNumberOfMessages VisibilityTimeout WaitTimeSeconds MessageSystemAttributeNames",
                ),
                "DeleteMessage": operation(self._delete_message, "QueueUrl ReceiptHandle"),
                "DeleteMessageBatch": operation(self._delete_message_batch, "QueueUrl Entries"),
                "ChangeMessageVisibility": operation(
                    self._change_visibility, "QueueUrl ReceiptHandle VisibilityTimeout"
                ),
                "ChangeMessageVisibilityBatch": operation(self._change_visibility_batch, "QueueUrl Entries"),
            }
        )

    def make_queue(
        self,
        name: str,
        *,
        visibility_seconds: int = 30,
        retention_seconds: int = 345_600,
        delay_seconds: int = 0,
        dead_letters: str = "",
        most_receives: int = 10,
        once_by_group: bool = False,
    ) -> SimulatedQueue:
        """Make a queue, a FIFO one where its name ends in `.fifo`; `dead_letters` names one that was made before."""
        made = SimulatedQueue(
            name=name,
            created=self._clock.now(),
            visibility_seconds=visibility_seconds,
            retention_seconds=retention_seconds,
            delay_seconds=delay_seconds,
            dead_letters=self.queues[dead_letters] if dead_letters else None,
            most_receives=most_receives,
            once_by_group=once_by_group,
        )
        if made.dead_letters is not None and made.dead_letters.fifo != made.fifo:
            raise _invalid("RedrivePolicy", "the dead-letter queue must be of the same type")
        self.queues[name] = made
        return made

    def next_change(self) -> float | None:
        """Return the next moment at which a message becomes visible by itself, None where none will."""
        now = self._clock.now()
        return min((moment for queue in self.queues.values() for moment in queue.changes(now)), default=None)

    def _queue(self, request: dict[str, Any]) -> SimulatedQueue:
        found = self.queues.get(request["QueueUrl"].rpartition("/")[2])
        if found is None or found.url != request["QueueUrl"]:
            raise _gone()
        return found

    # Queues.

    def _create_queue(self, request: dict[str, Any]) -> dict[str, Any]:
        name, attributes = request["QueueName"], dict(request.get("Attributes", {}))
        if not _QUEUE_NAME.fullmatch(name) or name.endswith(".fifo") != (attributes.pop("FifoQueue", "") == "true"):
            raise _invalid("QueueName", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80")
        if name in self.queues:
            raise NotImplementedError("not simulated: to create a queue that is there")
        redrive = json.loads(attributes.pop("RedrivePolicy", "{}"))
        by_group = attributes.pop("DeduplicationScope", "queue") == "messageGroup"
        attributes.pop("FifoThroughputLimit", None)  # nothing here takes time
        numbers = {
            key: _number(attributes, name, *bounds) for name, (key, *bounds) in _NUMBERS.items() if name in attributes
        }
        if attributes.keys() - _NUMBERS.keys():
            raise NotImplementedError(f"not simulated: a queue with {sorted(attributes.keys() - _NUMBERS.keys())}")
        made = self.make_queue(
            name,
            dead_letters=redrive.get("deadLetterTargetArn", "").rpartition(":")[2],
            most_receives=int(redrive.get("maxReceiveCount", 10)),
            once_by_group=by_group,
            **numbers,
        )
        return {"QueueUrl": made.url}

    def _get_queue_url(self, request: dict[str, Any]) -> dict[str, Any]:
        found = self.queues.get(request["QueueName"])
        if found is None:
            raise _gone()
        return {"QueueUrl": found.url}

    def _get_queue_attributes(self, request: dict[str, Any]) -> dict[str, Any]:
        queue = self._queue(request)
        visible, in_flight, delayed = queue.counts(self._clock.now())
        known = {
            "ApproximateNumberOfMessages": visible,
            "ApproximateNumberOfMessagesNotVisible": in_flight,
            "ApproximateNumberOfMessagesDelayed": delayed,
            "CreatedTimestamp": int(queue.created),
            "DelaySeconds": queue.delay_seconds,
            "MaximumMessageSize": queue.most_message_bytes,
            "MessageRetentionPeriod": queue.retention_seconds,
            "QueueArn": queue.arn,
            "VisibilityTimeout": queue.visibility_seconds,
        }
        if queue.dead_letters is not None:
            policy = {"deadLetterTargetArn": queue.dead_letters.arn, "maxReceiveCount": queue.most_receives}
            known["RedrivePolicy"] = json.dumps(policy, separators=(",", ":"))
        if queue.fifo:
            known["FifoQueue"] = "true"
        wanted = request.get("AttributeNames", ())
        if set(wanted) - known.keys() - {"All", "RedrivePolicy", "FifoQueue"}:
            raise NotImplementedError(f"not simulated: a queue's {sorted(set(wanted) - known.keys())}")
        names = known if "All" in wanted else [name for name in wanted if name in known]
        return {"Attributes": {name: str(known[name]) for name in names}} if names else {}

    def _list_sources(self, request: dict[str, Any]) -> dict[str, Any]:
        queue = self._queue(request)
        return {"queueUrls": [each.url for each in self.queues.values() if each.dead_letters is queue]}

    # Messages.

    def _send_message(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._sent(self._queue(request), request)

    def _sent(self, queue: SimulatedQueue, request: dict[str, Any]) -> dict[str, Any]:
        body, now = request["MessageBody"], self._clock.now()
        _check_body(queue, body)
        group, once = _identity(queue, request)
        delay = request.get("DelaySeconds", queue.delay_seconds)
        if not 0 <= delay <= MOST_DELAY_SECONDS:
            raise _invalid("DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
        message = queue.remembered(group, once, now) if queue.fifo else None
        if message is None:
            self._last_number += 1
            number = self._last_number
            md5 = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
            message = QueueMessage(f"m-{number}", body, md5, now, now, now + delay, group, once, f"{number:020}")
            queue.add(message, now)
        answer = {"MessageId": message.id, "MD5OfMessageBody": message.md5}
        return {**answer, "SequenceNumber": message.sequence} if queue.fifo else answer

    def _send_message_batch(self, request: dict[str, Any]) -> dict[str, Any]:
        queue = self._queue(request)
        if sum(len(entry["MessageBody"].encode()) for entry in _entries(request)) > MOST_MESSAGE_BYTES:
            raise Refused(
                "AWS.SimpleQueueService.BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes."
            )
        return _together(request, f"Id {_SENT}", lambda entry: self._sent(queue, entry))

    def _receive_message(self, request: dict[str, Any]) -> dict[str, Any]:
        queue = self._queue(request)
        most = request.get("MaxNumberOfMessages", 1)
        wait = request.get("WaitTimeSeconds", 0)
        hidden = request.get("VisibilityTimeout", queue.visibility_seconds)
        if not 1 <= most <= MOST_TOGETHER:
            raise _invalid("MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
        if not 0 <= wait <= LONGEST_POLL_SECONDS:
            raise _invalid("WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
        if not 0 <= hidden <= MOST_VISIBILITY_SECONDS:
            raise _invalid("VisibilityTimeout", "Must be between 0 and 43200, if provided.")
        found = queue.receive(most, hidden, self._clock.now(), self._choices, all_servers=wait > 0)
        wanted = request.get("MessageSystemAttributeNames", [])
        return {"Messages": [_received(message, wanted) for message in found]} if found else {}

    def _delete_message(self, request: dict[str, Any]) -> dict[str, Any]:
        self._queue(request).delete(request["ReceiptHandle"], self._clock.now(), self._choices)
        return {}

    def _delete_message_batch(self, request: dict[str, Any]) -> dict[str, Any]:
        url = {"QueueUrl": self._queue(request).url}
        return _together(request, "Id ReceiptHandle", lambda entry: self._delete_message({**entry, **url}))

    def _change_visibility(self, request: dict[str, Any]) -> dict[str, Any]:
        queue, seconds = self._queue(request), request["VisibilityTimeout"]
        queue.change_visibility(request["ReceiptHandle"], seconds, self._clock.now())
        return {}

    def _change_visibility_batch(self, request: dict[str, Any]) -> dict[str, Any]:
        url = {"QueueUrl": self._queue(request).url}
        known = "Id ReceiptHandle VisibilityTimeout"
        return _together(request, known, lambda entry: self._change_visibility({**entry, **url}))


_NUMBERS = {
    "VisibilityTimeout": ("visibility_seconds", 0, MOST_VISIBILITY_SECONDS),
    "MessageRetentionPeriod": ("retention_seconds", LEAST_RETENTION_SECONDS, MOST_RETENTION_SECONDS),
    "DelaySeconds": ("delay_seconds", 0, MOST_DELAY_SECONDS),
}


def _number(attributes: dict[str, str], name: str, least: int, most: int) -> int:
    value = int(attributes[name])
    if not least <= value <= most:
        raise Refused("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
    return value


def _check_body(queue: SimulatedQueue, body: str) -> None:
    if not body:
        raise Refused("MissingParameter", "The request must contain the parameter MessageBody.")
    if len(body.encode()) > queue.most_message_bytes:
        raise _invalid("MessageBody", f"Message must be shorter than {queue.most_message_bytes} bytes.")
    if _NOT_IN_A_MESSAGE.search(body):
        raise Refused("InvalidMessageContents", "Invalid binary character was found in the message body.")


def _identity(queue: SimulatedQueue, request: dict[str, Any]) -> tuple[str, str]:
    # The group of a message, and the name under which a second one is dropped.
    if not queue.fifo:
        if "MessageGroupId" in request or "MessageDeduplicationId" in request:
            raise NotImplementedError("not simulated: groups in a standard queue")
        return "", ""
    if request.get("DelaySeconds", 0):
        raise _invalid("DelaySeconds", "The request include parameter that is not valid for this queue type.")
    if "MessageGroupId" not in request:
        raise Refused("MissingParameter", "The request must contain the parameter MessageGroupId.")
    if "MessageDeduplicationId" not in request:
        raise _invalid("MessageDeduplicationId", "The queue should have it provided explicitly.")
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        if not _FIFO_NAME.fullmatch(request[name]):
            raise _invalid(name, "can only include alphanumeric and punctuation characters. 1 to 128 in length.")
    return request["MessageGroupId"], request["MessageDeduplicationId"]


def _entries(request: dict[str, Any]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = request["Entries"]
    ids = [entry["Id"] for entry in entries]
    if not entries:
        raise Refused("AWS.SimpleQueueService.EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > MOST_TOGETHER:
        raise Refused(
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10."
        )
    if len(set(ids)) < len(ids):
        raise Refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "Id repeated.")
    if not all(map(_NAME.fullmatch, ids)):
        raise Refused("AWS.SimpleQueueService.InvalidBatchEntryId", "A batch entry id can only contain alphanumerics.")
    return entries


def _together(request: dict[str, Any], known: str, one: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for entry in _entries(request):
        if entry.keys() - set(known.split()):
            raise NotImplementedError(f"not simulated: an entry with {sorted(entry)}")
        try:
            done = one(entry)
        except Refused as refused:
            failed = {"Id": entry["Id"], "SenderFault": True, "Code": refused.code, "Message": refused.message}
            answer.setdefault("Failed", []).append(failed)
        else:
            answer.setdefault("Successful", []).append({"Id": entry["Id"], **done})
    return answer


def _received(message: QueueMessage, wanted: list[str]) -> dict[str, Any]:
    known = {
        "ApproximateReceiveCount": str(message.receives),
        "SentTimestamp": _milliseconds(message.sent),
        "ApproximateFirstReceiveTimestamp": _milliseconds(message.first_received),
    }
    if message.group:
        known |= {"MessageGroupId": message.group, "MessageDeduplicationId": message.once}
        known["SequenceNumber"] = message.sequence
    if message.source:
        known["DeadLetterQueueSourceArn"] = message.source
    answer: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt(),
        "MD5OfBody": message.md5,
        "Body": message.body,
    }
    names = known if "All" in wanted else [name for name in wanted if name in known]
    return {**answer, "Attributes": {name: known[name] for name in names}} if names else answer


def _milliseconds(moment: float) -> str:
    return str(int(moment * 1000))


def _gone() -> Refused:
    return Refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")


def _invalid(parameter: str, reason: str) -> Refused:
    return Refused("InvalidParameterValue", f"Value for parameter {parameter} is invalid. Reason: {reason}")
