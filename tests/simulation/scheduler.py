"""Tasks that take turns: one runs at a time, and gives way at every call to a service and at every wait.

Time is simulated: it stands still while a task runs, and moves on to the next moment at which something is to happen.
So a schedule of hours takes milliseconds, and the same decisions always make the same schedule.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import greenlet  # type: ignore[import-untyped]  # it has none

from tests.simulation.services.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEVER = float("inf")
START = 1_670_000_000.0  # 2022-12-02, seconds since 1970


class Killed(BaseException):
    """The process of a task was killed: nothing that it still tries has any effect."""


class Endless(Exception):
    """So many things happened that something goes round in circles."""


@dataclass(eq=False, slots=True)
class Process:
    """What is killed together: tasks, and all they hold in memory.

    `enter` is called before each turn of its tasks. Those of one that is not `fallible` never end in an error.
    """

    name: str
    fallible: bool = True
    alive: bool = True
    asleep_until: float = 0.0
    tasks: set[Task] = field(default_factory=set)
    enter: Callable[[], object] | None = None


@dataclass(eq=False, slots=True)
class Task:
    """Something that runs in a process; `error` is what ended it, if anything did."""

    name: str
    process: Process
    work: Callable[[], Any]
    greenlet: Any = None
    turn: int = 0  # of several moments at which it was to go on, only the last one counts
    over: bool = False
    result: Any = None
    error: BaseException | None = None
    history: tuple[str, ...] = ()  # what it learned so far, see World
    asks: str = ""  # the call that it is about to make
    joining: list[Task] = field(default_factory=list)


class Scheduler:
    """Runs tasks in the order of their moments; `choose` decides between those whose moment has come."""

    def __init__(self, choose: Callable[[list[Task]], int] | None = None, most_turns: int = 40_000) -> None:
        self.clock = Clock(START)
        self.turns = 0
        self._most_turns = most_turns
        self.is_timeless = False  # whether no wait takes any time, so that `choose` decides about every call
        self._choose = choose
        self._heap: list[tuple[float, int, int, Task]] = []
        self._ready: deque[Task] = deque()
        self._order = 0
        self._current: Task | None = None
        self._loop = greenlet.getcurrent()
        self._tasks: list[Task] = []
        self.ever: list[Task] = []

    @property
    def now(self) -> float:
        """The seconds since 1970."""
        return self.clock.now()

    @property
    def in_task(self) -> bool:
        """Whether a task runs, as opposed to whoever runs them all."""
        return self._current is not None

    @property
    def current(self) -> Task:
        """The task whose turn it is."""
        if self._current is None:
            raise RuntimeError("no task runs")
        return self._current

    def start(self, process: Process, name: str, work: Callable[[], Any], *, after: float = 0.0) -> Task:
        """Let a process run something, from some seconds from now on."""
        task = Task(name, process, work)
        task.greenlet = greenlet.greenlet(lambda: self._run_task(task), parent=self._loop)
        process.tasks.add(task)
        self._tasks.append(task)
        self.ever.append(task)
        self._wake(task, self.now + after)
        return task

    def _run_task(self, task: Task) -> None:
        try:
            task.result = task.work()
        except BaseException as error:  # noqa: BLE001 (whoever waits for it gets it)
            task.error = error
        finally:
            task.over = True
            task.process.tasks.discard(task)
            for other in task.joining:
                self._wake(other, self.now)

    def _wake(self, task: Task, moment: float) -> None:
        task.turn += 1
        self._order += 1
        heapq.heappush(self._heap, (moment, self._order, task.turn, task))

    def wake(self, task: Task) -> None:
        """Let a task go on now that was to go on later."""
        if not task.over:
            self._wake(task, self.now)

    def sleep(self, seconds: float) -> None:
        """Give way, and go on some seconds from now, or when woken; without time, at once. Raises Killed."""
        task = self.current
        if not task.process.alive:
            raise Killed
        if self.is_timeless and seconds != NEVER:
            return
        if seconds != NEVER:
            self._wake(task, self.now + max(seconds, 0.0))
        self._wait(task)

    def give_way(self, asks: str) -> None:
        """Let any others go first, before a call that a task is about to make. Raises Killed."""
        task = self.current
        task.asks = asks
        self._wake(task, self.now)
        self._wait(task)
        task.asks = ""

    def _wait(self, task: Task) -> None:
        self._loop.switch()
        if not task.process.alive:
            raise Killed

    def join(self, task: Task, seconds: float = NEVER) -> None:
        """Wait until a task is over."""
        if not task.over:
            task.joining.append(self.current)
            self.sleep(seconds)

    def kill(self, process: Process) -> None:
        """End a process at once: none of its tasks goes on, but for one that kills itself, which gets Killed."""
        process.alive = False
        for task in tuple(process.tasks):
            task.turn += 1
            if task is not self._current:
                task.over = True
                for other in task.joining:
                    self.wake(other)
        process.tasks.clear()

    def run(self, until: Callable[[], bool], deadline: float = NEVER) -> bool:
        """Let tasks take turns until something holds; say whether it does, or nothing is left to do by a deadline."""
        while not until():
            task = self._next(deadline)
            if task is None:
                return until()
            self.turns += 1
            if self.turns > self._most_turns:
                raise Endless(f"{self.turns} turns, at {self.now - START:.0f} s")
            self._current = task
            if task.process.enter is not None:
                task.process.enter()
            task.greenlet.switch()
            self._current = None
            if task.error is not None and not isinstance(task.error, Killed) and not task.process.fallible:
                raise task.error
        return True

    def _next(self, deadline: float) -> Task | None:
        due = self._due(deadline)
        if self._choose is None:
            return next(due, None)
        together = list(due)
        if not together:
            return None
        chosen = self._choose(together)
        for place, task in enumerate(together):
            if place != chosen:
                self._order += 1
                heapq.heappush(self._heap, (self.now, self._order, task.turn, task))
        return together[chosen]

    def _due(self, deadline: float) -> Iterator[Task]:
        # Those whose moment comes next, all of the same moment where somebody is to choose.
        moment = None
        while self._heap:
            at, _, turn, task = self._heap[0]
            if task.over or task.turn != turn or not task.process.alive:
                heapq.heappop(self._heap)
                continue
            if at > deadline or (moment is not None and at > moment):
                return
            heapq.heappop(self._heap)
            if task.process.asleep_until > max(at, self.now):
                self._order += 1
                heapq.heappush(self._heap, (task.process.asleep_until, self._order, turn, task))
                continue
            moment = max(self.now, at)
            self.clock.set(moment)
            yield task

    def is_anybody_ready(self) -> bool:
        """Say whether another task could go on."""
        return any(not task.over and task.turn == turn and task.process.alive for _, _, turn, task in self._heap)

    def tasks(self) -> list[Task]:
        """Return the tasks that are not over."""
        self._tasks = [task for task in self._tasks if not task.over]
        return self._tasks

    def close(self) -> None:
        """End all that still runs, also what was killed: a greenlet that was left would never be freed."""
        for task in self.ever:
            task.process.alive = False
            if task.greenlet and not task.greenlet.dead:
                self._current = task
                task.greenlet.throw(Killed)
                self._current = None
        self._tasks.clear()
        self.ever.clear()
        self._heap.clear()
