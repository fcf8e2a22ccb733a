"""A share of the cases that `make hostile` runs by the million, and what finds what is wrong."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.hostile import cases
from tests.hostile.cases import CHECKS, parser_of, random_of
from tests.hostile.running import CASE_SECONDS, run_cases, run_watched

if TYPE_CHECKING:
    from random import Random


@pytest.mark.parametrize("seed", range(4))
def test_no_case_gets_the_better_of_a_parser(seed: int) -> None:
    ran = run_cases(seed, range(4000))
    assert ran.failures == []
    assert set(ran.counts) == set(CHECKS)


def test_shares_add_up_and_each_parser_has_its_own() -> None:
    assert sum(share for share, _ in CHECKS.values()) == 1000
    assert {name: [parser_of(number) for number in range(1000)].count(name) for name in CHECKS} == {
        name: share for name, (share, _) in CHECKS.items()
    }


def test_a_case_is_the_same_wherever_it_is_run() -> None:
    assert random_of(1, 7).random() == random_of(1, 7).random() != random_of(2, 7).random()


def test_what_goes_wrong_is_told_with_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Random) -> None:
        raise KeyError("oops")

    monkeypatch.setitem(cases.CHECKS, parser_of(3), (1, fail))
    (failure,) = run_cases(5, [3]).failures
    assert failure.startswith(f"--seed 5 --case 3 ({parser_of(3)}): KeyError at ")


def test_what_takes_too_long_or_too_much_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.hostile.running.CASE_SECONDS", -1)
    assert "it took" in run_cases(1, [0]).failures[0]
    monkeypatch.setattr("tests.hostile.running.PROCESS_MEBIBYTES", 1)
    monkeypatch.setattr("tests.hostile.running.CASE_MEBIBYTES", -1)
    assert "the peak of memory is" in run_cases(1, []).failures[0]


def test_processes_are_watched_and_their_cases_added_up() -> None:
    ran = run_watched(1, 400, 2)
    assert ran.failures == []
    assert ran.counts.total() == 400


@pytest.mark.parametrize(
    ("name", "number"),
    [("databases", 2_667_042), ("keys", 4_505_959), ("keys", 4_566_211)],
    ids=["a list of paths that leads back to its beginning", "a site of a key, told at length", "the same, damaged"],
)
def test_what_was_found_once_is_not_found_again(name: str, number: int) -> None:
    began = time.monotonic()
    CHECKS[name][1](random_of(1, number))
    assert time.monotonic() - began < CASE_SECONDS
