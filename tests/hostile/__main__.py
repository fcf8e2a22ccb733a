"""python -m tests.hostile --cases 10_000_000 --seed 1: does hostile input get the better of a parser?"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from tests.hostile.cases import CHECKS, parser_of, random_of
from tests.hostile.running import run_watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.running import Ran

_SECONDS = 30


def main() -> int:
    """Run as many cases as were asked for, or one; return 1 when anything failed."""
    given = _arguments().parse_args()
    if given.case is not None:
        print(parser_of(given.case))
        CHECKS[parser_of(given.case)][1](random_of(given.seed, given.case))
        return 0
    began = time.monotonic()
    ran = run_watched(given.seed, given.cases, given.jobs, _told_from(began, given.cases))
    _print(ran, time.monotonic() - began)
    return 1 if ran.failures else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="how many in all")
    parser.add_argument("--seed", type=int, default=1, help="other cases for each seed")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    parser.add_argument("--case", type=int, help="run only the case of this number, as a failure names it")
    return parser


def _told_from(began: float, cases: int) -> Callable[[int], None]:
    last = began

    def tell(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > _SECONDS:
            last = time.monotonic()
            print(f"{last - began:6.0f} s: some {done:,} of {cases:,} cases", flush=True)

    return tell


def _print(ran: Ran, seconds: float) -> None:
    print(f"{'parser':<16}{'cases':>12}{'µs each':>10}{'a second':>10}")
    for name in CHECKS:
        if count := ran.counts[name]:
            each = ran.seconds[name] / count
            print(f"{name:<16}{count:>12,}{each * 1e6:>10,.0f}{1 / each:>10,.0f}")
    total = ran.counts.total()
    print(
        f"{'all':<16}{total:>12,} in {seconds:,.0f} s, {total / seconds:,.0f} a second; peak memory {ran.mebibytes} MiB"
    )
    print(f"{len(ran.failures)} failures")
    for failure in ran.failures:
        print(failure)


if __name__ == "__main__":
    sys.exit(main())
