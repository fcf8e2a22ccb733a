"""The command `iotagg`: its families of commands, and how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from iotagg import __version__
from iotagg.cli.books import backup, restore
from iotagg.cli.completion import completion
from iotagg.cli.cost import cost
from iotagg.cli.deploy import deploy
from iotagg.cli.ending import run
from iotagg.cli.export import export
from iotagg.cli.exports import exports
from iotagg.cli.forget import forget
from iotagg.cli.look import files, inspect, pairs
from iotagg.cli.pseudonym import pseudonym
from iotagg.cli.redrive import redrive
from iotagg.cli.retract import retract
from iotagg.cli.session import Session
from iotagg.cli.status import status
from iotagg.cli.teardown import teardown
from iotagg.cli.tryout import demo, sample
from iotagg.cli.upload import upload
from iotagg.cli.worker import worker

if TYPE_CHECKING:
    from collections.abc import Sequence

FAMILIES: dict[str, list[click.Command]] = {
    "Use": [upload, export, retract],
    "Look": [pairs, files, status, inspect, exports, pseudonym],
    "Books": [backup, restore, forget],
    "Cloud": [deploy, teardown, cost, worker, redrive],
    "Try": [demo, sample, completion],
}


class _Families(click.Group):
    # Commands are listed in the families a person looks for them in, not by the alphabet.
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click calls it so)
        return [str(command.name) for commands in FAMILIES.values() for command in commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.list_commands(ctx)))
        for family, commands in FAMILIES.items():
            with formatter.section(family):
                formatter.write_dl(
                    [(str(command.name).ljust(width), command.get_short_help_str(limit=90)) for command in commands]
                )


@click.group(cls=_Families, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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

    def given(name: str) -> bool:
        return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE

    ctx.obj = Session.named(db, stack, given)


for _commands in FAMILIES.values():
    for _command in _commands:
        iotagg.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 something failed or was refused, 2 wrong usage."""
    return run(iotagg, "iotagg", arguments)
