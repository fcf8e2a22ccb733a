from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from iotagg import following
from iotagg.aws import queue_age
from iotagg.aws.queues import Draft
from iotagg.stores.dynamodb.arrivals import Arrivals
from tests.cli.running import Command, Deployed, write_flows

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVENT_SECONDS = 10  # within which the bucket tells its queue
ONE = ("192.168.1.1", "192.0.2.1", "13/12/2022", 10, 2)
TWO = ("192.168.1.1", "192.0.2.1", "14/12/2022", 30, 4)


@pytest.fixture
def deployed(run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Deployed:
    monkeypatch.setattr(following, "_LONGEST_PAUSE", 0.1)
    return Deployed.anew(monkeypatch, capsys)


@pytest.fixture
def s3(aws: str) -> S3Client:
    return boto3.client("s3")


def both_count(deployed: Deployed, run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "branch" / "a.csv", ONE)
    write_flows(tmp_path / "branch" / "b.csv", TWO, ("192.168.1.1", "nowhere", "13/12/2022", 1, 1))
    for site in ("paris", "tokyo"):
        deployed("upload", "--site", site, "branch")
        run("upload", "--site", site, "branch")
    deployed.work_off()


def test_questions_have_the_answers_of_a_database(deployed: Deployed, run: Command, tmp_path: Path) -> None:
    both_count(deployed, run, tmp_path)
    pair = ["--src", "192.168.1.1", "--dst", "192.0.2.1"]
    for question in (
        ["pairs"],
        ["pairs", "--by", "packets", "--json"],
        ["export", *pair],
        ["export", *pair, "--summary", "--format", "ndjson"],
        ["export", "--all", "--site", "tokyo"],
        ["files", "nothing.csv"],
        ["pairs", "--site", "rome"],
    ):
        here, there = run(*question), deployed(*question)
        assert (there.code, there.out, there.err) == (here.code, here.out, here.err)
    deployed("export", *pair, "-o", "there.csv")
    run("export", *pair, "-o", "here.csv")
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


def test_files_and_their_rejects_are_those_of_a_database(deployed: Deployed, run: Command, tmp_path: Path) -> None:
    both_count(deployed, run, tmp_path)

    def listed(answer: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [outcome | {"file": Path(outcome["file"]).name} for outcome in answer]

    for question in (["files"], ["files", "b.csv"], ["files", "--site", "tokyo"], ["files", "b.csv", "--rejects"]):
        here, there = run(*question, "--json").objects(), deployed(*question, "--json").objects()
        assert listed(there) == listed(here)
        assert there
    assert {outcome["file"] for outcome in deployed("files", "--site", "paris", "--json").objects()} == {
        "incoming/paris/branch/a.csv",
        "incoming/paris/branch/b.csv",
    }


def test_files_takes_no_more_requests_for_more_files(deployed: Deployed, tmp_path: Path) -> None:
    def requests() -> float:
        before = deployed.cloud.meter.figures()["requests"]
        deployed("files")
        return deployed.cloud.meter.figures()["requests"] - before

    write_flows(tmp_path / "branch" / "0.csv", ONE)
    deployed("upload", "branch")
    deployed.work_off()
    for_one = requests()
    for number in range(1, 6):
        write_flows(tmp_path / "branch" / f"{number}.csv", ("192.168.1.1", "192.0.2.1", "13/12/2022", number, 2))
    deployed("upload", "branch")
    deployed.work_off()
    assert len(deployed("files", "--json").objects()) == 6
    assert requests() == for_one


def test_a_retraction_is_pending_until_workers_have_done_it(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    deployed("upload", "--site", "paris", "flows.csv")
    deployed.work_off()
    retracted = deployed("retract", "flows.csv")
    assert (retracted.code, retracted.out) == (0, "pending          incoming/paris/flows.csv  handed over\n")
    assert [outcome["state"] for outcome in deployed("files", "--json").objects()] == ["pending"]
    waited = deployed("retract", "flows.csv", "--wait", "0.1")
    assert (waited.code, waited.err[:41]) == (1, "iotagg: 1 file not settled after 0.1 s; t")
    deployed.work_off()
    assert deployed("retract", "flows.csv").out == "already retracted  incoming/paris/flows.csv\n"
    assert [outcome["state"] for outcome in deployed("files", "--json").objects()] == ["retracted"]
    assert deployed("pairs", "--json").out == ""


def test_status_says_what_waits(deployed: Deployed, tmp_path: Path) -> None:
    assert deployed("status").out.splitlines()[-1] == "pending       none"
    write_flows(tmp_path / "flows.csv", ONE, ("192.168.1.2", "192.0.2.2", "13/12/2022", 1, 1))
    deployed("upload", "--site", "paris", "flows.csv")
    while not deployed.work_on_files():
        pass
    facts = deployed("status", "--json").objects()[0]
    assert (facts["bucket"], facts["table"]) == (deployed.stack.bucket, deployed.stack.table)
    chunks = facts["pending"][0]["chunks"]
    assert facts["queues"]["chunks"] == {
        "waiting": chunks,
        "in_flight": 0,
        "delayed": 0,
        "dead_letters": 0,
        "oldest_seconds": None,
    }
    assert (facts["files"], facts["pending_files"], facts["pending"][0]["applied"]) == ({"pending": 1}, 1, 0)
    assert facts["oldest_pending_seconds"] >= 0
    *_, queue, pending, file = deployed("status").out.splitlines()
    assert queue == f"chunks queue  {chunks} waiting, 0 in work, 0 delayed, 0 dead letters, oldest: unknown"
    assert pending == "pending       1 file"
    assert f"incoming/paris/flows.csv (paris): 0 of {chunks} chunks, for " in file


def test_status_shows_sites_from_which_nothing_comes(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    deployed("upload", "--site", "paris", "flows.csv")
    deployed.work_off()
    two_days_ago = datetime.now(UTC) - timedelta(days=2)
    Arrivals(boto3.client("dynamodb"), deployed.stack.table, lambda: two_days_ago).note("tokyo")
    assert deployed("status").out.splitlines()[-1] == (
        f"silent        tokyo: the last file came on {two_days_ago.date()}"
    )
    today = datetime.now(UTC).date().isoformat()
    assert deployed("status", "--json").objects()[0]["last_files"] == {
        "paris": today,
        "tokyo": two_days_ago.date().isoformat(),
    }
    monkeypatch.setenv("IOTAGG_QUIET_DAYS", "3")
    assert "silent" not in deployed("status").out


def test_status_shows_the_age_that_cloudwatch_knows(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    class CloudWatch:
        def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
            assert (asked["Namespace"], asked["MetricName"]) == ("AWS/SQS", "ApproximateAgeOfOldestMessage")
            at = asked["StartTime"]
            return {"Datapoints": [{"Timestamp": asked["EndTime"], "Maximum": 75.0}, {"Timestamp": at, "Maximum": 1.0}]}

    monkeypatch.setattr(queue_age, "client", lambda _: CloudWatch())
    assert deployed("status", "--json").objects()[0]["queues"]["files"]["oldest_seconds"] == 75.0
    assert "oldest: 75 s" in deployed("status").out


def test_dead_letters_go_back_and_are_counted_once(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    deployed("upload", "flows.csv")
    cloud = deployed.cloud
    (message,) = cloud.files.receive(wait_seconds=10)
    for queue in (cloud.files, cloud.files.dead_letters()):  # as if it had been done after all
        queue.send([Draft(message.body)])
    cloud.files.done(message)
    deployed.work_off()
    assert deployed("status", "--json").objects()[0]["queues"]["files"]["dead_letters"] == 1
    assert deployed("redrive", "chunks").out == "chunks  0 messages moved back\n"
    assert deployed("redrive", "files").out == "files   1 message moved back\n"
    deployed.work_off()
    assert [row["flows"] for row in deployed("pairs", "--json").objects()] == [1]
    assert cloud.files.dead_letters().depth().total == 0


def test_dead_letters_of_a_fifo_queue_keep_their_group_and_order(deployed: Deployed) -> None:
    chunks = deployed.cloud.chunks
    bodies = ["a1", "b1", "a2", "b2"]
    chunks.dead_letters().send(Draft(body, group=body[0], once=body) for body in bodies)
    (moved,) = [fact for fact in deployed("redrive", "--json").objects() if fact["queue"] == "chunks"]
    assert moved["moved"] == 4
    found: list[tuple[str, str]] = []
    while messages := chunks.receive(wait_seconds=0):
        for message in messages:
            found.append((message.group, message.body))
            chunks.done(message)
    assert [body for group, body in found if group == "a"] == ["a1", "a2"]
    assert [body for group, body in found if group == "b"] == ["b1", "b2"]


def test_what_works_on_a_stack_only_says_so(run: Command) -> None:
    for command in ("redrive", "exports"):
        refused = run(command)
        assert (refused.code, refused.err) == (
            1,
            "iotagg: this works on a stack only; name one with --stack or IOTAGG_STACK\n",
        )


@pytest.mark.parametrize("name", ["pairs.csv", "pairs.ndjson"])
def test_an_export_goes_to_a_bucket_from_both_worlds(
    deployed: Deployed, run: Command, s3: S3Client, tmp_path: Path, name: str
) -> None:
    both_count(deployed, run, tmp_path)
    commands: list[Command | Deployed] = [run, deployed]
    for number, command in enumerate(commands):
        place = f"s3://{deployed.stack.bucket}/reports/{number}/{name}"
        done = command("export", "--all", "-o", place)
        assert (done.code, done.out, done.err) == (0, "", "")
    found = [s3.get_object(Bucket=deployed.stack.bucket, Key=f"reports/{number}/{name}") for number in (0, 1)]
    here, there = (reply["Body"].read() for reply in found)
    run("export", "--all", "-o", name)
    assert here == there == (tmp_path / name).read_bytes()
    assert found[0]["ContentType"] == ("text/csv" if name.endswith(".csv") else "application/x-ndjson")
    if name.endswith(".ndjson"):
        assert json.loads(here.splitlines()[0])["site"] == "paris"


def test_a_picture_goes_to_a_bucket(deployed: Deployed, run: Command, s3: S3Client, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    run("upload", "flows.csv")
    place = f"s3://{deployed.stack.bucket}/pair.svg"
    assert run("export", "--src", "192.168.1.1", "--dst", "192.0.2.1", "-o", place).code == 0
    assert b"<svg" in s3.get_object(Bucket=deployed.stack.bucket, Key="pair.svg")["Body"].read()


def test_an_export_that_fails_leaves_no_object(deployed: Deployed, run: Command, s3: S3Client, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    run("upload", "flows.csv")
    bucket = deployed.stack.bucket
    unknown = run("export", "--src", "192.0.2.9", "--dst", "192.0.2.1", "-o", f"s3://{bucket}/pair.csv")
    assert (unknown.code, "was never seen" in unknown.err) == (1, True)
    assert s3.list_objects_v2(Bucket=bucket).get("Contents", []) == []
    missing = run("export", "--all", "-o", "s3://no-such-bucket/pairs.csv")
    (line,) = missing.err.splitlines()
    assert (missing.code, line.startswith("iotagg: s3://no-such-bucket/pairs.csv: ")) == (1, True)
    for place in ("s3://", "s3://bucket", "s3://bucket/", "s3://bucket/folder/"):
        wrong = run("export", "--all", "-o", place)
        assert (wrong.code, "names no object; write it as" in wrong.err) == (2, True)


def test_figures_that_are_not_complete_say_so(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "a.csv", ONE)
    deployed("upload", "--site", "paris", "a.csv")
    until = time.monotonic() + EVENT_SECONDS
    while not deployed.cloud.files.depth().total and time.monotonic() < until:
        time.sleep(0.02)
    not_read_yet = deployed("files")
    deployed.work_on_files()
    summarized = deployed("pairs")
    deployed.work_off()
    assert (
        "0 files pending, 1 message about files waiting for a worker: what is shown is not complete" in not_read_yet.err
    )
    assert "1 file pending, 0 messages about files waiting" in summarized.err
    assert deployed("pairs").err == ""
