"""All that can happen to two workers with one file and one fault: every order of their calls, every fault at each.

Both have a message each: both read the file, or one reads it once more while the other adds what it adds, or both add
it. An order is a list of choices: which worker makes its next call, and what goes wrong at it. Each is taken after all
that may come before it, but for two things. What comes of two orders is the same where the services hold the same, each
worker that is still at it has learned the same, and the fault is over in both or in neither: one of them is given up.
And what nobody else can see or change, as a worker's own computing, is done at once. Time stands still meanwhile, so
that no wait hides an order; when both workers are done, others finish what they left, in the ordinary way.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.handling import Handled, handle
from iotagg.jobs.summarize import summarize_message
from tests.pipeline.csvs import csv, flow
from tests.simulation.actors import Actors
from tests.simulation.faults import Draws, Fault, Faults, Fired, Occasion, faults_at
from tests.simulation.schedule import comes_to_rest, quietly, wrongs
from tests.simulation.scheduler import Process
from tests.simulation.story import Put, Script
from tests.simulation.ways import States, every_way
from tests.simulation.world import FILES as FILES_QUEUE
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.aws.queues import Message, Queue
    from tests.simulation.scheduler import Task
    from tests.simulation.ways import Ways

WORKERS = ("first", "second")
# Without time, a stall is the others' turn, and what comes late is what comes in another order.
TIMELESS = frozenset(Fault) - {Fault.STALLED_BEFORE, Fault.STALLED_AFTER}
READS, ADDS = "reads", "adds"
BOTH = {
    "both read the file": (READS, READS),
    "one reads it once more while the other adds what it adds": (READS, ADDS),
    "both add what it adds": (ADDS, ADDS),
}
# What the workers read and nobody writes meanwhile.
_NEVER_WRITTEN = {"before s3.GetObject incoming/paris/file.csv", "before dynamodb.GetItem FLOOR/FLOOR"}
_SITE, _PATH = "paris", "incoming/paris/file.csv"


@dataclass(slots=True)
class Found:
    """What all orders came to: how many there were, and how many of them came to an end of their own."""

    orders: int = 0
    ends: int = 0
    states: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, line: dict[str, Any]) -> None:
        """Count what one order came to."""
        self.orders += 1
        self.ends += line.get("ended", True)
        self.faults.update(line.get("faults", ()))
        self.wrong += [f"{line['taken']}: {each}" for each in line["wrong"]]


class _CameBy(Exception):
    """Another order came by this state: what comes of it is known."""


class ChosenFaults(Faults):
    """At most one fault in a run, anywhere, of any kind."""

    ways: Ways

    def at(self, site: str, occasion: Occasion) -> Fault | None:
        if not self.on or self.fired or occasion.process not in WORKERS:
            return None
        possible = [fault for fault in faults_at(site) if fault in TIMELESS]
        chosen = self.ways.take(1 + len(possible))
        if not chosen:
            return None
        self.fired.append(Fired(occasion, site, possible[chosen - 1]))
        return possible[chosen - 1]


def explore(
    both: tuple[str, str], most: float = float("inf"), at_once: int = 1, told: Callable[[int], object] = id
) -> Found:
    """Take all orders of two workers that read or add, or as many as may be taken; return what was found.

    To be called where no other thread runs if several are to be taken `at_once`: processes are forked.
    """
    found, states = Found(), States()
    with quietly():
        _Run(both, None).line()  # what is loaded and made once, is there for all
        for line in every_way(lambda ways: _Run(both, ways).line(), states, most, at_once, told):
            found.add(line)
    found.states = states.count
    return found


class _Run:
    def __init__(self, both: tuple[str, str], ways: Ways | None) -> None:
        self._ways = ways
        self.faults = ChosenFaults(Draws(1), on=ways is not None)
        if ways is not None:
            self.faults.ways = ways
        self._both = both
        self._content = csv(flow(), flow(packets=2))
        self._steers = False
        self.world = World(1, self.faults, choose=self._choose, calm=True)

    def line(self) -> dict[str, Any]:
        """Return what this order comes to."""
        try:
            wrong = self._verdict()
        except _CameBy:
            wrong = None
        finally:
            self.faults.on = False
            self.world.close()
        faults = [f"{each.site}: {each.fault.value}" for each in self.faults.fired]
        return {"wrong": wrong or [], "ended": wrong is not None, "faults": faults}

    def _verdict(self) -> list[str]:
        world = self.world
        jobs = self._jobs()
        scheduler = world.scheduler
        self._steers = scheduler.is_timeless = True
        tasks = [
            scheduler.start(process, process.name, job)
            for process, job in zip(map(Process, WORKERS), jobs, strict=True)
        ]
        scheduler.run(lambda: all(task.over or not task.process.alive for task in tasks))
        self._steers = scheduler.is_timeless = world.calm = False
        actors = Actors(world)
        actors.functions("functions")
        wrong = [] if comes_to_rest(world, actors) else ["it does not come to rest"]
        wrong += wrongs(world, (Script(_SITE, _PATH, (Put(self._content),)),), in_order=False)
        return wrong

    def _jobs(self) -> list[Callable[[], None]]:
        # Where two have one message, its visibility ended while the first worker was at it.
        cloud = self.world.cloud()
        cloud.bucket.put_if_absent(_PATH, self._content)
        self.world.scheduler.run(lambda: bool(self.world.message_bodies(FILES_QUEUE)))
        (of_file,) = cloud.files.receive(1, 0)
        if ADDS not in self._both:
            cloud.files.hide(of_file, 0)
            return [partial(self._read, each) for each in (of_file, *cloud.files.receive(1, 0))]
        summarize_message(cloud, of_file.body)
        (of_chunk,) = cloud.chunks.receive(1, 0)
        if READS in self._both:
            return [partial(self._read, of_file), partial(self._add, of_chunk)]
        cloud.chunks.hide(of_chunk, 0)
        return [partial(self._add, each) for each in (of_chunk, *cloud.chunks.receive(1, 0))]

    def _read(self, message: Message) -> None:
        cloud = self.world.cloud()
        _tried(cloud.files, message, lambda: bool(summarize_message(cloud, message.body) or True))

    def _add(self, message: Message) -> None:
        cloud = self.world.cloud()
        _tried(cloud.chunks, message, partial(consolidate_message, cloud, message.body, received=message.received))

    def _choose(self, tasks: list[Task]) -> int:
        if not self._steers or self._ways is None:
            return 0
        for place, task in enumerate(tasks):
            if _is_its_own(task):
                return place
        if not self._ways.is_new(lambda: self._state(tasks)):
            raise _CameBy
        return self._ways.take(len(tasks)) if len(tasks) > 1 else 0

    def _state(self, tasks: list[Task]) -> bytes:
        world = self.world
        at_work = {task.process.name for task in world.scheduler.tasks() if task.process.alive}
        standing = sorted(
            (task.process.name, task.name, task.over, task.asks, task.history, bool(task.error), task in tasks)
            for task in world.scheduler.ever
            if task.process.name in at_work
        )
        state = (world.contents(), standing, world.strange, bool(self.faults.fired))
        return blake2b(repr(state).encode(), digest_size=16).digest()


def _is_its_own(task: Task) -> bool:
    """Whether what a task does next is the same before and after anything that others do."""
    return task.process.name in WORKERS and (not task.asks or task.asks in _NEVER_WRITTEN)


def _tried(queue: Queue, message: Message, job: Callable[[], bool]) -> None:
    # What fails comes again, after these two.
    try:
        if handle(queue, message, job) is Handled.DONE:
            queue.done(message)
    except Exception:  # noqa: BLE001 (whatever it is)
        return
