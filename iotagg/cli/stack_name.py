"""Which stack a command is about that makes or removes it: its argument, or what --stack or IOTAGG_STACK names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from iotagg.extras import aws_extra

if TYPE_CHECKING:
    from iotagg.aws.formation import Formation
    from iotagg.cli.session import Session


def stack_name(session: Session, given: str | None) -> str:
    """Return the stack's name. Raises click.UsageError where none was named."""
    name = given or (session.deployment if session.in_cloud else None)
    if not name:
        raise click.UsageError("name the stack, as in iotagg deploy branches; or set IOTAGG_STACK")
    return name


def formation() -> Formation:
    """Return CloudFormation, in the account and region that boto3 finds. Raises MissingExtra and CloudError."""
    with aws_extra():
        from iotagg.aws.formation import Formation  # noqa: PLC0415 (local commands need nothing of AWS)
    return Formation.connected()


def check_can_answer(way: str, *, yes: bool) -> None:
    """Check that somebody is there to answer, where --yes has not done so; if not, the way out is `way`.

    Raises click.UsageError.
    """
    if not yes and not sys.stdin.isatty():
        raise click.UsageError(f"nobody is here to answer the question whether to go on; {way}")
