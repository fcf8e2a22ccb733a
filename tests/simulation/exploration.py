"""All orders of the calls of a few processes, with no fault and with each fault at each call.

What comes of two orders is the same where the services hold the same, each process that is still at work stands at the
same place, and the fault is over in both or in neither: so each such state is gone on from once, and how many orders
lead on from it is counted. Time stands still meanwhile, so that no wait hides an order.
"""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from botocore.exceptions import BotoCoreError, ClientError

from tests.simulation.faults import Draws, Fault, Faults, Occasion, faults_at
from tests.simulation.mishaps import Call, go_wrong
from tests.simulation.programs import DISK, Answer, Programs, Rehearsal
from tests.simulation.scheduler import Killed, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from tests.simulation.programs import Request, Standing
    from tests.simulation.world import World

# Without time, a stall is the others' turn, and what comes late is what comes in another order.
TIMELESS = frozenset(Fault) - {Fault.STALLED_BEFORE, Fault.STALLED_AFTER}
_NO_WRITES = {"BatchGetItem", "GetItem", "GetObject", "HeadObject", "Query"}


class Held(NamedTuple):
    """All that the services hold, and what it has in common with all that is the same."""

    pickled: bytes
    name: bytes

    def put_into(self, world: World) -> None:
        """Let the services of a world hold it."""
        for service, each in zip(world.services(), pickle.loads(self.pickled), strict=True):  # noqa: S301 (made here)
            service.hold(each)


class End(NamedTuple):
    """What the services hold when nobody goes on, and one of the ways that lead there."""

    held: Held
    way: list[str]


@dataclass(slots=True)
class Explored:
    """How many orders there are, of which states and calls, how often each fault was at which, and what they end in."""

    orders: int = 0
    states: int = 0
    calls: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ends: list[End] = field(default_factory=list)


@dataclass(frozen=True)
class State:
    """Where all stands: what the services hold, where the processes are, and what comes late.

    A process that was killed is None. Two states of the same `name` go on in the same way.
    """

    held: Held
    processes: tuple[Standing | None, ...]
    late: Call | None = None
    is_fault_over: bool = False

    @cached_property
    def name(self) -> bytes:
        """Return what it has in common with all states that go on like it."""
        processes = [each and each.asks and each.name for each in self.processes]
        late = self.late and (self.late.site, self.late.parameters)
        return _digest((self.held.name, processes, late, self.is_fault_over))


class _Again(Exception):
    """The client sends its request again."""


def explore(
    work: Callable[[World], Mapping[str, Callable[[], None]]],
    kinds: Collection[Fault] = TIMELESS,
    most: float = float("inf"),
    told: Callable[[int], object] = id,
) -> Explored:
    """Take all orders of the processes that `work` names, in a world that it prepares, with one fault of some kinds.

    With `most`, no more than so many states are met. `told` is called with their number at each of them.
    """
    exploration = _Exploration(kinds, most, told)
    try:
        exploration.go(work(exploration.world))
    finally:
        exploration.world.close()
    return exploration.explored


class _Exploration:
    def __init__(self, kinds: Collection[Fault], most: float, told: Callable[[int], object]) -> None:
        self.explored = Explored()
        self._kinds, self._most, self._told = kinds, most, told
        self._orders: dict[bytes, int] = {}  # by the names of states, how many orders lead on from them
        self._ends: dict[bytes, End] = {}
        self._way: list[str] = []
        self._held: Held | None = None  # what the services hold now
        self.world = Rehearsal(1, Faults(Draws(1), on=False), calm=True)

    def go(self, work: Mapping[str, Callable[[], None]]) -> None:
        """Go through all states."""
        self._names = list(work)
        self._programs = Programs(self.world, work)
        begin = tuple(map(self._programs.begin, work))
        self.explored.orders = self._orders_from(State(self._kept(), begin))
        self.explored.states = len(self._orders)
        self.explored.ends = list(self._ends.values())

    def _orders_from(self, state: State) -> int:
        known = self._orders.get(state.name)
        if known is not None:
            return known
        if len(self._orders) >= self._most:
            return 0
        self._orders[state.name] = orders = 0
        self._told(len(self._orders))
        is_end = True
        for words, after in self._calls(state):
            is_end = False
            self._way.append(words)
            orders += self._orders_from(after)
            self._way.pop()
        if is_end:
            orders = 1
            self._ends.setdefault(state.held.name, End(state.held, [*self._way]))
        self._orders[state.name] = orders
        return orders

    def _calls(self, state: State) -> Iterator[tuple[str, State]]:
        for place, standing in enumerate(state.processes):
            if standing is None or standing.asks is None:
                continue
            for fault in (None, *self._possible(state, standing.asks)):
                after = self._called(state, place, standing, fault)
                if after is not None:
                    self.explored.calls += 1
                    wrong = "" if fault is None else f": {fault.value}"
                    self.explored.faults.update([f"{standing.asks.site}{wrong}"] if wrong else ())
                    yield f"{self._names[place]} {standing.asks.site}{wrong}", after
        if state.late is not None:
            self._hold(state.held)
            state.late.do_unseen()
            self.explored.calls += 1
            yield "a late request", replace(state, held=self._kept(), late=None)

    def _possible(self, state: State, request: Request) -> list[Fault]:
        return [] if state.is_fault_over else [fault for fault in faults_at(request.site) if fault in self._kinds]

    def _called(self, state: State, place: int, standing: Standing, fault: Fault | None) -> State | None:
        """Return what comes of a process's next call, None where it cannot go wrong so."""
        request = cast("Request", standing.asks)
        self._hold(state.held)
        stage = _Stage(self.world)
        call = Call(cast("World", stage), stage.process, *request, Occasion(self._names[place], 0))
        after: Standing | None = standing
        try:
            answer = _answered(call, request, fault)
            if answer is None:
                return None
            after = None if stage.is_killed else self._programs.told(self._names[place], standing, answer)
        except _Again:
            pass  # what it asked was done, and it asks it again
        except Killed:
            after = None
        held = state.held if request.operation in _NO_WRITES else self._kept()
        processes = (*state.processes[:place], after, *state.processes[place + 1 :])
        return State(held, processes, stage.late or state.late, state.is_fault_over or fault is not None)

    def _kept(self) -> Held:
        pickled = pickle.dumps([service.held() for service in self.world.services()], pickle.HIGHEST_PROTOCOL)
        self._held = Held(pickled, _digest(self.world.contents()))
        return self._held

    def _hold(self, held: Held) -> None:
        if held is not self._held:
            held.put_into(self.world)
            self._held = held


class _Stage:
    """What a call that goes wrong finds of the world: nobody waits, and what comes late is kept."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.scheduler = self
        self.draws = world.draws
        self.process = self.outside = Process("somebody")
        self.current = SimpleNamespace(history=())
        self.late: Call | None = None
        self.is_killed = False
        self.asked, self.queue_at = world.asked, world.queue_at

    def sleep(self, seconds: float) -> None:
        """Wait, which takes no time."""

    def note(self, what: str, parameters: object = "") -> None:
        """Keep what happened: the way here says it."""

    def now(self) -> float:
        return self._world.now()

    def start(self, _process: Process, _name: str, work: Any, *, after: float) -> SimpleNamespace:  # noqa: ARG002 (as a scheduler's)
        self.late = work.__self__
        return SimpleNamespace()

    def kill(self, _process: Process) -> None:
        self.is_killed = True

    def on_the_way(self, _when: str, _call: Call) -> None:
        raise _Again


def _answered(call: Call, request: Request, fault: Fault | None) -> Answer | None:
    if request.service == DISK:
        return Answer.of_disk(is_full=fault is Fault.DISK_FULL)
    try:
        answer = call.do() if fault is None else go_wrong(call, fault)
    except (BotoCoreError, ClientError) as error:
        return Answer.failed(request, error)
    return None if answer is None else Answer.of(request, answer)


def _digest(what: object) -> bytes:
    return blake2b(repr(what).encode(), digest_size=16).digest()
