"""The form of the project: sizes, names, reasons, and nothing of the machine it was written on."""

from __future__ import annotations

import ast
import re
import tokenize
from typing import TYPE_CHECKING

import pytest

from tests.project.tree import ROOT, project_files, python_files, shown

if TYPE_CHECKING:
    from pathlib import Path

MODULE_LINES = 500
FUNCTION_LINES = 70
# The core, the project, no code, AWS, the templates, the compiled scanner, faults, hostile input, kills, damage, pages.
NOT_A_MIRROR = {
    "unit",
    "project",
    "golden",
    "cloud",
    "cloudformation",
    "sameness",
    "simulation",
    "hostile",
    "chaos",
    "damage",
    "page",
}
WITHOUT_A_TEST = {"metrics", "judging/limits"}  # tables: what they say is tested where it is used

# In pieces, so that this file may be looked through like all others.
PACKAGE_REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "npmjs" + ".",
    "crates" + ".io",
    "proxy.golang" + ".org",
]
MACHINES = [f"/{folder}/" for folder in ("home", "root", "work", "Users")]

IGNORE = re.compile(r"#\s*(noqa|type: ignore)(?::\s*([A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*)|\[([\w, -]+)\])?(.*)")
WORDS = re.compile(r"\w+(?:\W+\w+)+")


def test_no_module_is_longer_than_a_person_reads_at_once() -> None:
    lengths = {shown(file): len(file.read_text("utf-8").splitlines()) for file in python_files("iotagg")}
    assert {file: length for file, length in lengths.items() if length > MODULE_LINES} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = []
    for file in python_files("iotagg"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long.append(f"{shown(file)}: {node.name} ({lines} lines)")
    assert long == []


def test_each_folder_of_tests_mirrors_a_part_of_the_program() -> None:
    folders = {
        file.relative_to(ROOT / "tests").parts[0] for file in python_files("tests") if file.parent != ROOT / "tests"
    }
    parts = {entry.stem for entry in (ROOT / "iotagg").iterdir()}
    assert folders - NOT_A_MIRROR - parts == set()


def modules(folder: Path, prefix: str = "") -> set[str]:
    """Return the modules below a folder whose names begin so, each as its path there, without that."""
    found = (file.relative_to(folder) for file in folder.rglob(f"{prefix}*.py") if file.stem != "__init__")
    return {file.with_name(file.stem.removeprefix(prefix)).as_posix() for file in found}


def test_unit_tests_and_the_modules_of_the_core_mirror_each_other() -> None:
    tested, core = modules(ROOT / "tests" / "unit", "test_"), modules(ROOT / "iotagg" / "core")
    parts = {entry.stem for entry in (ROOT / "iotagg").iterdir()}
    assert core - tested - WITHOUT_A_TEST == set(), "modules without a test"
    assert tested - core - parts == set(), "tests of no module"


@pytest.mark.parametrize("word", PACKAGE_REGISTRIES + MACHINES)
def test_no_file_names_a_package_registry_or_somebodys_machine(word: str) -> None:
    # A path begins at its slash; "someone" is nobody, and may have a folder in an example.
    pattern = re.compile((r"(?<![\w.~*-])" if word.startswith("/") else "") + re.escape(word) + "(?!someone/)")
    found = [shown(file) for file in project_files() if pattern.search(file.read_text("utf-8", errors="replace"))]
    assert found == []


def comments(text: str) -> list[tuple[int, str]]:
    tokens = tokenize.generate_tokens(iter(text.splitlines(keepends=True)).__next__)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def unexplained(text: str) -> list[tuple[int, str]]:
    """Return the ignores that give no reason, neither themselves nor by an earlier one of their kind in the file."""
    explained: set[str] = set()
    found = []
    for line, comment in comments(text):
        if (match := IGNORE.search(comment)) is None:
            continue
        kind, codes, types, reason = match.groups()
        names = set(re.split(r",\s*", codes or types or ""))
        if WORDS.search(reason) and names != {""}:
            explained |= {kind + name for name in names}
        elif not {kind + name for name in names} <= explained:
            found.append((line, comment))
    return found


def test_every_ignored_finding_says_why() -> None:
    found = [
        f"{shown(file)}:{line}: {comment}"
        for file in python_files("iotagg", "tests", "docs", "bench", "lambda_handlers", "vm_worker")
        for line, comment in unexplained(file.read_text("utf-8"))
    ]
    assert found == []


def test_what_counts_as_a_reason() -> None:
    text = """
a = 1  # noqa: S104 (nothing listens)
b = 1  # noqa: S104
c = 1  # noqa: S105
d = 1  # type: ignore[misc]  # it is untyped
e = 1  # type: ignore[arg-type]
f = 1  # noqa
g = "# noqa: S106"
"""
    assert [line for line, _ in unexplained(text)] == [4, 6, 7]


def test_every_switched_off_rule_says_why() -> None:
    silent = []
    inside = False
    for line in (ROOT / "pyproject.toml").read_text("utf-8").splitlines():
        inside = (inside or bool(re.match(r'(ignore|"[^"]+") = \[$', line))) and line != "]"
        if inside and re.match(r'\s*"', line) and not line.endswith("[") and not WORDS.search(line.partition("#")[2]):
            silent.append(line)
    assert silent == []
