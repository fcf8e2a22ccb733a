"""What goes wrong: kinds of faults, at which calls each can happen, and which happen in a schedule.

Whether a fault happens at a call depends on the schedule's seed, the process and the number of its call, and on nothing
else: so one fault can be left out, and the others stay as they are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b
from typing import NamedTuple


class Fault(Enum):
    """What may go wrong, in words for people."""

    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    SENT_TWICE = "reply lost, sent again by the client"
    CAME_LATE = "given up, carried out later"
    THROTTLED = "throttled"
    SERVER_ERROR = "server error, nothing done"
    SERVER_ERROR_DONE = "server error, done all the same"
    STALLED_BEFORE = "process stalled before"
    STALLED_AFTER = "process stalled after"
    KILLED_BEFORE = "killed before"
    KILLED_BETWEEN = "killed between"
    KILLED_AFTER = "killed after"
    CONFLICT = "conflict of transactions"
    UNPROCESSED = "answered in part"
    ENTRIES_FAILED = "entries refused"
    BODY_BROKE = "connection broke in the body"
    WRITTEN_AT_ONCE = "key written by others at once"
    SAW_NOTHING = "no message seen though there are"
    MESSAGE_LOST = "message lost"
    MESSAGE_TWICE = "message twice"
    DELETED_IN_VAIN = "deleted message comes again"
    EVENT_LOST = "event lost"
    EVENT_TWICE = "event twice"
    EVENT_LATE = "event late"
    FIFTEEN_DAYS = "nobody works for 15 days"
    DISK_FULL = "disk full"
    TIME_IS_UP = "time is up"
    CUT_DIFFERENTLY = "other version cuts differently"


EVERYWHERE = (
    Fault.REQUEST_LOST,
    Fault.REPLY_LOST,
    Fault.THROTTLED,
    Fault.SERVER_ERROR,
    Fault.STALLED_BEFORE,
    Fault.STALLED_AFTER,
    Fault.KILLED_BEFORE,
    Fault.KILLED_BETWEEN,
    Fault.KILLED_AFTER,
)
WRITING = (Fault.SENT_TWICE, Fault.CAME_LATE, Fault.SERVER_ERROR_DONE)
SPECIAL = {
    "dynamodb.TransactWriteItems": (*WRITING, Fault.CONFLICT),
    "dynamodb.UpdateItem": (*WRITING, Fault.CONFLICT),
    "dynamodb.PutItem": (*WRITING, Fault.CONFLICT),
    "dynamodb.DeleteItem": (*WRITING, Fault.CONFLICT),
    "dynamodb.BatchGetItem": (Fault.UNPROCESSED,),
    "s3.PutObject": (*WRITING, Fault.WRITTEN_AT_ONCE),
    "s3.DeleteObject": WRITING,
    "s3.GetObject": (Fault.BODY_BROKE,),
    "sqs.ReceiveMessage": (Fault.SENT_TWICE, Fault.SAW_NOTHING),
    "sqs.SendMessage": (*WRITING, Fault.MESSAGE_LOST, Fault.MESSAGE_TWICE),
    "sqs.SendMessageBatch": (*WRITING, Fault.ENTRIES_FAILED, Fault.MESSAGE_LOST, Fault.MESSAGE_TWICE),
    "sqs.DeleteMessage": (*WRITING, Fault.DELETED_IN_VAIN),
    "sqs.ChangeMessageVisibility": WRITING,
}
ELSEWHERE = {
    "an event of the bucket": (Fault.EVENT_LOST, Fault.EVENT_TWICE, Fault.EVENT_LATE),
    "a temporary file": (Fault.DISK_FULL,),
    "a function's time": (Fault.TIME_IS_UP,),
    "all workers": (Fault.FIFTEEN_DAYS,),
    "a process's start": (Fault.CUT_DIFFERENTLY,),
}


def faults_at(site: str) -> tuple[Fault, ...]:
    """Return what can go wrong at a call site (`service.Operation`), or elsewhere."""
    return ELSEWHERE[site] if site in ELSEWHERE else (*EVERYWHERE, *SPECIAL.get(site, ()))


# Calls that are made again and again, of which most change nothing, go wrong less often than the others.
_OFTEN = {
    "dynamodb.GetItem": 0.5,
    "dynamodb.Query": 0.3,
    "s3.ListObjectVersions": 0.2,
    "sqs.GetQueueAttributes": 0.3,
    "sqs.ReceiveMessage": 0.5,
}


class Occasion(NamedTuple):
    """Where a fault happened: the process, and the number of its call."""

    process: str
    number: int


class Fired(NamedTuple):
    """A fault that happened."""

    occasion: Occasion
    site: str
    fault: Fault


@dataclass(slots=True)
class Draws:
    """Numbers that depend on a seed and on what they are for, and on nothing else."""

    seed: int

    def fraction(self, *what: object) -> float:
        """Return a number from 0 to below 1."""
        digest = blake2b(f"{self.seed} {what}".encode(), digest_size=6).digest()
        return int.from_bytes(digest) / 2**48

    def below(self, limit: int, *what: object) -> int:
        """Return a whole number from 0 to below a limit."""
        return int(self.fraction(*what) * limit)


@dataclass(slots=True)
class Faults:
    """The faults of one schedule.

    Each schedule has a weather of its own: it draws which kinds happen at all, and how often anything does. `without`
    names occasions at which nothing is to happen; with `planned`, only that happens.
    """

    draws: Draws
    on: bool = True
    without: frozenset[Occasion] = frozenset()
    kinds: frozenset[Fault] = frozenset(Fault)
    planned: dict[Occasion, Fault] | None = None
    share: float = 0.0
    fired: list[Fired] = field(default_factory=list)

    @classmethod
    def of(cls, draws: Draws, without: frozenset[Occasion] = frozenset()) -> Faults:
        """Return the faults of a seed."""
        often = (0.0, 0.01, 0.02, 0.05, 0.1)[draws.below(5, "share")]
        width = (0.2, 0.5, 1.0)[draws.below(3, "width")]
        kinds = frozenset(kind for kind in Fault if draws.fraction("kind", kind.name) < width)
        return cls(draws, without=without, kinds=kinds, share=often)

    def at(self, site: str, occasion: Occasion) -> Fault | None:
        """Return what goes wrong here, if anything, and note it."""
        if not self.on or occasion in self.without:
            return None
        fault = self._drawn(site, occasion) if self.planned is None else self.planned.get(occasion)
        if fault is not None:
            self.fired.append(Fired(occasion, site, fault))
        return fault

    def _drawn(self, site: str, occasion: Occasion) -> Fault | None:
        chance = self.draws.fraction("fault", *occasion)
        often = self.share * _OFTEN.get(site, 3.0) if site not in ELSEWHERE else self.share and 0.1 + self.share
        if chance >= often:
            return None
        possible = [fault for fault in faults_at(site) if fault in self.kinds]
        return possible[self.draws.below(len(possible), "which", *occasion)] if possible else None

    def take_back(self) -> None:
        """Forget the last fault: it turned out that it could not happen here."""
        self.fired.pop()

    def counts(self) -> Counter[tuple[str, Fault]]:
        """Return how often each kind happened at each place."""
        return Counter((fired.site, fired.fault) for fired in self.fired)
