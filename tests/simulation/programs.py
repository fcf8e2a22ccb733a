"""What processes do next: it follows from what their calls were answered, and their own code says it.

The code is run from its beginning, its calls are answered with what is given, and the first call that nothing is given
for is what it asks next. So each way of a process is run once, whatever happens around it.
"""

from __future__ import annotations

from collections import deque
from copy import deepcopy
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.response import StreamingBody

from tests.simulation.mishaps import BrokenBody
from tests.simulation.scheduler import Killed, Process
from tests.simulation.world import World, on_the_wire, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

DISK = "disk"
_ROOM = "whether there is room"
_APART = 1_000  # what processes number is so far apart


class Request(NamedTuple):
    """What a process asks: a service, or whether the disk has room for a temporary file."""

    service: str
    operation: str
    parameters: dict[str, Any]

    @property
    def site(self) -> str:
        """Where it asks, as faults name it."""
        return "a temporary file" if self.service == DISK else f"{self.service}.{self.operation}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call was answered; of two of the same text, a process does the same.

    `left` is how much of the body can be read before the connection breaks.
    """

    text: str
    answer: dict[str, Any] | None = None
    body: bytes | None = None
    left: int | None = None
    error: Exception | None = None
    is_full: bool = False

    @classmethod
    def of(cls, request: Request, answer: dict[str, Any]) -> Answer:
        """Return what an answer to a request tells."""
        text = f"{request.operation} {seen(answer)}"
        if "Body" not in answer:
            return cls(text, answer)
        body, rest = answer["Body"], {name: value for name, value in answer.items() if name != "Body"}
        if isinstance(body, BrokenBody):
            return cls(text, rest, body.whole(), body.left)
        return cls(text, rest, body.read())

    @classmethod
    def failed(cls, request: Request, error: Exception) -> Answer:
        """Return what an error tells."""
        return cls(f"{request.operation} {error!r} {getattr(error, 'response', '')}", error=error)

    @classmethod
    def of_disk(cls, *, is_full: bool) -> Answer:
        """Return whether a disk has no room."""
        return cls(f"the disk is full: {is_full}", is_full=is_full)

    def give(self) -> dict[str, Any]:
        """Return the answer once more, or raise the error."""
        if self.error is not None:
            raise self.error
        given = deepcopy(self.answer or {})
        if self.body is not None:
            body = StreamingBody(BytesIO(self.body), len(self.body))
            given["Body"] = body if self.left is None else BrokenBody(body, self.left)
        return given


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a process stands: what it was told, and what it asks next, None at its end.

    Of the same process, all that go on in the same way have the same `name`.
    """

    told: tuple[str, ...]
    asks: Request | None
    name: int


class Rehearsal(World):
    """A world in which calls are answered with what is given."""

    _given: deque[Answer] | None = None
    _asks: Request | None = None
    _trouble = ""

    def rehearsed(
        self, name: str, work: Callable[[], None], told: Iterable[Answer], number: int
    ) -> tuple[Request | None, str]:
        """Let a process work until all that it is told is used up; return what it asks then, and what it knows.

        What it makes unlike all else, is numbered from here.
        """
        scheduler = self.scheduler
        self.identifiers = count(number)
        self._given, self._asks = deque(told), None
        scheduler.turns, scheduler.is_timeless = 0, True  # no wait hides an order
        process = Process(name)
        scheduler.start(process, name, work)
        scheduler.run(lambda: self._asks is not None or not process.tasks)
        learned = [(task.name, task.over, task.history, bool(task.error)) for task in scheduler.ever]
        scheduler.close()
        self._given = None
        if self._trouble:
            raise RuntimeError(self._trouble)
        return self._asks, repr(learned)

    def call(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if self._given is None:
            return super().call(service, operation, parameters)
        request = Request(service, operation, on_the_wire(parameters))
        told = self._next(request)
        self.learned(told.text)
        return told.give()

    def _disk_is_full(self) -> bool:
        if self._given is None:
            return False
        told = self._next(Request(DISK, _ROOM, {}))
        if told.is_full:
            self.learned(told.text)
        return told.is_full

    def _next(self, request: Request) -> Answer:
        process = self.scheduler.current.process
        if not process.alive:
            raise Killed
        if self.scheduler.is_anybody_ready():
            self._trouble = f"two tasks of {process.name} ask at once: which of them is first, is not looked at here"
        if self._given:
            return self._given.popleft()
        self._asks = request
        self.scheduler.kill(process)
        raise Killed


class Programs:
    """The processes of a world, by their names, and all ways that they were seen to go."""

    def __init__(self, world: Rehearsal, work: Mapping[str, Callable[[], None]]) -> None:
        self._world = world
        self._work = work
        self._answers: dict[str, Answer] = {}
        self._standing: dict[tuple[str, tuple[str, ...]], Standing] = {}
        self._same: dict[tuple[str, str, str], Standing] = {}  # by what they learned and ask

    def begin(self, name: str) -> Standing:
        """Return where a process stands before anything."""
        return self._stands(name, ())

    def told(self, name: str, standing: Standing, answer: Answer) -> Standing:
        """Return where a process stands once its call was answered."""
        self._answers.setdefault(answer.text, answer)
        return self._stands(name, (*standing.told, answer.text))

    def _stands(self, name: str, told: tuple[str, ...]) -> Standing:
        found = self._standing.get((name, told))
        if found is None:
            number = _APART * (1 + list(self._work).index(name))
            answers = map(self._answers.__getitem__, told)
            asks, learned = self._world.rehearsed(name, self._work[name], answers, number)
            # What it was told and does not remember, as of a call that worked when it was tried again, is let go of.
            found = self._same.setdefault((name, learned, repr(asks)), Standing(told, asks, len(self._same)))
            self._standing[name, told] = found
        return found
