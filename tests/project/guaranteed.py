"""Did the tests run that docs/guarantees.md names?

`make test` runs pytest more than once. Each run notes what became of its tests in one file; at the end, this module
holds that against the page:

    IOTAGG_TEST_OUTCOMES=outcomes python -m pytest
    python -m tests.project.guaranteed outcomes
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

NOTED = "IOTAGG_TEST_OUTCOMES"  # the file in which outcomes are noted
PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"
_NAMED = re.compile(r"`(tests/[\w/]+\.py::\w+)`")

# Reasons for which a test may be skipped: with these parameters there is nothing to prove, others have to pass.
_WITH_OTHERS = frozenset(("lives in one process", "has no transactions over several writes"))
# Or what the promise is about is not there.
_NOT_THERE = frozenset(
    (
        "there is no C compiler, or no Python.h",
        "the scanner is not compiled here",
        "the C compiler brings no address sanitizer",
    )
)


def named_tests(page: str) -> list[str]:
    """Return the tests that a page names, each once, in their order."""
    return list(dict.fromkeys(_NAMED.findall(page)))


class Outcomes:
    """Notes what becomes of each test, whose set-up and end have to pass too."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._worst: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            self._worst[report.nodeid] = report.longrepr[2].removeprefix("Skipped: ")
        elif not report.passed:
            self._worst[report.nodeid] = report.outcome
        elif report.when == "call":
            self._worst[report.nodeid] = "passed"

    def pytest_sessionfinish(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps([node, outcome]) + "\n" for node, outcome in self._worst.items())


def note_outcomes(config: pytest.Config) -> None:
    """Let a run of pytest note its outcomes, if it is asked to; of several processes, in the one that hears of all."""
    file = os.environ.get(NOTED)
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Outcomes(Path(file)))


def unproved(named: Iterable[str], noted: Iterable[str]) -> list[str]:
    """Return which of the tests did not pass, each with what became of it; `noted` are lines that were noted.

    A test with parameters has to pass with all of them, a class with all its tests; a few reasons for skipping count.
    """
    found = defaultdict(set)
    for node, outcome in map(json.loads, noted):
        found["::".join(node.partition("[")[0].split("::")[:2])].add(outcome)
    return [f"{test}: {missing}" for test in named if (missing := _missing(found[test]))]


def _missing(outcomes: set[str]) -> str:
    bad = outcomes - {"passed"} - _WITH_OTHERS - _NOT_THERE
    if not bad and not outcomes & ({"passed"} | _NOT_THERE):
        bad = outcomes or {"did not run"}
    return ", ".join(sorted(bad))


def main() -> int:
    """Return 1 unless all tests that the page names have passed in the runs that were noted."""
    named = named_tests(PAGE.read_text(encoding="utf-8"))
    missing = unproved(named, Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
    for line in missing:
        print(f"docs/guarantees.md names {line}", file=sys.stderr)
    print(f"{len(named) - len(missing)} of the {len(named)} tests that docs/guarantees.md names have passed")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
