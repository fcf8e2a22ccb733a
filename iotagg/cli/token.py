"""iotagg token: who may ask a server of this machine."""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

import click

from iotagg.cli.options import DAY, SITE
from iotagg.cli.printing import print_error
from iotagg.errors import InvalidValue

_BYTES = 32
_NAME = re.compile(r"[^\s#]\S*")


@click.command()
@click.argument("name")
@click.option("--site", "sites", type=SITE, multiple=True, help="Only this site; may be repeated. Without it, all.")
@click.option("--may-write", is_flag=True, help="Also to upload files, and to say what is in order.")
@click.option("--until", type=DAY, default="", help="The last day (UTC) on which it is good, such as 2026-12-31.")
def token(name: str, sites: tuple[str, ...], may_write: bool, until: str) -> None:
    """Make a token for someone who is to ask iotagg serve.

    The line for its --tokens FILE is printed, and holds the token's SHA-256 alone. The token itself goes to the
    terminal (stderr), once: nobody can find it out later.

    Examples:

    \b
        iotagg token anna >> tokens.txt
        iotagg token paris-office --site paris >> tokens.txt
        iotagg token uploader --may-write --until 2026-12-31 >> tokens.txt
    """
    if not _NAME.fullmatch(name):
        raise InvalidValue(f"'{name}' is no name here: it has no blanks, and does not begin with #")
    made = secrets.token_urlsafe(_BYTES)
    rights = [*(["write"] if may_write else ()), *([f"until={until}"] if until else ())]
    click.echo(" ".join([name, sha256(made.encode()).hexdigest(), ",".join(sites) or "*", *rights]))
    print_error(f"{name}'s token, shown once: {made}")
