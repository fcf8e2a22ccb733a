"""Chaos on one machine: processes that upload into one database file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.chaos.checking import Asker, Findings, check
from tests.chaos.lanes import Job, lanes
from tests.chaos.left import check_empty, clear_parts
from tests.chaos.story import Story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.options import Options
    from tests.chaos.traffic import Traffic


def run_on_sqlite(
    options: Options, traffic: Traffic, folder: Path, tell: Callable[[str], object]
) -> tuple[Story, Findings]:
    """Let processes count into one database while they are killed; return what happened, and what was found."""
    database, results, temporary = (folder / name for name in ("database", "results", "temporary"))
    for place in (database, results, temporary):
        place.mkdir()
    environment = {"IOTAGG_DB": str(database / "iotagg.db"), "TMPDIR": str(temporary)}
    looks = (
        Job(
            ("export", "--all", "-o", str(results / "export.csv")), frozenset({0, 1}), beside=True
        ),  # 1: nothing is counted yet
        Job(("backup", "--force", str(results / "copy.db")), frozenset({0, 1}), beside=True),
    )
    names = [f"upload {number}" for number in range(1, options.processes + 1)]
    uploaders = list(lanes(names, folder, environment, options.seed, options.gap))
    story = Story(traffic, uploaders, settled=lambda: True, looks=looks, at_least=options.at_least)
    try:
        story.run(options.seconds, tell)
    finally:
        for lane in story.lanes:
            lane.end()
    ask = Asker(environment)
    findings = check(ask, traffic)
    _check_database(database / "iotagg.db", findings)
    clear_parts(results, lambda: [ask(*look.arguments) for look in looks], findings)
    check_empty(temporary, findings)
    return story, findings


def _check_database(file: Path, findings: Findings) -> None:
    with closing(sqlite3.connect(file)) as database:
        (said,) = database.execute("PRAGMA integrity_check").fetchone()
    beside = sorted(entry.name for entry in file.parent.iterdir() if entry != file)
    findings.told.append(f"integrity_check: {said}; beside the database: {', '.join(beside) or 'nothing'}")
    findings.differing += [f"integrity_check: {said}"] if said != "ok" else []
    findings.differing += [f"left beside the database: {name}" for name in beside]
