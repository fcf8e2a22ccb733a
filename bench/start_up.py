"""What it takes before anything is done: the start of the program, the import of libraries, and their size on disk.

Each start is a whole process, and they take turns. A library's time is that of a process which imports it, less that of
one which does nothing, in the same round. Sizes are those of the files which its installation lists, and of what it
needs, without what compiling them on the first import adds.
"""

from __future__ import annotations

import configparser
import re
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.machine import about_machine, in_words, load
from bench.processes import ROOT, Failed, measured
from bench.report import Section, Table
from bench.rivals import entry_point

if TYPE_CHECKING:
    from bench.options import Options

PART = "start-up"
_ROUNDS = 15
_IMPORTS = ("iotagg.core.flows", "polars", "duckdb", "pyarrow.csv", "pandas", "numpy", "boto3")
_INSTALLED = ("polars", "duckdb", "pyarrow", "pandas", "boto3")
_REQUIRED = re.compile(r"[\w.-]+")
_PACKAGES = ("cloudformation", "iotagg", "lambda_handlers", "vm_worker")
_NOTHING = "a bare interpreter"
_TEXT = """\
Seconds from the start of a process to its end, median over the rounds; `more than bare` is the median of the
differences to the bare interpreter of the same round. Files were in the page cache, byte code was compiled. Installed
sizes are those of the distribution with all that it needs, as their records list them, without byte code; of iotagg
without its extras `plot` and `aws`. The aim for `iotagg --help` is 0.15 s.
"""


def run(options: Options) -> Section:
    """Measure, and return what was found."""
    results = options.kept_results(PART) if options.again else _results(options)
    starts = [result for result in results if "round" in result]
    about = next(result for result in results if "about" in result)
    sizes = [result for result in results if "size" in result]
    missing = [result["missing"] for result in results if "missing" in result]
    text = f"{_TEXT}\n{in_words(about['about'], about['before'], about['after'])}"
    text += f"\n\nNot here, because not installed: {', '.join(missing)}." if missing else ""
    size_rows = [(each["way"], round(each["size"] / 1e6, 1)) for each in sizes]
    tables = [
        Table("Start", ("process", "wall s", "more than bare", "CPU s", "peak MB"), _rows(starts)),
        Table("On disk", ("distribution, with what it needs", "MB"), size_rows),
    ]
    return Section("Start and size", text, tables)


def _results(options: Options) -> list[dict[str, Any]]:
    about: dict[str, Any] = {"about": about_machine(), "before": load()}
    commands, missing = _commands()
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range((options.rounds or (1 if options.quick else _ROUNDS)) + 1):
            for way, command in commands.items():
                took = measured(command, Path(folder) / "out")
                if number:  # the first turn fills caches
                    results.append({"way": way, "round": number, **asdict(took)})
    results.append({"way": "iotagg", "size": _of_iotagg()})
    results += [{"way": name, "size": size} for name in _INSTALLED if (size := _installed(name))]
    results += [{"missing": name} for name in missing]
    results = [about | {"after": load()}, *results]
    options.keep_results(PART, results)
    return results


def _commands() -> tuple[dict[str, list[str]], list[str]]:
    module, function = entry_point()
    program = f"import sys; from {module} import {function}; sys.exit({function}())"
    commands = {
        _NOTHING: [sys.executable, "-c", "pass"],
        "iotagg --help": [sys.executable, "-c", program, "--help"],
        "iotagg --version": [sys.executable, "-c", program, "--version"],
    }
    missing = []
    with tempfile.TemporaryDirectory() as folder:
        for name in _IMPORTS:
            command = [sys.executable, "-c", f"import {name}"]
            try:
                measured(command, Path(folder) / "out")
            except Failed:
                missing.append(name)
            else:
                commands[f"import {name}"] = command
    return commands, missing


def _rows(starts: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    bare = {start["round"]: start["wall"] for start in starts if start["way"] == _NOTHING}
    rows: list[tuple[object, ...]] = []
    for way in dict.fromkeys(start["way"] for start in starts):
        rounds = [start for start in starts if start["way"] == way]
        wall, cpu, peak = (median(start[what] for start in rounds) for what in ("wall", "cpu", "peak"))
        more = median(start["wall"] - bare[start["round"]] for start in rounds) if way != _NOTHING else None
        rows.append((way, wall, more, cpu, round(peak / 1e6)))
    return rows


def _of_iotagg() -> int:
    # Of the folder that it runs from, since an installation in place lists no files; and what it needs.
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    needed = [_REQUIRED.match(need) for need in settings["options"]["install_requires"].split("\n")]
    own = [file for folder in _PACKAGES for file in (ROOT / folder).rglob("*") if "__pycache__" not in file.parts]
    seen: set[str] = set()
    return sum(file.stat().st_size for file in own if file.is_file()) + sum(
        _installed(match[0], seen) for match in needed if match
    )


def _installed(name: str, seen: set[str] | None = None) -> int:
    # With everything that it needs, each once; extras are left out, and so is what is not installed.
    seen = set() if seen is None else seen
    folded = name.lower().replace("_", "-")
    if folded in seen:
        return 0
    seen.add(folded)
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return 0
    size = sum(file.stat().st_size for file in _files(found.files or (), found.locate_file))
    needed = (_REQUIRED.match(need) for need in found.requires or () if "extra ==" not in need)
    return size + sum(_installed(match[0], seen) for match in needed if match)


def _files(listed: Any, locate: Any) -> list[Path]:
    found = (Path(locate(file)) for file in listed if file.suffix != ".pyc")
    return [file for file in found if file.is_file()]
