from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.aws import stack as stack_module
from iotagg.aws.stack import ENVIRONMENT
from iotagg.cli.session import PARTS
from tests.cli.running import Command, Deployed, write_flows

if TYPE_CHECKING:
    from pathlib import Path

ONE = ("192.168.1.1", "192.0.2.1", "13/12/2022", 10, 2)


@pytest.fixture
def deployed(run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Deployed:
    return Deployed.anew(monkeypatch, capsys)


def described(monkeypatch: pytest.MonkeyPatch, outputs: dict[str, str]) -> None:
    class CloudFormation:
        def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 (as boto3 calls it)
            assert StackName == "branches"
            named = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
            return {"Stacks": [{"Outputs": named}]}

    monkeypatch.setattr(stack_module, "client", lambda _: CloudFormation())


def without_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PARTS:
        monkeypatch.delenv(name, raising=False)


def test_the_session_knows_the_names_that_the_stack_reads() -> None:
    assert set(PARTS) == set(ENVIRONMENT.values())


def test_a_stack_is_known_by_its_outputs(deployed: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stack = deployed.stack
    without_parts(monkeypatch)
    described(
        monkeypatch,
        {
            "Bucket": stack.bucket,
            "Table": stack.table,
            "FilesQueueUrl": stack.files_queue_url,
            "ChunksQueueUrl": stack.chunks_queue_url,
        },
    )
    write_flows(tmp_path / "flows.csv", ONE)
    assert deployed("--stack", "branches", "upload", "flows.csv").code == 0
    deployed.work_off()
    monkeypatch.setenv("IOTAGG_STACK", "branches")
    assert deployed("status", "--json").objects()[0]["flows"] == 1


def test_a_stack_without_the_outputs_is_said(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    described(monkeypatch, {"Bucket": "some-bucket"})
    result = deployed("--stack", "branches", "pairs")
    (line,) = result.err.splitlines()
    said = "iotagg: stack branches has no output Table, FilesQueueUrl, ChunksQueueUrl; is it"
    assert (result.code, line[: len(said)]) == (1, said)


def test_a_database_and_a_stack_at_once_are_wrong_usage(deployed: Deployed) -> None:
    result = deployed("--db", "x.db", "--stack", "branches", "pairs")
    assert (result.code, result.err) == (
        2,
        "iotagg: --db and --stack exclude each other (see iotagg --help)\n",
    )
    assert deployed("pairs", "--stack", "branches").err == (
        "iotagg: --stack stands before the command: iotagg --stack NAME COMMAND\n"
    )


def test_an_environment_that_names_both_has_to_choose(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IOTAGG_DB", str(tmp_path / "x.db"))
    monkeypatch.setenv("IOTAGG_STACK", "branches")
    result = deployed("pairs")
    assert result.code == 2
    assert result.err.startswith("iotagg: IOTAGG_DB and IOTAGG_STACK are both set; unset one, or say --db FILE or")
    assert deployed("upload", "--help").code == 0
    assert "no database at" in deployed("--db", str(tmp_path / "x.db"), "pairs").err
    described(monkeypatch, {})
    assert "stack branches has no output" in deployed("--stack", "branches", "pairs").err


def test_a_database_that_is_named_comes_before_single_names(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "no database at" in deployed("--db", str(tmp_path / "x.db"), "pairs").err
    monkeypatch.setenv("IOTAGG_DB", str(tmp_path / "y.db"))
    assert "y.db" in deployed("pairs").err


def test_a_stack_that_is_named_comes_before_single_names(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    described(monkeypatch, {})
    assert "stack branches has no output" in deployed("--stack", "branches", "pairs").err


def test_a_name_that_is_missing_is_said(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IOTAGG_TABLE")
    result = deployed("pairs")
    assert (result.code, result.err[:31]) == (1, "iotagg: IOTAGG_TABLE not set; s")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("IOTAGG_BUCKET", ["upload", "flows.csv"]),
        ("IOTAGG_TABLE", ["pairs"]),
        ("IOTAGG_TABLE", ["files"]),
        ("IOTAGG_TABLE", ["status"]),
        ("IOTAGG_TABLE", ["retract", "flows.csv"]),
        ("IOTAGG_FILES_QUEUE_URL", ["status"]),
        ("IOTAGG_CHUNKS_QUEUE_URL", ["redrive"]),
    ],
)
def test_what_is_not_there_is_said_in_one_line(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, command: list[str]
) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    url = deployed.stack.files_queue_url.rpartition("/")[0]
    monkeypatch.setenv(name, f"{url}/no-such-thing" if "QUEUE" in name else "no-such-thing")
    result = deployed(*command)
    assert result.code == 1
    (line,) = result.err.splitlines()
    assert "no-such-thing" in line


def test_a_stack_that_is_not_there_is_said_in_one_line(deployed: Deployed) -> None:
    result = deployed("--stack", "no-such-stack", "pairs")
    (line,) = result.err.splitlines()
    assert (result.code, "stack no-such-stack" in line) == (1, True)


def test_without_credentials_one_line_says_so(run: Command, aws: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_ACC", "AWS_SEC"))}
    environment |= dict.fromkeys(PARTS, "x")
    command = [sys.executable, "-m", "iotagg", "pairs"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, "credentials" in line) == (1, True)


LOCALLY = """
import sys
from iotagg.cli.main import main
for command in (["upload", "flows.csv"], ["pairs"], ["files"], ["status"], ["export", "--all"], ["upload", "--help"],
                ["retract", "flows.csv"], ["backup", "copy.db"], ["inspect", "flows.csv"]):
    assert main(["--db", "x.db", *command]) == 0, command
assert not {"boto3", "botocore", "pynamodb", "iotagg.aws.stack"} & set(sys.modules)
"""
NOT_INSTALLED = """
import sys
sys.modules[sys.argv[1]] = None
from iotagg.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


def test_a_database_needs_nothing_of_aws(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    done = subprocess.run([sys.executable, "-c", LOCALLY], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("missing", "command"),
    [
        ("boto3", ["--stack", "x", "pairs"]),
        ("pynamodb", ["pairs"]),
        ("boto3", ["--db", "x.db", "export"]),
        ("boto3", ["teardown", "x", "--yes"]),
        ("yaml", ["deploy", "x", "--dry-run"]),
    ],
)
def test_what_is_not_installed_is_named(
    run: Command, aws: str, tmp_path: Path, missing: str, command: list[str]
) -> None:
    environment = os.environ | dict.fromkeys(PARTS, "x")
    if "export" in command:
        write_flows(tmp_path / "flows.csv", ONE)
        run.database = tmp_path / "x.db"
        run("upload", "flows.csv")
        command = [*command, "--all", "-o", "s3://some-bucket/pairs.csv"]
    arguments = [sys.executable, "-c", NOT_INSTALLED, missing, *command]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "iotagg: working with AWS needs boto3 and pynamodb: pip install 'iotagg[aws]'\n",
    )
