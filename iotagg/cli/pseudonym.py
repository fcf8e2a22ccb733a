"""iotagg pseudonym: keys, and what stands for an address under one."""

from __future__ import annotations

from pathlib import Path

import click

from iotagg.cli.keys import key_option, pseudonyms_under
from iotagg.cli.options import ADDRESS, json_option
from iotagg.cli.printing import print_json
from iotagg.core.cells import printable
from iotagg.errors import InvalidValue
from iotagg.key_file import new_key as write_new_key


@click.command()
@click.argument("addresses", nargs=-1, type=ADDRESS)
@key_option
@click.option("--reverse", is_flag=True, help="From pseudonyms back to addresses.")
@click.option(
    "--new-key",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Make a key, in a new file that only you may read.",
)
@json_option
def pseudonym(
    addresses: tuple[str, ...], key_file: str | None, reverse: bool, new_key: Path | None, as_json: bool
) -> None:
    """Say what stands for an address, or make the key that decides it.

    Prints each address with its pseudonym beside it. Whoever has the key can do that, and go back; keep it as you
    would keep the addresses, and a copy of it: without it, history is cut.

    Examples:

    \b
        iotagg pseudonym --new-key branches.key
        iotagg pseudonym 192.168.20.43 192.0.2.17 --pseudonym-key branches.key
        iotagg pseudonym 198.51.100.41 --reverse --pseudonym-key branches.key
    """
    if bool(addresses) == bool(new_key):
        raise click.UsageError("name addresses, or a file for a new key with --new-key")
    if new_key is not None:
        fingerprint = write_new_key(new_key).fingerprint
        if as_json:
            print_json({"key_file": str(new_key), "pseudonym_key": fingerprint})
        else:
            click.echo(f"{printable(str(new_key))}  key {fingerprint}")
        return
    pseudonyms = pseudonyms_under(key_file)
    if pseudonyms is None:
        raise InvalidValue("pseudonyms need a key: name its file with --pseudonym-key or IOTAGG_PSEUDONYM_KEY_FILE")
    for given in addresses:
        other = pseudonyms.reverse(given) if reverse else pseudonyms.of(given)
        address, stands_for_it = (other, given) if reverse else (given, other)
        if as_json:
            print_json({"address": address, "pseudonym": stands_for_it})
        else:
            click.echo(f"{address}  {stands_for_it}")
