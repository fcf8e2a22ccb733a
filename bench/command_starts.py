"""How long commands take to start: python -m bench.command_starts [ROUNDS] [PYTHON].

Each command is a process of its own, by the script that is installed beside PYTHON (without it, the running one), as is
a Python that does nothing. They take turns; medians are shown, and the fastest. Nobody can save what `python -c pass`
takes, nor `import click` whoever uses it. An installation that can be edited (`pip install -e`) starts some 15 ms later
than a wheel.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.setting import middle, sample_files, show

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUNDS = 15
_ROWS = 1000
_MS = 1000
_HEADER = ("command", "wall ms", "fastest", "beyond python", "CPU ms", "fastest", "beyond python", "x python")


class Took(NamedTuple):
    """What a process took, in seconds: by the clock, and of a processor."""

    wall: float
    processor: float


def main() -> None:
    """Measure, and print the figures."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    python = Path(sys.argv[2] if len(sys.argv) > 2 else sys.executable).absolute()  # noqa: PLR2004 (the second argument)
    with sample_files(1, _ROWS) as files, tempfile.TemporaryDirectory() as folder:
        commands = _commands(str(python), str(python.with_name("iotagg")), str(files[0]), Path(folder))
        took: dict[str, list[Took]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                took[name].append(_run(command, Path(folder)))
    show(f"Medians of {rounds} rounds, a file of {_ROWS:,} rows", _HEADER, _rows(took))


def _commands(python: str, iotagg: str, file: str, folder: Path) -> dict[str, Sequence[str]]:
    counted = ("--db", str(folder / "counted.db"))
    _run((iotagg, *counted, "upload", file), folder)
    # Each round counts into a database of its own; none of them is there yet.
    into_new_one = 'exec "$0" --db "$1/$$.db" upload "$2"'
    return {
        "python -c pass": (python, "-c", "pass"),
        "python -c 'import click'": (python, "-c", "import click"),
        "iotagg --version": (iotagg, "--version"),
        "iotagg --help": (iotagg, "--help"),
        "iotagg upload --dry-run": (iotagg, "--db", str(folder / "none.db"), "upload", "--dry-run", file),
        "iotagg upload": ("/bin/sh", "-c", into_new_one, iotagg, str(folder), file),
        "iotagg upload, again": (iotagg, *counted, "upload", file),
        "iotagg status": (iotagg, *counted, "status"),
        "iotagg export --all": (iotagg, *counted, "export", "--all"),
    }


def _run(command: Sequence[str], folder: Path) -> Took:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("IOTAGG_", "PYTHON"))}
    before, begin = _processor_seconds(), time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 (named above)
    return Took(time.perf_counter() - begin, _processor_seconds() - before)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _rows(took: dict[str, list[Took]]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    bare = next(iter(took.values()))
    for name, runs in took.items():
        cells: list[object] = [name]
        for of_python, own in zip(zip(*bare, strict=True), zip(*runs, strict=True), strict=True):
            beyond = middle(own) - middle(of_python)
            cells += [round(figure * _MS) for figure in (middle(own), min(own), beyond)]
        ratio = middle([run.processor for run in runs]) / middle([run.processor for run in bare])
        rows.append((*cells, ratio))
    return rows


if __name__ == "__main__":
    main()
