"""The documentation is true: its sessions run, its links lead somewhere, and what it names exists."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import click
import pytest

from docs.sessions import ON_AN_ENGINE, differences, pages, steps
from iotagg import __version__
from iotagg.cli.families import FAMILIES, load
from iotagg.cli.main import iotagg
from tests.project.tree import ROOT, python_files, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = pages()
COMMANDS = [load(name) for names in FAMILIES.values() for name in names]
LANGUAGES = {"console", "sh", "text", "csv", "json", "python"}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


WITH_SESSIONS = [page for page in PAGES if "```console" in page.read_text("utf-8") and page.name not in ON_AN_ENGINE]


@pytest.mark.parametrize("page", WITH_SESSIONS, ids=shown)
def test_sessions_print_what_their_page_shows(page: Path, tmp_path: Path) -> None:
    for step, printed in differences(page, tmp_path):
        expected = "\n".join(step.expected)
        pytest.fail(f"{shown(page)}:{step.line}: {step.command}\nprints\n{printed}\ninstead of\n{expected}")


def test_every_page_has_one_title_and_blocks_of_a_known_kind() -> None:
    # A block of a misspelt kind would not be run.
    for page in PAGES:
        fences = re.findall(r"^ *```(.*)$", page.read_text("utf-8"), re.MULTILINE)
        assert set(fences[::2]) <= LANGUAGES, shown(page)
        assert set(fences[1::2]) <= {""}, shown(page)
        assert re.findall(r"^ +```", page.read_text("utf-8"), re.MULTILINE) == [], f"{shown(page)}: an indented block"
        assert len(re.findall(r"^# ", without_blocks(page), re.MULTILINE)) == 1, shown(page)


def test_a_session_is_split_into_commands_and_what_they_print() -> None:
    found = list(steps("# Page\n\n```console\n$ cat > a <<'END'\n> 1\n> END\n$ wc a\n 1 … a\n…\n```\n"))
    assert [step.command for step in found] == ["cat > a <<'END'\n1\nEND", "wc a"]
    assert [step.line for step in found] == [4, 7]
    assert [step.expected for step in found] == [(), (" 1 … a", "…")]
    assert found[1].is_met_by(" 1 2 a\n")
    assert found[1].is_met_by(" 1 2 a\nmore\n\nand more\n")
    assert not found[1].is_met_by(" 1 2 b\n")
    assert not found[0].is_met_by("something\n")


def without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> frozenset[str]:
    headings = re.findall(r"^#+ +(.*)$", without_blocks(page), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", without_blocks(page)):
        if link.startswith("https://"):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{shown(page)}: {link}"
        assert not anchor or anchor in anchors(target), f"{shown(page)}: {link}"


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {
        (index.parent / link.partition("#")[0]).resolve()
        for link in re.findall(r"\]\(([^)]+)\)", text_of("docs/index.md"))
    }
    assert {page for page in PAGES if page.parent != ROOT and page != index} <= linked


@pytest.mark.parametrize("maker", ["docs.make_reference", "docs.make_stack_reference", "docs.make_api_reference"])
def test_what_is_made_is_fresh(maker: str) -> None:
    made = subprocess.run(
        [sys.executable, "-m", maker, "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_in_the_reference(command: click.Command) -> None:
    assert f"### iotagg {command.name}\n" in text_of("docs/reference/commands.md")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_examples_that_can_be_copied(command: click.Command) -> None:
    examples = list(examples_of(command))
    assert examples
    for example in examples:
        program, name, *arguments = shlex.split(example)
        assert (program, name) == ("iotagg", command.name)
        with command.make_context(name, arguments, parent=click.Context(iotagg)):
            pass  # it is understood: nothing was raised


def examples_of(command: click.Command) -> Iterator[str]:
    # From the help as it is shown, where each example has to stand on a line of its own.
    help_text = command.get_help(click.Context(command, info_name=f"iotagg {command.name}", terminal_width=200))
    for line in help_text.splitlines():
        if line.strip().startswith(f"iotagg {command.name}"):
            yield line.strip().partition(" >")[0]


@pytest.mark.parametrize("command", [iotagg, *COMMANDS], ids=lambda command: command.name)
def test_help_says_nothing_that_a_terminal_would_obey(command: click.Command) -> None:
    help_text = command.get_help(click.Context(command, info_name="iotagg"))
    assert [char for char in help_text if not char.isprintable() and char != "\n"] == []


def test_the_readme_begins_with_a_session() -> None:
    beginning = "\n".join(text_of("README.md").splitlines()[:40]) + "\n"
    assert list(steps(beginning))
    assert "make test" in text_of("README.md")


def test_the_changelog_names_the_version() -> None:
    assert f"## [{__version__}]" in text_of("CHANGELOG.md")


ERRORS = frozenset(
    node.name for node in ast.walk(ast.parse(text_of("iotagg/errors.py"))) if isinstance(node, ast.ClassDef)
)
# Where a call says something that people read: the places among its arguments, by what is called.
FIRST, SECOND, FOURTH = slice(1), slice(1, 2), slice(3, 4)
SAID = dict.fromkeys(ERRORS | {"BadCell", "UsageError", "BadParameter", "Refusal", "_Strange"}, FIRST)
SAID |= dict.fromkeys(("print_error", "say", "fail", "warning", "error", "exception"), FIRST)
SAID |= {"Kind": SECOND, "_saying": SECOND, "_in_its_words": SECOND, "Nothing": SECOND}
SAID |= {"_refused": FOURTH, "_elsewhere": FOURTH}
SAID_BY_NAME = {"refused", "reason", "named", "unclear"}
SAYING = {"_reason", "_missing", "_not_day_first", "refusal", "_ending", "_unfit", "_no_room", "_of_workers"}


JUDGING = ROOT / "iotagg" / "core" / "judging"  # the reasons of findings are no errors


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


@cache
def assigned(file: Path) -> dict[str, list[ast.expr]]:
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    values.setdefault(target.id, []).append(node.value)
    return values


@cache
def constants() -> dict[str, list[ast.expr]]:
    # What modules share with others, by name.
    shared: dict[str, list[ast.expr]] = {}
    for file in python_files("iotagg"):
        shared |= {name: values for name, values in assigned(file).items() if re.fullmatch("[A-Z][A-Z_]+", name)}
    return shared


def messages() -> Iterator[tuple[Path, ast.expr]]:
    # What errors are raised with, reasons of refusals, what is printed or logged, and what functions return that put
    # such lines together.
    for file in python_files("iotagg", "lambda_handlers"):
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Call) and JUDGING not in file.parents:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                said = node.args[SAID.get(name, slice(0))]
                said += [given.value for given in node.keywords if given.arg in SAID_BY_NAME]
                yield from ((file, text) for each in said for text in spelt_out(file, each))
            elif isinstance(node, ast.FunctionDef) and node.name in SAYING:
                body = [
                    part for statement in node.body[bool(ast.get_docstring(node)) :] for part in ast.walk(statement)
                ]
                yield from ((file, text) for text in body if isinstance(text, ast.JoinedStr | ast.Constant))


def spelt_out(file: Path, text: ast.expr, names: frozenset[str] = frozenset()) -> Iterator[ast.expr]:
    # What is put in the place of names, and each of several possible texts.
    match text:
        case ast.Name(id=name) if name not in names:
            parts = assigned(file).get(name) or constants().get(name, [])
            names |= {name}
        case ast.IfExp(body=body, orelse=otherwise):
            parts = [body, otherwise]
        case ast.BoolOp(values=values):
            parts = values
        case _:
            yield text
            return
    for part in parts:
        yield from spelt_out(file, part, names)


def constant_parts(text: ast.expr) -> list[str]:
    # Between what is filled in: {fields} of f-strings and of format(), and the %s of log lines.
    match text:
        case ast.Constant(value=str(value)):
            return re.split(r"%[sd]|\{\w+\}", value)
        case ast.JoinedStr(values=parts):
            return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return []


def test_error_lines_are_found_wherever_they_are_written() -> None:
    found = {part.strip() for _, text in messages() for part in constant_parts(text)}
    assert found >= {
        "no region is set",  # of a kind of problem
        "there is no profile",  # with a name filled in
        "not permitted:",  # put together when it happens
        "nothing matches",  # of a name that stands for nothing
        "its content was retracted; --again counts it again",  # of a decision
        "it changed while it was read; upload it again when it is complete",  # of a module's constant
        "reading it takes longer than a function may run",  # of what goes elsewhere
        "too; name the folder that holds both",  # of a variable
        "; starting another",  # of a log
    }


def test_troubleshooting_knows_every_error_line() -> None:
    page = " ".join(text_of("docs/how-to/troubleshooting.md").split())
    unknown = []
    for file, text in messages():
        longest = (
            max(constant_parts(text), key=len, default="").strip(" '\";:,()").replace("\r", r"\r").replace("\n", r"\n")
        )
        if " " in longest and longest not in page:
            unknown.append(f"{shown(file)}:{text.lineno}: {longest}")
    assert unknown == []
