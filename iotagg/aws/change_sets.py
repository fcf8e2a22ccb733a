"""Change sets: what an update would change, asked first, and carried out only as it was shown."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.formation import REVIEW, name_of, new_token, pauses
from iotagg.aws.problems import code_of, explained
from iotagg.errors import CloudBusy, CloudError, DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from iotagg.aws.formation import Formation

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MOST_BODY_BYTES = 51_200  # of a template within a request; a longer one comes by its address
_MOST_LOOKS = 400  # about 20 minutes
# The only way to tell that nothing changes is this text; there is no code for it.
_NOTHING = ("didn't contain changes", "No updates are to be performed")
_ACTIONS = {
    ("Modify", "True"): "Replace",
    ("Modify", "Conditional"): "May replace",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a stack is to become. A parameter that is None keeps its value; `url` goes before `body`."""

    name: str
    first: bool
    body: str = ""
    url: str = ""
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one part of a stack: Add, Modify, Replace, May replace, Remove (or what else AWS calls it)."""

    action: str
    resource: str
    type: str
    why: str = ""
    physical: str = ""


@dataclass(slots=True)
class ChangeSet:
    """A proposal as CloudFormation understands it. `changes` may be empty where outputs change, and nothing else.

    `nothing` says that the stack is what is proposed already; there is nothing to execute then.
    """

    id: str
    stack_id: str
    first: bool
    changes: list[Change] = field(default_factory=list)
    nothing: bool = False
    executed: bool = False


@contextmanager
def proposed(formation: Formation, proposal: Proposal) -> Iterator[ChangeSet]:
    """Give what a proposal would change; unless it is executed inside, nothing of it is left behind at the end.

    Raises DeploymentFailed where CloudFormation does not take the proposal, and other CloudErrors.
    """
    change_set = _created(formation, proposal)
    try:
        _read(formation, change_set, proposal.name)
        yield change_set
    finally:
        if not change_set.executed:
            _discard(formation, change_set)


def execute(formation: Formation, change_set: ChangeSet) -> None:
    """Let a change set come true. Raises CloudError."""
    with explained(f"stack {name_of(change_set.stack_id)}"):
        formation.service.execute_change_set(
            ChangeSetName=change_set.id,
            StackName=change_set.stack_id,
            ClientRequestToken=new_token(),
            # What a failed update has made holds nothing yet. (A failed creation keeps its table, which is protected
            # from being deleted: that would fail its rollback too.)
            RetainExceptOnCreate=not change_set.first,
        )
    change_set.executed = True


def names_of(formation: Formation, name: str) -> list[str]:
    """Return the names of a stack's change sets. Raises CloudError."""
    with explained(f"stack {name_of(name)}"):
        pages = formation.service.get_paginator("list_change_sets").paginate(StackName=name)
        return [each["ChangeSetName"] for page in pages for each in page["Summaries"]]


def _created(formation: Formation, proposal: Proposal) -> ChangeSet:
    parameters = [
        {"ParameterKey": name, "UsePreviousValue": True}
        if value is None
        else {"ParameterKey": name, "ParameterValue": value}
        for name, value in proposal.parameters.items()
    ]
    with explained(f"stack {proposal.name}"):
        try:
            made = formation.service.create_change_set(
                StackName=proposal.name,
                ChangeSetName=new_token(),
                ChangeSetType="CREATE" if proposal.first else "UPDATE",
                Parameters=parameters,
                Tags=[{"Key": key, "Value": value} for key, value in proposal.tags.items()],
                Capabilities=list(proposal.capabilities),
                **({"TemplateURL": proposal.url} if proposal.url else {"TemplateBody": proposal.body}),
            )
        except ClientError as error:
            if code_of(error) == "ValidationError":
                raise _refused(proposal.name, error.response["Error"].get("Message", "")) from None
            raise
    return ChangeSet(made["Id"], made["StackId"], proposal.first)


def _refused(name: str, reason: str) -> DeploymentFailed:
    # In full: it is about the template's rules and parameters, and says what is wrong with which.
    way = "; an engine without CodeDeploy needs --set Rollout=all-at-once" if "AWS::CodeDeploy::" in reason else ""
    return DeploymentFailed(f"stack {name}: CloudFormation refuses the change: {' '.join(reason.split())}{way}")


def _read(formation: Formation, change_set: ChangeSet, name: str) -> None:
    for seconds, _ in zip(pauses(), range(_MOST_LOOKS), strict=False):
        page = _page(formation, change_set)
        if page["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            break
        formation.sleep(seconds)
    else:
        raise CloudBusy(f"stack {name}: CloudFormation does not say what would change; try again in some minutes")
    if page["Status"] != "CREATE_COMPLETE":
        reason = page.get("StatusReason", "")
        change_set.nothing = any(text in reason for text in _NOTHING)
        if not change_set.nothing:
            raise _refused(name, reason or page["Status"])
    change_set.changes = [_change(each) for each in _changes(formation, change_set, page)]


def _page(formation: Formation, change_set: ChangeSet, token: str = "") -> dict[str, Any]:
    # By hand, since a paginator's pages would each have to be looked at for what only the first one says.
    with explained(f"stack {name_of(change_set.stack_id)}"):
        return dict(
            formation.service.describe_change_set(
                ChangeSetName=change_set.id, StackName=change_set.stack_id, **({"NextToken": token} if token else {})
            )
        )


def _changes(formation: Formation, change_set: ChangeSet, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from page.get("Changes", ())
    while token := page.get("NextToken"):
        page = _page(formation, change_set, token)
        yield from page.get("Changes", ())


def _change(found: dict[str, Any]) -> Change:
    change = found.get("ResourceChange", {})
    action = change.get("Action", "")
    return Change(
        action=_ACTIONS.get((action, change.get("Replacement", "")), action),
        resource=change.get("LogicalResourceId", ""),
        type=change.get("ResourceType", ""),
        why=_why(change.get("Details", ())),
        physical=change.get("PhysicalResourceId", ""),
    )


def _why(details: Iterable[dict[str, Any]]) -> str:
    # What changes in it, each with the parameters and parts that make it change.
    causes: dict[str, list[str]] = {}
    for detail in details:
        target = detail.get("Target", {})
        found = causes.setdefault(target.get("Name") or target.get("Attribute", ""), [])
        if (cause := detail.get("CausingEntity")) and cause not in found:
            found.append(cause)
    return ", ".join(f"{what} (by {', '.join(by)})" if by else what for what, by in causes.items())


def _discard(formation: Formation, change_set: ChangeSet) -> None:
    # A first change set makes a stack that waits to be looked at; without others' change sets, it goes too. What cannot
    # be discarded holds nothing and costs nothing; the next deployment passes over it.
    try:
        with explained(f"stack {name_of(change_set.stack_id)}"):
            formation.service.delete_change_set(ChangeSetName=change_set.id, StackName=change_set.stack_id)
        state = formation.state(change_set.stack_id)
        if state and state.status == REVIEW and not set(names_of(formation, state.id)) - {name_of(change_set.id)}:
            formation.delete(state.id)
    except CloudError:
        return
