"""Real flow files, where somebody has a folder of them with a table of their figures: IOTAGG_REAL_FILES names it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.running import Command

FOLDER = Path(os.environ.get("IOTAGG_REAL_FILES", ""))
MANIFEST = FOLDER / "MANIFEST.md"

pytestmark = pytest.mark.skipif(
    not os.environ.get("IOTAGG_REAL_FILES"), reason="IOTAGG_REAL_FILES names no folder of real flow files"
)


def figures() -> dict[str, tuple[int, ...]]:
    """Return, by file, counted, rejected, blank, pairs, duration and packets, as the table in the manifest has them."""
    found = {}
    for line in MANIFEST.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].startswith("`") and len(cells) > 7:
            name = cells[0].strip("`")
            found[name] = tuple(int(cells[at]) for at in (1, 2, 3, 4, 6, 7))
    return found


def test_every_real_file_gives_the_figures_of_the_manifest(run: Command) -> None:
    expected = figures()
    assert expected
    for number, (name, figure) in enumerate(expected.items()):
        counted, rejected, blank, pairs, duration, packets = figure
        site = f"real-{number}"
        (outcome,) = run("upload", FOLDER / name, "--site", site, "--json").objects()
        assert outcome["state"] == ("counted" if counted else "refused"), name
        assert [outcome[key] for key in ("counted", "rejected", "blank", "pairs")] == [counted, rejected, blank, pairs]
        if counted:
            rows = run("pairs", "--site", site, "--json").objects()
            assert sum(row["flow_duration_us"] for row in rows) == duration
            assert sum(row["fwd_packets"] for row in rows) == packets


def test_uploading_all_real_files_again_changes_no_byte(run: Command) -> None:
    run("upload", FOLDER)
    before = run("export", "--all").out
    again = run("upload", FOLDER, "--json").objects()
    assert {outcome["state"] for outcome in again} == {"already counted", "refused"}
    assert run("export", "--all").out == before
