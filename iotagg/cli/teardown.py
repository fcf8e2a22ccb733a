"""iotagg teardown: take a stack out of an account, with or without what was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iotagg.cli.printing import plural, print_error
from iotagg.cli.stack_name import check_can_answer, formation, stack_name
from iotagg.extras import aws_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.cli.session import Session
    from iotagg.deployment.kept import Kept
    from iotagg.deployment.teardown import Inventory


@click.command()
@click.argument("name", required=False)
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@click.option("--delete-data", is_flag=True, help="Delete the bucket and the table too, with all that was counted.")
@click.pass_obj
def teardown(session: Session, name: str | None, yes: bool, delete_data: bool) -> int:
    """Take a stack out of an AWS account; what was counted stays, unless you say otherwise.

    It says what goes and what stays, and asks. Messages that wait in the queues are lost; the files that they are about
    stay in the bucket. It can be repeated, whatever interrupted it; --delete-data also works later, for 90 days.

    Examples:

    \b
        iotagg teardown branches
        iotagg teardown branches --delete-data
    """
    name = stack_name(session, name)
    check_can_answer("say --yes", yes=yes)
    cloud = formation()
    with aws_extra():
        from iotagg.deployment.teardown import inventory, tear_down  # noqa: PLC0415 (local commands need nothing of AWS)
    found = inventory(cloud, name)
    _show(found, cloud.region, delete_data=delete_data)
    if found.nothing and not (delete_data and found.stays):
        _show_way(name, found.stays)
        return 0
    if not yes and not _agreed(name, delete_data=delete_data):
        click.echo("nothing was changed")
        return 1
    stays = tear_down(cloud, found, click.echo, delete_data=delete_data)
    click.echo(f"stack {name} is gone")
    _show_way(name, stays)
    return 0


def _agreed(name: str, *, delete_data: bool) -> bool:
    if not delete_data:
        return click.confirm("Go on?")
    typed: str = click.prompt("What was counted will be gone for good. Type the stack's name to go on", default="")
    return typed == name


def _show(found: Inventory, region: str, *, delete_data: bool) -> None:
    if found.stack is None:
        click.echo(f"stack {found.name} in {region} is gone already")
    for kind, count in sorted(found.goes.items()):
        click.echo(f"goes   {count:>3}  {kind}")
    if found.packages:
        click.echo(f"goes        stack {found.packages.name}, with the packages in its bucket")
    for each in found.stays:
        goes = each.removable and (delete_data or each in found.unused)
        click.echo(f"{'goes' if goes else 'stays':<12}{each.type} {each.name}{' (empty)' * (each in found.unused)}")
    if found.messages is None or found.pending is None:
        print_error("how much work waits cannot be told; look with iotagg status before you go on")
    elif found.messages or found.pending:
        print_error(
            f"{plural(found.messages, 'message')} in the queues will be lost, {plural(found.pending, 'file')} counted "
            "in part stay so; let the workers finish first"
        )


def _show_way(name: str, stays: Sequence[Kept]) -> None:
    if any(each.removable for each in stays):
        click.echo(f"iotagg teardown {name} --delete-data deletes what stays; it can be found for 90 days")
