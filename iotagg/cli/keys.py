"""The key of pseudonyms, as commands are told of it, and what is said where two do not go together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iotagg.cli.printing import print_error
from iotagg.errors import CloudError

if TYPE_CHECKING:
    from iotagg.core.pseudonym import Pseudonyms
    from iotagg.pipeline import Request
    from iotagg.stores.protocol import Store

key_option = click.option(
    "--pseudonym-key",
    "key_file",
    metavar="FILE",
    envvar="IOTAGG_PSEUDONYM_KEY_FILE",
    help="Replace addresses by pseudonyms under this key. Also IOTAGG_PSEUDONYM_KEY_FILE; '' for none.",
)


def pseudonyms_under(key_file: str | None) -> Pseudonyms | None:
    """Return the pseudonyms under the key in a file, None where none is named. Raises InvalidValue."""
    if not key_file:
        return None
    from iotagg.key_file import read_key  # noqa: PLC0415 (few have a key)

    return read_key(Path(key_file))


def say_if_mixed(store: Store, request: Request) -> None:
    """Print a line when a site's files are under another key, or under none: the same device would be two."""
    from iotagg.listing import mixed_keys  # noqa: PLC0415 (not asked where there is no database yet)

    try:
        said = mixed_keys(store, request.site, request.reading.pseudonym)
    except CloudError:
        return  # who may only upload may not ask the table; and no upload waits for it
    if said:
        print_error(said)
