"""Two workers, one file, one fault: where not all orders are tried here, `--exhaustive` tries them."""

from __future__ import annotations

import pytest

from tests.examples import long_only
from tests.simulation.controls import CONTROLS
from tests.simulation.exhaustive import ADDS, READS, explore
from tests.simulation.stand_ins import replaced

STATES, STATES_WRONG = 500, 1_600


@pytest.mark.parametrize("both", [(READS, READS), (ADDS, ADDS)], ids="-".join)
def test_no_order_of_two_workers_with_a_fault_ends_wrong(both: tuple[str, str]) -> None:
    found = explore(both, STATES)
    assert found.states == STATES
    assert found.orders > STATES
    assert found.ends > 1
    assert found.faults
    assert found.wrong == []


@long_only
def test_no_order_at_all_ends_wrong_where_one_reads_what_the_other_adds() -> None:
    found = explore((READS, ADDS))
    assert found.orders > 10**7
    assert found.wrong == []


@pytest.mark.parametrize("control", ["plain ADD", "marker outside the transaction"])
def test_a_wrong_way_ends_wrong_in_some_order(control: str) -> None:
    with replaced(CONTROLS[control].parts):
        assert explore((READS, ADDS), STATES_WRONG).wrong
