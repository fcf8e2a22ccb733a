"""A message and its job: done with, or put back without counting against it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from iotagg.errors import CloudBusy

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.aws.queues import Message, Queue

BUSY_DELAY_SECONDS = 30


class Handled(Enum):
    """What became of a message whose job did not fail."""

    DONE = "done"
    PUT_BACK = "put back"


def handle(queue: Queue, message: Message, job: Callable[[], bool]) -> Handled:
    """Run the job of a message, which says whether it is finished; the caller deletes what is done.

    A job that could not be finished for want of time, or because AWS was busy, is no failure: its message is put back
    as a new one, so that the dead-letter queue holds none but those that fail. What else the job raises is let through:
    the message is to stay where it is, to be delivered again.
    """
    try:
        if job():
            return Handled.DONE
        delay = 0
    except CloudBusy:
        delay = BUSY_DELAY_SECONDS
    queue.put_back(message, delay)
    return Handled.PUT_BACK
