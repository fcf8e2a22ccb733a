"""The commands in the families that a person looks for them in, listed without loading any of them.

Loading them all takes several times as long as what most of them do: each is loaded when it is called.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# For each command its module in this folder, and the first sentence of its help.
FAMILIES: dict[str, dict[str, tuple[str, str]]] = {
    "Use": {
        "upload": ("upload", "Count flow files, folders of them (.csv, .csv.gz) or patterns."),
        "export": ("export", "Write a pair's days, or all pairs, as CSV."),
        "retract": ("retract", "Take files out, as if they had never been counted."),
    },
    "Look": {
        "pairs": ("look", "List pairs with their days and totals."),
        "top": ("top", "List who has the most, largest first: pairs, sources or destinations."),
        "files": ("look", "List files and what became of them."),
        "status": (
            "status",
            "Show how the database stands, and where it lies; of a stack, also what waits for its workers.",
        ),
        "anomalies": ("anomalies", "Tell what stands out, the worst first."),
        "allow": ("allow", "List what iotagg anomalies leaves out, or add to it."),
        "inspect": ("look", "Show what a file would say, without counting it."),
        "exports": ("exports", "List who exported or backed up what from a stack, newest first."),
        "pseudonym": ("pseudonym", "Say what stands for an address, or make the key that decides it."),
    },
    "Share": {
        "serve": ("serve", "Show pages in a browser, and answer over HTTP as JSON."),
        "token": ("token", "Make a token for someone who is to ask iotagg serve."),
    },
    "Books": {
        "audit": ("audit", "Recompute every pair's months from what is kept of the files, and name all that differs."),
        "rebuild": (
            "audit",
            "Recompute every pair's months from what is kept of the files, and put right all that differs.",
        ),
        "backup": ("books", "Write a copy of the whole database, or of a whole stack, into one file."),
        "restore": ("books", "Bring in all that a copy holds: files, what became of them, rejected lines."),
        "forget": ("forget", "Remove a device, a site, or old months for good."),
    },
    "Cloud": {
        "deploy": ("deploy", "Put a stack into an AWS account, or bring it up to date."),
        "teardown": (
            "teardown",
            "Take a stack out of an AWS account; what was counted stays, unless you say otherwise.",
        ),
        "cost": ("cost", "Estimate what a stack costs in a month, item by item."),
        "worker": ("worker", "Count files as they arrive in the stack's bucket, until told to stop."),
        "redrive": ("redrive", "Give messages that failed too often another try."),
    },
    "Try": {
        "demo": ("tryout", "Show the whole job on a month of two sites."),
        "sample": ("tryout", "Make sample traffic to try iotagg with."),
        "completion": ("completion", "Print what makes a shell complete commands."),
    },
}
_LISTED = {name: row for rows in FAMILIES.values() for name, row in rows.items()}
_WIDTH = max(map(len, _LISTED))


def load(name: str) -> click.Command:
    """Return a command that is listed."""
    module, _ = _LISTED[name]
    command = cast("click.Command", getattr(import_module(f"iotagg.cli.{module}"), name))
    if not gc.isenabled():  # the program has just started: see iotagg/__main__.py
        gc.freeze()
        gc.enable()
    return command


def outline(name: str) -> click.Command:
    """Return what is known of a command without loading it: its name, and its help in one sentence."""
    _, summary = _LISTED[name]
    return click.Command(name, help=summary)


class Families(click.Group):
    """A group of the commands above."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click calls it so)
        """Return the commands' names, not by the alphabet but by their families."""
        return list(_LISTED)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, None where there is none of that name."""
        if cmd_name in _LISTED and cmd_name not in self.commands:
            self.add_command(load(cmd_name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (as above)
        """Write a section for each family."""
        for family, names in FAMILIES.items():
            with formatter.section(family):
                formatter.write_dl([(name.ljust(_WIDTH), outline(name).get_short_help_str(limit=90)) for name in names])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that a word may become, or the options."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 (only shells ask for it)

        commands = [
            CompletionItem(name, help=outline(name).get_short_help_str())
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]
