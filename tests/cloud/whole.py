"""The whole shape: files through a bucket, queues and real processes, and what is to come out of it.

Run as a module it is a crew of workers; IOTAGG_TEST_* in its environment, or in that of a function whose handler stands
here, says what is noted and done to it.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import iotagg.crew
from iotagg.aws.clients import connect
from iotagg.aws.provision import provision
from iotagg.aws.queues import Draft, Queue
from iotagg.aws.stack import Stack
from iotagg.crew import Crew, log_to_stderr
from iotagg.export import DAILY_COLUMNS, SUMMARY_COLUMNS, all_histories, daily_rows, summary_row, write_rows
from iotagg.jobs.chunk_range import ChunkRange
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.listing import files as listed
from iotagg.pipeline import Request, upload
from iotagg.sample import SampleOptions, write_sample
from iotagg.stores.dynamodb.sums import Sums
from iotagg.stores.sqlite import SqliteStore
from iotagg.worker import Duties
from tests.cloud.engine import ENVIRONMENT, unique
from tests.cloud.event_sources import EventSource
from tests.cloud.runtime_api import REPOSITORY, Function
from tests.pipeline.csvs import HEADER, TORN, csv, flow, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from iotagg.aws.queues import Message
    from iotagg.stores.protocol import Store

NOTES, TWICE, PAUSE = "IOTAGG_TEST_NOTES", "IOTAGG_TEST_TWICE", "IOTAGG_TEST_PAUSE"
DEADLINE_SECONDS = 120
_LOOK_SECONDS = 0.02
_SPOT_SECONDS = 0.2  # between two looks for a notice, by a crew
_AIMED, _AIM_SECONDS = 0.8, 5
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
            time.sleep(_LOOK_SECONDS)

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
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(what or "it did not happen")
        time.sleep(_LOOK_SECONDS)


# Processes.


@dataclass(frozen=True)
class RunningCrew:
    """A crew in a process of its own."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)

    def members(self) -> list[int]:
        """Return the processes that do the work."""
        return [child for child in _children(self.process.pid) if b"spawn_main" in _command(child)]

    def counts(self) -> dict[str, int]:
        """Return what it printed at its end."""
        found: dict[str, int] = json.loads(self.log.splitlines()[-1])
        return found


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(folder.name))
    return sorted(found)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def is_alive(pid: int) -> bool:
    """Say whether a process works still (a zombie does not)."""
    return bool(_command(pid))


@contextmanager
def crew(
    whole: Whole,
    log_file: Path,
    *,
    processes: int = 2,
    environment: dict[str, str] | None = None,
    health_file: Path | None = None,
    **duties: float | None,
) -> Iterator[RunningCrew]:
    """Run a crew as a service would; stop it at the end. Without other `duties` it polls quickly and never sweeps."""
    given = {
        "processes": processes,
        "health_file": str(health_file or ""),
        "duties": {"poll_seconds": 1, "sweep_seconds": 0, "grace_seconds": 20, **duties},
    }
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.cloud.whole", json.dumps(given)],
            cwd=REPOSITORY,
            env={**os.environ, **whole.stack.environment(), **(environment or {})},
            stdout=log,
            stderr=log,
        )
        try:
            yield RunningCrew(process, log_file)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _be_a_crew(given: dict[str, Any]) -> None:
    log_to_stderr()
    iotagg.crew._SPOT_SECONDS = _SPOT_SECONDS
    health_file = Path(given["health_file"]) if given["health_file"] else None
    crew = Crew(Stack.named_by(), Settings.named_by(), Duties(**given["duties"]), given["processes"], health_file)
    print(json.dumps(crew.run()))  # noqa: T201 (it is the process's result)


@contextmanager
def functions(
    whole: Whole,
    *,
    environment: dict[str, str] | None = None,
    shuffle: bool = False,
    duplicate: float = 0,
    seed: int = 0,
) -> Iterator[tuple[EventSource, EventSource]]:
    """Run both functions on their queues, one of each."""
    with ExitStack() as running:
        made = []
        for url, handler in (
            (whole.stack.files_queue_url, "summarize_handler"),
            (whole.stack.chunks_queue_url, "consolidate_handler"),
        ):
            function = Function(
                f"tests.cloud.whole.{handler}",
                environment={**whole.stack.environment(), **(environment or {})},
                timeout_s=60,
                name=handler,
            )
            running.enter_context(function)
            source = EventSource(url, [function], shuffle=shuffle, duplicate=duplicate, seed=seed)
            made.append(running.enter_context(source))
        yield made[0], made[1]


def summarize_handler(event: dict[str, Any], context: Any) -> Any:
    """Be the function, with what its environment does to it."""
    from lambda_handlers.summarize import handler  # noqa: PLC0415 (only a function's process needs it)

    return handler(event, context)


def consolidate_handler(event: dict[str, Any], context: Any) -> Any:
    """Be the function, with what its environment does to it."""
    from lambda_handlers.consolidate import handler  # noqa: PLC0415 (as above)

    return handler(event, context)


# What processes note down of what they do. A line is written at once, so that a killed process leaves whole ones.


@dataclass(frozen=True)
class Note:
    """Something that a process did: a job or a transaction, from `begin` to `end` (infinite: it did not end)."""

    kind: str
    pid: int
    begin: float
    end: float
    name: str
    chunk: int
    keys: frozenset[str]


def notes_in(file: Path) -> list[Note]:
    """Return what was noted."""
    begun: dict[str, dict[str, Any]] = {}
    ends: dict[str, float] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        noted = json.loads(line)
        if "end" in noted:
            ends[noted["id"]] = noted["end"]
        else:
            begun[noted["id"]] = noted
    return [
        Note(
            kind=noted["kind"],
            pid=noted["pid"],
            begin=noted["begin"],
            end=ends.get(number, float("inf")),
            name=noted["name"],
            chunk=noted["chunk"],
            keys=frozenset(noted["keys"]),
        )
        for number, noted in begun.items()
    ]


def meetings(notes: Iterable[Note]) -> int:
    """Return how many transactions ran at the same time as one of another process that writes a pair of theirs."""
    met, running = 0, list[Note]()
    for note in sorted((note for note in notes if note.kind == "transaction"), key=lambda note: note.begin):
        running = [other for other in running if other.end > note.begin]
        met += any(other.pid != note.pid and not other.keys.isdisjoint(note.keys) for other in running)
        if note.end < float("inf"):
            running.append(note)
    return met


class _Notebook:
    def __init__(self, file: str) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    @contextmanager
    def noted(self, kind: str, name: str, chunk: int = -1, keys: Iterable[str] = ()) -> Iterator[None]:
        number = uuid.uuid4().hex
        begun = {"kind": kind, "pid": os.getpid(), "name": name, "chunk": chunk, "keys": list(keys)}
        self._write(begun | {"id": number, "begin": time.monotonic()})
        try:
            yield
        finally:
            self._write({"id": number, "end": time.monotonic()})

    def _write(self, fields: dict[str, Any]) -> None:
        os.write(self._file, (json.dumps(fields) + "\n").encode())


def _note_down(notebook: _Notebook) -> None:
    pause, write = float(os.environ.get(PAUSE, "0")), Sums._write

    def noted_write(self: Sums, items: Sequence[dict[str, Any]], step: Any) -> None:
        keys = ["|".join(part["S"] for part in item["Update"]["Key"].values()) for item in items if "Update" in item]
        with notebook.noted("transaction", str(step.name), step.number, keys):
            write(self, items, step)
            time.sleep(pause)

    def noted_job(kind: str, job: Any, name: Callable[[str], str]) -> Any:
        def run(cloud: Cloud, body: str, *args: Any, **options: Any) -> Any:
            with notebook.noted(kind, name(body)):
                return job(cloud, body, *args, **options)

        return run

    import iotagg.worker  # noqa: PLC0415 (what is replaced in it)
    import lambda_handlers.consolidate  # noqa: PLC0415
    import lambda_handlers.summarize  # noqa: PLC0415

    Sums._write = noted_write  # type: ignore[method-assign]  # the one place that all transactions pass
    for module in (iotagg.worker, lambda_handlers.consolidate):
        module.consolidate_message = noted_job("consolidate", module.consolidate_message, _contribution)  # type: ignore[attr-defined]  # as the module names it
    for module in (iotagg.worker, lambda_handlers.summarize):
        module.summarize_message = noted_job("summarize", module.summarize_message, lambda _: "")  # type: ignore[attr-defined]


def _contribution(body: str) -> str:
    return str(ChunkRange.parse(body).name)


def _send_chunks_twice(seed: str) -> None:
    send, chance = Queue.send, random.Random(seed)  # noqa: S311

    def send_twice(self: Queue, drafts: Iterable[Draft]) -> None:
        given = list(drafts)
        if self.fifo:  # the copies in groups of their own: they may come at the same time
            given += [replace(each, group=f"copy-{each.group}", once=uuid.uuid4().hex) for each in given]
            chance.shuffle(given)
        send(self, given)

    Queue.send = send_twice  # type: ignore[method-assign]  # the one way into a queue


# Killing.


@dataclass(frozen=True)
class Kill:
    """A process that was killed, and when."""

    pid: int
    at: float


class Killer(threading.Thread):
    """Kills processes that are at work (SIGKILL), each at a random moment 50 to 400 ms after the last one or later.

    Most of them are aimed at: they die while a file of theirs is applied in part.
    """

    def __init__(self, notes: Path, *, kills: int, seed: int) -> None:
        super().__init__(name="killer")
        self.kills: list[Kill] = []
        self._notes = _Watched(notes)
        self._most = kills
        self._chance = random.Random(seed)  # noqa: S311
        self._over = threading.Event()

    def run(self) -> None:
        while len(self.kills) < self._most and not self._over.wait(self._chance.uniform(0.05, 0.4)):
            aimed = self._chance.random() < _AIMED
            until = time.monotonic() + (_AIM_SECONDS if aimed else 0)
            while not (victims := self._notes.at_work(in_part=aimed)) and time.monotonic() < until:
                self._over.wait(0.002)
            if victims and not self._over.wait(self._chance.uniform(0, 0.02)):
                self._kill(self._chance.choice(victims))

    def _kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills.append(Kill(pid, time.monotonic()))
            self._notes.dead.add(pid)

    def stop(self) -> None:
        """Kill no more."""
        self._over.set()
        self.join()


class _Watched:
    # Notes, looked at again and again while they are written.
    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0
        self._open: dict[str, dict[str, Any]] = {}
        self._applied: set[str] = set()
        self.dead: set[int] = set()

    def at_work(self, *, in_part: bool) -> list[int]:
        self._look()
        jobs = [noted for noted in self._open.values() if noted["kind"] != "transaction"]
        return sorted({noted["pid"] for noted in jobs if not in_part or noted["name"] in self._applied} - self.dead)

    def _look(self) -> None:
        if not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            noted = json.loads(line)
            if "begin" in noted:
                self._open[noted["id"]] = noted
            elif (ended := self._open.pop(noted["id"], None)) and ended["kind"] == "transaction":
                self._applied.add(ended["name"])


@dataclass
class Deaths:
    """How many processes were killed, and what they were in the middle of.

    `in_a_file` counts those at a file of which some chunks were applied and others not, `in_a_transaction` those that
    had sent one and not yet learned what became of it, `in_a_summary` those that read a file.
    """

    kills: int = 0
    in_a_file: int = 0
    in_a_transaction: int = 0
    in_a_summary: int = 0
    rounds: int = 0

    def add(self, kills: Iterable[Kill], notes: list[Note], chunks: dict[str, int]) -> None:
        """Count the deaths of a round; `chunks` says how many each contribution has."""
        self.rounds += 1
        for kill in kills:
            open_then = Counter[str]()
            files = set()
            for note in notes:
                if note.pid == kill.pid and note.end == float("inf"):
                    open_then[note.kind] += 1
                    files |= {note.name} if note.kind == "consolidate" else set()
            self.kills += 1
            self.in_a_transaction += open_then["transaction"] > 0
            self.in_a_summary += open_then["summarize"] > 0
            self.in_a_file += any(0 < _applied(notes, name, kill.at) < chunks[name] for name in files)


def _applied(notes: Iterable[Note], name: str, at: float) -> int:
    return len({note.chunk for note in notes if note.kind == "transaction" and note.name == name and note.end < at})


def chunk_counts(store: Store) -> dict[str, int]:
    """Return how many chunks each contribution has."""
    return {str(record.name): record.head.chunks for site in store.sites() for record in store.files(site)}


def compressed(content: bytes) -> bytes:
    """Return content as a compressed file holds it."""
    return gzip.compress(content, mtime=0)


if os.environ.get(NOTES):
    _note_down(_Notebook(os.environ[NOTES]))
if os.environ.get(TWICE):
    _send_chunks_twice(os.environ[TWICE])
if __name__ == "__main__":
    _be_a_crew(json.loads(sys.argv[1]))
