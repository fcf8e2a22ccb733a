"""iotagg exports: who took figures out of a stack, when; and the record that each export leaves."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from iotagg.cli.options import COUNT, DAY, json_option
from iotagg.cli.printing import print_error, print_json, print_table
from iotagg.core.cells import printable

if TYPE_CHECKING:
    from iotagg.cli.session import Session
    from iotagg.stores.dynamodb.access_log import AccessLog

_COLUMNS = ("at", "who", "what", "where")


@click.command()
@click.option("--since", type=DAY, default="", help="The first day (UTC), such as 2022-12-01.")
@click.option("-n", "--lines", type=COUNT, help="At most so many, the newest ones.")
@json_option
@click.pass_obj
def exports(session: Session, since: str, lines: int | None, as_json: bool) -> None:
    """List who exported or backed up what from a stack, newest first.

    Every export and backup of a stack leaves a record before it gives anything out. Records are kept for 400 days.
    Those who may read the table or the bucket themselves are not seen here.

    Example:

    \b
        iotagg exports --since 2022-12-01 -n 20
    """
    session.stack()
    found = [asdict(access) for access in _log(session).accesses(since, lines)]
    if as_json:
        for access in found:
            print_json(access)
    elif found:
        print_table([{column: printable(access[column]) for column in _COLUMNS} for access in found], _COLUMNS)
    else:
        print_error("no exports; nobody took figures out in this time")


def note_export(session: Session, command: str, asked: dict[str, Any], where: str) -> None:
    """Leave a record of an export from a stack, before anything of it is given out; nothing on one machine.

    `asked` holds the options as they were given. Raises CloudError where it cannot be written: no export without it.
    """
    if not session.in_cloud:
        return
    log = _log(session)
    from iotagg.aws.identity import caller  # noqa: PLC0415 (local commands need nothing of AWS)

    log.note(caller(), asked_for(command, asked), where)


def _log(session: Session) -> AccessLog:
    return session.cloud().access_log


def asked_for(command: str, asked: dict[str, Any]) -> str:
    """Return a command with its options as one would type it; what is empty or false was not asked for."""
    words = [command]
    for option, value in asked.items():
        if value is True:
            words.append(f"--{option}")
        elif value:
            words += [f"--{option}", str(value)]
    return shlex.join(words)
