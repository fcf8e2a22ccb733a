"""One deployment to try the jobs on: on the engine that stands in for AWS, or in memory where many tries are wanted."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, cast

from iotagg.aws.clients import connect
from iotagg.aws.events import Arrival, arrivals, message_for, site_and_path
from iotagg.aws.meter import Meter
from iotagg.aws.objects import NO_VERSION, ObjectVersion
from iotagg.aws.provision import provision
from iotagg.aws.queues import Depth
from iotagg.errors import FileUnreadable, NotFound
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.summarize import summarize_message
from iotagg.pipeline import Request, is_pending, summarize
from iotagg.pipeline import count as count_in
from iotagg.stores.memory import MemoryStore
from tests.cloud.engine import ENVIRONMENT, unique
from tests.pipeline.csvs import everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from iotagg.aws.clients import Clients
    from iotagg.aws.objects import Bucket
    from iotagg.aws.queues import Draft, Queue
    from iotagg.core.ledger import FileRecord, PathRecord
    from iotagg.core.outcome import Outcome
    from iotagg.stores.dynamodb.access_log import AccessLog
    from iotagg.stores.dynamodb.arrivals import Arrivals
    from iotagg.stores.dynamodb.digests import Digests
    from iotagg.stores.protocol import Store
    from tests.pipeline.csvs import Row

KEY = "incoming/paris/a.csv"
EVENT_SECONDS = 20  # an engine tells of an object a moment later
LONG_AGO = datetime(2022, 12, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Held:
    """One version of an object on a shelf; `number` orders all versions by when they came."""

    number: int
    key: str
    version: str
    content: bytes
    metadata: dict[str, str]
    modified: datetime

    @property
    def etag(self) -> str:
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()

    def arrival(self, bucket: str) -> Arrival:
        """Return what an event says of it; sequencers may differ in length, S3 says."""
        version = "" if self.version == NO_VERSION else self.version
        sequencer = f"{self.number:08X}" + "0" * (self.number % 3)
        return Arrival(bucket, self.key, version, self.etag, len(self.content), sequencer)


class Stream:
    """One version of an object, being read."""

    def __init__(self, held: Held) -> None:
        self._content = BytesIO(held.content)
        self.size = len(held.content)
        self.metadata = held.metadata

    def read(self, size: int, /) -> bytes:
        return self._content.read(size)

    def close(self) -> None:
        self._content.close()


class Shelf:
    """As much of a bucket as the jobs use, in memory."""

    def __init__(self, *, keeps_versions: bool = True) -> None:
        self.name = "shelf"
        self.held: list[Held] = []
        self.opened: list[str] = []
        self.modified = LONG_AGO
        self._keeps_versions = keeps_versions
        self._numbers = count(1)

    def put(self, key: str, content: bytes, metadata: dict[str, str] | None = None) -> Held:
        number = next(self._numbers)
        version = f"v{number}" if self._keeps_versions else NO_VERSION
        if not self._keeps_versions:
            self.remove(key, NO_VERSION)
        self.held.append(Held(number, key, version, content, metadata or {}, self.modified))
        return self.held[-1]

    def open(self, key: str, version: str = "", etag: str = "") -> Stream:
        self.opened.append(key)
        found = [held for held in self.held if held.key == key and version in {held.version, ""}]
        if not found:
            raise NotFound(f"no object {key} in bucket {self.name}")
        if not version and etag not in {found[-1].etag, ""}:
            raise FileUnreadable("the object changed before it was read; its new version is read")
        return Stream(found[-1])

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        for held in sorted(self.held, key=lambda held: (held.key.encode(), -held.number)):
            if held.key.startswith(prefix):
                yield ObjectVersion(held.key, held.version, len(held.content), held.etag, held.modified, latest=True)

    def remove(self, key: str, version: str) -> None:
        self.held = [held for held in self.held if (held.key, held.version) != (key, version)]


class Line:
    """As much of a queue as the jobs use, in memory: nothing is delivered but by the test."""

    def __init__(self, others: dict[str, Line] | None = None) -> None:
        self.others = {} if others is None else others
        self.bodies: list[str] = []

    def another(self, url: str) -> Line:
        return self.others.setdefault(url, Line(self.others))

    def send(self, drafts: Iterable[Draft]) -> None:
        self.bodies.extend(draft.body for draft in drafts)

    def depth(self) -> Depth:
        return Depth(len(self.bodies), 0, 0)


class Days:
    """The days of the last files, in memory; `day` is this day."""

    def __init__(self) -> None:
        self.day = "2022-12-10"
        self.last: dict[str, str] = {}

    def today(self) -> str:
        return self.day

    def note(self, site: str) -> None:
        self.last[site] = self.day

    def last_days(self) -> dict[str, str]:
        return dict(self.last)


@dataclass
class Desk:
    """A deployment, what its bucket and its queues get from outside, and what its workers do about it."""

    cloud: Cloud
    put_object: Callable[[str, bytes, dict[str, str]], None] = field(repr=False)
    take: Callable[[Queue], list[str]] = field(repr=False)

    def put(self, content: bytes, key: str = KEY, metadata: dict[str, str] | None = None) -> str:
        """Put an object into the bucket and return the body of its event."""
        self.put_object(key, content, metadata or {})
        until = time.monotonic() + EVENT_SECONDS
        while not (events := self.events()) and time.monotonic() < until:
            time.sleep(0.005)
        (event,) = events
        return event

    def events(self) -> list[str]:
        """Return the bodies that wait in the files queue, which is empty then."""
        return self.take(self.cloud.files)

    def chunk_messages(self) -> list[str]:
        """Return the bodies that wait in the chunks queue, which is empty then."""
        return self.take(self.cloud.chunks)

    def set(self, **settings: object) -> None:
        """Deploy it anew with other settings."""
        self.cloud = replace(self.cloud, settings=replace(self.cloud.settings, **settings))  # type: ignore[arg-type]  # a test's own words

    def summarize(self, *bodies: str) -> list[Outcome]:
        """Do what messages of the files queue ask for, one after the other."""
        return [outcome for body in bodies for outcome in summarize_message(self.cloud, body)]

    def consolidate(self, *bodies: str) -> None:
        """Do what messages of the chunks queue ask for, one after the other."""
        for body in bodies:
            assert consolidate_message(self.cloud, body)

    def work(self, *bodies: str) -> list[Outcome]:
        """Do what messages of the files queue ask for, then all that waits in both queues, until they stay empty."""
        outcomes = self.summarize(*bodies)
        while True:
            chunks, files = self.chunk_messages(), self.events()
            if not chunks and not files:
                return outcomes
            self.consolidate(*chunks)
            outcomes += self.summarize(*files)

    def count(self, content: bytes, key: str = KEY, metadata: dict[str, str] | None = None) -> Outcome:
        """Put an object into the bucket, do all the work that follows and return what its event came to."""
        (outcome,) = self.work(self.put(content, key, metadata))
        return outcome

    def path(self, key: str = KEY, site: str = "") -> PathRecord:
        """Return what is known of a key, at the site that it names."""
        place = site_and_path(key) if not site else (site, key)
        assert place is not None
        return self.cloud.store.path(*place)

    def records(self, key: str = KEY) -> list[FileRecord]:
        """Return the contributions that a key refers to."""
        return [record for name in self.path(key).names if (record := self.cloud.store.file(name)) is not None]

    def sums(self) -> dict[str, list[Row]]:
        """Return all that the store adds up to."""
        return everything(self.cloud.store)

    def left_pending(self) -> list[str]:
        """Return what has yet to be applied, or is only listed as such."""
        store = self.cloud.store
        moved = [record for site in store.sites() for record in store.files(site) if record.revision]
        unfinished = [record.name for record in moved if is_pending(store, record)]
        listed = [pending.name for site in store.sites() for pending in store.pending(site)]
        return sorted({str(name) for name in (*unfinished, *listed)})


def clean(*contents: bytes, request: Request | None = None) -> dict[str, list[Row]]:
    """Return what contents add up to in a store that never saw anything else."""
    store = MemoryStore()
    for number, content in enumerate(contents):
        given = request or Request("paris")
        outcome = count_in(store, f"{number}.csv", summarize(BytesIO(content), given), given)
        assert outcome is not None
        assert outcome.state == "counted"
    return everything(store)


def on_the_engine(settings: Settings | None = None, *, fifo: bool = False) -> Desk:
    """Make a deployment on the engine. Its queues drop no message as a double unless `fifo`."""
    clients = connect()
    stack = provision(clients, unique("jobs"), region=ENVIRONMENT["AWS_DEFAULT_REGION"], fifo=fifo)
    cloud = Cloud.connected(stack, settings)
    desk = Desk(cloud, lambda *given: _put(clients, stack.bucket, *given), _received)
    desk.events()  # a test event, where the engine sends one
    return desk


def _put(clients: Clients, bucket: str, key: str, content: bytes, metadata: dict[str, str]) -> None:
    clients.s3.put_object(Bucket=bucket, Key=key, Body=content, Metadata=metadata)


def _received(queue: Queue) -> list[str]:
    bodies: list[str] = []
    while messages := queue.receive(wait_seconds=0):
        for message in messages:
            queue.done(message)
        bodies += [message.body for message in messages]
    return bodies


def in_memory(settings: Settings | None = None, store: Store | None = None, *, keeps_versions: bool = True) -> Desk:
    """Make a deployment of which everything is in memory."""
    shelf, files, chunks = Shelf(keeps_versions=keeps_versions), Line(), Line()

    def put(key: str, content: bytes, metadata: dict[str, str]) -> None:
        held = shelf.put(key, content, metadata)
        files.bodies.append(message_for(held.arrival(shelf.name)))

    cloud = Cloud(
        store=store or MemoryStore(),
        bucket=cast("Bucket", shelf),
        files=cast("Queue", files),
        chunks=cast("Queue", chunks),
        meter=Meter(),
        arrivals=cast("Arrivals", Days()),
        access_log=cast("AccessLog", None),
        digests=cast("Digests", None),
        settings=settings or Settings(),
    )
    return Desk(cloud, put, _emptied)


def _emptied(queue: Queue) -> list[str]:
    line = cast("Line", queue)
    bodies, line.bodies = line.bodies, []
    return bodies


def shelf_of(desk: Desk) -> Shelf:
    """Return the bucket of a deployment in memory."""
    return cast("Shelf", desk.cloud.bucket)


def days_of(desk: Desk) -> Days:
    """Return the days of a deployment in memory."""
    return cast("Days", desk.cloud.arrivals)


def merged(bodies: Sequence[str]) -> str:
    """Return one message that tells what several tell."""
    return json.dumps({"Records": [record for body in bodies for record in json.loads(body)["Records"]]})


def arrival_of(body: str) -> Arrival:
    """Return the one arrival that a message tells."""
    (arrival,) = arrivals(body)
    return arrival


def ticking(times: int) -> Callable[[], bool]:
    """Return what says so many times that there is time."""
    asked = count(1)
    return lambda: next(asked) <= times


def held(desk: Desk) -> list[str]:
    """Return the key of each version that lies in the bucket."""
    return [version.key for version in desk.cloud.bucket.versions("incoming/")]
