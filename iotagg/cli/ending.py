"""How a command ends: its exit code, and the one line that says what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iotagg.errors import InvalidValue, IotaggError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.cli.session import Session

FAILED, USAGE = 1, 2


def run(
    command: click.Command, name: str, arguments: Sequence[str] | None = None, session: Session | None = None
) -> int:
    """Run a command under a name and return its exit code: 0 done, 1 something failed or was refused, 2 wrong usage."""
    given = None if arguments is None else list(arguments)
    try:
        code = command.main(args=given, prog_name=name, standalone_mode=False, obj=session)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except SystemExit:
        return 0  # click ends so when whoever read the output has seen enough, as in iotagg pairs | head
    except (click.exceptions.ClickException, click.Abort, KeyboardInterrupt, IotaggError, OSError) as error:
        from iotagg.cli.printing import print_error  # noqa: PLC0415 (what ends well, as help does, starts faster)

        code, line = _ending(error)
        print_error(line)
    return code if isinstance(code, int) else 0


def _ending(error: BaseException) -> tuple[int, str]:
    match error:
        case click.NoSuchOption(option_name="--db"):
            code, line = USAGE, "--db stands before the command: iotagg --db FILE COMMAND"
        case click.NoSuchOption(option_name="--stack"):
            code, line = USAGE, "--stack stands before the command: iotagg --stack NAME COMMAND"
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "iotagg"
            code, line = USAGE, f"{error.format_message()} (see {command} --help)"
        case click.ClickException():
            code, line = FAILED, error.format_message()
        case IotaggError():
            code, line = USAGE if isinstance(error, InvalidValue) else FAILED, str(error)
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            code, line = FAILED, f"{place}{error.strerror or error}"
        case _:
            code, line = FAILED, "interrupted; what was counted stays, and the rest can be uploaded again"
    return code, line
