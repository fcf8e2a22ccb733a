"""All that can happen to two workers with one file and one fault: every order of their calls, every fault at each.

Both have a message each: both read the file, or one reads it once more while the other adds what it adds, or both add
it. When both are done, others finish what they left, in the ordinary way.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.handling import Handled, handle
from iotagg.jobs.summarize import summarize_message
from tests.pipeline.csvs import csv, flow
from tests.simulation.actors import Actors
from tests.simulation.exploration import TIMELESS
from tests.simulation.exploration import explore as explore_all
from tests.simulation.faults import Draws, Faults
from tests.simulation.schedule import comes_to_rest, quietly, wrongs
from tests.simulation.story import Put, Script
from tests.simulation.world import FILES as FILES_QUEUE
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from iotagg.aws.queues import Message, Queue
    from tests.simulation.exploration import Held

WORKERS = ("first", "second")
READS, ADDS = "reads", "adds"
BOTH = {
    "both read the file": (READS, READS),
    "one reads it once more while the other adds what it adds": (READS, ADDS),
    "both add what it adds": (ADDS, ADDS),
}
_SITE, _PATH = "paris", "incoming/paris/file.csv"
_CONTENT = csv(flow(), flow(packets=2))
_AHEAD = 10_000  # numbers that identifiers go on with where workers that are gone made some


@dataclass(slots=True)
class Found:
    """What all orders came to: how many there are, of which states and calls, and in how many ways they end."""

    orders: int = 0
    states: int = 0
    calls: int = 0
    ends: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def explore(both: tuple[str, str], most: float = float("inf"), told: Callable[[int], object] = id) -> Found:
    """Take all orders of two workers that read or add, or of so many states; return what was found."""
    with quietly():
        explored = explore_all(partial(_work, both), TIMELESS, most, told)
        found = Found(explored.orders, explored.states, explored.calls, len(explored.ends), explored.faults)
        for end in explored.ends:
            found.wrong += [f"{each}, after {', '.join(end.way)}" for each in _wrongs_after(end.held)]
    return found


def _work(both: tuple[str, str], world: World) -> Mapping[str, Callable[[], None]]:
    # Where two have one message, its visibility ended while the first worker was at it.
    cloud = world.cloud()
    cloud.bucket.put_if_absent(_PATH, _CONTENT)
    world.scheduler.run(lambda: bool(world.message_bodies(FILES_QUEUE)))
    (of_file,) = cloud.files.receive(1, 0)
    if ADDS not in both:
        cloud.files.hide(of_file, 0)
        return _named(*(partial(_read, world, each) for each in (of_file, *cloud.files.receive(1, 0))))
    summarize_message(cloud, of_file.body)
    (of_chunk,) = cloud.chunks.receive(1, 0)
    if READS in both:
        return _named(partial(_read, world, of_file), partial(_add, world, of_chunk))
    cloud.chunks.hide(of_chunk, 0)
    return _named(*(partial(_add, world, each) for each in (of_chunk, *cloud.chunks.receive(1, 0))))


def _named(*work: Callable[[], None]) -> Mapping[str, Callable[[], None]]:
    return dict(zip(WORKERS, work, strict=True))


def _read(world: World, message: Message) -> None:
    cloud = world.cloud()
    _tried(cloud.files, message, lambda: bool(summarize_message(cloud, message.body) or True))


def _add(world: World, message: Message) -> None:
    cloud = world.cloud()
    _tried(cloud.chunks, message, partial(consolidate_message, cloud, message.body, received=message.received))


def _tried(queue: Queue, message: Message, job: Callable[[], bool]) -> None:
    # What fails comes again, after these two.
    try:
        if handle(queue, message, job) is Handled.DONE:
            queue.done(message)
    except Exception:  # noqa: BLE001 (whatever it is)
        return


def _wrongs_after(held: Held) -> list[str]:
    world = World(1, Faults(Draws(1), on=False), calm=True)
    try:
        held.put_into(world)
        world.identifiers = itertools.count(_AHEAD)
        world.calm = False
        actors = Actors(world)
        actors.functions("functions")
        wrong = [] if comes_to_rest(world, actors) else ["it does not come to rest"]
        return wrong + wrongs(world, (Script(_SITE, _PATH, (Put(_CONTENT),)),), in_order=False)
    finally:
        world.close()
