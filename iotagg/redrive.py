"""Dead letters, given back to the queue they come from, for another try."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from iotagg.aws.queues import Draft

if TYPE_CHECKING:
    from iotagg.aws.queues import Queue

_LOOK_SECONDS = 1  # waiting asks all of a queue's servers, not a few of them


def redrive(queue: Queue) -> int:
    """Move a queue's dead letters back to it, as new messages, and return how many they were. Raises CloudError.

    Whoever ends it in the middle leaves one of them in both queues: what it asks for is done once all the same.
    """
    dead = queue.dead_letters()
    moved = 0
    while messages := dead.receive(wait_seconds=_LOOK_SECONDS):
        for message in messages:
            # Under a new identity: a FIFO queue would drop what it has seen within five minutes.
            queue.send([Draft(message.body, message.group, uuid.uuid4().hex)])
            dead.done(message)
            moved += 1
    return moved
