"""The option --wait [SECONDS], shared by the commands that hand work over to others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from iotagg.cli.options import SECONDS
from iotagg.cli.printing import plural, print_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

WAIT_SECONDS = 3600.0
_NUMBER = re.compile(r"\d+(\.\d+)?")


class WaitingCommand(click.Command):
    """A command whose --wait may stand alone: what follows it is its value only if it is a number."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give --wait its value where it stands alone."""
        options = args[: args.index("--")] if "--" in args else args
        for place, argument in enumerate(options):
            following = options[place + 1] if place + 1 < len(options) else ""
            if argument == "--wait" and not _NUMBER.fullmatch(following):
                args = [*args[:place], f"--wait={WAIT_SECONDS:g}", *args[place + 1 :]]
        return super().parse_args(ctx, args)


def wait_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --wait to a command, which gets its seconds as `wait`, or None."""
    return click.option(
        "--wait",
        type=SECONDS,
        metavar="[SECONDS]",
        help=f"On a stack, wait until it is settled; {WAIT_SECONDS:g} s at most, unless you say otherwise.",
    )(command)


def say_not_settled(count: int, seconds: float) -> int:
    """Say that waiting did not help, and return the exit code for that."""
    print_error(
        f"{plural(count, 'file')} not settled after {seconds:g} s; the work goes on, iotagg status shows how far it is"
    )
    return 1
