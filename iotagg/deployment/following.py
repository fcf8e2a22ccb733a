"""An operation on a stack, followed to its end: a line for each part that is done, and a failure's reason at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.aws.stack_events import EventLog, first_failure, last_operation
from iotagg.deployment.standing import described, invalid, place_of
from iotagg.errors import CloudError, DeploymentFailed, NotDeployed

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.aws.formation import Formation, StackState
    from iotagg.aws.stack_events import Event

    Tell = Callable[[str], object]

_DONE = {
    "CREATE_COMPLETE": "made",
    "UPDATE_COMPLETE": "updated",
    "DELETE_COMPLETE": "removed",
    "DELETE_SKIPPED": "kept",
    "IMPORT_COMPLETE": "taken in",
}


def line_of(event: Event) -> str:
    """Return what to print of an event, "" for nothing: parts that are done, and whatever fails."""
    if event.failed:
        return f"FAILED   {event.resource} ({event.type}): {event.reason or event.status}"
    if event.of_stack:
        return "undoing what was done" if event.status.endswith("ROLLBACK_IN_PROGRESS") else ""
    done = _DONE.get(event.status, "")
    return f"{done:<8} {event.resource} ({event.type})" if done else ""


def follow(log: EventLog, formation: Formation, name: str, tell: Tell) -> StackState:
    """Tell what happens until a stack no longer changes, and return how it stands then.

    Raises DeploymentFailed when a person interrupts it, and other CloudErrors.
    """

    def told(event: Event) -> None:
        if line := line_of(event):
            tell(line)

    try:
        return log.follow(told)
    except KeyboardInterrupt:
        raise DeploymentFailed(
            f"{place_of(formation, name)}: interrupted here, while it goes on at AWS; "
            f"iotagg deploy {name} --follow shows how it ends"
        ) from None
    except CloudError:
        tell(f"it goes on at AWS, where it cannot be seen from here; iotagg deploy {name} --follow shows how it ends")
        raise


def cause(log: EventLog, formation: Formation, state: StackState) -> str:
    """Return why what was followed did not succeed. Raises CloudError."""
    failure = first_failure(log.happened)
    return described(failure, state, invalid(formation, state, failure))


def nowhere(formation: Formation, name: str) -> NotDeployed:
    """Return the error for a stack that is not there, and was not there for 90 days."""
    return NotDeployed(f"there is no {place_of(formation, name)}; check its name, AWS_DEFAULT_REGION and AWS_PROFILE")


def attach(formation: Formation, name: str, tell: Tell) -> tuple[EventLog, StackState]:
    """Tell what has happened since a stack's last operation began, and follow it if it goes on.

    Returns what happened, and how the stack stands then. Raises CloudError.
    """
    state = formation.state(name)
    stack_id = state.id if state else formation.deleted(name)
    if not stack_id:
        raise nowhere(formation, name)
    begun = last_operation(formation, stack_id)
    log = EventLog(formation, stack_id, begun=begun[0].id if begun else "")
    return log, follow(log, formation, name, tell)
