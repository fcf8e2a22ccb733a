"""Two workers, one file, one fault: the runs that are tried here are the first of those that --exhaustive tries."""

from __future__ import annotations

import pytest

from tests.simulation.exhaustive import BOTH, Choices, explore

RUNS = 200


@pytest.mark.parametrize("both", BOTH.values(), ids=map("-".join, BOTH.values()))
def test_no_order_of_two_workers_with_a_fault_ends_wrong(both: tuple[str, str]) -> None:
    found = explore(both, RUNS)
    assert found.runs == RUNS
    assert found.ends > RUNS // 100
    assert found.faults
    assert found.wrong == []


def test_choices_are_taken_one_by_one_until_there_is_no_other() -> None:
    waiting: list[list[int]] = [[]]
    seen = []
    while waiting:
        choices = Choices(waiting.pop())
        first = choices.take(2)
        seen.append((first, choices.take(3) if first else 0))
        waiting += choices.others()
    assert sorted(seen) == [(0, 0), (1, 0), (1, 1), (1, 2)]
