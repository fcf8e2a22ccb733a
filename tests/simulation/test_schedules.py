"""A thousand schedules, each of which ends as if nothing had gone wrong; and it shows if one does not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.simulation.controls import CONTROLS
from tests.simulation.faults import Fault, faults_at
from tests.simulation.many import TOGETHER, run_some
from tests.simulation.schedule import Plan, Verdict, run
from tests.simulation.shrinking import shrunk
from tests.simulation.story import Put, Retract, Wait, outcomes

SCHEDULES = 1_000
MOST_SCHEDULES_OF_A_CONTROL = 200
SHORT = 21  # a schedule of few turns, and some faults
CSV = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\n"
OLD, GROWN, OTHER = CSV + b"1\n", CSV + b"1\n2\n", CSV + b"3\n"


@pytest.mark.parametrize("first", range(1, SCHEDULES + 1, TOGETHER))
def test_whatever_goes_wrong_files_count_once_and_exactly(first: int) -> None:
    report = run_some(first, first + TOGETHER)
    assert report.failed == {}
    assert report.schedules == TOGETHER
    assert sum(report.fired.values()) > TOGETHER


def test_the_same_seed_makes_the_same_schedule() -> None:
    first, second = run(Plan.of(1)), run(Plan.of(1))
    assert first.fired
    assert (first.fired, first.turns, first.seconds) == (second.fired, second.turns, second.seconds)


def test_a_fault_that_is_left_out_leaves_the_others_as_they_were() -> None:
    plan = Plan.of(SHORT)
    first = run(plan).fired[0]
    others = run(replace(plan, without=frozenset({first.occasion}))).fired
    assert first not in others


@pytest.mark.parametrize("name", CONTROLS)
def test_a_wrong_way_is_found(name: str) -> None:
    control = CONTROLS[name]
    plans = Plan.without_sweep if control.sweep is False else Plan.with_sweep
    seeds = range(1, MOST_SCHEDULES_OF_A_CONTROL + 1)
    assert any(control.seen in wrong for seed in seeds for wrong in run(plans(seed), control).wrong)


def test_a_schedule_that_fails_is_made_small() -> None:
    plan = Plan.of(SHORT)
    to_blame = run(plan).fired[-1]

    def judged(plan: Plan) -> Verdict:
        verdict = run(plan)
        fails = to_blame in verdict.fired and plan.scripts
        return replace(verdict, wrong=["blamed"] if fails else [])

    small = shrunk(judged(plan), judged)
    assert small.wrong
    assert to_blame in small.fired
    assert len(small.fired) < len(run(plan).fired)


def test_every_kind_of_fault_happens_somewhere() -> None:
    sites = {
        "dynamodb.BatchGetItem",
        "dynamodb.TransactWriteItems",
        "s3.GetObject",
        "s3.PutObject",
        "sqs.DeleteMessage",
        "sqs.ReceiveMessage",
        "sqs.SendMessageBatch",
        "an event of the bucket",
        "a temporary file",
        "a function's time",
        "all workers",
        "a process's start",
    }
    assert Counter(fault for site in sites for fault in faults_at(site)).keys() == set(Fault)


@pytest.mark.parametrize(
    ("steps", "possible"),
    [
        ([Put(OLD)], {OLD}),
        ([Put(OLD), Wait(), Put(GROWN)], {GROWN}),
        ([Put(OLD), Wait(), Put(OTHER)], {OLD}),
        ([Put(OLD), Put(OTHER, "replace")], {OTHER}),
        ([Put(OLD), Wait(), Put(OTHER, "add")], {OLD, OTHER}),
        ([Put(OLD), Wait(), Retract(), Put(OLD)], set()),
        ([Put(OLD), Wait(), Retract(), Put(OLD, again=True)], {OLD}),
    ],
)
def test_what_people_do_comes_to_what_they_expect(steps: list[Put | Wait | Retract], possible: set[bytes]) -> None:
    assert outcomes(steps, in_order=True) == {frozenset(possible)}
