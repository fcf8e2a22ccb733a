"""iotagg deploy: put a stack into an account, or bring it up to date."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from iotagg.cli.cost import NUMBER
from iotagg.cli.options import json_option
from iotagg.cli.printing import print_json, print_table
from iotagg.cli.progress import Progress
from iotagg.cli.stack_name import check_can_answer, formation, stack_name
from iotagg.costs.traffic import Traffic
from iotagg.extras import aws_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.aws.change_sets import Change
    from iotagg.aws.formation import Formation, StackState
    from iotagg.cli.session import Session
    from iotagg.deployment.deploy import Order, Plan
    from iotagg.deployment.following import Tell
    from iotagg.deployment.ingredients import Ingredients

_COLUMNS = ("change", "resource", "type", "why")
_WHY = 60  # characters of a table's last column


@click.command()
@click.argument("name", required=False)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="PARAMETER=VALUE",
    help="Set a parameter of the stack; may be repeated. Others keep their value.",
)
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@click.option("--dry-run", is_flag=True, help="Say what would change; leave nothing behind.")
@click.option(
    "--allow-replacement", is_flag=True, help="Let the bucket or the table be replaced by an empty one, or removed."
)
@click.option("--devices", type=NUMBER, default=15, show_default=True, help="Estimate the costs of so many devices.")
@click.option("--follow", is_flag=True, help="Only watch what goes on, until it ends.")
@click.option("--continue-rollback", is_flag=True, help="Try again to bring back a stack whose update failed.")
@json_option
@click.pass_obj
def deploy(
    session: Session,
    name: str | None,
    settings: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    allow_replacement: bool,
    devices: float,
    follow: bool,
    continue_rollback: bool,
    as_json: bool,
) -> int:
    """Put a stack into an AWS account, or bring it up to date.

    It does so in the region that is set for boto3 (AWS_DEFAULT_REGION, or your profile's). It first makes a small stack
    NAME-packages with a bucket for the program's code, then shows what would change and what that costs, and asks. What
    fails is undone by AWS. The same command updates: parameters that are not given keep their value.

    Examples:

    \b
        iotagg deploy branches
        iotagg deploy branches --set OnOverwrite=replace --dry-run
        iotagg deploy branches --yes
    """
    name, tell = stack_name(session, name), partial(click.echo, err=as_json)
    if follow or continue_rollback:
        return _watch(formation(), name, tell, again=continue_rollback, as_json=as_json)
    if not dry_run:
        check_can_answer("say --yes, or look first with --dry-run", yes=yes)
    cloud = formation()
    with aws_extra():
        from iotagg.deployment.deploy import Order  # noqa: PLC0415 (local commands need nothing of AWS)
        from iotagg.deployment.ingredients import shipped  # noqa: PLC0415
        from iotagg.deployment.parameters import parsed  # noqa: PLC0415
    order = Order(name, parsed(settings), dry_run, allow_replacement)
    return _deploy(cloud, order, shipped(Traffic.of_devices(devices)), tell, yes=yes, as_json=as_json)


def _deploy(cloud: Formation, order: Order, shipped: Ingredients, tell: Tell, *, yes: bool, as_json: bool) -> int:
    from iotagg.deployment import deploy  # noqa: PLC0415

    with deploy.planned(cloud, order, shipped, tell, _progress) as plan:
        if plan.nothing and not order.dry_run:
            state = deploy.carry_out(cloud, plan, tell)
            tell(f"stack {order.name} in {cloud.region}: nothing to change")
            return _end(cloud, plan, state, "unchanged", as_json=as_json)
        _show(plan, cloud, tell, as_json=as_json)
        if order.dry_run:
            tell("dry run: nothing was changed")
            return _end(cloud, plan, plan.before, "dry run", as_json=as_json)
        if not yes and not click.confirm("Go on?", err=as_json):
            way = "" if plan.before else f"; what was made for packages goes with iotagg teardown {order.name}"
            tell(f"nothing was changed{way}")
            return 1
        state = deploy.carry_out(cloud, plan, tell)
    if not as_json:
        _show_next(cloud, state, tell)
    return _end(cloud, plan, state, "deployed", as_json=as_json)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    with Progress(total) as bar:
        yield bar.passed


def _watch(cloud: Formation, name: str, tell: Tell, *, again: bool, as_json: bool) -> int:
    with aws_extra():
        from iotagg.deployment import deploy, following  # noqa: PLC0415
    if again:
        state = deploy.continue_rollback(cloud, name, tell)
        tell(f"stack {name} is what it was before the update; iotagg deploy {name} tries the update again")
    else:
        log, state = following.attach(cloud, name, tell)
        deploy.check_done(cloud, log, state)
        tell(f"stack {name} in {cloud.region} is {state.status}")
    if as_json:
        print_json({"stack": name, "region": cloud.region, "state": state.status})
    return 0


def _show(plan: Plan, cloud: Formation, tell: Tell, *, as_json: bool) -> None:
    what = "nothing to change" if plan.nothing else "would be updated" if plan.before else "would be made"
    tell(f"stack {plan.name} in {cloud.region}: {what}")
    if plan.unchecked:
        tell(f"CloudFormation could not be asked ({plan.unchecked}); the template declares:")
        for kind, count in sorted(plan.resources.items()):
            tell(f"{count:>4}  {kind}")
    elif plan.changes and not as_json:
        print_table([_row(change) for change in plan.changes], _COLUMNS)
    elif not plan.changes and not plan.nothing:
        tell("only outputs or descriptions change")
    for line in plan.estimate:
        tell(line)


def _row(change: Change) -> dict[str, Any]:
    why = change.why if len(change.why) <= _WHY else f"{change.why[: _WHY - 1]}…"
    return {"change": change.action, "resource": change.resource, "type": change.type, "why": why}


def _show_next(cloud: Formation, state: StackState, tell: Tell) -> None:
    tell(f"stack {state.name} in {cloud.region} is deployed:")
    width = max(map(len, state.outputs), default=0)
    for output, value in sorted(state.outputs.items()):
        tell(f"  {output:<{width}}  {value}")
    tell("What to type next:")
    tell(f"  export IOTAGG_STACK={state.name}")
    tell("  iotagg upload --site paris folder/ --wait")
    tell("  iotagg status")


def _end(cloud: Formation, plan: Plan, state: StackState | None, result: str, *, as_json: bool) -> int:
    if as_json:
        changes = [
            {"change": each.action, "resource": each.resource, "type": each.type, "why": each.why}
            for each in plan.changes
        ]
        outputs = dict(state.outputs) if state else {}
        facts = {"stack": plan.name, "region": cloud.region, "state": result}
        print_json({**facts, "checked": not plan.unchecked, "changes": changes, "outputs": outputs})
    return 0
