"""How much work waits for a stack's workers: the queues, and the files that are counted in part."""

from __future__ import annotations

import time
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING

from iotagg.aws.queue_age import oldest_message_seconds
from iotagg.errors import NotDeployed

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.aws.queues import Depth, Queue
    from iotagg.core.ledger import Pending
    from iotagg.jobs.cloud import Cloud
    from iotagg.stores.protocol import Store

SHOWN = 20


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """A queue's messages, the dead letters beside it (None without such a queue), and its oldest message's age.

    The age is in seconds, None where nobody knows it.
    """

    depth: Depth
    dead_letters: int | None
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A contribution, of whose chunks `applied` have reached its revision since `seconds` ago."""

    site: str
    contribution: str
    file: str
    applied: int
    chunks: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Workload:
    """What waits; of the pending files, the oldest ones are in `pending`."""

    queues: dict[str, QueueLoad]
    pending_files: int
    pending: list[PendingFile]


def workload(cloud: Cloud, clock: Callable[[], float] = time.time) -> Workload:
    """Return what waits for the workers of a deployment. Raises CloudError."""
    waiting = [each for site in cloud.store.sites() for each in cloud.store.pending(site)]
    oldest = nsmallest(SHOWN, waiting, key=lambda pending: pending.since)
    found = [_pending_file(cloud.store, each, clock) for each in oldest]
    done = found.count(None)
    return Workload(
        queues={"files": _load(cloud.files), "chunks": _load(cloud.chunks)},
        pending_files=len(waiting) - done,
        pending=[each for each in found if each is not None],
    )


def _load(queue: Queue) -> QueueLoad:
    try:
        dead = queue.dead_letters().depth().total
    except NotDeployed:
        dead = None
    return QueueLoad(queue.depth(), dead, oldest_message_seconds(queue.name))


def _pending_file(store: Store, pending: Pending, clock: Callable[[], float]) -> PendingFile | None:
    record = store.file(pending.name)
    if record is None:
        return None
    applied = len(store.applied(pending.name, record.revision))
    if applied >= record.head.chunks:
        return None  # the list may name one too many
    return PendingFile(
        site=pending.name.site,
        contribution=str(pending.name),
        file=min(record.paths, default=record.retracted),
        applied=applied,
        chunks=record.head.chunks,
        seconds=max(0, round(clock() - pending.since)),
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """The messages that wait for the workers or are in work, by queue, and the dead letters beside them."""

    files: int
    chunks: int
    dead_letters: int


def waiting(cloud: Cloud) -> Waiting:
    """Return how much waits, in few requests: what workload() says besides takes more of them. Raises CloudError."""
    return Waiting(cloud.files.depth().total, cloud.chunks.depth().total, _dead(cloud.files) + _dead(cloud.chunks))


def _dead(queue: Queue) -> int:
    try:
        return queue.dead_letters().depth().total
    except NotDeployed:
        return 0
