"""All that can happen to two workers with one file and one fault: every order of their calls, every fault at each.

Both have a message each: both read the file, or one reads it once more while the other adds what it adds, or both add
it. A run is a list of choices: who goes on, and what goes wrong. Each run follows the choices of an earlier one up to
some point and takes another one there, until there is no other. What comes of two runs is the same where the services
hold the same, each worker has had the same answers, and the fault is over in both or in neither; the second one is then
given up. Time stands still meanwhile, so that no wait hides an order; when both workers are done, others finish what
they left, in the ordinary way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING

from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.handling import Handled, handle
from iotagg.jobs.summarize import summarize_message
from tests.pipeline.csvs import csv, flow
from tests.simulation.actors import Actors
from tests.simulation.faults import Draws, Fault, Faults, Fired, Occasion, faults_at
from tests.simulation.schedule import comes_to_rest, quietly, wrongs
from tests.simulation.scheduler import Process
from tests.simulation.story import Put, Script
from tests.simulation.world import FILES as FILES_QUEUE
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.aws.queues import Message, Queue
    from tests.simulation.scheduler import Task

WORKERS = ("first", "second")
# Without time, a stall is the others' turn, and what comes late is what comes in another order.
TIMELESS = frozenset(Fault) - {Fault.STALLED_BEFORE, Fault.STALLED_AFTER}
READS, ADDS = "reads", "adds"
BOTH = {
    "both read the file": (READS, READS),
    "one reads it once more while the other adds what it adds": (READS, ADDS),
    "both add what it adds": (ADDS, ADDS),
}
_TOLD = 1_000
_SITE, _PATH = "paris", "incoming/paris/file.csv"


@dataclass(slots=True)
class Found:
    """What all runs came to."""

    runs: int = 0
    ends: int = 0
    states: int = 0
    left: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Choices:
    """The choices of one run: those of an earlier one first, then always the first possible."""

    def __init__(self, given: list[int]) -> None:
        self.given = given
        self.taken: list[int] = []
        self.possible: list[int] = []
        self.are_over = False

    @property
    def is_new(self) -> bool:
        """Whether the run has left the earlier one's way."""
        return len(self.taken) >= len(self.given)

    def take(self, possible: int) -> int:
        """Choose one of so many; whatever is chosen once the run is given up, is of no account."""
        if self.are_over:
            return 0
        place = len(self.taken)
        chosen = self.given[place] if place < len(self.given) else 0
        self.taken.append(chosen)
        self.possible.append(possible)
        return chosen

    def others(self) -> list[list[int]]:
        """Return the beginnings of the runs that take another choice where this one was the first to choose."""
        return [
            [*self.taken[:place], other]
            for place in range(len(self.given), len(self.taken))
            for other in range(1, self.possible[place])
        ]


class ChosenFaults(Faults):
    """At most one fault in a run, anywhere, of any kind."""

    choices: Choices
    workers: frozenset[str]

    def at(self, site: str, occasion: Occasion) -> Fault | None:
        if not self.on or self.fired or occasion.process not in self.workers:
            return None
        possible = [fault for fault in faults_at(site) if fault in TIMELESS]
        chosen = self.choices.take(1 + len(possible))
        if not chosen:
            return None
        self.fired.append(Fired(occasion, site, possible[chosen - 1]))
        return possible[chosen - 1]


def explore(both: tuple[str, str], most_runs: float = float("inf"), said: Callable[[Found], object] = id) -> Found:
    """Take all choices of two workers that read or add, or as many as may be taken; return what was found.

    `said` is told now and then how far it is.
    """
    found = Found()
    seen: set[bytes] = set()
    waiting: list[list[int]] = [[]]
    with quietly():
        while waiting and found.runs < most_runs:
            _one_more(found, both, waiting, seen)
            found.states, found.left = len(seen), len(waiting)
            if not found.runs % _TOLD:
                said(found)
    return found


def _one_more(found: Found, both: tuple[str, str], waiting: list[list[int]], seen: set[bytes]) -> None:
    one = _Run(both, Choices(waiting.pop()), seen)
    try:
        wrong = one.verdict()
    finally:
        one.world.close()
    found.runs += 1
    waiting += one.choices.others()
    for each in one.faults.fired:
        text = f"{each.site}: {each.fault.value}"
        found.faults[text] = found.faults.get(text, 0) + 1
    if wrong is None:
        return
    found.ends += 1
    found.wrong += [f"{one.choices.taken}: {each}" for each in wrong]


class _Run:
    def __init__(self, both: tuple[str, str], choices: Choices, seen: set[bytes]) -> None:
        self.choices = choices
        self.faults = ChosenFaults(Draws(1))
        self.faults.choices, self.faults.workers = choices, frozenset(WORKERS)
        self._seen = seen
        self._both = both
        self._content = csv(flow(), flow(packets=2))
        self._steers = False
        self._given_up = False
        self.world = World(1, self.faults, choose=self._choose, calm=True)

    def verdict(self) -> list[str] | None:
        """Return what is wrong at the end, None where another run came by here."""
        world = self.world
        jobs = self._jobs()
        scheduler = world.scheduler
        self._steers = scheduler.is_timeless = True
        tasks = [
            scheduler.start(process, process.name, job)
            for process, job in zip(map(Process, WORKERS), jobs, strict=True)
        ]
        scheduler.run(lambda: self._given_up or all(task.over or not task.process.alive for task in tasks))
        if self._given_up:
            return None
        self._steers = scheduler.is_timeless = world.calm = False
        actors = Actors(world)
        actors.functions("functions")
        wrong = [] if comes_to_rest(world, actors) else ["it does not come to rest"]
        return wrong + wrongs(world, (Script(_SITE, _PATH, (Put(self._content),)),), in_order=False)

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
        if not self._steers:
            return 0
        if self.choices.is_new and not self._given_up:
            state = self._state(tasks)
            self._given_up = self.choices.are_over = state in self._seen
            self._seen.add(state)
        return self.choices.take(len(tasks)) if len(tasks) > 1 else 0

    def _state(self, tasks: list[Task]) -> bytes:
        histories = [
            (task.process.name, task.process.alive, task.over, task.history) for task in self.world.scheduler.ever
        ]
        turns = [(task.name, task.turn) for task in tasks]
        state = (self.world.contents(), histories, turns, self.world.counts, bool(self.faults.fired))
        return blake2b(repr(state).encode(), digest_size=16).digest()


def _tried(queue: Queue, message: Message, job: Callable[[], bool]) -> None:
    # What fails comes again, after these two.
    try:
        if handle(queue, message, job) is Handled.DONE:
            queue.done(message)
    except Exception:  # noqa: BLE001 (whatever it is)
        return
