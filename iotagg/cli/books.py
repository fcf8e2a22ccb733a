"""The commands that keep the books safe: copies of a database or a stack, and the way back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iotagg.cli.bringing import bring_here
from iotagg.cli.exports import note_export
from iotagg.cli.incomplete import say_what_a_copy_lacks
from iotagg.cli.options import json_option
from iotagg.cli.printing import print_json
from iotagg.cli.progress import Progress
from iotagg.cli.report import Report
from iotagg.core.cells import printable
from iotagg.errors import IotaggError, NotFound, StoreError
from iotagg.moving import copied
from iotagg.stores.new_database import new_database
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.cli.session import Session
    from iotagg.core.outcome import Outcome


@click.command()
@click.argument("destination", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@json_option
@click.pass_obj
def backup(session: Session, destination: Path, force: bool, as_json: bool) -> int:
    """Write a copy of the whole database, or of a whole stack, into one file.

    It is consistent even while files are being uploaded, and a database of its own: iotagg --db COPY works on it, and
    iotagg restore brings all that it holds into another database or into a stack.

    Examples:

    \b
        iotagg backup iotagg-backup.db
        iotagg backup branches-2022-12-31.db --json
    """
    if destination.exists() and not force:
        raise IotaggError(f"{destination} is there already; name another file, or --force")
    report = Report(quiet=True)
    if session.in_cloud:
        with new_database(destination) as copy, session.store() as store:
            say_what_a_copy_lacks(session)
            note_export(session, "backup", {}, str(destination))
            _tell(copied(store, copy), report)
    else:
        with session.database_store() as database:
            database.backup(destination)
    written: dict[str, Any] = {"file": str(destination), "bytes": destination.stat().st_size}
    if as_json:
        print_json(written | ({"files": report.states} if session.in_cloud else {}))
    else:
        click.echo(f"{printable(str(destination))}  {written['bytes']:,} bytes")
    return 1 if report.states["refused"] else 0


@click.command()
@click.argument("copy", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--again", is_flag=True, help="Count also what was retracted or forgotten here.")
@json_option
@click.pass_obj
def restore(session: Session, copy: Path, again: bool, as_json: bool) -> int:
    """Bring in all that a copy holds: files, what became of them, rejected lines.

    COPY is what iotagg backup wrote, or any other database of iotagg's. What is known here stays, and each content
    counts once; a file that does not agree with what is known is refused with a line, and the others go on. What was
    interrupted is repeated.

    Example:

    \b
        iotagg restore iotagg-backup.db
    """
    if not copy.exists():
        raise NotFound(f"there is no {copy}; name a file that iotagg backup wrote")
    if not session.in_cloud and session.database.exists() and copy.samefile(session.database):
        raise StoreError(f"{copy} is the database itself; name the copy that is to be brought in")
    report = Report(quiet=not as_json, as_json=as_json)
    with closing(SqliteStore(copy, create=False)) as source, session.store(create=True) as target:
        _tell(copied(source, target, again=again, bring=bring_here(session)), report)
    report.summarize()
    return 1 if report.states["refused"] else 0


def _tell(outcomes: Iterable[Outcome], report: Report) -> None:
    with Progress(None, "files") as progress:
        for outcome in outcomes:
            if report.count(outcome):
                with progress.room():
                    report.show(outcome)
            progress.passed(1)
