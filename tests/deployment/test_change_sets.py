from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from iotagg.aws.change_sets import Change, ChangeSet, Proposal, execute, proposed
from iotagg.errors import CloudBusy, CloudError, DeploymentFailed, NotAllowed
from tests.deployment.answers import STACK_ID, Told, stacks

pytestmark = pytest.mark.usefixtures("nobody")

MADE = {"Id": "arn:changeset", "StackId": STACK_ID}
READY = {"Status": "CREATE_COMPLETE", "Changes": []}
NEW = Proposal("branches", first=True, body="Resources: {}")


def resource_change(action: str, name: str = "Files", **more: Any) -> dict[str, Any]:
    change = {"Action": action, "LogicalResourceId": name, "ResourceType": "AWS::S3::Bucket", **more}
    return {"Type": "Resource", "ResourceChange": change}


def detail(name: str, cause: str = "", attribute: str = "Properties") -> dict[str, Any]:
    target = {"Attribute": attribute} | ({"Name": name} if name else {})
    return {"Target": target} | ({"CausingEntity": cause} if cause else {})


def changes_of(*told: dict[str, Any]) -> list[Change]:
    with proposed(Told(CreateChangeSet=MADE, DescribeChangeSet=list(told)).formation, NEW) as change_set:
        return change_set.changes


def test_a_proposal_is_sent_as_it_is() -> None:
    told = Told(CreateChangeSet=MADE, DescribeChangeSet=READY)
    proposal = Proposal(
        "branches",
        first=False,
        body="ignored",
        url="https://example.net/t.yaml",
        parameters={"A": "1", "B": None},
        tags={"iotagg": "stack"},
        capabilities=["CAPABILITY_IAM"],
    )
    with proposed(told.formation, proposal):
        pass
    sent = told.parameters("CreateChangeSet")[0]
    assert sent.pop("ChangeSetName").startswith("iotagg-")
    assert sent == {
        "StackName": "branches",
        "ChangeSetType": "UPDATE",
        "TemplateURL": "https://example.net/t.yaml",
        "Parameters": [
            {"ParameterKey": "A", "ParameterValue": "1"},
            {"ParameterKey": "B", "UsePreviousValue": True},
        ],
        "Tags": [{"Key": "iotagg", "Value": "stack"}],
        "Capabilities": ["CAPABILITY_IAM"],
    }


def test_it_waits_until_the_change_set_is_complete() -> None:
    told = Told(
        CreateChangeSet=MADE, DescribeChangeSet=[{"Status": "CREATE_PENDING"}, {"Status": "CREATE_IN_PROGRESS"}, READY]
    )
    with proposed(told.formation, NEW) as change_set:
        assert not change_set.nothing
    assert len(told.waits) == 2
    assert told.waits[0] < told.waits[1] < 1


def test_what_is_never_complete_is_given_up() -> None:
    told = Told(CreateChangeSet=MADE, DescribeChangeSet={"Status": "CREATE_IN_PROGRESS"})
    with pytest.raises(CloudBusy, match="does not say what would change"), proposed(told.formation, NEW):
        pass
    assert 600 < sum(told.waits) < 1800
    assert "DeleteChangeSet" in told.operations()


def test_changes_come_in_pages_and_say_what_becomes_of_each_part() -> None:
    found = changes_of(
        {"Status": "CREATE_COMPLETE", "Changes": [resource_change("Add")], "NextToken": "1"},
        {
            "Status": "CREATE_COMPLETE",
            "Changes": [
                resource_change("Modify", Replacement="False", Details=[detail("A"), detail("A", "P"), detail("B")]),
                resource_change("Modify", Replacement="Conditional", Details=[detail("A", "P"), detail("A", "Q.Arn")]),
            ],
            "NextToken": "2",
        },
        {
            "Status": "CREATE_COMPLETE",
            "Changes": [
                resource_change(
                    "Modify", Replacement="True", PhysicalResourceId="b-1", Details=[detail("", "", "Tags")]
                ),
                resource_change("Remove"),
            ],
        },
    )
    assert [(change.action, change.why, change.physical) for change in found] == [
        ("Add", "", ""),
        ("Modify", "A (by P), B", ""),
        ("May replace", "A (by P, Q.Arn)", ""),
        ("Replace", "Tags", "b-1"),
        ("Remove", "", ""),
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_a_stack_that_is_so_already_is_no_failure(reason: str) -> None:
    told = Told(CreateChangeSet=MADE, DescribeChangeSet={"Status": "FAILED", "StatusReason": reason})
    with proposed(told.formation, NEW) as change_set:
        assert change_set.nothing
    assert "DeleteChangeSet" in told.operations()


def test_a_change_of_outputs_alone_is_a_change_without_parts() -> None:
    told = Told(CreateChangeSet=MADE, DescribeChangeSet=READY)
    with proposed(told.formation, NEW) as change_set:
        assert (change_set.nothing, change_set.changes) == (False, [])


def test_a_proposal_that_is_refused_says_why_and_leaves_nothing() -> None:
    told = Told(
        CreateChangeSet=MADE,
        DescribeChangeSet={"Status": "FAILED", "StatusReason": "Vpc\n is   missing"},
        DescribeStacks=stacks("REVIEW_IN_PROGRESS"),
        ListChangeSets={"Summaries": []},
    )
    with pytest.raises(DeploymentFailed, match="refuses the change: Vpc is missing"), proposed(told.formation, NEW):
        pass
    assert told.operations()[-4:] == ["DeleteChangeSet", "DescribeStacks", "ListChangeSets", "DeleteStack"]


@pytest.mark.parametrize(
    ("state", "others", "deleted"),
    [
        ("REVIEW_IN_PROGRESS", [], True),
        ("REVIEW_IN_PROGRESS", [{"ChangeSetName": "arn:changeset"}], True),  # which is listed a moment longer
        ("REVIEW_IN_PROGRESS", [{"ChangeSetName": "of-somebody-else"}], False),
        ("UPDATE_COMPLETE", [], False),
    ],
)
def test_only_a_stack_that_waits_for_nobody_else_goes_with_its_change_set(
    state: str, others: list[dict[str, str]], deleted: bool
) -> None:
    told = Told(
        CreateChangeSet=MADE,
        DescribeChangeSet=READY,
        DescribeStacks=stacks(state),
        ListChangeSets={"Summaries": others},
    )
    with proposed(told.formation, NEW):
        pass
    assert ("DeleteStack" in told.operations()) is deleted


def test_what_is_executed_is_not_discarded() -> None:
    told = Told(CreateChangeSet=MADE, DescribeChangeSet=READY)
    with proposed(told.formation, NEW) as change_set:
        execute(told.formation, change_set)
    assert "DeleteChangeSet" not in told.operations()


@pytest.mark.parametrize("first", [True, False])
def test_what_a_failed_update_made_anew_goes_and_a_failed_creation_keeps_what_is_protected(first: bool) -> None:
    told = Told()
    execute(told.formation, ChangeSet("arn:changeset", STACK_ID, first))
    assert told.parameters("ExecuteChangeSet")[0]["RetainExceptOnCreate"] is not first


def test_what_cannot_be_discarded_does_not_hide_what_happened_before() -> None:
    told = Told(CreateChangeSet=MADE, DescribeChangeSet=READY, DeleteChangeSet="InvalidChangeSetStatus")
    with pytest.raises(KeyboardInterrupt), proposed(told.formation, NEW):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ("AccessDenied", NotAllowed, "cloudformation:CreateChangeSet"),
        ("LimitExceededException", CloudError, "a quota of the account is used up"),
        ("Throttling", CloudBusy, "more than it takes at once"),
        (("ValidationError", f"Rule failed: {'x' * 300}\nset Vpc"), DeploymentFailed, f"{'x' * 300} set Vpc"),
        ("AlreadyExistsException", CloudError, "changed or made by others meanwhile"),
        (EndpointConnectionError(endpoint_url="https://192.0.2.1"), CloudBusy, "it cannot be reached"),
    ],
)
def test_what_aws_refuses_is_said_in_one_line(answer: Any, error: type[CloudError], words: str) -> None:
    told = Told(CreateChangeSet=answer)
    with pytest.raises(error) as raised, proposed(told.formation, NEW):
        pass
    assert words in str(raised.value)
    assert str(raised.value).startswith("stack branches: ")


def test_a_change_set_that_somebody_overtook_is_said_to_be_so() -> None:
    told = Told(ExecuteChangeSet="InvalidChangeSetStatus")
    with pytest.raises(CloudError, match="changed or made by others meanwhile"):
        execute(told.formation, ChangeSet("arn:changeset", STACK_ID, first=False))
