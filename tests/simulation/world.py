"""Simulated services, the processes that call them, and what goes wrong in between."""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections import deque
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache, partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from iotagg.aws.objects import Bucket
from iotagg.aws.patience import Patience
from iotagg.aws.queues import Queue
from iotagg.errors import IotaggError
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.jobs.sweep import sweep
from iotagg.stores.dynamodb.access_log import AccessLog
from iotagg.stores.dynamodb.arrivals import Arrivals
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.stores.dynamodb.table import bound
from tests.simulation.faults import Draws, Fault, Faults, Occasion
from tests.simulation.scheduler import NEVER, START, Killed, Process, Scheduler
from tests.simulation.services.clients import simulated_clients
from tests.simulation.services.dynamodb import SimulatedDynamoDB
from tests.simulation.services.s3 import SimulatedS3
from tests.simulation.services.sqs import SimulatedSQS
from tests.simulation.services.tables import Table
from tests.simulation.stand_ins import Time, replaced, stand_ins

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.scheduler import Task
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
_STALL_SECONDS = 900.0
_LATE_SECONDS = 1_000.0
_TIMEOUT_SECONDS = 30.0
_TRACED = 400
_SHOWN = 400
_TOKEN_OF_CLIENT = "token-"
_ENDPOINT = "https://simulated.example"

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
        self._clients = clients
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
        clients = self._clients
        patience = Patience(sleep=self.scheduler.sleep)
        store = DynamoStore(clients, TABLE, BUCKET, patience, clock=self.now)
        return Cloud(
            store=store,
            bucket=Bucket(clients.s3, BUCKET),
            files=Queue(clients.sqs, self.sqs.queues[FILES].url),
            chunks=Queue(clients.sqs, self.sqs.queues[CHUNKS].url),
            meter=clients.meter,
            arrivals=Arrivals(clients.dynamodb, TABLE),
            access_log=AccessLog(clients.dynamodb, TABLE),
            settings=self.settings,
        )

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
        if parameters.get("ClientRequestToken", "").startswith(_TOKEN_OF_CLIENT):
            # The client's own tries again are told apart by it; nothing is to depend on that.
            parameters = {name: value for name, value in parameters.items() if name != "ClientRequestToken"}
        if hasattr(parameters.get("Body"), "read"):
            parameters = {**parameters, "Body": parameters["Body"].read()}  # it is on the wire, and may come late
        site = f"{service}.{operation}"
        occasion = self.occasion(process)
        fault = self.faults.at(site, occasion)
        if fault is Fault.CAME_LATE and operation == "PutObject" and process.name.startswith("author"):
            # What an uploader gave up, and which then comes over what somebody put there later, is another wish.
            self.faults.take_back()
            fault = None
        what = operation if fault is None else f"{operation} !! {fault.value}"
        self._trace.append((self.scheduler.now, f"{process.name} {occasion.number}: {what}", parameters))
        if operation == "SendMessageBatch" and any(
            "sequencer" not in each["MessageBody"] for each in parameters["Entries"]
        ):
            self.order_is_lost |= parameters["QueueUrl"] == self.sqs.queues[FILES].url
        self._wait("before", occasion)  # what it does between an answer and its next call, nobody else can see
        answer = self._carry_out(service, operation, parameters, fault, occasion)
        if operation.startswith("SendMessage"):
            self._sent(self._queue(parameters).name)
        if self.calm:
            self._remember(operation, answer)
        if operation == "ReceiveMessage" and not answer.get("Messages") and not self.calm and fault is None:
            return self._polled(parameters)
        if fault is Fault.KILLED_AFTER:
            self.scheduler.kill(process)
        return answer

    def _remember(self, operation: str, answer: dict[str, Any]) -> None:
        # Equal histories mean equal states of whoever has them: the code decides by what it is answered alone.
        task = self.scheduler.current
        seen = {name: value for name, value in answer.items() if name not in {"Body", "ResponseMetadata"}}
        task.history = blake2b(f"{operation} {seen}".encode() + task.history, digest_size=16).digest()

    def contents(self) -> object:
        """Return all that the services hold, for comparing it with what they held in another run."""
        items = list(self.dynamodb.table(TABLE).items())
        messages = {
            name: [(each.body, each.visible > self.now(), each.receives, each.once) for each in queue.messages.values()]
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

    def _wait(self, when: str, occasion: Occasion) -> None:
        self.scheduler.sleep(0.0 if self.calm else _LATENCY_SECONDS * self.draws.fraction(when, *occasion))

    def _carry_out(
        self, service: str, operation: str, parameters: dict[str, Any], fault: Fault | None, occasion: Occasion
    ) -> dict[str, Any]:
        process = self.scheduler.current.process
        do = partial(self._services[service].call, operation, parameters)
        if fault is None or fault is Fault.KILLED_AFTER:
            return do()
        if fault is Fault.KILLED_BEFORE:
            self._kill(process)
        if fault in (Fault.STALLED_BEFORE, Fault.STALLED_AFTER):
            return self._stalled(process, do, fault, occasion)
        if fault in (Fault.REQUEST_LOST, Fault.REPLY_LOST, Fault.CAME_LATE):
            self._unanswered(do, fault, occasion)
        if fault is Fault.KILLED_BETWEEN:
            self._quietly(do)
            self._kill(process)
        if fault is Fault.SENT_TWICE:
            self._quietly(do)
            self._wait("again", occasion)
            return do()
        if fault is Fault.SERVER_ERROR_DONE:
            self._quietly(do)
        if fault in _ERRORS:
            raise _error(operation, *_ERRORS[fault])
        return self._special(service, operation, parameters, fault, occasion)

    def _kill(self, process: Process) -> NoReturn:
        self.scheduler.kill(process)
        raise Killed

    def _stalled(
        self, process: Process, do: Callable[[], dict[str, Any]], fault: Fault, occasion: Occasion
    ) -> dict[str, Any]:
        answer = do() if fault is Fault.STALLED_AFTER else None
        process.asleep_until = self.scheduler.now + _STALL_SECONDS * self.draws.fraction("stall", *occasion)
        self.scheduler.sleep(0.0)
        return do() if answer is None else answer

    def _unanswered(self, do: Callable[[], object], fault: Fault, occasion: Occasion) -> NoReturn:
        if fault is Fault.REPLY_LOST:
            self._quietly(do)
        if fault is Fault.CAME_LATE:
            after = _LATE_SECONDS * self.draws.fraction("late", *occasion)
            self.scheduler.start(self.outside, "a late request", partial(self._quietly, do), after=after)
        self.scheduler.sleep(0.0 if self.calm else _TIMEOUT_SECONDS)
        if fault is Fault.REQUEST_LOST:
            raise ConnectTimeoutError(endpoint_url=_ENDPOINT)
        raise ReadTimeoutError(endpoint_url=_ENDPOINT)

    def _quietly(self, do: Callable[[], object]) -> None:
        # Whoever asked never learns that it was refused.
        try:
            do()
        except ClientError as error:
            self.note("unseen answer", error)

    def _special(
        self, service: str, operation: str, parameters: dict[str, Any], fault: Fault, occasion: Occasion
    ) -> dict[str, Any]:
        do = partial(self._services[service].call, operation, parameters)
        if fault is Fault.CONFLICT:
            raise _conflict(operation, parameters)
        if fault is Fault.UNPROCESSED:
            return self._in_part(do, parameters)
        if fault is Fault.ENTRIES_FAILED:
            return self._some_refused(operation, parameters)
        if fault is Fault.BODY_BROKE:
            answer = do()
            answer["Body"] = _BrokenBody(answer["Body"], self.draws.below(200, "break", *occasion))
            return answer
        if fault is Fault.WRITTEN_AT_ONCE and "IfNoneMatch" in parameters:
            raise _error(operation, "ConditionalRequestConflict", 409)
        if fault is Fault.SAW_NOTHING:
            return {"ResponseMetadata": {"HTTPStatusCode": 200}}
        if fault is Fault.MESSAGE_LOST:
            answer = do()
            queue = self._queue(parameters)
            queue.messages.pop(next(reversed(queue.messages), ""), None)
            return answer
        if fault is Fault.MESSAGE_TWICE:
            answer = do()
            queue = self._queue(parameters)
            newest = next(reversed(queue.messages.values()), None)
            if newest is not None:
                queue.add(replace(newest, id=f"{newest.id}000", once=""), self.now())
            return answer
        if fault is Fault.DELETED_IN_VAIN:
            return {"ResponseMetadata": {"HTTPStatusCode": 200}}
        self.faults.take_back()
        return do()

    def _polled(self, parameters: dict[str, Any]) -> dict[str, Any]:
        # Waiting at a queue takes as long as it takes until there is a message, so that few turns are spent on it.
        queue = self._queue(parameters)
        change = min(queue.changes(self.now()), default=NEVER)
        waiting = self._at_queue.setdefault(queue.name, [])
        waiting.append(self.scheduler.current)
        self.scheduler.sleep(min(_LONGEST_POLL_SECONDS, max(change - self.now(), 0.0) + _LATENCY_SECONDS))
        return self.sqs.call("ReceiveMessage", parameters)

    def _sent(self, name: str) -> None:
        for task in self._at_queue.pop(name, ()):
            self.scheduler.wake(task)

    def _queue(self, parameters: dict[str, Any]) -> SimulatedQueue:
        return self.sqs.queues[parameters["QueueUrl"].rpartition("/")[2]]

    @staticmethod
    def _in_part(do: Callable[[], dict[str, Any]], parameters: dict[str, Any]) -> dict[str, Any]:
        answer = do()
        (table, asked), *_ = parameters["RequestItems"].items()
        found = answer["Responses"].get(table, [])
        if len(asked["Keys"]) > 1:
            left = asked["Keys"][-1]
            answer["Responses"][table] = [each for each in found if any(each[name] != left[name] for name in left)]
            answer["UnprocessedKeys"] = {table: {**asked, "Keys": [left]}}
        return answer

    def _some_refused(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        *accepted, refused = parameters["Entries"]
        answer: dict[str, Any] = {"Successful": [], "ResponseMetadata": {"HTTPStatusCode": 200}}
        if accepted:
            answer = self.sqs.call(operation, {**parameters, "Entries": accepted})
        failure = {"Id": refused["Id"], "SenderFault": False, "Code": "InternalError", "Message": "try again"}
        return answer | {"Failed": [*answer.get("Failed", ()), failure]}

    # What happens beside calls.

    def _happened(self, body: str) -> None:
        # The bucket tells the files queue, mostly soon and once.
        occasion = Occasion("bucket", next(self.identifiers))
        fault = self.faults.at("an event of the bucket", occasion)
        if fault is Fault.EVENT_LOST:
            return
        for delivery in range(2 if fault is Fault.EVENT_TWICE else 1):
            late = _LATE_SECONDS if fault is Fault.EVENT_LATE or delivery else 1.0
            after = 0.0 if self.calm else late * self.draws.fraction("event", delivery, *occasion)
            self.scheduler.start(self.outside, "an event", partial(self._deliver, body), after=after)

    def _deliver(self, body: str) -> None:
        self.sqs.call("SendMessage", {"QueueUrl": self.sqs.queues[FILES].url, "MessageBody": body})
        self._sent(FILES)

    def _disk_is_full(self) -> bool:
        if not self.scheduler.in_task:
            return False
        occasion = self.occasion(self.scheduler.current.process)
        return self.faults.at("a temporary file", occasion) is not None

    def message_bodies(self, name: str) -> list[str]:
        """Return what waits in a queue."""
        return [message.body for message in self.sqs.queues[name].messages.values()]


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


class _BrokenBody:
    # An answer's body that ends in an error after some bytes.
    def __init__(self, body: Any, good: int) -> None:
        self._body = body
        self._left = good

    def read(self, size: int | None = None) -> bytes:
        found: bytes = self._body.read(self._left if size is None else min(size, self._left))
        self._left -= len(found)
        if not found or size is None:
            raise ReadTimeoutError(endpoint_url=_ENDPOINT)
        return found

    def close(self) -> None:
        self._body.close()


_ERRORS = {
    Fault.THROTTLED: ("ThrottlingException", 400),
    Fault.SERVER_ERROR: ("InternalServerError", 500),
    Fault.SERVER_ERROR_DONE: ("InternalServerError", 500),
}


def _error(operation: str, code: str, status: int, **more: Any) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}} | more
    return ClientError(answer, operation)


def _conflict(operation: str, parameters: dict[str, Any]) -> ClientError:
    if operation != "TransactWriteItems":
        return _error(operation, "TransactionConflictException", 400)
    items = parameters["TransactItems"]
    reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in range(len(items) - 1))]
    return _error(operation, "TransactionCanceledException", 400, CancellationReasons=reasons[::-1])


def shown(body: str) -> str:
    """Return a message in short."""
    return json.dumps(json.loads(body))[:200]
