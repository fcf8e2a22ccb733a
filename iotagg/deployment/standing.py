"""Whether a stack can be worked on as it stands, and what to do where it cannot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from iotagg.aws.change_sets import names_of
from iotagg.aws.formation import GONE, REVIEW, TOKEN_PREFIX
from iotagg.aws.stack import OUTPUTS
from iotagg.aws.stack_events import first_failure, last_operation
from iotagg.errors import DeploymentFailed, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.aws.formation import Formation, StackState
    from iotagg.aws.stack_events import Event

TAG = "iotagg"  # the tag of a stack that says it is one of iotagg's, and which: "stack" or "packages"
VERSION_OUTPUT = "Version"  # the output that says which version of iotagg deployed a stack
PACKAGES_SUFFIX = "-packages"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html; NAME-packages has to fit too.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,118}")
HEALTHY = frozenset(
    ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
)
DONE = frozenset(("CREATE_COMPLETE", "UPDATE_COMPLETE"))
NEVER_MADE = frozenset(("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"))


def checked_name(name: str) -> str:
    """Return a stack's name if it can be one. Raises InvalidValue."""
    if not _NAME.fullmatch(name):
        raise InvalidValue(f"{name!r} is no name of a stack: use a letter, then letters, digits or '-', 119 at most")
    return name


def tags_of(state: StackState | None, kind: str) -> dict[str, str]:
    """Return the tags that a stack is to have: those that it has, which others may have given it, and iotagg's."""
    others = {key: value for key, value in state.tags.items() if not key.startswith("aws:")} if state else {}
    return {**others, TAG: kind}


def place_of(formation: Formation, name: str) -> str:
    """Return a stack's name with its region, as it stands in messages."""
    return f"stack {name} in {formation.region}"


def to_update(formation: Formation, name: str, version: str) -> StackState | None:
    """Return a stack that may be updated, None where there is none yet. Raises DeploymentFailed and CloudError."""
    state = formation.state(name)
    if state is None or state.status == GONE or _only_reviewed(formation, state):
        return None
    check_own(formation, state)
    check_idle(formation, state)
    if state.status not in HEALTHY:
        raise unfit(formation, state, why(formation, state))
    theirs = state.outputs.get(VERSION_OUTPUT, "")
    if _numbers(theirs) > _numbers(version):
        raise DeploymentFailed(
            f"{place_of(formation, name)} was deployed by iotagg {theirs}, newer than this {version}; "
            "upgrade this one first, for it would take back what the newer one brought"
        )
    return state


def check_own(formation: Formation, state: StackState) -> None:
    """Check that a stack is one of iotagg's. Raises DeploymentFailed."""
    by_outputs = TAG in state.outputs or state.outputs.keys() >= set(OUTPUTS.values())
    if TAG not in state.tags and not by_outputs:
        raise DeploymentFailed(
            f"{place_of(formation, state.name)} is not one of iotagg's: the name is taken; choose another name"
        )


def check_idle(formation: Formation, state: StackState) -> None:
    """Check that nobody changes a stack at this moment. Raises DeploymentFailed."""
    if not state.in_progress:
        return
    started = next(iter(last_operation(formation, state.id)), None)
    since = f" since {started.time:%Y-%m-%d %H:%M} UTC, asked for by {started.asked_by}" if started else ""
    raise DeploymentFailed(
        f"{place_of(formation, state.name)} is {state.status}{since}; "
        f"see how it ends with iotagg deploy {state.name} --follow, then try again"
    )


def described(failure: Event | None, state: StackState, invalid: Iterable[str] = ()) -> str:
    """Return what failed and why, in AWS's words; what lacks a permission begins with that."""
    wrong = "; ".join(invalid)
    if wrong:
        return wrong
    if failure is None:
        return state.reason or f"it is {state.status}"
    missing = f"not permitted: {failure.action}: " if failure.action else ""
    part = "" if failure.of_stack else f"{failure.resource} ({failure.type}): "
    return f"{missing}{part}{failure.reason}".rstrip(" .")


def why(formation: Formation, state: StackState) -> str:
    """Return what made the last operation of a stack fail. Raises CloudError."""
    happened = last_operation(formation, state.id)
    # A rollback that failed has a cause of its own, behind that of the update.
    failed = [event for event in happened if event.failed and not event.of_stack]
    failure = failed[-1] if state.status == "UPDATE_ROLLBACK_FAILED" and failed else first_failure(happened)
    return described(failure, state, invalid(formation, state, failure))


def invalid(formation: Formation, state: StackState, failure: Event | None) -> list[str]:
    """Return what CloudFormation's own checks found, where that is why nothing was begun. Raises CloudError."""
    asked = failure is not None and failure.of_stack and "DescribeEvents" in failure.reason
    return formation.invalid(state.id) if asked else []


def unfit(formation: Formation, state: StackState, cause: str) -> DeploymentFailed:
    """Return the error for a stack that is not healthy, because of `cause`, with the way out of its state."""
    where, name = place_of(formation, state.name), state.name
    if state.status in NEVER_MADE:
        return DeploymentFailed(
            f"{where} could not be made ({state.status}): {cause}; correct that, remove what is left "
            f"with iotagg teardown {name}, then iotagg deploy {name} again"
        )
    if state.status == "DELETE_FAILED":
        return DeploymentFailed(
            f"{where} was to be deleted and could not (DELETE_FAILED): {cause}; "
            f"correct that, then iotagg teardown {name}"
        )
    if state.status == "UPDATE_ROLLBACK_FAILED":
        return DeploymentFailed(
            f"{where} could not be brought back after a failed update (UPDATE_ROLLBACK_FAILED): {cause}; "
            f"correct that, then iotagg deploy {name} --continue-rollback"
        )
    return DeploymentFailed(
        f"{where} is {state.status}, from which no update starts: {cause}; bring it back with "
        f"aws cloudformation rollback-stack --stack-name {name}, then try again"
    )


def _only_reviewed(formation: Formation, state: StackState) -> bool:
    # What an interrupted deployment leaves: no resources, only proposals, all of them iotagg's.
    return state.status == REVIEW and all(name.startswith(TOKEN_PREFIX) for name in names_of(formation, state.id))


def _numbers(version: str) -> tuple[int, ...]:
    # 0.1.0.dev3 is taken for 0.1.0: who develops knows which is newer.
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in release[0].split(".")) if release else ()
