"""docs/guarantees.md: each promise names what proves it, and what it names is there and runs."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

from docs.made import with_part
from tests.examples import long_only
from tests.project.guaranteed import NOTED, PAGE, named_tests, unproved
from tests.project.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TEXT = PAGE.read_text(encoding="utf-8")


@cache
def functions(file: str) -> frozenset[str]:
    path = ROOT / file
    tree = ast.parse(path.read_text("utf-8")) if path.exists() else ast.Module([], [])
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
    assigned = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    machines = {target.id for target in assigned if isinstance(target, ast.Name) and target.id.startswith("Test")}
    return frozenset(names | machines)


def test_the_tests_that_are_named_exist() -> None:
    named = named_tests(TEXT)
    assert len(named) >= 100
    assert [test for test in named if test.partition("::")[2] not in functions(test.partition("::")[0])] == []


def test_whatever_looks_like_a_test_is_named_as_one() -> None:
    assert len(re.findall(r"tests/[\w/]+\.py::", TEXT)) == len(re.findall(r"`tests/[\w/]+\.py::[tT]est\w+`", TEXT))


def test_the_places_where_faults_are_done_exist() -> None:
    places = [place for row in sections()["Faults survived"][1:] for place in re.findall(r"`([^`]+)`", row[1])]
    assert len(places) >= 10
    assert [place for place in places if not (ROOT / place).exists()] == []


def sections() -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in TEXT.splitlines():
        if line.startswith("## "):
            rows = found.setdefault(line[3:], [])
        elif line.startswith("| ") and not line.startswith("| --- "):
            rows.append(line.strip("| ").split(" | "))
    return found


def test_every_promise_has_a_mechanism_and_a_test() -> None:
    tables = {title: rows[1:] for title, rows in sections().items() if rows and rows[0] == PROMISE}
    assert len(tables) >= 7
    for rows in tables.values():
        assert all(len(row) == 3 and row[1] and re.search("::[tT]est", row[2]) for row in rows)


def test_what_a_program_makes_stands_between_its_marks() -> None:
    text = "# Page\n\n<!-- a: begin -->\nold\n<!-- a: end -->\n<!-- b: begin -->\n<!-- b: end -->\n"
    made = "# Page\n\n<!-- a: begin -->\n\nnew\n\n<!-- a: end -->\n<!-- b: begin -->\n<!-- b: end -->\n"
    assert with_part(text, "a", "new\n") == made == with_part(made, "a", "new")
    with pytest.raises(ValueError, match="lacks <!-- c: begin -->"):
        with_part(text, "c", "new")
    for name in ("faults", "chaos-sqlite", "chaos-roto"):
        with_part(TEXT, name, "new")


def test_the_modules_that_are_named_exist() -> None:
    modules = re.findall(r"`((?:iotagg|lambda_handlers)/[\w/.]*)`", TEXT)
    assert len(modules) >= 20
    assert [module for module in modules if not (ROOT / module).exists()] == []


def test_the_readme_links_each_promise() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    promised = readme.partition("## What it promises\n")[2].partition("\n## ")[0]
    titles = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in sections()}
    linked = re.findall(r"\(docs/guarantees\.md#([\w-]+)\)", promised)
    assert len(linked) == len(re.findall("^- ", promised, re.MULTILINE)) >= 7
    assert set(linked) <= titles


PROMISE = ["promise", "mechanism", "tests"]

NODES = ["tests/a.py::TestOne::runTest", "tests/a.py::test_two[x]", "tests/a.py::test_two[y::z]"]
NAMED = ["tests/a.py::TestOne", "tests/a.py::test_two"]


def noted(*outcomes: str) -> list[str]:
    return [json.dumps([node, outcome]) for node, outcome in zip(NODES, outcomes, strict=False)]


@pytest.mark.parametrize(
    ("outcomes", "missing"),
    [
        (("passed", "passed", "passed"), []),
        (("passed", "passed", "slow"), ["tests/a.py::test_two: slow"]),
        (("passed", "passed", "lives in one process"), []),
        (("lives in one process", "passed", "passed"), ["tests/a.py::TestOne: lives in one process"]),
        (("the scanner is not compiled here", "passed", "passed"), []),
        (("failed", "passed", "passed"), ["tests/a.py::TestOne: failed"]),
        (("passed",), ["tests/a.py::test_two: did not run"]),
        ((), ["tests/a.py::TestOne: did not run", "tests/a.py::test_two: did not run"]),
    ],
)
def test_what_is_named_has_to_pass_with_all_its_parameters_but_where_there_is_nothing_to_prove(
    outcomes: tuple[str, ...], missing: list[str]
) -> None:
    assert unproved(NAMED, noted(*outcomes)) == missing


TESTS = """
import pytest
def test_passes(): pass
@pytest.mark.skip(reason="slow")
def test_is_skipped(): pass
@pytest.mark.parametrize("number", [1, 2])
def test_fails_once(number): assert number == 1
@pytest.fixture
def broken(): yield; raise ValueError
def test_whose_end_fails(broken): pass
def test_that_is_left_out(): pass
"""


@pytest.mark.parametrize("processes", [pytest.param([], marks=long_only), ["-n", "2"]], ids=["one process", "several"])
def test_a_run_of_pytest_notes_what_became_of_its_tests(tmp_path: Path, processes: list[str]) -> None:
    (tmp_path / "conftest.py").write_text("from tests.project.guaranteed import note_outcomes as pytest_configure\n")
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    outcomes = tmp_path / "kept" / "outcomes"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), NOTED: str(outcomes)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *processes]
    for _ in range(2):  # the second run notes its outcomes beside those of the first
        subprocess.run(
            [*command, "-k", "not left_out"], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
    lines = outcomes.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 * 5
    names = ["passes", "is_skipped", "fails_once", "whose_end_fails", "that_is_left_out"]
    assert unproved([f"test_some.py::test_{name}" for name in names], lines) == [
        "test_some.py::test_is_skipped: slow",
        "test_some.py::test_fails_once: failed",
        "test_some.py::test_whose_end_fails: failed",
        "test_some.py::test_that_is_left_out: did not run",
    ]
