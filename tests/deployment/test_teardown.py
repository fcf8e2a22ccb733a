"""Taking a stack out, on an engine that knows CloudFormation.

What it does otherwise than AWS is said in test_deploy.py; besides, it deletes buckets that hold something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from iotagg.aws import removal
from iotagg.aws.formation import StackState
from iotagg.deployment import teardown
from iotagg.deployment.teardown import Inventory, tear_down
from iotagg.errors import DeploymentFailed
from tests.deployment.answers import STACK_ID, Told, event, pages, stacks
from tests.deployment.toy import TEMPLATE, toy_ingredients

if TYPE_CHECKING:
    from tests.deployment.desk import Desk


def put(bucket: str, count: int) -> None:
    s3 = boto3.client("s3")
    for number in range(count):
        s3.put_object(Bucket=bucket, Key="incoming/a b+é.csv", Body=str(number).encode())
    s3.delete_object(Bucket=bucket, Key="incoming/a b+é.csv")


def test_what_was_counted_stays_and_the_rest_goes(desk: Desk) -> None:
    desk.deployed()
    bucket, table = desk.output("Bucket"), desk.output("Table")
    result = desk("teardown", "--yes")
    assert result.code == 0, result
    for line in (
        "goes     2  AWS::SQS::Queue\n",
        f"goes        stack {desk.name}-packages, with the packages in its bucket\n",
        f"stays       AWS::S3::Bucket {bucket}\n",
        f"stays       AWS::DynamoDB::Table {table}\n",
        f"iotagg teardown {desk.name} --delete-data deletes what stays; it can be found for 90 days\n",
    ):
        assert line in result.out
    assert (desk.status(), desk.status("-packages")) == ("none", "none")
    assert (desk.buckets(), desk.tables()) == ([bucket], [table])


def test_data_can_be_deleted_later_and_again(desk: Desk) -> None:
    desk.deployed()
    put(desk.output("Bucket"), 3)
    assert desk("teardown", "--yes").code == 0
    result = desk("teardown", "--delete-data", typed=desk.name)
    assert result.code == 0, result
    assert "is gone already\n" in result.out
    assert (desk.buckets(), desk.tables()) == ([], [])
    again = desk("teardown", "--delete-data", "--yes")
    assert again.code == 0
    assert again.out == f"stack {desk.name} in eu-west-1 is gone already\n"


def test_all_versions_go_in_pages_with_the_data(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "_AT_ONCE", 2)
    desk.deployed()
    put(desk.output("Bucket"), 4)
    result = desk("teardown", "--delete-data", typed=desk.name)
    assert result.code == 0, result
    assert "4 versions of objects so far" in result.out
    assert (desk.status(), desk.buckets(), desk.tables()) == ("none", [], [])


@pytest.mark.parametrize(("options", "typed"), [((), "n"), (("--delete-data",), "branches"), (("--delete-data",), "y")])
def test_nothing_goes_unless_it_is_confirmed(desk: Desk, options: tuple[str, ...], typed: str) -> None:
    desk.deployed()
    result = desk("teardown", *options, typed=typed)
    assert result.code == 1
    assert result.out.endswith("nothing was changed\n")
    assert desk.status() == "CREATE_COMPLETE"


def test_where_nobody_can_answer_nothing_goes(desk: Desk) -> None:
    result = desk("teardown")
    assert result.code == 2
    assert "nobody is here to answer the question whether to go on; say --yes (see" in result.err


def test_messages_that_would_be_lost_are_warned_of(desk: Desk) -> None:
    desk.deployed()
    boto3.client("sqs").send_message(QueueUrl=desk.output("FilesQueueUrl"), MessageBody="{}")
    result = desk("teardown", typed="n")
    assert "1 message in the queues will be lost, 0 files counted in part stay so" in result.err


def test_what_cannot_be_deleted_is_named_and_goes_with_the_data(desk: Desk) -> None:
    user = "  Somebody:\n    Type: AWS::IAM::User\n"
    desk.ships(toy_ingredients(TEMPLATE.replace("Resources:\n", f"Resources:\n{user}")))
    desk.deployed()
    iam = boto3.client("iam")
    name = next(each["UserName"] for each in iam.list_users()["Users"] if each["UserName"].startswith(desk.name))
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]  # which stands in the way
    result = desk("teardown", "--yes")
    assert result.code == 1
    assert f"stack {desk.name} in eu-west-1 is DELETE_FAILED: Somebody (AWS::IAM::User): " in result.err
    assert result.err.endswith("correct that, then iotagg teardown again\n")
    refused = desk("deploy", "--yes")
    assert "was to be deleted and could not (DELETE_FAILED): Somebody (AWS::IAM::User)" in refused.err
    iam.delete_access_key(UserName=name, AccessKeyId=key)
    assert desk("teardown", "--yes", "--delete-data").code == 0
    assert (desk.status(), desk.buckets(), desk.tables()) == ("none", [], [])


def deleting(*happened: dict[str, Any]) -> dict[str, Any]:
    return pages([event(1, "DELETE_IN_PROGRESS"), *happened])[0]


@pytest.mark.parametrize("delete_data", [True, False])
def test_a_bucket_in_the_way_is_emptied_only_with_the_data(
    nobody: None, monkeypatch: pytest.MonkeyPatch, delete_data: bool
) -> None:
    emptied: list[str] = []
    monkeypatch.setattr(teardown, "empty_bucket", lambda _, name, __: emptied.append(name))
    reason = "The bucket you tried to delete is not empty"
    part = {"LogicalResourceId": "Logs", "ResourceType": "AWS::S3::Bucket", "ResourceStatus": "DELETE_FAILED"}
    gone = {"LogicalResourceId": "Old", "ResourceType": "AWS::S3::Bucket", "ResourceStatus": "DELETE_COMPLETE"}
    failed = [event(2, "DELETE_FAILED", "Logs", ResourceStatusReason=reason), event(3, "DELETE_FAILED")]
    told = Told(
        DescribeStacks=[stacks("DELETE_FAILED"), stacks("DELETE_COMPLETE")],
        DescribeStackEvents=[
            {"StackEvents": []},
            deleting(*failed),
            deleting(*failed),
            deleting(*failed, event(4, "DELETE_IN_PROGRESS"), event(5, "DELETE_COMPLETE")),
        ],
        ListStackResources={
            "StackResourceSummaries": [part | {"PhysicalResourceId": "logs-1"}, gone | {"PhysicalResourceId": "old-1"}]
        },
    )
    found = Inventory("branches", StackState("branches", STACK_ID, "CREATE_COMPLETE", protected=True), None)
    if delete_data:
        assert tear_down(told.formation, found, print, delete_data=True) == ()
        assert emptied == ["logs-1"]
    else:
        with pytest.raises(DeploymentFailed, match=r"is DELETE_FAILED: Logs \(AWS::SQS::Queue\): The bucket you"):
            tear_down(told.formation, found, print)
        assert emptied == []
    assert told.parameters("UpdateTerminationProtection")[0]["EnableTerminationProtection"] is False


def test_an_interrupted_removal_of_data_is_taken_up_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.deployed()
    put(desk.output("Bucket"), 2)

    def interrupted(*_: object) -> None:
        raise DeploymentFailed("interrupted")

    with monkeypatch.context() as patched:
        patched.setattr(teardown, "remove", interrupted)
        assert desk("teardown", "--delete-data", "--yes").code == 1
    assert desk.status() == "none"
    assert desk.buckets() != []
    assert desk("teardown", "--delete-data", "--yes").code == 0
    assert (desk.status("-packages"), desk.buckets(), desk.tables()) == ("none", [], [])


def test_a_name_that_was_never_there_is_an_error(desk: Desk) -> None:
    result = desk("teardown", "--yes")
    assert result.code == 1
    assert f"there is no stack {desk.name} in eu-west-1; check its name, AWS_DEFAULT_REGION" in result.err


def test_packages_that_were_left_alone_go_too(desk: Desk) -> None:
    assert desk("deploy", typed="n").code == 1
    assert desk.status("-packages") == "CREATE_COMPLETE"
    result = desk("teardown", "--yes")
    assert result.code == 0
    assert (desk.status("-packages"), desk.buckets()) == ("none", [])
