"""python -m tests.sameness.fuzzing_planted: which of the planted bugs does the fuzzer find by itself, and how soon?"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.sameness.planted import BUGS, plant

_DIFFERENCE = "AssertionError"


def main() -> None:
    """Plant each, and print after how many seconds it was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.sameness.fuzzing_planted", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each bug")
    seconds = parser.parse_args().seconds
    found = 0
    for bug in BUGS:
        began = time.monotonic()
        is_found = _is_found(bug, seconds)
        found += is_found
        after = f"{time.monotonic() - began:4.0f} s" if is_found else "   -  "
        print(f"{after}  {bug}", flush=True)  # noqa: T201 (what it is for)
    print(f"{found} of {len(BUGS)} found")  # noqa: T201 (as above)


def _is_found(bug: str, seconds: int) -> bool:
    with TemporaryDirectory() as folder:
        sources = plant(bug, Path(folder))
        fuzzer = [sys.executable, "-m", "tests.sameness.fuzzing", "--seconds", str(seconds)]
        command = [*fuzzer, "--sources", str(sources), "--folder", str(Path(folder, "fuzz"))]
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        return ended.returncode != 0 and _DIFFERENCE in ended.stdout + ended.stderr


if __name__ == "__main__":
    main()
