"""What people do with files in one schedule, and what that is to come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from tests.pipeline.csvs import HEADER, TORN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.simulation.faults import Draws

OnChange = Literal["refuse", "replace", "add"]
NOT_FLOWS = b"Src IP,Dst IP\n192.0.2.1,192.0.2.2\n"
_DAYS = ("2022-11-29", "2022-11-30", "2022-12-01", "2022-12-02")
_LARGEST = 10**16
_MOST_STEPS, _MOST_PATHS = 2, 2


@dataclass(frozen=True, slots=True)
class Put:
    """A file is put at a path, with what its uploader says of it."""

    content: bytes
    on_change: OnChange = "refuse"
    again: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody waits until it is settled what became of all that was put at a path."""


@dataclass(frozen=True, slots=True)
class Retract:
    """Somebody takes out what a path refers to."""


Step = Put | Wait | Retract


@dataclass(frozen=True, slots=True)
class Script:
    """What happens at one path, in this order."""

    site: str
    path: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a path refers to, oldest first, and what was retracted there."""

    contents: tuple[bytes, ...] = ()
    retracted: frozenset[bytes] = field(default_factory=frozenset)

    def after(self, step: Step) -> Standing:
        """Return what stands once a step has been taken."""
        if isinstance(step, Retract):
            return Standing((), self.retracted | set(self.contents))
        if isinstance(step, Wait) or step.content == NOT_FLOWS or step.content in self.contents:
            return self
        if step.content in self.retracted and not step.again:
            return self
        grown = max((each for each in self.contents if step.content.startswith(each)), key=len, default=None)
        dropped = grown if grown is not None else self.contents[-1] if self.contents else None
        if self.contents and grown is None and step.on_change == "refuse":
            return self
        kept = self.contents if grown is None and step.on_change == "add" else _without(self.contents, dropped)
        return Standing((*kept, step.content), self.retracted - {step.content})


def _without(contents: tuple[bytes, ...], dropped: bytes | None) -> tuple[bytes, ...]:
    return tuple(each for each in contents if each != dropped)


def outcomes(steps: Sequence[Step], *, in_order: bool) -> set[frozenset[bytes]]:
    """Return which contents may be in at the end.

    What is put before anybody waits comes to the workers in any order. It ends as if it had come in the order of
    writing where all of it is of one kind, or is two files at a path that referred to nothing; and only as long as no
    event was lost, with which goes what tells the order. Else some of what was put stands.
    """
    standings = {Standing()}
    for together in _between_waits(steps):
        found = set()
        for standing in standings:
            if _is_known(standing, together, in_order=in_order):
                found.add(_after_all(standing, together))
            else:
                found |= set(_any_of(standing, together))
        standings = found
    return {frozenset(standing.contents) for standing in standings}


def _is_known(standing: Standing, together: Sequence[Step], *, in_order: bool) -> bool:
    puts = [step for step in together if isinstance(step, Put) and step.content != NOT_FLOWS]
    kinds = {step.on_change for step in puts}
    if "replace" in kinds and len(standing.contents) > 1:
        return False  # the last one is replaced, and those that stand beside each other do so in the order of reading
    if len(puts) < 2 or not in_order:
        return len(puts) < 2
    if len(puts) > 2:
        return kinds in ({"replace"}, {"add"})
    return len(kinds) < 2 or standing == Standing()


def _any_of(standing: Standing, together: Sequence[Step]) -> Iterator[Standing]:
    puts = [step.content for step in together if isinstance(step, Put) and step.content != NOT_FLOWS]
    contents = tuple(dict.fromkeys((*standing.contents, *puts)))
    if not contents:
        yield standing
    for number in range(1, len(contents) + 1):
        for some in combinations(contents, number):
            yield Standing(some, standing.retracted - set(some))


def _after_all(standing: Standing, steps: Sequence[Step]) -> Standing:
    for step in steps:
        standing = standing.after(step)
    return standing


def _between_waits(steps: Sequence[Step]) -> Iterator[list[Step]]:
    together: list[Step] = []
    for step in steps:
        if isinstance(step, Put):
            together.append(step)
            continue
        yield together
        yield [step]
        together = []
    yield together


def story_of(draws: Draws) -> tuple[Script, ...]:
    """Return the scripts of a seed."""
    return tuple(_script(draws, number) for number in range(1 + draws.below(_MOST_PATHS, "paths")))


def _script(draws: Draws, number: int) -> Script:
    site = ("paris", "tokyo")[draws.below(2, "site", number)]
    first = rows(draws, "first", number)
    steps: list[Step] = [Put(first)]
    held = first
    for place in range(draws.below(_MOST_STEPS + 1, "steps", number)):
        if draws.fraction("wait", number, place) < 0.5:
            steps.append(Wait())
        next_steps, held = _NEXT[draws.below(len(_NEXT), "kind", number, place)](
            held, rows(draws, "new", number, place)
        )
        steps += next_steps
    return Script(site, f"incoming/{site}/file-{number}.csv", tuple(steps))


# What somebody may do next at a path, given the content that he holds and another one; and what he holds then.
_NEXT: tuple[Callable[[bytes, bytes], tuple[list[Step], bytes]], ...] = (
    lambda held, _: ([Put(held)], held),
    lambda held, new: ([Put(held + new.removeprefix(HEADER))], held + new.removeprefix(HEADER)),
    lambda held, new: ([Put(new)], held),
    lambda _, new: ([Put(new, "replace")], new),
    lambda held, new: ([Put(new, "add")], held),
    lambda held, _: ([Put(NOT_FLOWS, "replace")], held),
    lambda held, _: ([Wait(), Retract()], held),
    lambda held, _: ([Wait(), Retract(), Put(held, again=True)], held),
)


def rows(draws: Draws, *what: object) -> bytes:
    """Return a small flow CSV, some of whose lines are rejected."""
    most = 12 if draws.below(4, "size", *what) == 0 else 4
    lines = [_row(draws, (*what, place)) for place in range(1 + draws.below(most, "rows", *what))]
    return HEADER + b"".join(lines)


def _row(draws: Draws, what: tuple[object, ...]) -> bytes:
    is_first = what[-1] == 0  # which is another one in each file, so that no two files are the same
    if not is_first and draws.below(12, "torn", *what) == 0:
        return TORN
    source, destination = (draws.below(2, side, *what) for side in ("source", "destination"))
    day = _DAYS[draws.below(len(_DAYS), "day", *what)]
    largest = (1_000, _LARGEST)[draws.below(4, "large", *what) == 0]
    duration, packets = (
        draws.below(largest, "duration", *what),
        draws.below(10**9 if is_first else 1_000, "packets", *what),
    )
    return f"192.168.1.{source},192.0.2.{destination},{day} 10:00:00,{duration},{packets}\n".encode()
