"""Who acts in a schedule: uploaders, people who retract, workers on machines, functions, and those who start them."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from iotagg.audit import audit
from iotagg.core.ledger import Policy
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.handling import handle
from iotagg.jobs.raw_files import is_final
from iotagg.jobs.summarize import hand_over, metadata_for, summarize_message
from iotagg.jobs.sweep import sweep
from iotagg.listing import files
from iotagg.pipeline import Request, retract
from iotagg.redrive import redrive
from iotagg.worker import Duties, Worker
from tests.simulation.faults import Fault, Occasion
from tests.simulation.scheduler import Process
from tests.simulation.stand_ins import Event, Lock
from tests.simulation.story import Put, Retract

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.aws.queues import Message, Queue
    from iotagg.core.contribution import Name
    from iotagg.jobs.cloud import Cloud
    from tests.simulation.story import Script
    from tests.simulation.world import World

RESTART_SECONDS = 20.0
SWEEP_SECONDS = 300.0
_LOOK_SECONDS = 60.0
_POLL_SECONDS = 20
_TIME_OF_A_FUNCTION = 60.0
_BATCH = 5
CUTS = (96, 1, 2)  # pair-months of a chunk, of three versions of the code


class Actors:
    """Those who act in one world. Whoever is killed is started again, as a new process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.authors_left: set[str] = set()
        self._started: Counter[str] = Counter()

    def watched(self, kind: str, work: Callable[[Process], object], *, again: bool = True, after: float = 0.0) -> None:
        """Start a process, and start it again when it ends; with `again` false, only if it did not come to its end."""
        watch = partial(self._watch, kind, work, again)
        self.world.scheduler.start(self.world.outside, f"who starts {kind}", watch, after=after)

    def _watch(self, kind: str, work: Callable[[Process], object], again: bool) -> None:
        scheduler = self.world.scheduler
        while True:
            process = self._process(kind)
            task = scheduler.start(process, kind, partial(work, process))
            scheduler.join(task)
            came_to_its_end = process.alive and task.error is None
            scheduler.kill(process)
            if came_to_its_end and not again:
                return
            scheduler.sleep(RESTART_SECONDS)

    def _process(self, kind: str) -> Process:
        # Each start may be of another version of the code.
        self._started[kind] += 1
        name = f"{kind}-{self._started[kind]}"
        fault = self.world.faults.at("a process's start", Occasion(name, 0))
        cut = CUTS[1 + self.world.draws.below(2, "cut", name)] if fault is Fault.CUT_DIFFERENTLY else CUTS[0]
        return Process(name, asleep_until=self.world.nobody_works_until, enter=partial(_cut_by, cut))

    # People and branches.

    def author(self, script: Script) -> None:
        """Let a script be carried out."""
        self.authors_left.add(script.path)
        self.watched(f"author of {script.path}", _Author(self, script).run, again=False)

    # Workers.

    def worker(self, name: str, *, sweeps: bool = True) -> None:
        """Let a worker on a machine take messages."""
        self.watched(name, partial(self._work, sweeps=sweeps))

    def _work(self, _: Process, *, sweeps: bool) -> None:
        scheduler = self.world.scheduler
        duties = Duties(poll_seconds=_POLL_SECONDS, sweep_seconds=SWEEP_SECONDS if sweeps else 0)
        worker = Worker(
            self.world.cloud(),
            duties,
            _stopping=Event(scheduler),  # type: ignore[arg-type]  # all that a worker asks of one
            _last_message=scheduler.now,
            _lock=Lock(scheduler),  # type: ignore[arg-type]  # as above
        )
        worker.run()

    # Functions, and the service that calls them.

    def functions(self, name: str, *, sweeps: bool = True) -> None:
        """Let functions be called with the messages of both queues, and on a schedule."""
        self.watched(f"{name} files", partial(self._feed, "files"))
        self.watched(f"{name} chunks", partial(self._feed, "chunks"))
        if sweeps:
            self.watched(f"{name} sweep", self._sweep, after=SWEEP_SECONDS)

    def _sweep(self, _: Process) -> None:
        world = self.world
        cloud = world.cloud()
        while True:
            _forgiving(world, lambda: sweep(cloud, clock=world.now))
            world.scheduler.sleep(SWEEP_SECONDS)

    def _feed(self, which: str, _: Process) -> None:
        # It takes messages, calls a function, and deletes what the function did.
        scheduler = self.world.scheduler
        queue: Queue = getattr(self.world.cloud(), which)
        warm: list[Cloud] = []
        while True:
            messages = _forgiving(self.world, lambda: queue.receive(_BATCH, _POLL_SECONDS)) or []
            if not messages:
                continue
            done: list[Message] = []
            process = self._process(f"function of {which}")
            work = partial(self._call, process, which, messages, warm, done)
            scheduler.join(scheduler.start(process, "a function", work))
            if not process.alive:
                warm.clear()
            scheduler.kill(process)
            for message in done:
                _forgiving(self.world, partial(queue.done, message))

    def _call(
        self, process: Process, which: str, messages: list[Message], warm: list[Cloud], done: list[Message]
    ) -> None:
        if not warm:
            warm.append(self.world.cloud())
        cloud = warm[0]
        queue: Queue = getattr(cloud, which)
        finished: list[Message] = []
        in_time = self._in_time(process)
        for message in messages:
            # A file has a function's whole time to itself if it comes first, and waits for another call if not.
            enough = _always if message is messages[0] and which == "files" else in_time
            try:
                handle(queue, message, partial(self._job, which, cloud, message, enough))
            except Exception as error:  # noqa: BLE001 (what fails is not deleted, and comes again)
                self.world.failed(error)
                if which == "chunks":
                    break
            else:
                finished.append(message)
        done += finished  # only a function that comes to its end says what it did

    @staticmethod
    def _job(which: str, cloud: Cloud, message: Message, in_time: Callable[[], bool]) -> bool:
        if which == "files":
            return in_time() and bool(summarize_message(cloud, message.body) or True)
        return consolidate_message(cloud, message.body, received=message.received, in_time=in_time)

    def _in_time(self, process: Process) -> Callable[[], bool]:
        world = self.world
        until = world.scheduler.now + _TIME_OF_A_FUNCTION
        if world.faults.at("a function's time", world.occasion(process)) is Fault.TIME_IS_UP:
            until = world.scheduler.now
        return lambda: world.scheduler.now < until

    def looker(self, after: float) -> None:
        """Let somebody audit, and list the files, while all the others are at work."""
        self.watched("looker", self._look, again=False, after=after)

    def _look(self, _: Process) -> None:
        world = self.world
        store = world.cloud().store
        for finding in audit(store, wait=world.scheduler.sleep):
            world.strange.append(f"an audit of what is in order: {finding}")
        for outcome in files(store):
            if outcome.state not in ("counted", "pending", "refused", "retracted"):
                world.strange.append(f"a file is listed as {outcome.state}")

    def person_redrives(self) -> None:
        """Let somebody give dead letters back."""
        self.watched("redrive", self._redrive, again=False)

    def _redrive(self, _: Process) -> None:
        cloud = self.world.cloud()
        redrive(cloud.files)
        redrive(cloud.chunks)


class _Author:
    # Carries a script out, step by step; whoever is killed goes on with the step he was at.
    def __init__(self, actors: Actors, script: Script) -> None:
        self._actors = actors
        self._world = actors.world
        self._script = script
        self._next = 0
        self._to_take_out: tuple[Name, ...] | None = None

    def run(self, _: Process) -> None:
        cloud = self._world.cloud()
        while self._next < len(self._script.steps):
            step = self._script.steps[self._next]
            if isinstance(step, Put):
                self._put(cloud, step)
            else:
                self._settled(cloud)
            if isinstance(step, Retract):
                self._retract(cloud)
            self._next += 1
        self._actors.authors_left.discard(self._script.path)

    def _put(self, cloud: Cloud, step: Put) -> None:
        policy = Policy(step.on_change, step.again)
        metadata = metadata_for(Request(self._script.site, policy=policy))
        while not _forgiving(
            self._world,
            lambda: cloud.bucket.s3.put_object(
                Bucket=cloud.bucket.name, Key=self._script.path, Body=step.content, Metadata=metadata
            ),
        ):
            self._world.scheduler.sleep(_LOOK_SECONDS)

    def _settled(self, cloud: Cloud) -> None:
        while not _forgiving(self._world, lambda: self._is_settled(cloud)):
            self._world.scheduler.sleep(_LOOK_SECONDS)

    def _is_settled(self, cloud: Cloud) -> bool:
        path = self._script.path
        record = cloud.store.path(self._script.site, path)
        return all(is_final(version, record) for version in cloud.bucket.versions(path) if version.key == path)

    def _retract(self, cloud: Cloud) -> None:
        while not _forgiving(self._world, lambda: self._taken_out(cloud)):
            self._world.scheduler.sleep(_LOOK_SECONDS)

    def _taken_out(self, cloud: Cloud) -> bool:
        # Who repeats the command means the same files.
        site, path = self._script.site, self._script.path
        if self._to_take_out is None:
            self._to_take_out = cloud.store.path(site, path).names
        retract(cloud.store, site, path, self._to_take_out, bring=hand_over(cloud))
        self._to_take_out = None
        return True


def _always() -> bool:
    return True


def _forgiving(world: World, work: Callable[[], Any]) -> Any:
    # Whoever gets an error tries again later.
    try:
        return work()
    except Exception as error:  # noqa: BLE001 (whatever it is)
        world.failed(error)
        return None


def _cut_by(pair_months: int) -> None:
    import iotagg.core.contribution as module  # noqa: PLC0415 (a name of its own for what is changed)

    module.CHUNK = pair_months
