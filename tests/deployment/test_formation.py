from __future__ import annotations

from typing import Any

import pytest

from iotagg.aws.formation import name_of
from iotagg.aws.operations import actions_of
from iotagg.errors import CloudError, NotAllowed, NotDeployed
from tests.deployment.answers import NOT_THERE, NOW, STACK_ID, Told, outputs, stacks

pytestmark = pytest.mark.usefixtures("nobody")


def test_a_stack_is_described_as_it_stands() -> None:
    told = Told(
        DescribeStacks=stacks(
            "UPDATE_COMPLETE",
            Outputs=outputs(Version="0.1.0"),
            Parameters=[{"ParameterKey": "A", "ParameterValue": "1"}],
            EnableTerminationProtection=True,
        )
    )
    found = told.formation.state("branches")
    assert found is not None
    assert (found.name, found.id, found.status, found.since) == ("branches", STACK_ID, "UPDATE_COMPLETE", NOW)
    assert (found.outputs, found.parameters, found.tags) == ({"Version": "0.1.0"}, {"A": "1"}, {"iotagg": "stack"})
    assert found.protected
    assert not found.in_progress


@pytest.mark.parametrize(
    ("status", "in_progress"),
    [
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", True),
        ("DELETE_IN_PROGRESS", True),
        ("REVIEW_IN_PROGRESS", False),
        ("ROLLBACK_COMPLETE", False),
    ],
)
def test_a_stack_that_only_waits_to_be_looked_at_is_not_in_progress(status: str, in_progress: bool) -> None:
    found = Told(DescribeStacks=stacks(status)).formation.state("branches")
    assert found is not None
    assert found.in_progress is in_progress


def test_a_stack_that_is_not_there_is_none_unless_it_has_to_be() -> None:
    told = Told(DescribeStacks=NOT_THERE)
    assert told.formation.state("branches") is None
    with pytest.raises(NotDeployed, match=r"iotagg deploy NAME.*AWS_DEFAULT_REGION") as raised:
        told.formation.standing("branches")
    assert "eu-west-1" in str(raised.value)


def test_other_errors_are_no_absence() -> None:
    with pytest.raises(NotAllowed, match="cloudformation:DescribeStacks"):
        Told(DescribeStacks="AccessDenied").formation.state("branches")


def test_parts_come_in_pages_without_those_that_are_gone() -> None:
    def summary(name: str, status: str = "CREATE_COMPLETE", **more: Any) -> dict[str, Any]:
        return {"LogicalResourceId": name, "ResourceType": "T", "ResourceStatus": status, **more}

    told = Told(
        ListStackResources=[
            {"StackResourceSummaries": [summary("A", PhysicalResourceId="a")], "NextToken": "1"},
            {"StackResourceSummaries": [summary("B"), summary("C", "DELETE_COMPLETE", PhysicalResourceId="c")]},
        ]
    )
    assert [(each.name, each.physical) for each in told.formation.resources("branches")] == [("A", "a")]


@pytest.mark.parametrize(
    ("body", "text"), [("Resources: {}\n", "Resources: {}\n"), ({"Resources": {}}, '{"Resources": {}}')]
)
def test_templates_in_yaml_and_json_are_given_as_text(body: Any, text: str) -> None:
    told = Told(GetTemplate={"TemplateBody": body})
    assert told.formation.template("branches") == text
    assert told.parameters("GetTemplate")[0]["TemplateStage"] == "Original"


def test_of_several_deleted_stacks_of_a_name_the_last_one_is_found() -> None:
    def summary(name: str, stack_id: str, day: int) -> dict[str, Any]:
        time = NOW.replace(day=day)
        return {"StackName": name, "StackId": stack_id, "CreationTime": NOW, "DeletionTime": time}

    told = Told(
        ListStacks=[
            {"StackSummaries": [summary("branches", "old", 1), summary("other", "x", 9)], "NextToken": "1"},
            {"StackSummaries": [summary("branches", "last", 7), summary("branches", "older", 2)]},
        ]
    )
    assert told.formation.deleted("branches") == "last"
    assert told.parameters("ListStacks")[0]["StackStatusFilter"] == ["DELETE_COMPLETE"]
    assert Told(ListStacks={"StackSummaries": []}).formation.deleted("branches") == ""


def test_what_is_asked_for_shows_that_iotagg_asked() -> None:
    told = Told()
    told.formation.delete(STACK_ID)
    told.formation.continue_rollback(STACK_ID)
    for operation in ("DeleteStack", "ContinueUpdateRollback"):
        assert told.parameters(operation)[0]["ClientRequestToken"].startswith("iotagg-")


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("UpdateTerminationProtection", lambda formation: formation.protect("branches", on=True)),
        ("ContinueUpdateRollback", lambda formation: formation.continue_rollback("branches")),
        ("DeleteStack", lambda formation: formation.delete("branches")),
        ("GetTemplate", lambda formation: formation.template("branches")),
        ("DescribeEvents", lambda formation: formation.invalid("branches")),
        ("ListStacks", lambda formation: formation.deleted("branches")),
        ("ListStackResources", lambda formation: formation.resources("branches")),
    ],
)
def test_a_missing_permission_is_named(operation: str, ask: Any) -> None:
    with pytest.raises(NotAllowed) as raised:
        ask(Told(**{operation: "AccessDenied"}).formation)
    assert f"not permitted: cloudformation:{operation}" in str(raised.value)


def test_permissions_of_what_removes_data_are_known() -> None:
    assert actions_of("DeleteLogGroup") == "logs:DeleteLogGroup"
    assert actions_of("DescribeLogGroups") == "logs:DescribeLogGroups"
    assert actions_of("ListObjectVersions") == "s3:ListBucketVersions"


def test_a_quota_of_stacks_is_no_throttling() -> None:
    with pytest.raises(CloudError, match="Service Quotas") as raised:
        Told(DeleteStack="LimitExceededException").formation.delete("branches")
    assert type(raised.value) is CloudError


@pytest.mark.parametrize("stack", ["branches", STACK_ID])
def test_messages_name_a_stack_by_its_name(stack: str) -> None:
    assert name_of(stack) == "branches"
