"""The whole pipeline under faults: `python -m tests.simulation --schedules 1000`; `--replay SEED` makes one small.

Each schedule is drawn from its seed: what people do, who works, what goes wrong and when. `--exhaustive` goes through
all orders of two workers with one file and one fault instead.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from docs.made import with_part
from tests.project.guaranteed import PAGE
from tests.simulation.exhaustive import BOTH, explore
from tests.simulation.many import TOGETHER, run_some
from tests.simulation.report import Report, explored, summary, table
from tests.simulation.schedule import Plan, run
from tests.simulation.shrinking import shrunk

if TYPE_CHECKING:
    from collections.abc import Callable

_TOLD_SECONDS = 30


def main() -> int:
    """Run what the command line asks for; return 1 if anything was wrong."""
    given = _arguments().parse_args()
    if given.replay is not None:
        return _replay(given.replay)
    return _explore(given) if given.exhaustive else _run_all(given)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schedules", type=int, default=1000, metavar="N", help="how many, each with its own seed")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the first seed")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count(), metavar="N", help="processes")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run one schedule; if it fails, make it small")
    parser.add_argument("--exhaustive", action="store_true", help="two workers, one file, one fault, in all orders")
    parser.add_argument("--write", action="store_true", help="write the report into docs/guarantees.md")
    return parser


def _replay(seed: int) -> int:
    verdict = run(Plan.of(seed))
    if not verdict.wrong:
        print(f"schedule {seed}: nothing is wrong; {len(verdict.fired)} faults, {verdict.turns} turns")
        return 0
    verdict = shrunk(verdict)
    for script in verdict.plan.scripts:
        print(script.site, script.path, *script.steps, sep="\n  ")
    for fired in verdict.fired:
        print(f"{fired.occasion.process} {fired.occasion.number} {fired.site}: {fired.fault.value}")
    print(*verdict.trace, *verdict.wrong, sep="\n")
    return 1


def _run_all(given: argparse.Namespace) -> int:
    report, begin, last = Report(), time.monotonic(), given.seed + given.schedules
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for part in pool.imap_unordered(partial(run_some, last=last), range(given.seed, last, TOGETHER)):
            report.merge(part)
            for seed, wrong in part.failed.items():
                print(f"schedule {seed}: {wrong[0]}", flush=True)
    made = f"{summary(report, time.monotonic() - begin)}\n\n{table(report.rows())}"
    print(made)
    for site, fault in report.never():
        print(f"never: {fault.value} at {site}")
    _write(given, "faults", made, failed=bool(report.failed))
    return 1 if report.failed else 0


def _explore(given: argparse.Namespace) -> int:
    all_found, begin = {}, time.monotonic()
    for name, both in BOTH.items():
        all_found[name] = found = explore(both, told=_told_from(name))
        print(f"{name}: {found.orders:,} orders, {len(found.wrong):,} wrong", *found.wrong[:10], sep="\n", flush=True)
    print(made := explored(all_found, time.monotonic() - begin))
    failed = any(found.wrong for found in all_found.values())
    _write(given, "exhaustive", made, failed=failed)
    return 1 if failed else 0


def _told_from(name: str) -> Callable[[int], None]:
    last = time.monotonic()

    def tell(states: int) -> None:
        nonlocal last
        if time.monotonic() - last > _TOLD_SECONDS:
            last = time.monotonic()
            print(f"{name}: {states:,} states so far", file=sys.stderr, flush=True)

    return tell


def _write(given: argparse.Namespace, part: str, made: str, *, failed: bool) -> None:
    if given.write and not failed:
        PAGE.write_text(with_part(PAGE.read_text("utf-8"), part, made), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
