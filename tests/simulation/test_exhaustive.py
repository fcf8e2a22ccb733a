"""Two workers, one file, one fault: the orders that are tried here are the first of those that --exhaustive tries."""

from __future__ import annotations

from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulation.controls import CONTROLS
from tests.simulation.exhaustive import BOTH, Found, explore
from tests.simulation.forking import States, every_way
from tests.simulation.stand_ins import replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.forking import Ways

ORDERS = 200


def alone(work: Callable[..., Any], *given: object) -> Any:
    # Processes are forked from one of its own, as other threads run in this one.
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


def explored(both: tuple[str, str], control: str) -> Found:
    with replaced(CONTROLS[control].parts if control else {}):
        return explore(both, ORDERS)


@pytest.mark.parametrize("both", BOTH.values(), ids=map("-".join, BOTH.values()))
def test_no_order_of_two_workers_with_a_fault_ends_wrong(both: tuple[str, str]) -> None:
    found = alone(explored, both, "")
    assert found.orders == ORDERS
    assert found.ends > ORDERS // 100
    assert found.states > ORDERS // 2
    assert found.faults
    assert found.wrong == []


@pytest.mark.parametrize("control", ["plain ADD", "marker outside the transaction"])
def test_a_wrong_way_ends_wrong_in_some_order(control: str) -> None:
    assert alone(explored, BOTH["both add what it adds"], control).wrong


def some_ways(most: float, at_once: int) -> list[dict[str, object]]:
    def run(ways: Ways) -> dict[str, object]:
        first = ways.take(2)
        return {"came": [first, ways.take(3) if first else 0]}

    return every_way(run, States(), most, at_once)


@pytest.mark.parametrize("at_once", [1, 2])
def test_every_way_is_taken_once(at_once: int) -> None:
    lines = alone(some_ways, float("inf"), at_once)
    assert sorted(line["came"] for line in lines) == [[0, 0], [1, 0], [1, 1], [1, 2]]
    assert sorted(line["taken"] for line in lines) == [[0], [1, 0], [1, 1], [1, 2]]


def test_no_more_ways_are_taken_than_asked_for() -> None:
    assert len(alone(some_ways, 3, 1)) == 3


def failing_ways() -> list[dict[str, object]]:
    def run(ways: Ways) -> dict[str, object]:
        if ways.take(2):
            raise ValueError("a way of its own")
        return {}

    return every_way(run, States())


def test_what_fails_is_told_and_the_other_ways_are_taken() -> None:
    lines = alone(failing_ways)
    assert sorted("a way of its own" in str(line) for line in lines) == [False, True]


def test_a_state_is_new_once() -> None:
    states = States()
    met = [bytes(15) + bytes((number,)) for number in (1, 2, 1, 3, 2)]
    assert [states.add(state) for state in met] == [True, True, False, True, False]
    assert states.count == 3
