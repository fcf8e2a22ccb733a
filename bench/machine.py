"""The machine that figures come from: its processor, its load and its versions, never its name or its folders."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("polars", "duckdb", "pyarrow", "pandas", "numpy", "isal", "zlib-ng")
_PROGRAMS = {"mlr": "--version", "mawk": "-W version", "gawk": "--version"}


def about_machine() -> dict[str, Any]:
    """Return what is to be known of the machine."""
    libraries = {name: _version(name) for name in LIBRARIES}
    programs = {name: _first_line([name, *option.split()]) for name, option in _PROGRAMS.items()}
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: known for name, known in (libraries | programs).items() if known},
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }


def load() -> list[float]:
    """Return how many processes ran or wanted to, on average over the last 1, 5 and 15 minutes."""
    return [round(average, 2) for average in os.getloadavg()]


def in_words(about: dict[str, Any], before: list[float], after: list[float]) -> str:
    """Return a paragraph that says it."""
    versions = ", ".join(f"{name} {known}" for name, known in about["versions"].items())
    return (
        f"Measured on {about['date']}: {about['processor']}, {about['cores']} cores, {about['memory_gb']} GiB,"
        f" {about['system']}, Python {about['python']}; {versions}. Load average (1, 5, 15 minutes) before:"
        f" {', '.join(map(str, before))}; after: {', '.join(map(str, after))}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Hardware")))
    return next(named, platform.processor() or platform.machine())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _first_line(command: list[str]) -> str:
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (names from a table)
    except OSError:
        return ""
    first = (said.stdout or said.stderr).partition("\n")[0]
    numbers = [word.strip(",") for word in first.split() if word[:1].isdigit()]
    return numbers[0] if numbers else ""
