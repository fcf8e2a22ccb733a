"""The options that say how a flow file is to be read, shared by the commands that read one."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from iotagg.cli.keys import key_option, pseudonyms_under
from iotagg.core.dialect import ROLES, UNIT_EXPONENTS, ReadingOptions
from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable

_DAY_ORDER = click.option(
    "--day-order",
    type=click.Choice(["auto", "dmy", "mdy"]),
    default="auto",
    show_default=True,
    help="Whether 3/4/2022 is in April (dmy) or March; auto lets the file decide.",
)
_DURATION_UNIT = click.option(
    "--duration-unit",
    type=click.Choice(list(UNIT_EXPONENTS)),
    default="us",
    show_default=True,
    help="The unit of the duration column.",
)
_MAP = click.option(
    "--map",
    "names",
    multiple=True,
    metavar="COLUMN=NAME",
    help=f"Also find a column by this name; COLUMN is one of {', '.join(ROLES)}.",
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --day-order, --duration-unit, --map and --pseudonym-key to a command.

    It gets them as two arguments: `reading`, and `pseudonymisation`, None without a key.
    """

    @_DAY_ORDER
    @_DURATION_UNIT
    @_MAP
    @key_option
    @wraps(command)
    def with_reading(
        *args: Any, day_order: Any, duration_unit: Any, names: tuple[str, ...], key_file: str | None, **options: Any
    ) -> Any:
        try:
            reading = ReadingOptions(day_order, duration_unit, tuple(map(_pair, names)))
        except InvalidValue as reason:
            raise click.BadParameter(str(reason), param_hint="--map") from None
        pseudonyms = pseudonyms_under(key_file)
        if pseudonyms is None:
            return command(*args, reading=reading, pseudonymisation=None, **options)
        from iotagg.core.pseudonymised import Pseudonymisation  # noqa: PLC0415 (few have a key)

        how = Pseudonymisation(pseudonyms, reading)
        return command(*args, reading=how.reading, pseudonymisation=how, **options)

    return with_reading


def _pair(text: str) -> tuple[str, str]:
    role, equals, name = text.partition("=")
    if not equals:
        raise click.BadParameter(f"'{text}' has no '='; write it as src='client address'", param_hint="--map")
    return role.strip(), name
