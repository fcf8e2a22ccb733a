"""CloudFormation as somebody tells it: answers that nobody gave, below a real client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from iotagg.aws.clients import client
from iotagg.aws.formation import Formation

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NOT_THERE = ("ValidationError", "Stack with id branches does not exist")
STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/branches/11111111-2222"


class Told:
    """What is asked is noted; what is answered is told before, the last answer again and again.

    An answer may be an error: its code, or its code and message.
    """

    def __init__(self, **answers: Any) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, list[Any]] = {
            operation: list(told) if isinstance(told, list) else [told]
            for operation, told in ({"DescribeStacks": NOT_THERE} | answers).items()
        }
        self.waits: list[float] = []
        self.formation = Formation(_service(), sleep=self.waits.append)
        _LISTENING[:] = [self]

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]

    def parameters(self, operation: str) -> list[dict[str, Any]]:
        return [parameters for asked, parameters in self.asked if asked == operation]

    def note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.asked.append((model.name, dict(params)))

    def answer(self, model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        told = self.answers.get(model.name, [{}])
        answer = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(answer, str | tuple):
            code, message = (answer, "") if isinstance(answer, str) else answer
            body = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            return SimpleNamespace(status_code=400), body
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}


_LISTENING: list[Told] = []


@cache
def _service() -> Any:
    # One client for all: making it takes longer than any test.
    service = client("cloudformation")
    events = service.meta.events
    events.register("before-parameter-build.cloudformation", _note)
    events.register("before-call.cloudformation", _answer)
    return service


def _note(**given: Any) -> None:
    _LISTENING[0].note(**given)


def _answer(**given: Any) -> tuple[Any, dict[str, Any]]:
    return _LISTENING[0].answer(**given)


def stacks(status: str = "CREATE_COMPLETE", **more: Any) -> dict[str, Any]:
    """Return an answer of DescribeStacks: one of iotagg's stacks."""
    found = {
        "StackName": "branches",
        "StackId": STACK_ID,
        "StackStatus": status,
        "CreationTime": NOW,
        "Tags": [{"Key": "iotagg", "Value": "stack"}],
        **more,
    }
    return {"Stacks": [found]}


def outputs(**values: str) -> list[dict[str, str]]:
    return [{"OutputKey": key, "OutputValue": value} for key, value in values.items()]


def event(number: int, status: str, resource: str = "branches", **more: Any) -> dict[str, Any]:
    """Return an event: of the stack itself, unless it is told of which part."""
    of_stack = resource == "branches"
    return {
        "EventId": f"e{number}",
        "StackId": STACK_ID,
        "StackName": "branches",
        "LogicalResourceId": resource,
        "PhysicalResourceId": STACK_ID if of_stack else f"branches-{resource}",
        "ResourceType": "AWS::CloudFormation::Stack" if of_stack else "AWS::SQS::Queue",
        "ResourceStatus": status,
        "Timestamp": NOW + timedelta(seconds=number),
        **more,
    }


def pages(happened: Iterable[dict[str, Any]], size: int = 100) -> list[dict[str, Any]]:
    """Return the answers of DescribeStackEvents to one who pages through what happened (the oldest first)."""
    newest_first = list(happened)[::-1]
    starts = range(0, max(1, len(newest_first)), size)
    return [
        {"StackEvents": newest_first[start : start + size]}
        | ({"NextToken": str(start)} if start + size < len(newest_first) else {})
        for start in starts
    ]
