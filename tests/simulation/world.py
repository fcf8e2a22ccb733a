"""Simulated services, the processes that call them, and what goes wrong in between."""

from __future__ import annotations

import itertools
import random
import sys
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from iotagg.aws.objects import Bucket
from iotagg.aws.patience import Patience
from iotagg.aws.queues import Queue
from iotagg.errors import IotaggError
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.jobs.sweep import sweep
from iotagg.stores.dynamodb.access_log import AccessLog
from iotagg.stores.dynamodb.arrivals import Arrivals
from iotagg.stores.dynamodb.digests import Digests
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.stores.dynamodb.table import bound
from tests.simulation.faults import Draws, Fault, Faults, Occasion
from tests.simulation.mishaps import LATE_SECONDS, Call, go_wrong
from tests.simulation.scheduler import NEVER, START, Killed, Process, Scheduler
from tests.simulation.services.clients import TOKEN, simulated_clients
from tests.simulation.services.dynamodb import SimulatedDynamoDB
from tests.simulation.services.s3 import SimulatedS3
from tests.simulation.services.sqs import SimulatedSQS
from tests.simulation.services.tables import Table
from tests.simulation.stand_ins import Time, replaced, stand_ins

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.scheduler import Task
    from tests.simulation.services.answers import Service
    from tests.simulation.services.queue import SimulatedQueue

BUCKET, TABLE = "files-of-branches", "iotagg"
FILES, CHUNKS = "files", "chunks.fifo"
DEAD = {FILES: "files-dead", CHUNKS: "chunks-dead.fifo"}
VISIBILITY_SECONDS = 360
RECEIVES = 5
DAY_SECONDS = 86_400
_RETENTION_SECONDS = 14 * DAY_SECONDS
_LATENCY_SECONDS = 0.05
_LONGEST_POLL_SECONDS = 300.0
_TRACED = 400
_SHOWN = 400

_bound = lru_cache(maxsize=4)(bound)


class World:
    """One deployment, on services of its own. It is to be closed."""

    def __init__(
        self,
        seed: int,
        faults: Faults | None = None,
        *,
        settings: Settings | None = None,
        choose: Callable[[list[Task]], int] | None = None,
        calm: bool = False,
    ) -> None:
        self.draws = Draws(seed)
        self.faults = faults or Faults.of(self.draws)
        self.settings = settings or Settings()
        self.calm = calm  # whether calls take no time, so that only `choose` decides who is next
        self.scheduler = Scheduler(choose)
        self.counts: dict[str, int] = {}
        self._trace: deque[tuple[float, str, object]] = deque(maxlen=_TRACED)
        self.strange: list[str] = []
        self.nobody_works_until = 0.0
        self._at_queue: dict[str, list[Task]] = {}
        self.order_is_lost = False  # whether the sweep found an object whose event had gone, and with it the sequencer
        self.identifiers = itertools.count(1)
        self.clock = self.scheduler.clock
        self.dynamodb = SimulatedDynamoDB(self.clock)
        self.sqs = SimulatedSQS(self.clock, None if calm else random.Random(seed))  # noqa: S311 (a seeded order, no secret)
        self.s3 = SimulatedS3(self.clock, self._happened)
        self._services = {"dynamodb": self.dynamodb, "sqs": self.sqs, "s3": self.s3}
        self.outside = Process("outside", fallible=False)
        self._stack = ExitStack()
        self._prepare()

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self.scheduler.now

    def _prepare(self) -> None:
        self.dynamodb.tables[TABLE] = Table(TABLE, self.now())
        self.s3.make_bucket(BUCKET)
        for name in (FILES, CHUNKS):
            dead = DEAD[name]
            self.sqs.make_queue(dead, retention_seconds=_RETENTION_SECONDS)
            self.sqs.make_queue(
                name,
                visibility_seconds=VISIBILITY_SECONDS,
                retention_seconds=_RETENTION_SECONDS,
                dead_letters=dead,
                most_receives=RECEIVES,
            )
        random.seed(self.draws.seed)
        clients = simulated_clients(self.call)
        self.clients = clients
        parts = stand_ins(self.scheduler, self._disk_is_full)
        parts |= {
            "iotagg.stores.dynamodb.store:time": Time(self.scheduler),
            "iotagg.stores.dynamodb.store:bound": _bound,
            "iotagg.aws.queues:uuid": self,
            "iotagg.redrive:uuid": self,
            "iotagg.worker:log": _Log(self),
            "iotagg.worker:sweep": partial(sweep, clock=self.now),
        }
        self._stack.enter_context(replaced(parts))

    def uuid4(self) -> _Identifier:
        """Stand in for the module uuid."""
        return _Identifier(next(self.identifiers))

    def cloud(self) -> Cloud:
        """Connect to the deployment, as a process does when it starts."""
        clients = self.clients
        patience = _Patience(sleep=self.scheduler.sleep, scheduler=self.scheduler)
        store = DynamoStore(clients, TABLE, BUCKET, patience, clock=self.now)
        return Cloud(
            store=store,
            bucket=Bucket(clients.s3, BUCKET),
            files=Queue(clients.sqs, self.sqs.queues[FILES].url),
            chunks=Queue(clients.sqs, self.sqs.queues[CHUNKS].url),
            meter=clients.meter,
            arrivals=Arrivals(clients.dynamodb, TABLE),
            access_log=AccessLog(clients.dynamodb, TABLE),
            digests=Digests(clients.dynamodb, TABLE),
            settings=self.settings,
        )

    def services(self) -> tuple[Service, ...]:
        """Return the services."""
        return self.dynamodb, self.sqs, self.s3

    def close(self) -> None:
        """End all that still runs."""
        self.scheduler.close()
        self._stack.close()

    # Calls.

    def call(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Answer a call of the process whose turn it is, or let it go wrong."""
        if not self.scheduler.in_task:
            return self._services[service].call(operation, parameters)
        process = self.scheduler.current.process
        if not process.alive:
            raise Killed
        call = Call(self, process, service, operation, on_the_wire(parameters), self.occasion(process))
        self.on_the_way("before", call)  # what it does after an answer and before its next call, nobody sees
        fault = self.faults.at(call.site, call.occasion)
        what = operation if fault is None else f"{operation} !! {fault.value}"
        self.note(f"{process.name} {call.occasion.number}: {what}", parameters)
        try:
            answer = self._answered(call, fault)
        except (BotoCoreError, ClientError) as error:
            self.learned(f"{operation} {error!r} {getattr(error, 'response', '')}")
            raise
        self.learned(f"{operation} {seen(answer)}")
        return answer

    def _answered(self, call: Call, fault: Fault | None) -> dict[str, Any]:
        if fault is not None:
            answer = go_wrong(call, fault)
            if answer is not None:
                return answer
            self.faults.take_back()
        answer = call.do()
        if not self.calm and call.operation == "ReceiveMessage" and not answer.get("Messages"):
            return self._polled(call)
        return answer

    def asked(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Let a service do something, and those know who wait for it."""
        answer: dict[str, Any] = self._services[service].call(operation, parameters)
        if operation.startswith("SendMessage"):
            name = self.queue_at(parameters["QueueUrl"]).name
            sent = [each["MessageBody"] for each in parameters.get("Entries", (parameters,))]
            self.order_is_lost |= name == FILES and any("sequencer" not in body for body in sent)
            for task in self._at_queue.pop(name, ()):
                self.scheduler.wake(task)
        return answer

    def on_the_way(self, when: str, call: Call) -> None:
        """Let others have their turn while a request is on its way."""
        if self.calm:
            self.scheduler.give_way(f"{when} {call.site} {call.place()}")
        else:
            self.scheduler.sleep(_LATENCY_SECONDS * self.draws.fraction(when, *call.occasion))

    def _polled(self, call: Call) -> dict[str, Any]:
        # Waiting at a queue takes as long as it takes until there is a message, so that few turns are spent on it.
        queue = self.queue_at(call.parameters["QueueUrl"])
        change = min(queue.changes(self.now()), default=NEVER)
        self._at_queue.setdefault(queue.name, []).append(self.scheduler.current)
        self.scheduler.sleep(min(_LONGEST_POLL_SECONDS, max(change - self.now(), 0.0) + _LATENCY_SECONDS))
        return call.do()

    def queue_at(self, url: str) -> SimulatedQueue:
        """Return a queue."""
        return self.sqs.queues[url.rpartition("/")[2]]

    def learned(self, what: str) -> None:
        """Note what the task whose turn it is learned: of two that learned the same, each does what the other does."""
        if self.calm:
            task = self.scheduler.current
            task.history = (*task.history, what)

    def contents(self) -> object:
        """Return all that the services hold, for comparing it with what they held in another run."""
        items = list(self.dynamodb.table(TABLE).items())
        messages = {
            name: (
                [(each.id, each.body, each.visible > self.now(), each.receives) for each in queue.messages.values()],
                sorted(queue.names_seen()),
            )
            for name, queue in self.sqs.queues.items()
        }
        versions = self.s3.call("ListObjectVersions", {"Bucket": BUCKET})
        objects = [(each["Key"], each["VersionId"], each["ETag"]) for each in versions.get("Versions", ())]
        return items, messages, objects

    def occasion(self, process: Process) -> Occasion:
        """Return the name of what a process does next."""
        number = self.counts[process.name] = self.counts.get(process.name, 0) + 1
        return Occasion(process.name, number)

    def note(self, what: str, parameters: object = "") -> None:
        """Keep what happened, to be shown where a schedule fails."""
        self._trace.append((self.scheduler.now, what, parameters))

    def trace(self) -> list[str]:
        """Return what happened last, line by line."""
        return [f"{moment - START:12.3f} {what} {parameters}"[:_SHOWN] for moment, what, parameters in self._trace]

    def failed(self, error: BaseException) -> None:
        """Note that something ended in an error; remember it where it is none that services and disks bring about."""
        self.note("failed", error)
        if not isinstance(error, (IotaggError, BotoCoreError, ClientError, OSError)):
            self.strange.append(f"{type(error).__name__}: {error}")

    # What happens beside calls.

    def _happened(self, body: str) -> None:
        # The bucket tells the files queue, mostly soon and once.
        occasion = Occasion("bucket", next(self.identifiers))
        fault = self.faults.at("an event of the bucket", occasion)
        if fault is Fault.EVENT_LOST:
            return
        for delivery in range(2 if fault is Fault.EVENT_TWICE else 1):
            late = LATE_SECONDS if fault is Fault.EVENT_LATE or delivery else 1.0
            after = 0.0 if self.calm else late * self.draws.fraction("event", delivery, *occasion)
            self.scheduler.start(self.outside, "an event", partial(self._deliver, body), after=after)

    def _deliver(self, body: str) -> None:
        self.asked("sqs", "SendMessage", {"QueueUrl": self.sqs.queues[FILES].url, "MessageBody": body})

    def _disk_is_full(self) -> bool:
        if not self.scheduler.in_task:
            return False
        occasion = self.occasion(self.scheduler.current.process)
        is_full = self.faults.at("a temporary file", occasion) is not None
        if is_full:
            self.learned("the disk is full")
        return is_full

    def message_bodies(self, name: str) -> list[str]:
        """Return what waits in a queue."""
        return [message.body for message in self.sqs.queues[name].messages.values()]


Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)  # no slots: with them, a method finds no super()
class _Patience(Patience):
    # Once something was tried again and worked, nobody remembers what went wrong before.
    scheduler: Scheduler

    def spent_on(self, work: Callable[[], Result], failed: Callable[[], object] = lambda: None) -> Result:
        if not self.scheduler.in_task:
            return super().spent_on(work, failed)
        task, tries = self.scheduler.current, itertools.count()
        before = task.history

        def once() -> Result:
            task.history = begun = (*before, *(["again"] * next(tries)))
            result = work()
            task.history = (*before, *task.history[len(begun) :])
            return result

        return super().spent_on(once, failed)


class _Log:
    # What a worker says is of no interest, but for errors that it did not expect.
    def __init__(self, world: World) -> None:
        self._world = world

    def exception(self, *_: object) -> None:
        error = sys.exc_info()[1]
        if error is not None:
            self._world.failed(error)

    def info(self, *_: object) -> None:
        pass

    debug = warning = error = info


class _Identifier:
    def __init__(self, number: int) -> None:
        self.hex = f"{number:032x}"


def seen(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer tells: of a body, its key and version do, unless it breaks somewhere."""
    told = {name: value for name, value in answer.items() if name not in {"ResponseMetadata", "ConsumedCapacity"}}
    return told | {"Body": getattr(answer["Body"], "left", "")} if "Body" in answer else told


def on_the_wire(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return what is sent of a request, also where it comes late.

    By its token, DynamoDB would tell the client's own tries again apart; nothing is to depend on that.
    """
    sent = dict(parameters)
    if sent.get("ClientRequestToken", "").startswith(TOKEN):
        del sent["ClientRequestToken"]
    if hasattr(sent.get("Body"), "read"):
        sent["Body"] = sent["Body"].read()
    return sent
