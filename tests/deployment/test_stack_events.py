from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from iotagg.aws import stack_events
from iotagg.aws.patience import Patience
from iotagg.aws.stack_events import Event, EventLog, first_failure, last_operation, newest
from tests.deployment.answers import STACK_ID, Told, event, pages, stacks
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.usefixtures("nobody")

BEGUN = event(1, "CREATE_IN_PROGRESS")
OLD = [event(0, "REVIEW_IN_PROGRESS"), BEGUN, event(2, "CREATE_COMPLETE", "Files"), event(3, "CREATE_COMPLETE")]
UPDATE = [event(4, "UPDATE_IN_PROGRESS"), event(5, "UPDATE_COMPLETE", "Files"), event(6, "UPDATE_COMPLETE")]


def numbers(found: Iterable[Event]) -> list[str]:
    return [each.id for each in found]


def events_of(*told: dict[str, Any]) -> list[Event]:
    return [each for page in stack_events.events(Told(DescribeStackEvents=pages(told)).formation, "a") for each in page]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_the_last_operation_is_what_happened_since_it_began(size: int) -> None:
    told = Told(DescribeStackEvents=pages(OLD + UPDATE, size))
    assert numbers(last_operation(told.formation, STACK_ID)) == ["e4", "e5", "e6"]


def test_an_operation_that_began_before_the_oldest_event_is_all_that_is_known() -> None:
    told = Told(DescribeStackEvents=pages(UPDATE[1:]))
    assert numbers(last_operation(told.formation, STACK_ID)) == ["e5", "e6"]


def test_parts_that_begin_are_not_the_beginning() -> None:
    happened = [BEGUN, event(2, "CREATE_IN_PROGRESS", "Files"), event(3, "UPDATE_IN_PROGRESS", "Nested")]
    assert numbers(last_operation(Told(DescribeStackEvents=pages(happened)).formation, STACK_ID))[0] == "e1"


def test_the_newest_event_is_known_or_there_is_none() -> None:
    assert newest(Told(DescribeStackEvents=pages(OLD, 2)).formation, STACK_ID) == "e3"
    assert newest(Told(DescribeStackEvents=pages([])).formation, STACK_ID) == ""


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.integers(1, 4), st.booleans())
def test_each_event_after_the_known_one_is_told_once_and_in_order(arrivals: list[int], size: int, known: bool) -> None:
    happened = list(OLD)
    told = Told()
    log = EventLog(told.formation, STACK_ID, after="e3" if known else "")
    found: list[str] = []
    for count in arrivals:
        happened += [event(len(happened) + number, "UPDATE_COMPLETE", "Files") for number in range(count)]
        told.answers["DescribeStackEvents"] = pages(happened, size)
        found += numbers(log.news())
    expected = [each["EventId"] for each in happened]
    assert found == (expected[4:] if known else expected)
    assert numbers(log.happened) == found


def test_an_event_that_shows_late_is_told_all_the_same() -> None:
    told = Told(DescribeStackEvents=pages([*OLD, event(4, "A", "X"), event(6, "C", "X")]))
    log = EventLog(told.formation, STACK_ID, after="e3")
    assert numbers(log.news()) == ["e4", "e6"]
    told.answers["DescribeStackEvents"] = pages([*OLD, event(4, "A", "X"), event(5, "B", "X"), event(6, "C", "X")])
    assert numbers(log.news()) == ["e5"]


def test_an_operation_is_told_from_its_beginning_on() -> None:
    for size in (1, 3, 100):
        told = Told(DescribeStackEvents=pages(OLD + UPDATE, size))
        assert numbers(EventLog(told.formation, STACK_ID, begun="e4").news()) == ["e4", "e5", "e6"]


def test_following_ends_with_the_operation() -> None:
    told = Told(
        DescribeStacks=[stacks("UPDATE_IN_PROGRESS"), stacks("UPDATE_COMPLETE")],
        DescribeStackEvents=[*pages([*OLD, *UPDATE[:2]]), *pages([*OLD, *UPDATE])],
    )
    seen: list[Event] = []
    state = EventLog(told.formation, STACK_ID, after="e3").follow(seen.append)
    assert state.status == "UPDATE_COMPLETE"
    assert numbers(seen) == ["e4", "e5", "e6"]
    assert len(told.waits) == 1


def test_an_operation_that_does_not_show_in_the_state_yet_is_waited_for() -> None:
    told = Told(
        DescribeStacks=[stacks("CREATE_COMPLETE"), stacks("UPDATE_IN_PROGRESS"), stacks("UPDATE_COMPLETE")],
        DescribeStackEvents=[*pages(OLD), *pages([*OLD, *UPDATE[:1]]), *pages([*OLD, *UPDATE])],
    )
    assert EventLog(told.formation, STACK_ID, after="e3").follow(lambda _: None).status == "UPDATE_COMPLETE"
    assert len(told.waits) == 2


def test_an_end_that_never_shows_in_the_events_is_an_end_all_the_same() -> None:
    told = Told(DescribeStacks=stacks("UPDATE_COMPLETE"), DescribeStackEvents=pages(OLD))
    assert EventLog(told.formation, STACK_ID, after="e3").follow(lambda _: None).status == "UPDATE_COMPLETE"
    assert 10 < sum(told.waits) < 120


def test_a_lost_connection_does_not_end_the_following(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(stack_events, "_PATIENCE", Patience(attempts=5, sleep=waits.append))
    lost = EndpointConnectionError(endpoint_url="https://192.0.2.1")
    told = Told(
        DescribeStacks=[lost, stacks("UPDATE_COMPLETE")], DescribeStackEvents=[lost, lost, *pages([*OLD, *UPDATE])]
    )
    assert EventLog(told.formation, STACK_ID, after="e3").follow(lambda _: None).status == "UPDATE_COMPLETE"
    assert len(waits) == 3


def test_the_first_failure_is_what_failed_by_itself() -> None:
    found = events_of(
        BEGUN,
        event(2, "CREATE_FAILED", "Sums", ResourceStatusReason="Resource creation cancelled"),
        event(3, "CREATE_FAILED", "Queue", ResourceStatusReason="it is forbidden"),
        event(4, "CREATE_FAILED", "Files", ResourceStatusReason="so is this"),
        event(5, "ROLLBACK_IN_PROGRESS", ResourceStatusReason="The following resource(s) failed to create: [Queue]"),
    )
    failure = first_failure(found[::-1])
    assert failure is not None
    assert (failure.resource, failure.reason) == ("Queue", "it is forbidden")


def test_where_no_part_failed_the_stack_itself_did() -> None:
    failure = first_failure(events_of(BEGUN, event(2, "CREATE_FAILED", ResourceStatusReason="invalid template")))
    assert failure is not None
    assert failure.reason == "invalid template"
    assert first_failure(events_of(BEGUN)) is None


@pytest.mark.parametrize(
    ("reason", "said", "action"),
    [
        (
            "User: a is not authorized to perform: lambda:CreateFunction on x (Service: Lambda, Status Code: 403)",
            "User: a is not authorized to perform: lambda:CreateFunction on x",
            "lambda:CreateFunction",
        ),
        (
            'Resource handler returned message: "Access\nDenied" (RequestToken: 1, HandlerErrorCode: AccessDenied)',
            'Resource handler returned message: "Access Denied"',
            "",
        ),
        ("API: s3:CreateBucket Access Denied", "API: s3:CreateBucket Access Denied", "s3:CreateBucket"),
    ],
)
def test_reasons_are_said_without_the_numbers_of_requests(reason: str, said: str, action: str) -> None:
    (found,) = events_of(event(1, "CREATE_FAILED", "Files", ResourceStatusReason=reason))
    assert (found.reason, found.action) == (said, action)


@pytest.mark.parametrize(
    ("token", "who"),
    [("iotagg-12", "iotagg"), ("Console-CreateStack-1", "the AWS console"), ("x", "another program")],
)
def test_a_token_tells_who_asked(token: str, who: str) -> None:
    (found,) = events_of(event(1, "CREATE_IN_PROGRESS", ClientRequestToken=token))
    assert found.asked_by == who
