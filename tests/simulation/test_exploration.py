"""All orders of small processes, of which it can be worked out by hand how many there are and what they end in."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.simulation.exploration import explore
from tests.simulation.faults import Fault
from tests.simulation.world import BUCKET, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.exploration import Explored

    Work = Callable[[], None]

CALLS = 3


def put(world: World, key: str, body: bytes = b"") -> None:
    world.clients.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def read(world: World, key: str) -> bytes:
    return bytes(world.clients.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def ends(explored: Explored) -> set[frozenset[tuple[str, bytes]]]:
    """Return the objects that there are at each end."""
    found = set()
    for end in explored.ends:
        world = World(1, calm=True)
        end.held.put_into(world)
        bucket = world.s3.buckets[BUCKET]
        standing = [(key, bucket.standing(key)) for key in bucket.keys("")]
        found.add(frozenset((key, version.body) for key, version in standing if version is not None))
        world.close()
    return found


def counting(number: int, *, safely: bool) -> Callable[[World], Mapping[str, Work]]:
    """Return so many processes that each add one to what an object says, each by reading it first."""

    def work(world: World) -> Mapping[str, Work]:
        put(world, "count", b"0")

        def add() -> None:
            client = world.clients.s3
            for _ in range(number):
                got = client.get_object(Bucket=BUCKET, Key="count")
                condition: Any = {"IfMatch": got["ETag"]} if safely else {}
                try:
                    body = b"%d" % (int(got["Body"].read()) + 1)
                    client.put_object(Bucket=BUCKET, Key="count", Body=body, **condition)
                except ClientError:
                    continue  # another was faster
                return

        return {f"process {each}": add for each in range(number)}

    return work


def counts(explored: Explored) -> set[bytes]:
    return {body for end in ends(explored) for _, body in end}


def test_two_that_do_not_meet_have_each_order_of_their_calls() -> None:
    def work(world: World) -> Mapping[str, Work]:
        put(world, "object")

        def look() -> None:
            for _ in range(CALLS):
                read(world, "object")

        return {"one": look, "other": look}

    explored = explore(work, kinds=())
    assert explored.orders == comb(2 * CALLS, CALLS)
    assert explored.states == (CALLS + 1) ** 2
    assert explored.calls == 2 * CALLS * (CALLS + 1)
    assert len(explored.ends) == 1


def test_what_two_lose_by_overwriting_each_other_is_found() -> None:
    assert counts(explore(counting(2, safely=False), kinds=())) == {b"1", b"2"}
    assert counts(explore(counting(2, safely=True), kinds=())) == {b"2"}


def test_three_may_be_explored() -> None:
    explored = explore(counting(3, safely=False), kinds=())
    assert explored.orders == comb(6, 2) * comb(4, 2)
    assert counts(explored) == {b"1", b"2", b"3"}


@pytest.mark.parametrize(
    ("fault", "bodies"),
    [
        (Fault.REQUEST_LOST, {b"", b"1"}),
        (Fault.REPLY_LOST, {b"1"}),
        (Fault.SENT_TWICE, {b"1"}),
        (Fault.CAME_LATE, {b"1"}),
        (Fault.KILLED_BEFORE, {b"", b"1"}),
        (Fault.KILLED_BETWEEN, {b"1"}),
        (Fault.KILLED_AFTER, {b"1"}),
    ],
)
def test_a_fault_happens_once_or_not(fault: Fault, bodies: set[bytes]) -> None:
    def work(world: World) -> Mapping[str, Work]:
        put(world, "object")

        def write() -> None:
            try:
                put(world, "object", b"1")
            except BotoCoreError:
                return

        return {"one": write}

    explored = explore(work, kinds={fault})
    assert counts(explored) == bodies
    assert explored.orders == 2
    assert explored.faults == {f"s3.PutObject: {fault.value}": 1}


def test_what_comes_late_may_come_last() -> None:
    def work(world: World) -> Mapping[str, Work]:
        def write() -> None:
            for body in (b"1", b"2"):
                try:
                    put(world, "object", body)
                except BotoCoreError:
                    continue

        return {"one": write}

    assert counts(explore(work, kinds=())) == {b"2"}
    assert counts(explore(work, kinds={Fault.CAME_LATE})) == {b"1", b"2"}


def test_a_process_goes_on_from_the_answer_that_it_got() -> None:
    seen: list[bytes] = []

    def work(world: World) -> Mapping[str, Work]:
        put(world, "object", b"first")
        return {
            "reader": lambda: seen.append(read(world, "object")),
            "writer": lambda: put(world, "object", b"second"),
        }

    explore(work, kinds=())
    assert set(seen) == {b"first", b"second"}


def test_no_more_states_are_met_than_asked_for() -> None:
    met: list[int] = []
    explored = explore(counting(3, safely=False), most=5, told=met.append)
    assert explored.states == 5
    assert met == [1, 2, 3, 4, 5]


def test_what_two_threads_of_a_process_do_at_once_is_not_left_out_in_silence() -> None:
    def work(world: World) -> Mapping[str, Work]:
        put(world, "object")

        def look() -> None:
            process = world.scheduler.current.process
            for number in range(2):
                world.scheduler.start(process, f"thread {number}", lambda: read(world, "object"))

        return {"one": look}

    with pytest.raises(RuntimeError, match="two tasks of one ask at once"):
        explore(work, kinds=())
