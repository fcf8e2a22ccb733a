"""The controls that an auditor reads of are held by tests that there are."""

from __future__ import annotations

import re

from tests.project.tree import ROOT

PAGE = (ROOT / "docs" / "explanation" / "controls.md").read_text(encoding="utf-8")


def test_each_control_names_where_it_is_and_a_test() -> None:
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 15
    assert all(len(row) == 3 and "`tests/" in row[2] and row[1].strip() for row in rows)


def test_tests_that_hold_controls_exist() -> None:
    for file, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE):
        assert (ROOT / file).is_file(), file
        assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{name}"
