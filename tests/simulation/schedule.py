"""One schedule from its seed: the story, the faults, those who act, and the verdict at its end."""

from __future__ import annotations

import hashlib
import io
import logging
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from iotagg.audit import Counts, audit
from iotagg.core.judging.ranking import ranks_of
from iotagg.errors import Damaged
from iotagg.export import DAILY_COLUMNS, all_histories, daily_rows, write_rows
from iotagg.jobs.cloud import Settings
from iotagg.jobs.raw_files import is_final
from tests.simulation.actors import Actors
from tests.simulation.faults import Draws, Fault, Faults, Fired, Occasion
from tests.simulation.plain_result import plain_export
from tests.simulation.scheduler import Endless
from tests.simulation.stand_ins import replaced
from tests.simulation.story import Put, Script, outcomes, story_of
from tests.simulation.world import CHUNKS, DAY_SECONDS, DEAD, FILES, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.jobs.cloud import Cloud
    from iotagg.stores.protocol import Store
    from tests.simulation.controls import Control

EVERY_MONTH = ("0001-01", "9999-12")
_LOOK_SECONDS = 600.0
_QUIET_LOOKS = 60
_LOOKS = 0.1  # so often somebody looks at everything meanwhile


@dataclass(frozen=True, slots=True)
class Plan:
    """What a schedule is made of: its seed, what of its story and faults is left out, and who works.

    Without the `sweep`, no message is ever lost for good, and files have to end by what the queues deliver again.
    """

    seed: int
    scripts: tuple[Script, ...]
    without: frozenset[Occasion] = frozenset()
    sweep: bool = True

    @classmethod
    def of(cls, seed: int) -> Plan:
        """Return the plan of a seed."""
        draws = Draws(seed)
        return cls.with_sweep(seed) if draws.fraction("sweep") < 0.85 else cls.without_sweep(seed)

    @classmethod
    def with_sweep(cls, seed: int) -> Plan:
        """Return the plan of a seed under which the sweep looks after everything."""
        return cls(seed, story_of(Draws(seed)))

    @classmethod
    def without_sweep(cls, seed: int) -> Plan:
        """Return the plan of a seed under which it does not: what replaces or retracts would need it."""
        scripts = story_of(Draws(seed))
        return cls(seed, tuple(replace(script, steps=script.steps[:1]) for script in scripts), sweep=False)


@dataclass(slots=True)
class Verdict:
    """What is wrong at the end of a schedule (nothing, one hopes), and what went wrong on the way."""

    plan: Plan
    wrong: list[str] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)
    turns: int = 0
    seconds: float = 0.0
    trace: list[str] = field(default_factory=list)


def run(plan: Plan, control: Control | None = None) -> Verdict:
    """Run one schedule, of the project's own code or of a wrong way."""
    draws = Draws(plan.seed)
    faults = Faults.of(draws, plan.without)
    if not plan.sweep:
        faults.kinds -= {Fault.EVENT_LOST, Fault.MESSAGE_LOST, Fault.FIFTEEN_DAYS}
    removes = draws.below(2, "remove raw") == 0 or (control is not None and control.remove_raw)
    settings = Settings(remove_raw=removes)
    verdict = Verdict(plan)
    with quietly(), replaced(control.parts if control is not None else {}):
        world = World(plan.seed, faults, settings=settings)
        try:
            if control is not None:
                control.beside(world)
            _live(world, plan, verdict)
        except Endless as reason:
            verdict.wrong.append(f"it does not end: {reason}")
        finally:
            verdict.fired, verdict.turns = faults.fired, world.scheduler.turns
            verdict.trace = world.trace() if verdict.wrong else []
            world.close()
    return verdict


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the project's own logs out of the report."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _live(world: World, plan: Plan, verdict: Verdict) -> None:
    begin = world.now()
    actors = Actors(world)
    for script in plan.scripts:
        actors.author(script)
    kinds = world.draws.below(3, "who works")
    for number in range((0, 1, 2)[kinds]):
        actors.worker(f"worker {number}", sweeps=plan.sweep)
    if kinds != 2:
        actors.functions("functions", sweeps=plan.sweep)
    if world.draws.fraction("looks") < _LOOKS:
        actors.looker(600 * world.draws.fraction("looks when"))
    _maybe_fifteen_days(world)
    world.scheduler.run(lambda: not actors.authors_left)
    if not comes_to_rest(world, actors):
        verdict.wrong.append("it does not come to rest")
    verdict.seconds = world.now() - begin
    verdict.wrong += [f"an error that nobody expects: {each}" for each in world.strange[:5]]
    verdict.wrong += wrongs(world, plan.scripts, in_order=not world.order_is_lost)


def comes_to_rest(world: World, actors: Actors) -> bool:
    """Let the world go on without faults until there is nothing left to do; say whether that came."""
    world.faults.on = False
    for _ in range(_QUIET_LOOKS):
        awake = max((task.process.asleep_until for task in world.scheduler.tasks()), default=0.0)
        deadline = max(world.now(), awake) + _LOOK_SECONDS
        world.scheduler.run(lambda: False, deadline)
        world.clock.set(max(world.now(), deadline))
        if _dead_letters(world):
            actors.person_redrives()
        elif _is_quiet(world):
            return True
    return False


def _maybe_fifteen_days(world: World) -> None:
    # Nobody does anything: neither the workers, nor the functions, nor people.
    if world.faults.at("all workers", Occasion("all workers", 0)) is None:
        return
    after = 600 * world.draws.fraction("when")

    def pause() -> None:
        world.nobody_works_until = world.now() + 15 * DAY_SECONDS
        for task in world.scheduler.tasks():
            if task.process is not world.outside:
                task.process.asleep_until = world.nobody_works_until

    world.scheduler.start(world.outside, "15 days", pause, after=after)


def _dead_letters(world: World) -> int:
    return sum(len(world.message_bodies(name)) for name in DEAD.values())


def _is_quiet(world: World) -> bool:
    if world.message_bodies(FILES) or world.message_bodies(CHUNKS):
        return False
    cloud = world.cloud()
    return not any(True for site in cloud.store.sites() for _ in cloud.store.pending(site)) and _all_final(cloud)


def _all_final(cloud: Cloud) -> bool:
    return all(
        is_final(version, cloud.store.path(version.key.split("/")[1], version.key))
        for version in cloud.bucket.versions("incoming/")
    )


def wrongs(world: World, scripts: tuple[Script, ...], *, in_order: bool) -> list[str]:
    """Return what is wrong with what the store holds, given what happened at each path."""
    cloud = world.cloud()
    known = {content_name(content): content for script in scripts for content in contents_of(script)}
    found: list[str] = []
    counted: dict[str, set[bytes]] = defaultdict(set)
    for script in scripts:
        record = cloud.store.path(script.site, script.path)
        held = frozenset(known[name.content] for name in record.names)
        counted[script.site] |= held
        possible = outcomes(script.steps, in_order=in_order)
        if held not in possible:
            found.append(
                f"{script.path} holds {sorted(map(len, held))}, not {[sorted(map(len, each)) for each in possible]}"
            )
    expected = plain_export({site: contents for site, contents in counted.items() if contents})
    exported = _exported(cloud)
    if exported != expected:
        found.append(f"the export differs:\n{exported}instead of\n{expected}")
    counts = Counts()
    found += [f"audit: {finding}" for finding in audit(cloud.store, counts=counts, wait=world.scheduler.sleep)]
    if counts.pending or counts.in_flight:
        found.append(f"audit: {counts.pending} pending, {counts.in_flight} in flight")
    for name in (FILES, CHUNKS, *DEAD.values()):
        found += [f"left in {name}: {body[:300]}" for body in world.message_bodies(name)]
    found += [f"pending: {each}" for site in cloud.store.sites() for each in cloud.store.pending(site)]
    if not _all_final(cloud):
        found.append("a file is in no end state")
    return found + [f"ranks differ: {each}" for site in cloud.store.sites() for each in _odd_ranks(cloud.store, site)]


def _odd_ranks(store: Store, site: str) -> Iterator[str]:
    # Whatever is kept of what stands out is what the sums say.
    pairs = groupby(store.scan(site), key=lambda row: (row.source, row.destination))
    for pair, rows in pairs:
        of_sums = ranks_of(list(rows), *EVERY_MONTH)
        stored = {month.month: rank for month, rank in store.ranked_months(site, *pair)}
        if stored != of_sums:
            yield f"{site} {pair}: {stored}, not {of_sums}"


def _exported(cloud: Cloud) -> str:
    out = io.StringIO()
    try:
        write_rows((row for pair in all_histories(cloud.store) for row in daily_rows(pair)), DAILY_COLUMNS, out)
    except Damaged as reason:
        out.write(f"{reason}\n")
    return out.getvalue()


def content_name(content: bytes) -> str:
    """Return the name that a content has in a contribution's."""
    return hashlib.sha256(content).hexdigest()


def contents_of(script: Script) -> list[bytes]:
    """Return all that was put at a path."""
    return [step.content for step in script.steps if isinstance(step, Put)]
