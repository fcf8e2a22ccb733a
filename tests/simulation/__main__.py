"""Run schedules: `python -m tests.simulation --schedules 1000 --seed 1`; `--replay SEED` shows one, made small."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from functools import partial

from tests.simulation.many import TOGETHER, run_some
from tests.simulation.report import Report, table
from tests.simulation.schedule import Plan, run
from tests.simulation.shrinking import shrunk


def main() -> int:
    """Run what the command line asks for; say whether nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000, metavar="N", help="how many, each with its own seed")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the first seed")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count(), metavar="N", help="processes")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run one schedule, make it small, and show it")
    given = parser.parse_args()
    return _replay(given.replay) if given.replay is not None else _run_all(given)


def _replay(seed: int) -> int:
    verdict = run(Plan.of(seed))
    if not verdict.wrong:
        print(f"schedule {seed}: nothing is wrong; {len(verdict.fired)} faults, {verdict.turns} turns")
        return 0
    verdict = shrunk(verdict)
    for script in verdict.plan.scripts:
        print(script.site, script.path, *script.steps, sep="\n  ")
    print(
        *(
            f"{fired.occasion.process} {fired.occasion.number} {fired.site}: {fired.fault.value}"
            for fired in verdict.fired
        ),
        sep="\n",
    )
    print(*verdict.trace, sep="\n")
    print(*verdict.wrong, sep="\n")
    return 1


def _run_all(given: argparse.Namespace) -> int:
    report, begin = Report(), time.monotonic()
    starts = range(given.seed, given.seed + given.schedules, TOGETHER)
    last = given.seed + given.schedules
    some = partial(run_some, last=last)
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for part in pool.imap_unordered(some, starts):
            report.merge(part)
            for seed, wrong in part.failed.items():
                print(f"schedule {seed}: {wrong[0]}", flush=True)
    print(table(report.rows()))
    seconds = time.monotonic() - begin
    never = report.never()
    print(
        f"{report.schedules:,} schedules in {seconds:.0f} s ({report.schedules / seconds:.1f} a second), "
        f"{report.turns:,} turns, {report.simulated_seconds / 86_400:,.0f} simulated days; "
        f"{sum(report.fired.values()):,} faults; {len(report.failed)} schedules failed"
    )
    for site, fault in never:
        print(f"never: {fault.value} at {site}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
