"""python -m tests.chaos --store sqlite --minutes 10: do files count once each while processes are killed?"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from docs.made import with_part
from tests.chaos.options import Options
from tests.chaos.run import run
from tests.project.guaranteed import PAGE


def main() -> int:
    """Let processes work and be killed; return 1 when anything is not as it should be."""
    given = _arguments().parse_args()
    options = Options(given.store, given.files, given.minutes * 60, given.processes, given.seed, tuple(given.gap))
    with tempfile.TemporaryDirectory(prefix="iotagg-chaos-") as folder:
        result = run(options, Path(folder), lambda line: print(line, flush=True))
    print("\n".join(result.lines()), flush=True)
    for difference in result.differing:
        print(difference)
    if given.write and not result.differing:
        made = "```text\n" + "\n".join(result.lines()) + "\n```"
        PAGE.write_text(with_part(PAGE.read_text("utf-8"), f"chaos-{options.store}", made), "utf-8")
    return 1 if result.differing else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument(
        "--store", choices=("sqlite", "roto"), required=True, help="a database, or an engine of the cloud"
    )
    parser.add_argument("--files", type=int, default=1_000, help="how many files")
    parser.add_argument("--minutes", type=float, default=10, help="how long processes are killed")
    parser.add_argument("--processes", type=int, default=4, help="how many at once; on roto, half of them are workers")
    parser.add_argument(
        "--gap", type=float, nargs=2, default=(1.0, 5.0), metavar="SECONDS", help="each is killed after between so many"
    )
    parser.add_argument("--seed", type=int, default=1, help="other files and moments for each seed")
    parser.add_argument("--write", action="store_true", help="write the report into docs/guarantees.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
