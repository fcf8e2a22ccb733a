"""Two workers, one file, one fault: the orders that are tried here are the first of those that --exhaustive tries."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest

from tests.simulation.controls import CONTROLS
from tests.simulation.exhaustive import BOTH, Found, explore
from tests.simulation.stand_ins import replaced
from tests.simulation.ways import States, every_way

if TYPE_CHECKING:
    from tests.simulation.ways import Line, Ways

ORDERS = 200


def explored(both: tuple[str, str], control: str) -> Found:
    with replaced(CONTROLS[control].parts if control else {}):
        return explore(both, ORDERS)


@pytest.mark.parametrize("both", BOTH.values(), ids=map("-".join, BOTH.values()))
def test_no_order_of_two_workers_with_a_fault_ends_wrong(both: tuple[str, str]) -> None:
    found = explored(both, "")
    assert found.orders == ORDERS
    assert found.ends > ORDERS // 100
    assert found.states > ORDERS // 2
    assert found.faults
    assert found.wrong == []


@pytest.mark.parametrize("control", ["plain ADD", "marker outside the transaction"])
def test_a_wrong_way_ends_wrong_in_some_order(control: str) -> None:
    assert explored(BOTH["both add what it adds"], control).wrong


def some_ways(most: float, at_once: int) -> list[Line]:
    def run(ways: Ways) -> Line:
        first = ways.take(2)
        return {"came": [first, ways.take(3) if first else 0]}

    return list(every_way(run, States(), most, at_once))


def in_a_process_of_its_own(at_once: int) -> list[Line]:
    # Others are forked from it, which is for a process with one thread.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(some_ways, float("inf"), at_once).result()


@pytest.mark.parametrize("at_once", [1, 2])
def test_every_way_is_taken_once(at_once: int) -> None:
    lines = some_ways(float("inf"), 1) if at_once == 1 else in_a_process_of_its_own(at_once)
    assert sorted(line["came"] for line in lines) == [[0, 0], [1, 0], [1, 1], [1, 2]]
    assert sorted(line["taken"] for line in lines) == [[0], [1, 0], [1, 1], [1, 2]]


def test_no_more_ways_are_taken_than_asked_for() -> None:
    assert len(some_ways(3, 1)) == 3


def failing_ways() -> list[Line]:
    def run(ways: Ways) -> Line:
        if ways.take(2):
            raise ValueError("a way of its own")
        return {}

    return list(every_way(run, States()))


def test_what_fails_is_told_and_the_other_ways_are_taken() -> None:
    lines = failing_ways()
    assert sorted("a way of its own" in str(line) for line in lines) == [False, True]


def test_a_run_that_does_something_else_than_before_is_told() -> None:
    ran: list[int] = []

    def run(ways: Ways) -> Line:
        ran.append(ways.take(3 - len(ran)))
        return {}

    assert "does not do the same" in str(list(every_way(run, States())))


def test_a_state_is_new_once() -> None:
    states = States()
    met = [bytes(15) + bytes((number,)) for number in (1, 2, 1, 3, 2)]
    assert [states.add(state) for state in met] == [True, True, False, True, False]
    assert states.count == 3
