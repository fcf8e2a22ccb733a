"""What all commands share: the database that was named, and how results and errors are printed."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from platformdirs import user_data_path

from iotagg.core.values import checked_address, checked_day, checked_site
from iotagg.errors import InvalidValue
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def default_database() -> Path:
    """Return the database that is used when none is named."""
    return user_data_path("iotagg", appauthor=False) / "iotagg.db"


@dataclass(frozen=True, slots=True)
class Session:
    """The database that the commands work on."""

    database: Path

    @contextmanager
    def store(self, *, create: bool = False) -> Iterator[SqliteStore]:
        """Open the database for one command; only commands that write make it."""
        store = SqliteStore(self.database, create=create)
        try:
            yield store
        finally:
            store.close()

    def opener(self, *, create: bool = True) -> Callable[[], SqliteStore]:
        """Return what opens the database, also in other processes."""
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
    """Return a path as short as it can be typed: relative, where it lies below the current folder."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path
