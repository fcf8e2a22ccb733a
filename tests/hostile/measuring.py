"""A command in a process of its own: how it ends, what it says, and the most memory that it had."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.project.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_RUN = """
import sys
from iotagg.cli.main import main
code = main(sys.argv[1:])
# Not getrusage(), whose peak is also that of whoever started this process.
print(next(int(line.split()[1]) >> 10 for line in open("/proc/self/status") if line.startswith("VmHWM")))
sys.exit(code)
"""
_SECONDS = 60


@dataclass(frozen=True)
class Ended:
    """How a command ended; `mebibytes` is the peak of its memory."""

    code: int
    said: str
    mebibytes: int


def measured(folder: Path, *arguments: str) -> Ended:
    """Run a command in a folder. Fails when it takes longer than a minute."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, "--db", "measured.db", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    *printed, mebibytes = done.stdout.splitlines()
    return Ended(done.returncode, "\n".join([*printed, done.stderr]), int(mebibytes))
