"""What all commands share: the database or the stack that was named, and how results and errors are printed."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from platformdirs import user_data_path

from iotagg.core.cells import printable
from iotagg.core.values import checked_address, checked_day, checked_month, checked_site
from iotagg.errors import InvalidValue, IotaggError
from iotagg.extras import aws_extra
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.aws.stack import Stack
    from iotagg.jobs.cloud import Cloud
    from iotagg.stores.protocol import Store

# What names a deployment one by one; iotagg.aws.stack reads them, but loading it takes boto3.
PARTS = ("IOTAGG_BUCKET", "IOTAGG_TABLE", "IOTAGG_FILES_QUEUE_URL", "IOTAGG_CHUNKS_QUEUE_URL")


def default_database() -> Path:
    """Return the database that is used when none is named."""
    return user_data_path("iotagg", appauthor=False) / "iotagg.db"


@dataclass(slots=True)
class Session:
    """The database or the deployment that the commands work on.

    `deployment` is a stack's name, empty where the environment names its parts one by one, None for a database file.
    `unclear` says what is wrong where it cannot be told which; that is said to commands that want to know.
    """

    database: Path
    deployment: str | None = None
    unclear: str = ""
    _stack: Stack | None = field(default=None, init=False, repr=False)
    _cloud: Cloud | None = field(default=None, init=False, repr=False)

    @classmethod
    def named(cls, db: Path | None, stack: str | None, given: Callable[[str], bool]) -> Session:
        """Return what --db and --stack name, of which `given` says whether they stand on the command line.

        Raises click.UsageError when both do.
        """
        if given("db") and given("stack"):
            raise click.UsageError("--db and --stack exclude each other")
        if db and stack and not given("db") and not given("stack"):
            both = "IOTAGG_DB and IOTAGG_STACK are both set; unset one, or say --db FILE or --stack NAME"
            return cls(db, unclear=both)
        if stack and not given("db"):
            return cls(default_database(), stack)
        one_by_one = db is None and any(os.environ.get(part) for part in PARTS)
        return cls(db or default_database(), "" if one_by_one else None)

    @property
    def in_cloud(self) -> bool:
        """Whether a deployment on AWS was named. Raises click.UsageError where that cannot be told."""
        if self.unclear:
            raise click.UsageError(self.unclear)
        return self.deployment is not None

    def stack(self) -> Stack:
        """Return what the deployment consists of. Raises IotaggError where none was named, CloudError, MissingExtra."""
        if not self.in_cloud:
            raise IotaggError("this works on a stack only; name one with --stack or IOTAGG_STACK")
        if self._stack is None:
            with aws_extra():
                from iotagg.aws.stack import Stack  # noqa: PLC0415 (local commands need nothing of AWS)
            self._stack = Stack.deployed_as(self.deployment) if self.deployment else Stack.named_by()
        return self._stack

    def cloud(self) -> Cloud:
        """Return the deployment, connected to. Raises as stack() does."""
        if self._cloud is None:
            stack = self.stack()
            with aws_extra():
                from iotagg.jobs.cloud import Cloud  # noqa: PLC0415 (local commands need nothing of AWS)
            self._cloud = Cloud.connected(stack)
        return self._cloud

    @contextmanager
    def store(self, *, create: bool = False) -> Iterator[Store]:
        """Open the store for one command; a database is made only by commands that write."""
        if self.in_cloud:
            yield self.cloud().store
            return
        with self.database_store(create=create) as store:
            yield store

    @contextmanager
    def database_store(self, *, create: bool = False) -> Iterator[SqliteStore]:
        """Open the database file."""
        store = SqliteStore(self.database, create=create)
        try:
            yield store
        finally:
            store.close()

    def opener(self, *, create: bool = True) -> Callable[[], SqliteStore]:
        """Return what opens the database file, also in other processes."""
        return partial(SqliteStore, self.database, create=create)


class Checked(click.ParamType[Any]):
    """An argument whose text a function checks and turns into what it means."""

    def __init__(self, name: str, check: Callable[[str], Any]) -> None:
        self.name = name
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what the text means; click prints why it means nothing."""
        if not value or not isinstance(value, str):
            return value
        try:
            return self._check(value)
        except InvalidValue as reason:
            self.fail(str(reason), param, ctx)


SITE = Checked("site", checked_site)
ADDRESS = Checked("address", checked_address)
DAY = Checked("day", checked_day)
MONTH = Checked("month", checked_month)

site_option = click.option("--site", type=SITE, default="", help="Only this site; without it, all.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")


def print_json(fields: dict[str, Any]) -> None:
    """Print one JSON object on a line of its own."""
    click.echo(json.dumps(fields))


def print_error(text: str) -> None:
    """Print one line to stderr, in the program's name."""
    click.echo(f"iotagg: {text}".replace("\n", " "), err=True)


def print_table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Print rows under their columns' names, numbers right-aligned, with thousands apart."""
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    numeric = [bool(rows) and isinstance(rows[0][column], int | float) for column in columns]
    for line in [list(columns), *cells]:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ]
        click.echo("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def plural(count: int, what: str) -> str:
    """Return a count with what is counted."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def readable_path(path: str) -> str:
    """Return a path as short as it can be typed: relative, where it lies below the current folder.

    What a terminal cannot show, or would obey, is escaped.
    """
    try:
        return printable(str(Path(path).relative_to(Path.cwd())))
    except ValueError:
        return printable(path)
