"""python -m tests.sameness --lines 10_000_000 --seed 1: does the compiled scanner say what Python alone says?"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from iotagg.core.native import compiled_scanner
from tests.sameness.building import load
from tests.sameness.cases import case
from tests.sameness.checking import Checked, Tell, check, compare

_SECONDS = 30


def main() -> int:
    """Read as many lines as were asked for both ways; return 1 when anything differs."""
    given = _arguments().parse_args()
    scanner = load(given.scanner) if given.scanner else compiled_scanner()
    if scanner is None:
        print("the scanner is not compiled here", file=sys.stderr)
        return 2
    began = time.monotonic()
    if given.case is None:
        checked = check(scanner, given.seed, given.lines, tell=_told_from(began))
    else:
        checked = Checked()
        compare(checked, scanner, case(given.seed, given.case))
    print(f"{_summary(checked)}; {len(checked.differing)} differences, {time.monotonic() - began:.0f} s")
    for difference in checked.differing:
        print(difference)
    return 1 if checked.differing else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.sameness", description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000, help="how many lines in all")
    parser.add_argument("--seed", type=int, default=1, help="other lines for each seed")
    parser.add_argument("--scanner", type=Path, help="a scanner that was compiled otherwise")
    parser.add_argument("--case", type=int, help="read only the case of this number, as a difference names it")
    return parser


def _told_from(began: float) -> Tell:
    last = began

    def tell(checked: Checked) -> None:
        nonlocal last
        if time.monotonic() - last > _SECONDS:
            last = time.monotonic()
            print(f"{last - began:6.0f} s: {_summary(checked)}", flush=True)

    return tell


def _summary(checked: Checked) -> str:
    became = ", ".join(f"{count:,} {name}" for name, count in sorted(checked.became.items()))
    return f"{checked.lines:,} lines in {checked.files:,} files ({became})"


if __name__ == "__main__":
    sys.exit(main())
