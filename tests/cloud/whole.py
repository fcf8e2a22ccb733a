"""The whole shape: files through a bucket, a deployment that counts them, and what is to come out of it."""

from __future__ import annotations

import io
import json
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iotagg.aws.clients import connect
from iotagg.aws.provision import provision
from iotagg.aws.queues import Draft
from iotagg.export import DAILY_COLUMNS, SUMMARY_COLUMNS, all_histories, daily_rows, summary_row, write_rows
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.listing import files as listed
from iotagg.pipeline import Request, upload
from iotagg.sample import SampleOptions, write_sample
from iotagg.stores.sqlite import SqliteStore
from tests.cloud.engine import ENVIRONMENT, unique
from tests.pipeline.csvs import HEADER, TORN, csv, flow, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from iotagg.aws.queues import Message, Queue
    from iotagg.aws.stack import Stack
    from iotagg.stores.protocol import Store

DEADLINE_SECONDS = 120
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.005, 0.1, 1.5  # between two looks, each of which takes work
_CALM_LOOKS = 2  # so often queues are found empty before they count as such


# Files, and what they come to.


@dataclass(frozen=True)
class Given:
    """A flow file, and the site that it is uploaded for."""

    site: str
    file: Path

    @property
    def key(self) -> str:
        return f"incoming/{self.site}/{self.file.name}"


def write_files(folder: Path, *, days: int, rows: int, sites: Sequence[str] = ("paris", "tokyo")) -> list[Given]:
    """Write a sample, and what a sample lacks: files that are refused, empty, compressed, or torn in places."""
    sample = [
        Given(file.parent.name, file)
        for file in write_sample(folder, SampleOptions(days=days, rows=rows, sites=tuple(sites)))
    ]
    odd = {
        "refused.csv": b"Src IP,Dst IP\n192.0.2.1,192.0.2.2\n",
        "quiet.csv": HEADER,
        "torn.csv": csv(flow(), TORN, flow(packets=7)),
        "a b+\N{LATIN SMALL LETTER E WITH ACUTE}.csv.gz": csv(flow(day="2022-11-30"), flow(source="2001:db8::7")),
    }
    return sample + [Given("odd", put(folder / "odd" / name, content)) for name, content in odd.items()]


def real_files() -> list[Given]:
    """Return the real flow files of the folder that IOTAGG_REAL_FILES names, if it does."""
    named = os.environ.get("IOTAGG_REAL_FILES")
    return [Given("real", file) for file in sorted(Path(named).glob("*.csv"))] if named else []


@dataclass(frozen=True)
class Result:
    """What a store amounts to: its exports, byte by byte, and what became of each file."""

    export: bytes
    files: dict[tuple[str, str], dict[str, Any]] = field(compare=True)


def result_of(store: Store) -> Result:
    """Return what a store amounts to."""
    out = io.StringIO()
    write_rows((row for pair in all_histories(store) for row in daily_rows(pair)), DAILY_COLUMNS, out)
    write_rows(map(summary_row, all_histories(store)), SUMMARY_COLUMNS, out)
    files = {}
    for outcome in listed(store):
        name = outcome.file.rpartition("/")[2]
        files[outcome.site, name] = outcome.as_json() | {"file": name}
    return Result(out.getvalue().encode(), files)


def counted_here(files: Iterable[Given], database: Path) -> Result:
    """Return what files come to in a database on this machine."""
    store = SqliteStore(database)
    try:
        for each in files:
            upload(store, each.file, Request(each.site))
        return result_of(store)
    finally:
        store.close()


# A deployment.


@dataclass(frozen=True)
class Whole:
    """A deployment on the engine, seen from outside."""

    stack: Stack
    cloud: Cloud

    def put(self, files: Sequence[Given]) -> None:
        """Put files into the bucket while nobody works, and wait for their events."""
        expected = self.cloud.files.depth().waiting + len(files)
        self.drop(files)
        wait_until(lambda: self.cloud.files.depth().waiting == expected, "the bucket sent no events")

    def drop(self, files: Iterable[Given]) -> None:
        """Put files into the bucket, whoever works meanwhile."""
        for each in files:
            self.cloud.bucket.put_if_absent(each.key, each.file.read_bytes())

    def counted(self, count: int) -> bool:
        """Say whether so many files are counted."""
        return [outcome.state for outcome in listed(self.cloud.store)].count("counted") == count

    def send_twice(self, seed: int) -> int:
        """Take all messages out of the files queue, and send each twice, in another order; return how many waited."""
        bodies = [message.body for message in taken(self.cloud.files)]
        mixed = bodies * 2
        random.Random(seed).shuffle(mixed)  # noqa: S311 (a seeded order, no secret)
        self.cloud.files.send(map(Draft, mixed))
        return len(bodies)

    def idle(self) -> bool:
        """Say whether there is no message in either queue."""
        return not (self.cloud.files.depth().total or self.cloud.chunks.depth().total)

    def drained(self, seconds: float = DEADLINE_SECONDS) -> None:
        """Wait until both queues are empty. Raises TimeoutError."""
        until, calm = time.monotonic() + seconds, 0
        while calm < _CALM_LOOKS:
            calm = calm + 1 if self.idle() else 0
            if time.monotonic() > until:
                raise TimeoutError(f"{self.cloud.files.depth()}, {self.cloud.chunks.depth()} after {seconds} s")
            time.sleep(_FIRST_PAUSE if calm else _LONGEST_PAUSE)

    def left(self) -> dict[str, object]:
        """Return what should not be left at the end: pending files and dead letters."""
        store = self.cloud.store
        pending = [str(each.name) for site in store.sites() for each in store.pending(site)]
        dead = {queue.name: queue.dead_letters().depth().total for queue in (self.cloud.files, self.cloud.chunks)}
        return {name: found for name, found in {"pending": pending, **dead}.items() if found}

    def endure(self, receives: int = 1000) -> None:
        """Let messages be received very often before they are dead letters: their workers are to be killed."""
        sqs = self.cloud.files._sqs
        for queue in (self.cloud.files, self.cloud.chunks):
            found = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["RedrivePolicy"])["Attributes"]
            policy = json.loads(found["RedrivePolicy"]) | {"maxReceiveCount": receives}
            sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": json.dumps(policy)})


def deployed(*, visibility_seconds: int = 120, fifo: bool = True, settings: Settings | None = None) -> Whole:
    """Make a deployment on the engine."""
    region = ENVIRONMENT["AWS_DEFAULT_REGION"]
    stack = provision(connect(), unique("whole"), region=region, visibility_seconds=visibility_seconds, fifo=fifo)
    return Whole(stack, Cloud.connected(stack, settings))


def taken(queue: Queue) -> list[Message]:
    """Return all messages that wait in a queue, which is empty then."""
    found: list[Message] = []
    while messages := queue.receive(wait_seconds=0):
        for message in messages:
            queue.done(message)
        found += messages
    return found


def wait_until(condition: Callable[[], object], what: str = "", seconds: float = DEADLINE_SECONDS) -> None:
    """Wait for something that happens elsewhere. Raises TimeoutError."""
    until, pause = time.monotonic() + seconds, _FIRST_PAUSE
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(what or "it did not happen")
        time.sleep(pause)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
