"""iotagg serve: what iotagg knows, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iotagg.cli.keys import key_option, pseudonyms_under
from iotagg.cli.options import COUNT
from iotagg.cli.printing import print_error
from iotagg.errors import InvalidValue, StoreError
from iotagg.extras import web_extra

if TYPE_CHECKING:
    from iotagg.cli.session import Session

_PORT = 8321
_MEBIBYTE = 1 << 20
_MOST_MEBIBYTES = 1_024
_HOSTS = ("127.0.0.1", "localhost", "[::1]")


@dataclass(slots=True)
class _Same:
    """A file that is to stay the same: what is open goes on after another took its place."""

    file: Path
    number: int = field(init=False)

    def __post_init__(self) -> None:
        self.number = self.file.stat().st_ino

    def check(self) -> None:
        """Raise StoreError where it is gone, or another."""
        try:
            same = self.file.stat().st_ino == self.number
        except OSError:
            same = False
        if not same:
            raise StoreError(f"{self.file} is no longer the database that is served; start iotagg serve again")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=_PORT, show_default=True, help="0 takes a free one.")
@click.option("--tokens", type=click.Path(path_type=Path), help="Who may ask: lines that iotagg token makes.")
@click.option(
    "--most-upload",
    "most_mebibytes",
    metavar="MIB",
    type=COUNT,
    default=_MOST_MEBIBYTES,
    show_default=True,
    help="How large a file may be that is uploaded, in MiB.",
)
@key_option
@click.pass_obj
def serve(
    session: Session, host: str, port: int, tokens: Path | None, most_mebibytes: int, key_file: str | None
) -> None:
    """Show pages in a browser, and answer over HTTP as JSON.

    Files may be sent, too, and what is in order be said. On this machine alone, nobody is asked who they are.
    Elsewhere, whoever asks needs a token, and learns of the sites that it is for; it also says whether they may change
    something. /v1/openapi.json describes all that may be asked. Ctrl-C ends it.

    Examples:

    \b
        iotagg serve
        iotagg serve --host 192.0.2.10 --tokens tokens.txt
    """
    if session.in_cloud:
        raise click.UsageError("serve works on a database; a stack has none")
    from iotagg.stores.sqlite_version import SqliteVersion  # noqa: PLC0415 (other commands need nothing of it)

    with web_extra():
        from iotagg.web.access import Everybody, Tokens  # noqa: PLC0415 (other commands need nothing of it)
        from iotagg.web.app import make_app  # noqa: PLC0415 (as above)
        from iotagg.web.changes import Changes  # noqa: PLC0415 (as above)
        from iotagg.web.kept import Kept  # noqa: PLC0415 (as above)
        from iotagg.web.receiving import Terms  # noqa: PLC0415 (as above)
        from iotagg.web.serving import address_of, is_loopback, listen, most_listeners  # noqa: PLC0415 (as above)
        from iotagg.web.serving import serve as answer  # noqa: PLC0415 (as above)
    alone = is_loopback(host)
    if not alone and tokens is None:
        raise InvalidValue(
            f"whoever reaches {host} could read everything; say who may with --tokens FILE, of lines of iotagg token"
        )
    access = Everybody() if tokens is None else Tokens.read(tokens)
    with session.store() as store, listen(host, port) as listening:
        terms = Terms(most_mebibytes * _MEBIBYTE, pseudonyms_under(key_file))
        check = _Same(session.database).check
        changes = Changes(SqliteVersion(session.database), check, most_listeners())
        kept = Kept(SqliteVersion(session.database))
        hosts = {host, *_HOSTS} if alone else ()
        app = make_app(store, access, hosts, check, terms=terms, changes=changes, kept=kept)
        answer(app, listening, lambda: print_error(f"{address_of(listening)} answers; Ctrl-C ends it"))
