"""The commands that keep the books safe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iotagg.errors import IotaggError

if TYPE_CHECKING:
    from iotagg.cli.session import Session


@click.command()
@click.argument("destination", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.pass_obj
def backup(session: Session, destination: Path, force: bool) -> None:
    """Write a copy of the whole database.

    It is consistent even while files are being uploaded, and a database of its own: iotagg --db COPY works on it.

    Example:

    \b
        iotagg backup iotagg-backup.db
    """
    if session.in_cloud:
        raise IotaggError("a backup is a copy of a database file; a stack's table and bucket keep their own on AWS")
    if destination.exists() and not force:
        raise IotaggError(f"{destination} is there already; name another file, or --force")
    with session.database_store() as store:
        store.backup(destination)
    click.echo(f"{destination}  {destination.stat().st_size:,} bytes")
