"""A schedule that fails, made as small as it gets: fewer faults, fewer steps, as long as anything is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.simulation.schedule import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulation.schedule import Plan, Verdict

_MOST_RUNS = 400


def shrunk(verdict: Verdict, run: Callable[[Plan], Verdict] = run) -> Verdict:
    """Return the verdict on the smallest plan that was found and still fails."""
    runs = 0
    smaller = True
    while smaller and runs < _MOST_RUNS:
        smaller = False
        for plan in _smaller(verdict):
            runs += 1
            tried = run(plan)
            if tried.wrong:
                verdict, smaller = tried, True
                break
            if runs >= _MOST_RUNS:
                break
    return verdict


def _smaller(verdict: Verdict) -> Iterator[Plan]:
    plan = verdict.plan
    for place in range(len(plan.scripts)):
        rest = (*plan.scripts[:place], *plan.scripts[place + 1 :])
        if rest:
            yield replace(plan, scripts=rest)
    fired = [each.occasion for each in verdict.fired]
    size = len(fired)
    while size >= 1:
        for begin in range(0, len(fired), size):
            yield replace(plan, without=plan.without | set(fired[begin : begin + size]))
        size //= 2
    for place, script in enumerate(plan.scripts):
        for last in range(len(script.steps) - 1, 0, -1):
            shorter = replace(script, steps=script.steps[:last] + script.steps[last + 1 :])
            yield replace(plan, scripts=(*plan.scripts[:place], shorter, *plan.scripts[place + 1 :]))
