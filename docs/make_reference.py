"""Writes docs/reference/commands.md from the help texts of the program.

python -m docs.make_reference            write it
python -m docs.make_reference --check    say whether it is up to date
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docs.made import write_or_check
from iotagg.cli.families import FAMILIES, load
from iotagg.cli.main import iotagg

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent / "reference" / "commands.md"
_WIDTH = 80
_BEFORE = """\
<!-- Made by `make docs` from the help texts of the program. Do not edit: change the help, then run it again. -->

# Commands

What `iotagg COMMAND --help` says, for every command. `--db FILE` (or `IOTAGG_DB`) stands before the command:
`iotagg --db lab.db upload flows.csv`.

Every command ends with 0 when it did what it was asked (a file that is counted already is done), with 1 when something
failed or was refused (the other files still count), with 2 when it was used wrongly. Errors are one line on stderr.
"""


def reference() -> str:
    """Return the page."""
    return "\n".join([_BEFORE, *_contents(), "", *_section("iotagg", iotagg, level=2), *_families()])


def _contents() -> Iterator[str]:
    for family, names in FAMILIES.items():
        links = ", ".join(f"[{name}](#iotagg-{name})" for name in names)
        yield f"- {family}: {links}"


def _families() -> Iterator[str]:
    for family, names in FAMILIES.items():
        yield f"## {family}\n"
        for name in names:
            yield from _section(f"iotagg {name}", load(name), level=3)


def _section(name: str, command: click.Command, *, level: int) -> Iterator[str]:
    yield f"{'#' * level} {name}\n"
    yield f"```text\n{_help(name, command)}\n```\n"


def _help(name: str, command: click.Command) -> str:
    # As on a terminal of 80 columns; the group's own settings (-h) hold for its commands too.
    parent, _, own = name.rpartition(" ")
    root = click.Context(iotagg, info_name=parent or own, terminal_width=_WIDTH, **iotagg.context_settings)
    context = click.Context(command, info_name=own, parent=root, terminal_width=_WIDTH) if parent else root
    return command.get_help(context).rstrip()


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, reference(), sys.argv[1:]))
