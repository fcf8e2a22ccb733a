"""A deployment: what it would change is shown first, and comes true only as it was shown."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from iotagg.aws.change_sets import ChangeSet, Proposal, execute, proposed
from iotagg.aws.formation import GONE
from iotagg.aws.stack_events import EventLog, newest
from iotagg.deployment.following import cause, follow
from iotagg.deployment.outline import Outline
from iotagg.deployment.packages import Shelf
from iotagg.deployment.parameters import check, settled
from iotagg.deployment.preparation import build, filled, own_parameters, source, stock, unseen
from iotagg.deployment.standing import DONE, HEALTHY, checked_name, place_of, tags_of, to_update, unfit
from iotagg.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping

    from iotagg.aws.change_sets import Change
    from iotagg.aws.formation import Formation, StackState
    from iotagg.deployment.following import Tell
    from iotagg.deployment.ingredients import Ingredients
    from iotagg.deployment.preparation import Progress

# What keeps what was counted; it is gone with them.
KEEPERS = frozenset(("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"))
_LOSING = {
    "Replace": "replaced by an empty one",
    "May replace": "replaced by an empty one, perhaps",
    "Remove": "taken out of the stack",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants deployed: a stack's name, its parameters as far as they are given, and how."""

    name: str
    given: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    allow_replacement: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment would change. Without a change set CloudFormation could not be asked, for the reason given.

    `before` is the stack as it stands, None where there is none; `resources` counts the template's resources by type.
    """

    name: str
    before: StackState | None
    parameters: Mapping[str, str]
    resources: Counter[str]
    change_set: ChangeSet | None
    unchecked: str = ""
    estimate: tuple[str, ...] = ()

    @property
    def changes(self) -> list[Change]:
        """What becomes of which part; empty where CloudFormation was not asked, too."""
        return self.change_set.changes if self.change_set else []

    @property
    def nothing(self) -> bool:
        """Whether the stack is what it is to be already."""
        return self.change_set is not None and self.change_set.nothing


@contextmanager
def planned(
    formation: Formation,
    order: Order,
    ingredients: Ingredients,
    tell: Tell,
    progress: Progress = unseen,
) -> Iterator[Plan]:
    """Give what a deployment would change, with all that it needs in place; a dry run puts nothing in place.

    `progress` is told how many bytes a package has, and then of each that has arrived.

    Raises InvalidValue for parameters, before AWS is asked anything; DeploymentFailed where the stack cannot be
    deployed as it stands, or would lose what it keeps; and other CloudErrors.
    """
    template = Outline.parse(ingredients.template)
    own = own_parameters(ingredients)
    check(template, order.given, own)
    before = to_update(formation, checked_name(order.name), ingredients.version)
    known = before.parameters if before else {}
    values = settled(template, order.given, known, own).values
    with ExitStack() as cleaning, tempfile.TemporaryDirectory() as folder:
        packages = build(template, ingredients, values, Path(folder))
        shelf = Shelf(formation, order.name)
        going = packages.values() if order.dry_run else stock(shelf, ingredients, packages, tell, progress)
        for note in dict.fromkeys(package.note for package in going if package.note):
            tell(note)
        parameters = settled(template, order.given, known, own | filled(shelf, values, packages))
        template = Outline.parse(ingredients.template_for(parameters.values))
        body, url, unasked = cleaning.enter_context(source(template, shelf, dry_run=order.dry_run))
        change_set = None
        if not unasked:
            proposal = Proposal(
                order.name,
                first=before is None,
                body=body,
                url=url,
                parameters=parameters.sent,
                tags=tags_of(before, "stack"),
                capabilities=template.capabilities,
            )
            change_set = cleaning.enter_context(proposed(formation, proposal))
            _check_keepers(change_set.changes, formation, order)
        estimate = tuple(ingredients.estimate(parameters.values, formation.region))
        yield Plan(order.name, before, parameters.values, template.types, change_set, unasked, estimate)


def carry_out(formation: Formation, plan: Plan, tell: Tell) -> StackState:
    """Let a plan come true, tell what happens, and return how the stack stands then.

    A stack that is deployed is protected from being deleted by mistake. Raises DeploymentFailed and other CloudErrors.
    """
    change_set = plan.change_set
    if change_set is not None and not change_set.nothing:
        log = EventLog(formation, change_set.stack_id, after=newest(formation, change_set.stack_id))
        execute(formation, change_set)
        check_done(formation, log, follow(log, formation, plan.name, tell))
    state = formation.standing(plan.name)
    if not state.protected:
        formation.protect(plan.name, on=True)
    return state


def check_done(formation: Formation, log: EventLog, state: StackState) -> None:
    """Check that an operation has done what it was to do. Raises DeploymentFailed."""
    if state.status in (*DONE, GONE):
        return
    reason = cause(log, formation, state)
    if state.status not in HEALTHY:
        raise unfit(formation, state, reason)
    raise DeploymentFailed(
        f"{place_of(formation, state.name)} failed ({state.status}): {reason}; "
        "the stack is what it was before; correct that, then deploy again"
    )


def continue_rollback(formation: Formation, name: str, tell: Tell) -> StackState:
    """Bring a stack back to what it was before an update, after that had failed once. Raises DeploymentFailed."""
    state = formation.standing(name)
    if state.status != "UPDATE_ROLLBACK_FAILED":
        raise DeploymentFailed(f"{place_of(formation, name)} is {state.status}; there is no rollback to continue")
    log = EventLog(formation, state.id, after=newest(formation, state.id))
    formation.continue_rollback(name)
    after = follow(log, formation, name, tell)
    if after.status != "UPDATE_ROLLBACK_COMPLETE":
        raise DeploymentFailed(
            f"{place_of(formation, name)} is {after.status}: {cause(log, formation, after)}; correct that, then "
            f"iotagg deploy {name} --continue-rollback again"
        )
    return after


def _check_keepers(changes: list[Change], formation: Formation, order: Order) -> None:
    lost = [change for change in changes if change.action in _LOSING and change.type in KEEPERS]
    if lost and not order.allow_replacement:
        named = ", ".join(f"{each.resource} ({each.physical or each.type})" for each in lost)
        raise DeploymentFailed(
            f"{place_of(formation, order.name)}: {named} would be {_LOSING[lost[0].action]}; "
            "leave out what does that, or say --allow-replacement"
        )
