"""The command `iotagg` itself, which names what the others work on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from iotagg import __version__
from iotagg.cli.ending import run
from iotagg.cli.families import Families

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.group(cls=Families, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--db",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="IOTAGG_DB",
    help="The database file; without it, one in your data folder. Also IOTAGG_DB.",
)
@click.option(
    "--stack",
    metavar="NAME",
    envvar="IOTAGG_STACK",
    help="The CloudFormation stack to work on, instead of a database. Also IOTAGG_STACK.",
)
@click.version_option(__version__, prog_name="iotagg")
@click.pass_context
def iotagg(ctx: click.Context, db: Path | None, stack: str | None) -> None:
    """Who talks to whom, how much, and is today normal?

    iotagg counts CICFlowMeter flow files, each exactly once, and keeps the totals of every pair of devices for every
    day, with their mean and standard deviation.

    Example:

    \b
        iotagg upload branch-files/
        iotagg export --src 192.168.20.43 --dst 192.0.2.17
        iotagg --stack branches upload --site paris branch-files/ --wait
    """
    from iotagg.cli.session import Session  # noqa: PLC0415 (help needs none)

    def given(name: str) -> bool:
        return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE

    ctx.obj = Session.named(db, stack, given)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 something failed or was refused, 2 wrong usage."""
    return run(iotagg, "iotagg", arguments)
