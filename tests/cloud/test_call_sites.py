"""Every place where a client is called, with every fault that its call can meet: the end is the same."""

from __future__ import annotations

from collections import Counter
from functools import cache, partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.aws.patience import Patience
from iotagg.core.contribution import Name
from iotagg.jobs.cloud import Settings
from iotagg.jobs.summarize import AGAIN
from tests.cloud.faults import (
    PACKAGE,
    Call,
    Site,
    Wire,
    call_sites,
    lost_reply,
    lost_request,
    retries_end,
    server_error,
    small_pages,
    wire_to,
    without_waiting,
)
from tests.cloud.scenario import (
    ALL_TORN,
    FULL,
    OVERFLOWING,
    PARIS,
    TWO_MONTHS,
    V1,
    V2,
    World,
    deployed,
    history,
    seen,
)
from tests.examples import LONG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.cloud.faults import Fault

EXEMPT = {
    "aws/consumers.py": "has tests of its own in test_consumers.py, on an engine that knows Lambda",
    "aws/identity.py": "asks STS once, for a person who waits; nothing is written",
    "aws/provision.py": "makes deployments for tests and engines; a person repeats it under another name",
    "aws/removal.py": "removes data for a person, who repeats it; see tests/deployment",
    "aws/stack.py": "asks CloudFormation once, for a person who waits; nothing is written",
    "aws/topics.py": "talks to SNS, which the engine does not know; see test_digest.py",
    "aws/uploads.py": "has faults of its own in tests/cloud/uploads",
    "aws/web_files.py": "talks to the web, not to AWS; see test_web_files.py",
}
FOLDERS = ("aws", "stores/dynamodb", "jobs")
SITES = sorted(
    site
    for folder in FOLDERS
    for file in sorted((PACKAGE / folder).rglob("*.py"))
    if (name := file.relative_to(PACKAGE).as_posix()) not in EXEMPT
    for site in call_sites(name)
)


@cache
def undisturbed(endpoint: str) -> tuple[dict[str, Any], dict[Site | None, int]]:
    return played(wire_to(endpoint), Patience())


def played(
    wire: Wire,
    patience: Patience,
    plan: Callable[[Call], Iterable[Fault]] | None = None,
    *,
    prepare: Callable[[World], None] = lambda _: None,
    story: Callable[[World], None] = history,
) -> tuple[dict[str, Any], dict[Site | None, int]]:
    """Let a story happen in a world of its own; return what is seen at its end, and the calls of each place."""
    with wire.undisturbed():
        world = World(deployed(wire.clients, Settings(remove_raw=True, quiet_days=1), patience), wire)
        wire.begin()
        prepare(world)
    wire.plan = plan or wire.plan
    story(world)
    found = seen(world)
    return found, Counter(call.site for call in wire.calls)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return without_waiting(monkeypatch)


# A story with all its faults takes seconds, so many places share one; IOTAGG_LONG=1 gives each a story of its own,
# which says at once where to look.
FAULTY_STORIES = len(SITES) if LONG else 6
A_FEW = 2  # of the writes after which a long story may end; IOTAGG_LONG=1 tries all of them
GROUPS = [SITES[first::FAULTY_STORIES] for first in range(FAULTY_STORIES)]
ENDING_STORIES = len(SITES) if LONG else 3  # two calls of each place go wrong there, so more places share one
ENDING_GROUPS = [SITES[first::ENDING_STORIES] for first in range(ENDING_STORIES)]


@pytest.mark.parametrize("sites", GROUPS, ids=lambda sites: " ".join(map(str, sites)))
def test_what_clients_try_again_by_themselves_changes_nothing(
    sites: list[Site], endpoint: str, waits: list[float]
) -> None:
    expected, numbers = undisturbed(endpoint)
    met: Counter[Site] = Counter()

    def plan(call: Call) -> list[Fault]:
        if call.site not in sites:
            return []
        met[call.site] += 1
        if call.number in (1, numbers[call.site]):
            return [lost_request, server_error, lost_reply]
        return [lost_reply] if call.number % 2 else []

    found, _ = played(wire_to(endpoint), Patience(sleep=waits.append), plan)
    assert all(met[site] >= numbers[site] / 2 for site in sites)
    assert found == expected


@pytest.mark.parametrize("sites", ENDING_GROUPS, ids=lambda sites: " ".join(map(str, sites)))
def test_a_job_that_ends_in_the_middle_and_is_done_again_changes_nothing(
    sites: list[Site], endpoint: str, waits: list[float]
) -> None:
    expected, numbers = undisturbed(endpoint)
    ended: set[Site] = set()

    def plan(call: Call) -> list[Fault]:
        if call.site not in sites or call.number not in (1, numbers[call.site]):
            return []
        ended.add(call.site)
        return retries_end(lost_reply)

    found, _ = played(wire_to(endpoint), Patience(attempts=1, sleep=waits.append), plan)
    assert ended == set(sites)
    assert found == expected


def test_every_place_where_a_client_is_called_is_reached_by_the_history(endpoint: str) -> None:
    _, numbers = undisturbed(endpoint)
    assert numbers.keys() == set(SITES)


def test_only_what_needs_every_pair_or_all_that_is_forgotten_scans_the_table() -> None:
    scanning = {f"{site.file}:{site.function}" for site in SITES if site.operation == "Scan"}
    assert scanning == {
        "stores/dynamodb/books.py:Books._scan",
        "stores/dynamodb/sums.py:Sums.scan",
        "stores/dynamodb/removal.py:Removal._remove",
        "stores/dynamodb/erasing.py:forgotten_items",
    }


def test_what_is_exempt_is_there() -> None:
    assert [file for file in EXEMPT if not (PACKAGE / file).is_file()] == []


@pytest.mark.parametrize("size", [1, 2, 3] if LONG else [1])
def test_small_pages_and_batches_that_are_read_in_part_change_nothing(size: int, endpoint: str) -> None:
    expected, _ = undisturbed(endpoint)
    wire = wire_to(endpoint)
    with small_pages(wire.clients, size):
        found, numbers = played(wire, Patience())
    assert found == expected
    assert sum(numbers.values()) > sum(undisturbed(endpoint)[1].values())


# Every moment at which a job can end: after each write, which is before the next.

WRITES = frozenset(
    (
        *("PutObject", "DeleteObject", "SendMessageBatch", "DeleteMessage"),
        *("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"),
    )
)


def arriving(key: str, content: bytes) -> Callable[[World], None]:
    def story(world: World) -> None:
        world.put({f"{PARIS}/{key}": content})
        world.work()

    return story


def nothing(_: World) -> None:
    pass


def full_already(world: World) -> None:
    world.cloud.store.apply(Name("paris", "0" * 64, "0" * 16), 1, 0, [FULL])


def taken_out(world: World) -> None:
    world.retract("paris", f"{PARIS}/flows.csv")


def counted_at_two_paths(world: World) -> None:
    world.put({f"{PARIS}/flows.csv": TWO_MONTHS, f"{PARIS}/copy.csv": TWO_MONTHS, f"{PARIS}/torn.csv": ALL_TORN})
    world.work()


def first_device_forgotten(world: World) -> None:
    counted_at_two_paths(world)
    world.forget_device("192.168.1.7")


def forgotten_and_counted_again(world: World) -> None:
    first_device_forgotten(world)
    world.forget_site("paris")


def test_a_device_or_a_site_that_was_forgotten_is_mentioned_nowhere(endpoint: str) -> None:
    wire = wire_to(endpoint)
    for prepare, forget in (STORIES["a device that is forgotten"], STORIES["a site that is forgotten"]):
        found, _ = played(wire, Patience(), prepare=prepare, story=forget)
        assert found["places"]["192.168.1.7"] == []
    assert found["places"]["2001:db8::7"] == []
    found, _ = played(wire, Patience(), prepare=nothing, story=counted_at_two_paths)
    # The objects that came in, the contribution, the rejected lines of two files, and the pair's two months.
    assert len(found["places"]["192.168.1.7"]) == 3 + 1 + 2 + 2


def again(world: World) -> None:
    world.put({f"{PARIS}/flows.csv": TWO_MONTHS}, {AGAIN: "yes"})
    world.work()


STORIES: dict[str, tuple[Callable[[World], None], Callable[[World], None]]] = {
    "a device that is forgotten": (counted_at_two_paths, lambda world: world.forget_device("192.168.1.7")),
    "a second device that is forgotten": (first_device_forgotten, lambda world: world.forget_device("2001:db8::7")),
    "a site that is forgotten": (counted_at_two_paths, lambda world: world.forget_site("paris")),
    "months that are forgotten": (counted_at_two_paths, lambda world: world.forget_before("2022-12")),
    "a file that is forgotten and counted again": (forgotten_and_counted_again, again),
    "a new file": (nothing, arriving("flows.csv", TWO_MONTHS)),
    "a file that has grown": (arriving("flows.csv", V1), arriving("flows.csv", V2)),
    "a file that is taken out": (arriving("flows.csv", TWO_MONTHS), taken_out),
    "a file with sums that are too large": (full_already, arriving("flows.csv", OVERFLOWING)),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_has_one_end_after_whichever_write_it_is_interrupted(
    story: str, endpoint: str, waits: list[float]
) -> None:
    prepare, happen = STORIES[story]
    wire = wire_to(endpoint)

    def ends_in_the_sweep(world: World) -> None:
        happen(world)
        world.sweep_up()

    play = partial(played, wire, Patience(attempts=1), prepare=prepare, story=ends_in_the_sweep)
    expected, _ = play()
    writes = sum(call.operation in WRITES for call in wire.calls)
    for ending in range(1, writes + 1, 1 if LONG else -(-writes // A_FEW)):
        numbers = count(1)

        def plan(call: Call, ending: int = ending, numbers: Iterator[int] = numbers) -> list[Fault]:
            return retries_end(lost_reply) if call.operation in WRITES and next(numbers) == ending else []

        found, _ = play(plan)
        assert found == expected, f"after write {ending}"
