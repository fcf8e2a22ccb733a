from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.deployment.deploy import check_done, continue_rollback
from iotagg.deployment.following import attach, line_of
from iotagg.deployment.standing import _numbers, checked_name, to_update
from iotagg.errors import DeploymentFailed, InvalidValue, NotDeployed, NotSignedIn
from tests.deployment.answers import NOT_THERE, STACK_ID, Told, event, outputs, pages, stacks
from tests.deployment.test_stack_events import events_of

if TYPE_CHECKING:
    from iotagg.aws.formation import StackState

pytestmark = pytest.mark.usefixtures("nobody")

PARTS = outputs(Bucket="b", Table="t", FilesQueueUrl="f", ChunksQueueUrl="c")
FAILED = [
    event(1, "CREATE_IN_PROGRESS", ClientRequestToken="iotagg-1"),
    event(2, "CREATE_FAILED", "Queue", ResourceStatusReason="not authorized to perform: sqs:CreateQueue"),
    event(3, "CREATE_FAILED", "Files", ResourceStatusReason="Resource creation cancelled"),
]


def found(**answers: Any) -> StackState | None:
    return to_update(Told(**answers).formation, "branches", "0.2.0")


def refusal(**answers: Any) -> str:
    with pytest.raises(DeploymentFailed) as refused:
        found(**answers)
    line = str(refused.value)
    assert line.splitlines() == [line]
    assert line.startswith("stack branches in eu-west-1 ")
    return line


def test_what_is_not_there_can_be_made() -> None:
    assert found(DescribeStacks=NOT_THERE) is None
    assert found(DescribeStacks=stacks("DELETE_COMPLETE")) is None


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_what_is_healthy_can_be_updated(status: str) -> None:
    state = found(DescribeStacks=stacks(status, Outputs=outputs(Version="0.1.0")))
    assert state is not None
    assert state.status == status


def test_what_was_only_proposed_by_iotagg_is_not_there() -> None:
    review = stacks("REVIEW_IN_PROGRESS", Tags=[])
    assert found(DescribeStacks=review, ListChangeSets={"Summaries": [{"ChangeSetName": "iotagg-1"}]}) is None
    assert found(DescribeStacks=review, ListChangeSets={"Summaries": []}) is None
    line = refusal(DescribeStacks=review, ListChangeSets={"Summaries": [{"ChangeSetName": "theirs"}]})
    assert "is not one of iotagg's: the name is taken" in line


@pytest.mark.parametrize("more", [{"Tags": []}, {"Tags": [], "Outputs": outputs(Version="1", Bucket="b")}])
def test_a_stack_of_somebody_else_is_left_alone(more: dict[str, Any]) -> None:
    assert "is not one of iotagg's: the name is taken" in refusal(DescribeStacks=stacks(**more))


@pytest.mark.parametrize("outputs_", [PARTS, outputs(iotagg="1")])
def test_a_stack_without_the_tag_is_known_by_its_outputs(outputs_: list[dict[str, str]]) -> None:
    assert found(DescribeStacks=stacks(Tags=[], Outputs=outputs_)) is not None


def test_what_is_in_progress_is_refused_with_since_when_by_whom_and_what_to_do() -> None:
    line = refusal(DescribeStacks=stacks("UPDATE_IN_PROGRESS"), DescribeStackEvents=pages(FAILED[:1]))
    assert "is UPDATE_IN_PROGRESS since 2026-11-22 09:00 UTC, asked for by iotagg; " in line
    assert "iotagg deploy branches --follow" in line
    assert "UPDATE_IN_PROGRESS; see" in refusal(
        DescribeStacks=stacks("UPDATE_IN_PROGRESS"), DescribeStackEvents=pages([])
    )


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"])
def test_what_was_never_made_says_which_part_failed_why_and_what_next(status: str) -> None:
    line = refusal(DescribeStacks=stacks(status), DescribeStackEvents=pages(FAILED))
    assert f"could not be made ({status}): not permitted: sqs:CreateQueue: Queue (AWS::SQS::Queue): not auth" in line
    assert line.endswith("iotagg teardown branches, then iotagg deploy branches again")


def test_what_could_not_be_deleted_says_so() -> None:
    happened = [event(1, "DELETE_IN_PROGRESS"), event(2, "DELETE_FAILED", "Files", ResourceStatusReason="not empty")]
    line = refusal(DescribeStacks=stacks("DELETE_FAILED"), DescribeStackEvents=pages(happened))
    assert "(DELETE_FAILED): Files (AWS::SQS::Queue): not empty; " in line
    assert line.endswith("iotagg teardown branches")


def test_what_could_not_be_brought_back_says_what_stopped_the_way_back() -> None:
    happened = [
        event(1, "UPDATE_IN_PROGRESS"),
        event(2, "UPDATE_FAILED", "Queue", ResourceStatusReason="of the update"),
        event(3, "UPDATE_ROLLBACK_IN_PROGRESS"),
        event(4, "UPDATE_FAILED", "Files", ResourceStatusReason="of the way back"),
        event(5, "UPDATE_ROLLBACK_FAILED", ResourceStatusReason="The following resource(s) failed to update: [Files]"),
    ]
    line = refusal(DescribeStacks=stacks("UPDATE_ROLLBACK_FAILED"), DescribeStackEvents=pages(happened))
    assert "of the way back; " in line
    assert line.endswith("iotagg deploy branches --continue-rollback")


@pytest.mark.parametrize("status", ["UPDATE_FAILED", "IMPORT_ROLLBACK_FAILED"])
def test_states_that_iotagg_never_leaves_name_what_brings_them_back(status: str) -> None:
    line = refusal(DescribeStacks=stacks(status, StackStatusReason="somebody's"), DescribeStackEvents=pages([]))
    assert f"is {status}, from which no update starts: somebody's; " in line
    assert "rollback-stack --stack-name branches" in line


def test_what_cloudformation_itself_found_wrong_is_fetched() -> None:
    happened = [
        event(1, "CREATE_IN_PROGRESS"),
        event(2, "CREATE_FAILED", ResourceStatusReason="Validation failed with 1 error(s). Call DescribeEvents to …"),
    ]
    wrong = [
        {"LogicalResourceId": "Files", "ValidationPath": "/Resources/Files", "ValidationStatusReason": "name taken"},
        {"LogicalResourceId": "branches"},
    ]
    line = refusal(
        DescribeStacks=stacks("ROLLBACK_COMPLETE"),
        DescribeStackEvents=pages(happened),
        DescribeEvents={"OperationEvents": wrong},
    )
    assert "(ROLLBACK_COMPLETE): Files (/Resources/Files): name taken; correct" in line


@pytest.mark.parametrize(
    ("theirs", "newer"),
    [("0.2.0", False), ("0.1.9", False), ("", False), ("0.2.0.dev1", False), ("0.2.1", True), ("0.10", True)],
)
def test_what_a_newer_iotagg_deployed_is_not_taken_back(theirs: str, newer: bool) -> None:
    answers = {"DescribeStacks": stacks(Outputs=outputs(Version=theirs))}
    if newer:
        assert f"was deployed by iotagg {theirs}, newer than this 0.2.0; upgrade" in refusal(**answers)
    else:
        assert found(**answers) is not None


@given(st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_versions_are_compared_as_numbers(numbers: list[int]) -> None:
    assert _numbers(".".join(map(str, numbers)) + "rc1") == tuple(numbers)


@pytest.mark.parametrize("name", ["", "-a", "1a", "a_b", "a b", "a/b", "x" * 120, "ä"])
def test_what_is_no_name_of_a_stack_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match="is no name of a stack"):
        checked_name(name)


def test_the_longest_name_leaves_room_for_the_stack_of_packages() -> None:
    assert len(checked_name("x" * 119) + "-packages") == 128


@pytest.mark.parametrize(
    ("status", "resource", "line"),
    [
        ("CREATE_COMPLETE", "Files", "made     Files (AWS::SQS::Queue)"),
        ("UPDATE_COMPLETE", "Files", "updated  Files (AWS::SQS::Queue)"),
        ("DELETE_COMPLETE", "Files", "removed  Files (AWS::SQS::Queue)"),
        ("DELETE_SKIPPED", "Files", "kept     Files (AWS::SQS::Queue)"),
        ("CREATE_FAILED", "Files", "FAILED   Files (AWS::SQS::Queue): CREATE_FAILED"),
        ("CREATE_IN_PROGRESS", "Files", ""),
        ("CREATE_COMPLETE", "branches", ""),
        ("ROLLBACK_IN_PROGRESS", "branches", "undoing what was done"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "branches", "undoing what was done"),
    ],
)
def test_a_line_is_told_of_what_is_done_or_fails(status: str, resource: str, line: str) -> None:
    (happened,) = events_of(event(1, status, resource))
    assert line_of(happened) == line


def test_what_was_given_up_because_of_another_failure_is_not_told() -> None:
    (happened,) = events_of(
        event(1, "CREATE_FAILED", "Files", ResourceStatusReason="Resource creation Cancelled because of others")
    )
    assert line_of(happened) == ""


def test_what_goes_on_can_be_looked_at_again() -> None:
    happened = [event(0, "CREATE_COMPLETE"), event(1, "UPDATE_IN_PROGRESS"), event(2, "UPDATE_COMPLETE", "Queue")]
    told = Told(
        DescribeStacks=[stacks("UPDATE_IN_PROGRESS"), stacks("UPDATE_IN_PROGRESS"), stacks("UPDATE_COMPLETE")],
        DescribeStackEvents=[*pages(happened), *pages(happened), *pages([*happened, event(3, "UPDATE_COMPLETE")])],
    )
    lines: list[str] = []
    _, state = attach(told.formation, "branches", lines.append)
    assert state.status == "UPDATE_COMPLETE"
    assert lines == ["updated  Queue (AWS::SQS::Queue)"]


def test_a_deletion_can_be_looked_at_when_it_is_over() -> None:
    told = Told(
        DescribeStacks=[NOT_THERE, stacks("DELETE_COMPLETE")],
        ListStacks={"StackSummaries": [{"StackName": "branches", "StackId": STACK_ID, "CreationTime": 1}]},
        DescribeStackEvents=pages([event(1, "DELETE_IN_PROGRESS"), event(2, "DELETE_COMPLETE")]),
    )
    log, state = attach(told.formation, "branches", print)
    assert state.status == "DELETE_COMPLETE"
    check_done(told.formation, log, state)


def test_what_was_never_there_cannot_be_looked_at() -> None:
    told = Told(DescribeStacks=NOT_THERE, ListStacks={"StackSummaries": []})
    with pytest.raises(NotDeployed, match="there is no stack branches in eu-west-1; check its name"):
        attach(told.formation, "branches", print)


def test_an_interrupted_look_says_that_it_goes_on() -> None:
    told = Told(
        DescribeStacks=stacks("UPDATE_IN_PROGRESS"), DescribeStackEvents=pages([event(1, "UPDATE_IN_PROGRESS")])
    )

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    told.formation.sleep = interrupt
    with pytest.raises(DeploymentFailed, match=r"it goes on at AWS; iotagg deploy branches --follow shows"):
        attach(told.formation, "branches", print)


def test_what_cannot_be_seen_any_more_goes_on_all_the_same() -> None:
    told = Told(DescribeStacks=[stacks("UPDATE_IN_PROGRESS"), "ExpiredToken"], DescribeStackEvents=pages([]))
    lines: list[str] = []
    with pytest.raises(NotSignedIn):
        attach(told.formation, "branches", lines.append)
    assert lines[0].startswith("it goes on at AWS, where it cannot be seen from here; iotagg deploy branches --follow")


def stuck(*ends: str, reason: str = "") -> Told:
    states = [stacks(status) for status in ("UPDATE_ROLLBACK_FAILED", *ends)]
    before = [event(1, "UPDATE_ROLLBACK_FAILED")]
    after = [
        *before,
        event(2, "UPDATE_ROLLBACK_IN_PROGRESS"),
        event(3, "UPDATE_FAILED" if reason else "UPDATE_COMPLETE", "Queue", ResourceStatusReason=reason),
        event(4, ends[-1]),
    ]
    return Told(DescribeStacks=states, DescribeStackEvents=[*pages(before), *pages(after)])


def test_a_rollback_that_failed_is_continued() -> None:
    told, lines = stuck("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"), list[str]()
    assert continue_rollback(told.formation, "branches", lines.append).status == "UPDATE_ROLLBACK_COMPLETE"
    assert lines == ["undoing what was done", "updated  Queue (AWS::SQS::Queue)"]
    assert "ContinueUpdateRollback" in told.operations()


def test_a_rollback_that_fails_again_says_why() -> None:
    told = stuck("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", reason="still there")
    with pytest.raises(DeploymentFailed, match=r"Queue \(AWS::SQS::Queue\): still there; .*--continue-rollback again$"):
        continue_rollback(told.formation, "branches", print)
