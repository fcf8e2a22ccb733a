"""The threat model names what there is: each row has a test, and each test exists."""

from __future__ import annotations

import re

from tests.project.tree import ROOT

PAGE = (ROOT / "docs" / "explanation" / "threat-model.md").read_text(encoding="utf-8")


def test_each_attack_has_what_stops_it_and_a_test() -> None:
    sections = [section for section in PAGE.split("\n## ") if "| what they could try |" in section]
    rows = [line.split(" | ") for section in sections for line in section.splitlines() if line.startswith("| ")]
    attacks = [row for row in rows if row[0] not in {"| what they could try", "| ---"}]
    assert len(attacks) > 20
    assert [row for row in attacks if len(row) != 3 or "::test_" not in row[2]] == []


def test_tests_that_show_it_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 25
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{name}"


def test_every_attack_that_is_tried_is_on_the_page() -> None:
    for file in sorted((ROOT / "tests" / "hostile").glob("test_*.py")):
        assert f"`tests/hostile/{file.name}::" in PAGE, file.name
