"""Taking a stack out: what goes and what stays is said first; data goes only where that is asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iotagg.aws.clients import client
from iotagg.aws.formation import GONE, REVIEW
from iotagg.aws.queues import Queue
from iotagg.aws.removal import BUCKET, empty_bucket, is_empty, remove
from iotagg.aws.stack import OUTPUTS, Stack
from iotagg.aws.stack_events import EventLog, newest
from iotagg.deployment.following import cause, follow, nowhere
from iotagg.deployment.kept import left_behind, still_there, to_stay
from iotagg.deployment.standing import (
    NEVER_MADE,
    PACKAGES_SUFFIX,
    check_idle,
    check_own,
    checked_name,
    place_of,
)
from iotagg.errors import CloudError, DeploymentFailed
from iotagg.jobs.cloud import Cloud

if TYPE_CHECKING:
    from iotagg.aws.formation import Formation, Resource, StackState
    from iotagg.deployment.following import Tell
    from iotagg.deployment.kept import Kept

_QUEUE = "AWS::SQS::Queue"


@dataclass(frozen=True, slots=True)
class Inventory:
    """What taking a stack out means. `stack` is None where it is gone already, `packages` where that one is.

    `goes` counts parts by type; `stays` is what is kept, with what earlier operations left behind; of that, `unused` is
    what a stack that never came up has made, and nobody has put anything into. `messages` wait in its queues and will
    be lost, `pending` files are counted in part; None where that cannot be told.
    """

    name: str
    stack: StackState | None
    packages: StackState | None
    goes: Counter[str] = field(default_factory=Counter)
    stays: tuple[Kept, ...] = ()
    unused: frozenset[Kept] = frozenset()
    messages: int | None = 0
    pending: int | None = 0

    @property
    def nothing(self) -> bool:
        """Whether there is nothing left to do, data aside."""
        return self.stack is None and self.packages is None


def inventory(formation: Formation, name: str) -> Inventory:
    """Return what taking a stack out means. Raises DeploymentFailed where that cannot be done now, and CloudErrors."""
    stack = _own(formation, checked_name(name))
    packages = _own(formation, f"{name}{PACKAGES_SUFFIX}")
    stack_id = stack.id if stack else formation.deleted(name)
    if not stack_id and packages is None:
        raise nowhere(formation, name)
    left = _left(formation, stack_id)
    if stack is None:
        return Inventory(name, None, packages, stays=tuple(left))
    resources = still_there(formation.resources(stack.id))
    stays = [] if stack.status == REVIEW else to_stay(formation, stack.id, resources)
    kept = {each.resource for each in stays}
    stays = [*dict.fromkeys([*stays, *left])]
    never_made = stack.status in NEVER_MADE
    return Inventory(
        name,
        stack,
        packages,
        goes=Counter(each.type for each in resources if each.name not in kept),
        stays=tuple(stays),
        unused=frozenset(each for each in stays if never_made and is_empty(each.type, each.name)),
        messages=_messages(resources),
        pending=_pending(stack),
    )


def tear_down(formation: Formation, found: Inventory, tell: Tell, *, delete_data: bool = False) -> tuple[Kept, ...]:
    """Delete a stack and that of its packages, and its data where that is asked for; return what stays.

    It can be repeated, whatever interrupted it. Raises DeploymentFailed and other CloudErrors.
    """
    if found.stack:
        _delete(formation, found.stack, tell, delete_data=delete_data)
    stays = []
    for each in found.stays:
        unused = each in found.unused and is_empty(each.type, each.name)
        if each.removable and (delete_data or unused):
            remove(each.type, each.name, tell)
            tell(f"removed  {each.name} ({each.type})")
        else:
            stays.append(each)
    if found.packages:
        # Everything in it can be built again.
        _empty_buckets(formation, found.packages, tell)
        _delete(formation, found.packages, tell, delete_data=True)
    return tuple(stays)


def _own(formation: Formation, name: str) -> StackState | None:
    state = formation.state(name)
    if state is None or state.status == GONE:
        return None
    if state.status != REVIEW:  # which holds nothing, and has no tags yet
        check_own(formation, state)
    check_idle(formation, state)
    return state


def _left(formation: Formation, stack_id: str) -> list[Kept]:
    if not stack_id:
        return []
    state = formation.standing(stack_id)
    if state.status != REVIEW:
        check_own(formation, state)
    return left_behind(formation, stack_id)


def _delete(formation: Formation, state: StackState, tell: Tell, *, delete_data: bool) -> None:
    if state.protected:
        formation.protect(state.id, on=False)
    after, log = _deleted(formation, state, tell)
    if after.status != GONE and delete_data:
        # What is in the way may be a bucket that its template does not retain.
        _empty_buckets(formation, state, tell)
        after, log = _deleted(formation, state, tell)
    if after.status != GONE:
        raise DeploymentFailed(
            f"{place_of(formation, state.name)} is {after.status}: {cause(log, formation, after)}; "
            "correct that, then iotagg teardown again"
        )


def _empty_buckets(formation: Formation, state: StackState, tell: Tell) -> None:
    # CloudFormation deletes no bucket that holds anything.
    for each in still_there(formation.resources(state.id)):
        if each.type == BUCKET:
            empty_bucket(client("s3"), each.physical, tell)


def _deleted(formation: Formation, state: StackState, tell: Tell) -> tuple[StackState, EventLog]:
    log = EventLog(formation, state.id, after=newest(formation, state.id))
    formation.delete(state.id)
    return follow(log, formation, state.name, tell), log


def _messages(resources: list[Resource]) -> int | None:
    try:
        sqs = client("sqs")
        return sum(Queue(sqs, each.physical).depth().total for each in resources if each.type == _QUEUE)
    except CloudError:
        return None


def _pending(state: StackState) -> int | None:
    if not state.outputs.keys() >= set(OUTPUTS.values()):
        return 0  # it never came so far
    stack = Stack(**{part: state.outputs[output] for part, output in OUTPUTS.items()})
    try:
        store = Cloud.connected(stack).store
        return sum(1 for site in store.sites() for _ in store.pending(site))
    except CloudError:
        return None
