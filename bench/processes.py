"""Whole processes, measured from their start to their end."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
_STARTER = Path(__file__).with_name("starter.py")


class Failed(Exception):
    """A command ended with something else than 0; the message has the last line that it said."""


@dataclass(frozen=True, slots=True)
class Took:
    """What a process took: seconds by the clock and of the processor, and its largest memory in bytes."""

    wall: float
    cpu: float
    peak: int


def measured(command: Sequence[str], out: Path, *, fed_by: Sequence[str] = ()) -> Took:
    """Run a command, its output into a file, its input from another command if there is one. Raises Failed.

    Only the command itself is measured (with what it starts), not what feeds it.
    """
    started = subprocess.run(  # noqa: S603 (what is measured is started)
        [sys.executable, "-I", "-S", str(_STARTER), str(out), *command, "--", *fed_by],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    wall, cpu, peak, code = started.stdout.split() or ("0", "0", "0", "1")
    if code != "0":
        said = started.stderr.strip().splitlines()
        raise Failed(said[-1] if said else f"it ended with {code} and said nothing")
    return Took(float(wall), float(cpu), int(peak) * 1024)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "IOTAGG_"))}
    path = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    return kept | {"PYTHONPATH": path, "LC_ALL": "C.UTF-8"}
