"""A queue: messages sent, received, put back and done with."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iotagg.aws.problems import explained
from iotagg.errors import CloudBusy, NotDeployed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_sqs import SQSClient

BATCH = 10  # the most messages that one request sends or receives
LONGEST_POLL_SECONDS = 20
_LONGEST_DELAY_SECONDS = 900
_SEND_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to send. A FIFO queue needs its group, and drops a second one with the same `once` for 5 minutes."""

    body: str
    group: str = ""
    once: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was received; `received` says how often, this time included."""

    id: str
    body: str
    receipt: str
    group: str = ""
    received: int = 1


@dataclass(frozen=True, slots=True)
class Depth:
    """About how many messages wait, are being worked on, and wait out a delay."""

    waiting: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.waiting + self.in_flight + self.delayed


class Queue:
    """One SQS queue, standard or FIFO, known by its URL."""

    def __init__(self, sqs: SQSClient, url: str) -> None:
        self._sqs = sqs
        self.url = url
        self.name = url.rpartition("/")[2]
        self.fifo = self.name.endswith(".fifo")

    def another(self, url: str) -> Queue:
        """Return another queue that the same client reaches."""
        return Queue(self._sqs, url)

    def send(self, drafts: Iterable[Draft]) -> None:
        """Send messages, ten a request; return when all are in the queue."""
        for together in _batched(drafts):
            self._send(together)

    def _send(self, together: list[Draft]) -> None:
        entries = [self._entry(str(place), draft) for place, draft in enumerate(together)]
        for _ in range(_SEND_ROUNDS):
            with explained(f"queue {self.name}"):
                reply = self._sqs.send_message_batch(QueueUrl=self.url, Entries=entries)  # type: ignore[arg-type]  # built here
            failed = {failure["Id"] for failure in reply.get("Failed", ())}
            entries = [entry for entry in entries if entry["Id"] in failed]
            if not entries:
                return
        raise CloudBusy(f"queue {self.name}: {len(entries)} messages were not accepted; try later")

    def _entry(self, place: str, draft: Draft) -> dict[str, Any]:
        entry: dict[str, Any] = {"Id": place, "MessageBody": draft.body}
        if self.fifo:
            entry |= {"MessageGroupId": draft.group, "MessageDeduplicationId": draft.once}
        return entry

    def receive(self, limit: int = BATCH, wait_seconds: int = LONGEST_POLL_SECONDS) -> list[Message]:
        """Return up to `limit` messages, waiting for the first one; they stay invisible to others for a while."""
        with explained(f"queue {self.name}"):
            reply = self._sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=wait_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId"],
            )
        return [_message(found) for found in reply.get("Messages", ())]

    def done(self, message: Message) -> None:
        """Delete a message for good; one that is gone already is no error."""
        with explained(f"queue {self.name}"):
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)

    def hide(self, message: Message, seconds: int) -> None:
        """Keep a message invisible to others for so many seconds from now; 0 gives it back at once."""
        with explained(f"queue {self.name}"):
            self._sqs.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
            )

    def put_back(self, message: Message, delay_seconds: int) -> None:
        """Send a message again, as a new one, and delete it: it waits, and its receipts are not counted on.

        A FIFO queue knows no delay of a single message; there it goes behind those of its group.
        """
        with explained(f"queue {self.name}"):
            if self.fifo:
                self._sqs.send_message(
                    QueueUrl=self.url,
                    MessageBody=message.body,
                    MessageGroupId=message.group,
                    MessageDeduplicationId=uuid.uuid4().hex,
                )
            else:
                delay = min(delay_seconds, _LONGEST_DELAY_SECONDS)
                self._sqs.send_message(QueueUrl=self.url, MessageBody=message.body, DelaySeconds=delay)
        self.done(message)

    def depth(self) -> Depth:
        """Return how many messages there are, as far as SQS knows."""
        found = self._attributes(
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        )
        return Depth(*(int(found[name]) for name in found))

    def visibility_seconds(self) -> int:
        """Return for how long a received message stays invisible to others."""
        return int(self._attributes("VisibilityTimeout")["VisibilityTimeout"])

    def dead_letters(self) -> Queue:
        """Return the queue that messages go to which were received too often. Raises NotDeployed."""
        policy = json.loads(self._attributes("RedrivePolicy").get("RedrivePolicy") or "{}")
        if not policy:
            raise NotDeployed(f"queue {self.name} has no dead-letter queue; give it a redrive policy")
        name = policy["deadLetterTargetArn"].rpartition(":")[2]
        with explained(f"queue {name}"):
            return self.another(self._sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def _attributes(self, *names: str) -> dict[str, str]:
        with explained(f"queue {self.name}"):
            reply = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names))  # type: ignore[arg-type]  # of SQS's list
        found = reply.get("Attributes", {})
        return {name: found[name] for name in names if name in found}


def _batched(drafts: Iterable[Draft]) -> Iterable[list[Draft]]:
    waiting: list[Draft] = []
    for draft in drafts:
        waiting.append(draft)
        if len(waiting) == BATCH:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _message(found: Any) -> Message:
    attributes = found.get("Attributes", {})
    return Message(
        id=found["MessageId"],
        body=found["Body"],
        receipt=found["ReceiptHandle"],
        group=attributes.get("MessageGroupId", ""),
        received=int(attributes.get("ApproximateReceiveCount", 1)),
    )
