from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.shell_completion import ShellComplete

from iotagg.cli.families import FAMILIES, load, outline
from iotagg.cli.main import iotagg
from tests.cli.running import write_flows

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = [name for names in FAMILIES.values() for name in names]

# What a start must not wait for. Times are those of a quiet machine, where Python itself starts in 12 ms, click in 25.
CLOUD = ("boto3", "botocore", "pynamodb", "iotagg.aws", "iotagg.jobs", "iotagg.costs", "iotagg.deployment")
NETWORK = ("http.client", "email", "ssl", "socket", "urllib.request")
PROCESSES = ("multiprocessing", "concurrent.futures", "logging", "asyncio")
SLOW = ("numpy", "matplotlib", "importlib.metadata", "tqdm", "platformdirs", "decimal", "fractions", "secrets")
NEVER_AT_FIRST = (*CLOUD, *NETWORK, *PROCESSES, *SLOW)

# Python may have loaded some of it before, as it does where an installation can be edited: that is not looked at.
RUN = """
import gc, sys
before = set(sys.modules)
from iotagg.__main__ import main
try:
    code = main()
finally:
    print("collects", gc.isenabled(), file=sys.stderr)
    print(*(set(sys.modules) - before), sep="\\n", file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    return write_flows(tmp_path / "flows.csv", ("192.168.1.1", "192.0.2.1", "13/12/2022", 10, 2))


def started(folder: Path, *arguments: str) -> set[str]:
    """Run a command in a process of its own, and return what it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return set(done.stderr.splitlines())


def unwanted(loaded: set[str], names: tuple[str, ...]) -> list[str]:
    return sorted(name for name in names if any(each == name or each.startswith(f"{name}.") for each in loaded))


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_listed_of_a_command_is_what_its_help_begins_with(name: str) -> None:
    command = load(name)
    assert command.name == name
    assert not command.hidden
    for limit in (45, 90, 1000):  # in completion, in the help of the program, and whole
        assert outline(name).get_short_help_str(limit) == command.get_short_help_str(limit)


def test_a_command_that_is_not_listed_is_not_there() -> None:
    with click.Context(iotagg) as context:
        assert iotagg.get_command(context, "families") is None


@pytest.mark.parametrize(
    ("words", "incomplete", "found"),
    [
        ([], "ret", ["retract"]),
        ([], "re", ["retract", "rebuild", "restore", "redrive"]),
        ([], "--st", ["--stack"]),
        (["upload"], "--dry", ["--dry-run"]),
        (["retract"], "--j", ["--json"]),
    ],
)
def test_completion_finds_commands_and_their_options(words: list[str], incomplete: str, found: list[str]) -> None:
    completions = ShellComplete(iotagg, {}, "iotagg", "_IOTAGG_COMPLETE").get_completions(words, incomplete)
    assert [completion.value for completion in completions] == found


def test_completion_shows_the_help_of_commands() -> None:
    (retract,) = ShellComplete(iotagg, {}, "iotagg", "_IOTAGG_COMPLETE").get_completions([], "retract")
    assert retract.help == load("retract").get_short_help_str()


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_loads_click_and_the_list_of_commands(tmp_path: Path, option: str) -> None:
    loaded = started(tmp_path, option)
    assert {name for name in loaded if name.startswith("iotagg")} == {
        "iotagg",
        "iotagg.__main__",
        "iotagg.cli",
        "iotagg.cli.ending",
        "iotagg.cli.families",
        "iotagg.cli.main",
        "iotagg.errors",
    }
    assert unwanted(loaded, (*NEVER_AT_FIRST, "json", "sqlite3", "tempfile", "dataclasses")) == []


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_an_upload_loads_nothing_that_is_for_others(tmp_path: Path, flows: Path, arguments: tuple[str, ...]) -> None:
    loaded = started(tmp_path, "--db", "test.db", "upload", *arguments, flows.name)
    assert "iotagg.pipeline" in loaded
    of_others = ("iotagg.cli.handing", "iotagg.cli.watch", "iotagg.core.pseudonymised", "iotagg.processes", "csv")
    assert unwanted(loaded, (*NEVER_AT_FIRST, *of_others)) == []


def test_a_dry_run_without_a_database_loads_none(tmp_path: Path, flows: Path) -> None:
    loaded = started(tmp_path, "--db", "test.db", "upload", "--dry-run", flows.name)
    assert unwanted(loaded, ("sqlite3", "tempfile", "iotagg.stores.sqlite", "iotagg.listing")) == []


@pytest.mark.parametrize("command", ["status", "files", "pairs", "top", "export --all", "retract flows.csv"])
def test_commands_on_a_database_load_nothing_of_the_cloud(tmp_path: Path, flows: Path, command: str) -> None:
    started(tmp_path, "--db", "test.db", "upload", flows.name)
    assert unwanted(started(tmp_path, "--db", "test.db", *command.split()), NEVER_AT_FIRST) == []


def test_commands_run_with_garbage_collection(tmp_path: Path, flows: Path) -> None:
    assert "collects True" in started(tmp_path, "--db", "test.db", "upload", flows.name)
