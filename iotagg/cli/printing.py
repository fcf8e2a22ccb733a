"""How results and errors are printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from iotagg.core.cells import printable


def print_json(fields: dict[str, Any]) -> None:
    """Print one JSON object on a line of its own."""
    click.echo(json.dumps(fields))


def print_error(text: str) -> None:
    """Print one line to stderr, in the program's name, with what a terminal would obey escaped."""
    click.echo(printable(f"iotagg: {text}".replace("\n", " ")), err=True)


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
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


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
