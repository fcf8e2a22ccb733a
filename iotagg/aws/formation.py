"""CloudFormation's stacks: what they are, what they hold, how they are protected, continued and deleted."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.clients import client
from iotagg.aws.problems import code_of, explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

STACK = "AWS::CloudFormation::Stack"
REVIEW = "REVIEW_IN_PROGRESS"  # a first change set was made, and nothing else
GONE = "DELETE_COMPLETE"
# What is asked for with these tokens shows, in each of its events, that it was iotagg who asked.
TOKEN_PREFIX = "iotagg-"  # noqa: S105 (a name, no secret)
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class StackState:
    """A stack as it stands; `since` is when it was last changed, or made. A secret parameter's value is `****`."""

    name: str
    id: str
    status: str
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    since: datetime | None = None

    @property
    def in_progress(self) -> bool:
        """Whether AWS changes it at this moment."""
        return self.status.endswith("_IN_PROGRESS") and self.status != REVIEW


@dataclass(frozen=True, slots=True)
class Resource:
    """A part of a stack: its name in the template, its type, its own name or address, and how it stands."""

    name: str
    type: str
    physical: str
    status: str = ""


def name_of(stack: str) -> str:
    """Return the name in an id, such as arn:aws:cloudformation:eu-west-1:123456789012:stack/NAME/UUID."""
    return stack.split("/")[1] if "/" in stack else stack


def pauses() -> Iterator[float]:
    """Yield the seconds to wait between two looks at something that goes on: short at first."""
    seconds = _FIRST_PAUSE_SECONDS
    while True:
        yield seconds
        seconds = min(_LONGEST_PAUSE_SECONDS, seconds * 1.5)


def new_token() -> str:
    """Return a token for a request that changes a stack, which tells its events from others'."""
    return f"{TOKEN_PREFIX}{uuid.uuid4().hex}"


class Formation:
    """CloudFormation in one account and region; a stack's `name` may also be its id, which outlives it by 90 days."""

    def __init__(self, service: Any, sleep: Callable[[float], object] = time.sleep) -> None:
        self.service = service
        self.sleep = sleep

    @classmethod
    def connected(cls) -> Formation:
        """Return that of the account and region that boto3 finds. Raises CloudError."""
        return cls(client("cloudformation"))

    @property
    def region(self) -> str:
        """The region, such as eu-west-1."""
        return str(self.service.meta.region_name)

    def state(self, name: str) -> StackState | None:
        """Return how a stack stands, None where there is none of that name. Raises CloudError."""
        with explained(f"stack {name_of(name)}"):
            try:
                found = self.service.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if code_of(error) == "ValidationError":
                    return None
                raise
        return _state(found)

    def standing(self, name: str) -> StackState:
        """Return how a stack stands that has to be there. Raises NotDeployed and other CloudErrors."""
        with explained(f"stack {name_of(name)}"):
            return _state(self.service.describe_stacks(StackName=name)["Stacks"][0])

    def resources(self, name: str) -> list[Resource]:
        """Return the parts of a stack that are there (still). Raises CloudError."""
        with explained(f"stack {name_of(name)}"):
            pages = self.service.get_paginator("list_stack_resources").paginate(StackName=name)
            found = [_resource(each) for page in pages for each in page["StackResourceSummaries"]]
        return [each for each in found if each.status != GONE and each.physical]

    def template(self, name: str) -> str:
        """Return the text of a stack's template, as it was sent. Raises CloudError."""
        with explained(f"stack {name_of(name)}"):
            body = self.service.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)  # botocore reads what is written in JSON

    def protect(self, name: str, *, on: bool) -> None:
        """Switch a stack's protection from deletion on or off. Raises CloudError."""
        with explained(f"stack {name_of(name)}"):
            self.service.update_termination_protection(StackName=name, EnableTerminationProtection=on)

    def delete(self, name: str) -> None:
        """Ask for a stack to be deleted, with all that its template does not retain. Raises CloudError."""
        with explained(f"stack {name_of(name)}"):
            self.service.delete_stack(StackName=name, ClientRequestToken=new_token())

    def continue_rollback(self, name: str) -> None:
        """Ask for another try to bring a stack back to what it was before a failed update. Raises CloudError."""
        with explained(f"stack {name_of(name)}"):
            self.service.continue_update_rollback(StackName=name, ClientRequestToken=new_token())

    def deleted(self, name: str) -> str:
        """Return the id of the last stack of that name that was deleted within 90 days, "" without one."""
        with explained(f"stack {name_of(name)}"):
            pages = self.service.get_paginator("list_stacks").paginate(StackStatusFilter=[GONE])
            found = [each for page in pages for each in page["StackSummaries"] if each["StackName"] == name]
        last = max(found, key=lambda each: each.get("DeletionTime") or each["CreationTime"], default=None)
        return str(last["StackId"]) if last else ""

    def invalid(self, name: str) -> list[str]:
        """Return what CloudFormation found wrong in a stack's template before it made anything. Raises CloudError."""
        with explained(f"stack {name_of(name)}"):
            pages = self.service.get_paginator("describe_events").paginate(
                StackName=name, Filters={"FailedEvents": True}
            )
            events = [event for page in pages for event in page["OperationEvents"]]
        return [
            f"{event.get('LogicalResourceId', '')} ({event.get('ValidationPath', '')}): {reason}"
            for event in events
            if (reason := event.get("ValidationStatusReason"))
        ]


def _state(found: dict[str, Any]) -> StackState:
    return StackState(
        name=found["StackName"],
        id=found["StackId"],
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        parameters={each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", ())},
        outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())},
        tags={each["Key"]: each["Value"] for each in found.get("Tags", ())},
        protected=bool(found.get("EnableTerminationProtection")),
        since=found.get("LastUpdatedTime") or found.get("CreationTime"),
    )


def _resource(found: dict[str, Any]) -> Resource:
    return Resource(
        name=found["LogicalResourceId"],
        type=found["ResourceType"],
        physical=found.get("PhysicalResourceId", ""),
        status=found["ResourceStatus"],
    )
