"""One queue of SQS: its messages, who may see them, and where they go in the end.

Rules: Amazon SQS Developer Guide, "Visibility timeout", "FIFO queue logic", "Exactly-once processing", "Dead-letter
queues" and "Message quotas".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from tests.simulation.services.answers import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from random import Random

REMEMBERED_SECONDS = 300
MOST_DELAY_SECONDS = 900
MOST_VISIBILITY_SECONDS = 12 * 3600
MOST_RETENTION_SECONDS = 14 * 24 * 3600
LEAST_RETENTION_SECONDS = 60
MOST_MESSAGE_BYTES = 1 << 20
_ACCOUNT = "000000000000"
_REGION = "eu-west-1"
_RECEIPT = re.compile(r"receipt-(?P<message>m-[0-9]+)-(?P<time>[0-9]+)")


@dataclass(slots=True)
class QueueMessage:
    """A message: when it came, from when on it can be seen, and how often it was received.

    `enqueued` is what its age is counted from, `received_at` when it was last handed out.
    """

    id: str
    body: str
    md5: str
    sent: float
    enqueued: float
    visible: float
    group: str = ""
    once: str = ""
    sequence: str = ""
    source: str = ""
    receives: int = 0
    first_received: float = 0.0
    received_at: float = 0.0

    def receipt(self) -> str:
        """Return the receipt of the last time that it was handed out."""
        return f"receipt-{self.id}-{self.receives}"

    def is_in_flight(self, now: float) -> bool:
        """Whether somebody has it."""
        return bool(self.receives) and self.visible > now and self.received_at > 0


@dataclass(slots=True, kw_only=True)
class SimulatedQueue:
    """A queue, FIFO by its name. `dead_letters` gets what was received `most_receives` times."""

    name: str
    created: float
    visibility_seconds: int = 30
    retention_seconds: int = 345_600
    delay_seconds: int = 0
    most_message_bytes: int = MOST_MESSAGE_BYTES
    dead_letters: SimulatedQueue | None = None
    most_receives: int = 0
    once_by_group: bool = False
    messages: dict[str, QueueMessage] = field(default_factory=dict)
    _seen: dict[tuple[str, str], tuple[float, QueueMessage]] = field(default_factory=dict)

    @property
    def fifo(self) -> bool:
        """Whether its messages keep their order."""
        return self.name.endswith(".fifo")

    @property
    def url(self) -> str:
        """Return its address."""
        return f"https://sqs.{_REGION}.amazonaws.com/{_ACCOUNT}/{self.name}"

    @property
    def arn(self) -> str:
        """Return its ARN."""
        return f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:{self.name}"

    def remembered(self, group: str, once: str, now: float) -> QueueMessage | None:
        """Return the message that was sent under this name within five minutes."""
        at, message = self._seen.get(self._name_of(group, once), (0.0, None))
        return message if message is not None and now - at < REMEMBERED_SECONDS else None

    def names_seen(self) -> Collection[tuple[str, str]]:
        """Return the groups and names under which messages were ever sent."""
        return self._seen.keys()

    def _name_of(self, group: str, once: str) -> tuple[str, str]:
        return (group if self.once_by_group else "", once)

    def add(self, message: QueueMessage, now: float) -> None:
        """Take a message in."""
        self.messages[message.id] = message
        if message.once:
            self._seen[self._name_of(message.group, message.once)] = now, message

    def forget_old(self, now: float) -> None:
        """Let go of what is older than the queue keeps messages."""
        for message in [each for each in self.messages.values() if now - each.enqueued >= self.retention_seconds]:
            del self.messages[message.id]

    def receive(
        self, most: int, visibility: int, now: float, choices: Random | None, *, all_servers: bool
    ) -> list[QueueMessage]:
        """Hand out messages: of a standard queue, any that can be seen; one at least where all servers look."""
        self.forget_old(now)
        found = self._next_in_order(now, choices)[:most] if self.fifo else self._any(now, most, choices, all_servers)
        received = []
        for message in found:
            if self.dead_letters is not None and message.receives >= self.most_receives:
                self._give_up(message, now)
                continue
            message.receives += 1
            message.first_received = message.first_received or now
            message.received_at, message.visible = now, now + visibility
            received.append(message)
        return received

    def _any(self, now: float, most: int, choices: Random | None, all_servers: bool) -> list[QueueMessage]:
        found = [message for message in self.messages.values() if message.visible <= now]
        if choices is None or not found:
            return found[:most]
        return choices.sample(found, choices.randint(int(all_servers), min(most, len(found))))

    def _next_in_order(self, now: float, choices: Random | None) -> list[QueueMessage]:
        # What can be seen of groups of which nobody has a message; of each, up to the first that is delayed.
        groups: dict[str, list[QueueMessage]] = {}
        for message in self.messages.values():
            groups.setdefault(message.group, []).append(message)
        free = [group for group in groups.values() if not any(message.is_in_flight(now) for message in group)]
        if choices is not None:
            choices.shuffle(free)
        return [message for group in free for message in takewhile(lambda each: each.visible <= now, group)]

    def _give_up(self, message: QueueMessage, now: float) -> None:
        # Its age goes on from when it was sent first; in a FIFO queue, it begins anew.
        assert self.dead_letters is not None
        del self.messages[message.id]
        message.source, message.visible, message.received_at = self.arn, now, 0.0
        if self.fifo:
            message.enqueued = now
        self.dead_letters.add(message, now)

    def delete(self, receipt: str, now: float, choices: Random | None) -> None:
        """Delete the message of a receipt; with an old one, that may come to nothing. Raises Refused."""
        message, is_last = self._of(receipt)
        if message is None:
            return
        if self.fifo and not (is_last and message.is_in_flight(now)):
            raise _invalid(
                f"Value {receipt} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
            )
        if is_last or (choices is not None and choices.random() < 0.5):
            del self.messages[message.id]

    def change_visibility(self, receipt: str, seconds: int, now: float) -> None:
        """Let a message be seen again in so many seconds. Raises Refused."""
        if not 0 <= seconds <= MOST_VISIBILITY_SECONDS:
            raise _invalid(f"Value {seconds} for parameter VisibilityTimeout is invalid. Must be between 0 and 43200.")
        message, is_last = self._of(receipt)
        if message is None:
            raise _invalid(f"Value {receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist.")
        if not is_last or not message.is_in_flight(now):
            raise Refused("AWS.SimpleQueueService.MessageNotInflight", "The message is not in flight.")
        if now + seconds > message.received_at + MOST_VISIBILITY_SECONDS:
            raise _invalid("Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
        message.visible = now + seconds

    def _of(self, receipt: str) -> tuple[QueueMessage | None, bool]:
        found = _RECEIPT.fullmatch(receipt)
        if found is None:
            raise Refused("ReceiptHandleIsInvalid", f'The input receipt handle "{receipt}" is not a valid one.', 404)
        message = self.messages.get(found["message"])
        return message, message is not None and message.receives == int(found["time"])

    def counts(self, now: float) -> tuple[int, int, int]:
        """Return how many messages can be seen, are in flight, and wait out a delay."""
        self.forget_old(now)
        hidden = [message for message in self.messages.values() if message.visible > now]
        in_flight = sum(message.is_in_flight(now) for message in hidden)
        return len(self.messages) - len(hidden), in_flight, len(hidden) - in_flight

    def changes(self, now: float) -> Iterator[float]:
        """Yield the moments at which something becomes visible by itself."""
        self.forget_old(now)
        return (message.visible for message in self.messages.values() if message.visible > now)


def _invalid(message: str) -> Refused:
    return Refused("InvalidParameterValue", message)
