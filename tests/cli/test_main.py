from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from iotagg import __version__
from iotagg.cli.families import FAMILIES
from iotagg.cli.main import main
from iotagg.errors import IotaggError
from iotagg.parallel import upload_all
from iotagg.pipeline import Request
from iotagg.sources import no_progress
from tests.cli.running import Command, killed_while_it_begins, write_flows

if TYPE_CHECKING:
    from pathlib import Path

IOTAGG = [sys.executable, "-m", "iotagg"]


def test_the_help_lists_every_command_in_its_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    families = [line[:-1] for line in text.splitlines() if line.removesuffix(":") in FAMILIES]
    assert families == list(FAMILIES)
    for names in FAMILIES.values():
        for name in names:
            assert f"\n  {name} " in text


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: iotagg [OPTIONS] COMMAND")


def test_the_database_named_after_the_command_is_explained(run: Command) -> None:
    result = run("pairs", "--db", "x.db")
    assert (result.code, result.err) == (2, "iotagg: --db stands before the command: iotagg --db FILE COMMAND\n")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


def test_an_unknown_command_is_wrong_usage(run: Command) -> None:
    result = run("uplaod")
    assert result.code == 2
    assert result.err.startswith("iotagg: No such command 'uplaod'")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_for_shells(run: Command, shell: str) -> None:
    result = run("completion", shell)
    assert result.code == 0
    assert "_IOTAGG_COMPLETE" in result.out


def test_the_database_comes_from_the_environment(tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ("192.168.1.1", "192.0.2.1", "13/12/2022", 10, 2))
    environment = os.environ | {"IOTAGG_DB": str(tmp_path / "named.db")}
    subprocess.run([*IOTAGG, "upload", "flows.csv"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "named.db").exists()


def test_a_reader_that_has_seen_enough_is_no_error(run: Command, tmp_path: Path) -> None:
    run("sample", "traffic", "--days", "2", "--rows", "3000", "--sites", "lab")
    run("upload", "traffic", "--quiet")
    command = [*IOTAGG, "--db", str(run.database), "pairs", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def heeding_interrupts() -> None:
    # What a shell runs in the background ignores them, and so does whatever that starts.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_leaves_what_was_counted_and_no_traceback(run: Command, tmp_path: Path) -> None:
    run("sample", "traffic", "--days", "12", "--rows", "20000", "--sites", "lab")
    command = [*IOTAGG, "--db", str(run.database), "upload", "traffic", "--json", "--jobs", "2"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heeding_interrupts,  # noqa: PLW1509 (there are no threads here, and it calls the system only)
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert '"counted"' in process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        error = process.stderr.read()
        assert process.wait() == 1
    assert error.strip() == "iotagg: interrupted; what was counted stays, and the rest can be uploaded again"
    assert run("upload", "traffic").out.splitlines()[-1].startswith("12 files: ")
    interrupted = run("export", "--all").out
    run.database = tmp_path / "clean.db"
    run("upload", "traffic")
    assert run("export", "--all").out == interrupted


def test_a_killed_worker_is_said_and_the_rest_can_be_uploaded(run: Command, tmp_path: Path) -> None:
    run("sample", "traffic", "--days", "2", "--rows", "8000", "--sites", "lab")  # enough for two processes
    files = sorted(tmp_path.glob("traffic/lab/*.csv"))
    with pytest.raises(
        IotaggError, match="a worker was killed, perhaps for want of memory; upload the same files again"
    ):
        list(upload_all(killed_while_it_begins, files, Request(), 2, no_progress))
    assert run("upload", "traffic").code == 0
