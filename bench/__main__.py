"""Measure, and show or write what was found: python -m bench [PART…] [options].

A part is a module with `run(options: Options) -> Section` (see `bench.options`, `bench.report`). Without a name, all
parts run. It ends with 1 when results that should agree do not.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from bench.options import Disagreement, add_options, read_options
from bench.page import page_of, write_part
from bench.report import markdown

PARTS = {
    "summarize": "bench.summarize",
    "start-up": "bench.start_up",
    "growth": "bench.growth",
    "compute": "bench.compute",
    "storage": "bench.storage",
    "audit": "bench.audit",
    "top": "bench.top",
    "findings": "bench.findings",
    "serving": "bench.serving",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the parts that are named, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure how fast iotagg is, beside others.")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--write", action="store_true", help="write into docs instead of printing")
    add_options(parser)
    given = parser.parse_args(arguments)
    if given.again and not given.keep:
        parser.error("--again shows what was kept; name it with --keep DIR")
    options = read_options(given)
    for name in given.parts or PARTS:
        try:
            section = importlib.import_module(PARTS[name]).run(options)
        except Disagreement as difference:
            sys.stderr.write(f"{name}: {difference}\n")
            return 1
        if given.write:
            write_part(name, section, page_of(name))
        else:
            sys.stdout.write(markdown(section, page_of(name).stem) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
