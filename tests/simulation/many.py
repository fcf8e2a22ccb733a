"""Many schedules in one process."""

from __future__ import annotations

import gc
from functools import cache

from tests.simulation.report import Report
from tests.simulation.schedule import Plan, run

TOGETHER = 50


def run_some(first: int, last: int) -> Report:
    """Run a few schedules, one after the other."""
    report = Report()
    _frozen()
    for seed in range(first, min(first + TOGETHER, last)):
        report.add(run(Plan.of(seed)))
    return report


@cache
def _frozen() -> None:
    # What was imported stays, and need not be looked through again and again. Once: what a schedule leaves is garbage.
    gc.freeze()
