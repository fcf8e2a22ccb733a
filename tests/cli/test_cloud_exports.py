"""No export of a stack without a record: who, what, when, and where to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from iotagg.errors import NotAllowed
from iotagg.stores.dynamodb.access_log import KEPT, AccessLog
from tests.cli.running import Command, Deployed
from tests.cloud.faults import answered
from tests.pipeline.csvs import csv, flow
from tests.pipeline.test_moving import upload_into

if TYPE_CHECKING:
    from pathlib import Path

PAIR = ["--src", "192.168.1.7", "--dst", "192.0.2.1"]


@pytest.fixture
def deployed(run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Deployed:
    made = Deployed.anew(monkeypatch, capsys)
    upload_into(made.cloud.store, "incoming/paris/a.csv", csv(flow(packets=3)))
    return made


def listed(deployed: Deployed, *options: object) -> list[dict[str, Any]]:
    return deployed("exports", "--json", *options).objects()


def test_every_way_to_take_figures_out_leaves_a_record(deployed: Deployed, tmp_path: Path) -> None:
    boto3.client("s3").create_bucket(
        Bucket="some-reports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    commands: list[tuple[list[str], str, str]] = [
        (["export", "--all"], "export --all", "stdout"),
        (["export", "--all", "-o", "-"], "export --all", "stdout"),
        (
            ["export", *PAIR, "--since", "2022-12-01", "--site", "paris"],
            "export --src 192.168.1.7 --dst 192.0.2.1 --site paris --since 2022-12-01",
            "stdout",
        ),
        (
            ["export", *PAIR, "--summary", "--format", "ndjson", "-o", "a b.ndjson"],
            "export --src 192.168.1.7 --dst 192.0.2.1 --summary --format ndjson",
            "a b.ndjson",
        ),
        (["export", *PAIR, "-o", "pair.svg"], "export --src 192.168.1.7 --dst 192.0.2.1", "pair.svg"),
        (["export", "--all", "-o", "s3://some-reports/all.csv"], "export --all", "s3://some-reports/all.csv"),
        (["backup", "copy.db"], "backup", "copy.db"),
    ]
    for number, (command, _, _) in enumerate(commands):
        assert deployed(*command).code == 0
        assert len(listed(deployed)) == number + 1
    found = listed(deployed)
    assert [(each["what"], each["where"]) for each in reversed(found)] == [(what, where) for _, what, where in commands]
    assert {each["who"] for each in found} == {boto3.client("sts").get_caller_identity()["Arn"]}
    times = [each["at"] for each in found]
    assert times == sorted(times, reverse=True)
    now = datetime.now(UTC)
    assert all(now - timedelta(minutes=5) < datetime.fromisoformat(each) <= now for each in times)


def test_looking_and_what_gives_nothing_leave_none(deployed: Deployed) -> None:
    for command in (
        ["pairs"],
        ["files"],
        ["status"],
        ["exports"],
        ["export", "--src", "192.0.2.1", "--dst", "192.0.2.2"],
    ):
        deployed(*command)
    assert deployed("export", "--all", "--site", "rome").code == 1
    assert deployed("export", "--all", "--until", "2021-01-01").code == 1
    nothing = deployed("exports")
    assert (nothing.code, nothing.out, nothing.err) == (
        0,
        "",
        "iotagg: no exports; nobody took figures out in this time\n",
    )


def test_records_are_listed_from_a_day_on_and_not_more_than_asked_for(deployed: Deployed) -> None:
    for day in (1, 2, 3):
        clock = datetime(2022, 12, day, 23, 59, tzinfo=UTC)
        AccessLog(boto3.client("dynamodb"), deployed.stack.table, lambda clock=clock: clock).note(  # type: ignore[misc]  # a default that is the clock
            "anna", f"export {day}", "stdout"
        )
    assert [each["what"] for each in listed(deployed)] == ["export 3", "export 2", "export 1"]
    assert [each["what"] for each in listed(deployed, "--since", "2022-12-02")] == ["export 3", "export 2"]
    assert [each["what"] for each in listed(deployed, "-n", 1)] == ["export 3"]
    assert deployed("exports", "-n", 2).out.splitlines() == [
        "at                           who   what      where",
        "2022-12-03T23:59:00.000000Z  anna  export 3  stdout",
        "2022-12-02T23:59:00.000000Z  anna  export 2  stdout",
    ]


def test_a_record_goes_after_400_days(deployed: Deployed) -> None:
    began = datetime(2022, 12, 1, tzinfo=UTC)
    dynamodb = boto3.client("dynamodb")
    AccessLog(dynamodb, deployed.stack.table, lambda: began).note("anna", "export", "stdout")
    (item,) = dynamodb.query(
        TableName=deployed.stack.table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "EXPORTS"}},
    )["Items"]
    assert datetime.fromtimestamp(int(item["expires"]["N"]), UTC) == began + KEPT
    assert timedelta(days=400) == KEPT


@pytest.mark.parametrize("command", [["export", "--all"], ["export", *PAIR, "-o", "pair.csv"], ["backup", "copy.db"]])
def test_without_a_record_nothing_is_given_out(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def forbidden(*_: Any, **__: Any) -> None:
        raise NotAllowed("the record of this export in table x: not permitted: dynamodb:PutItem; ask")

    monkeypatch.setattr(AccessLog, "note", forbidden)
    result = deployed(*command)
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines()[-1] == (
        "iotagg: the record of this export in table x: not permitted: dynamodb:PutItem; ask"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_may_not_be_written_names_the_permission(aws: str, deployed: Deployed) -> None:
    client = boto3.client("dynamodb")

    def denied(request: Any, **_: Any) -> Any:
        sending: Any = type("Sending", (), {"request": request})
        return answered(400, "AccessDeniedException")(sending)

    client.meta.events.register("before-send.dynamodb.PutItem", denied)
    with pytest.raises(NotAllowed) as raised:
        AccessLog(client, deployed.stack.table).note("anna", "export", "stdout")
    line = str(raised.value)
    assert line.startswith(
        f"the record of this export in table {deployed.stack.table}: not permitted: dynamodb:PutItem"
    )
    assert "\n" not in line
