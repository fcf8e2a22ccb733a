"""iotagg redrive: dead letters, given another try."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iotagg.cli.options import json_option
from iotagg.cli.printing import plural, print_json

if TYPE_CHECKING:
    from iotagg.cli.session import Session


@click.command()
@click.argument("which", type=click.Choice(["files", "chunks", "all"]), default="all")
@json_option
@click.pass_obj
def redrive(session: Session, which: str, as_json: bool) -> None:
    """Give messages that failed too often another try.

    They go back from the dead letters to the queue they come from: files, chunks, or both. Remove what made them fail
    first. Nothing is counted twice, also where a message had been done after all.

    Example:

    \b
        iotagg redrive files
    """
    cloud = session.cloud()
    from iotagg.redrive import redrive as moved_back  # noqa: PLC0415 (local commands need nothing of AWS)

    for name, queue in (("files", cloud.files), ("chunks", cloud.chunks)):
        if which in (name, "all"):
            moved = moved_back(queue)
            if as_json:
                print_json({"queue": name, "moved": moved})
            else:
                click.echo(f"{name:<6}  {plural(moved, 'message')} moved back")
