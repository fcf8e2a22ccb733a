"""iotagg allow: the list of what is in order, whatever it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iotagg.cli.options import DAY, SITE, Checked, json_option
from iotagg.cli.printing import print_error, print_json, print_table
from iotagg.core.allowances import allowance_of, checked_network
from iotagg.core.findings import Kind
from iotagg.errors import NotFound

if TYPE_CHECKING:
    from iotagg.cli.session import Session
    from iotagg.core.allowances import Allowance
    from iotagg.stores.protocol import Store

NETWORK = Checked("network", checked_network)
_COLUMNS = {
    "id": "id",
    "site": "site",
    "src": "source",
    "dst": "destination",
    "kind": "kind",
    "until": "until",
    "note": "note",
}
_ANY = "any"


@click.command()
@click.option("--src", type=NETWORK, default="", help="From this address, or these: 192.0.2.7 or 192.0.2.0/24.")
@click.option("--dst", type=NETWORK, default="", help="To this address, or these.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Kind if kind is not Kind.OTHERS]),
    help="Only this kind of finding.",
)
@click.option("--site", type=SITE, default="", help="At this site only.")
@click.option("--until", type=DAY, default="", help="The last day on which it is in order, such as 2022-12-31.")
@click.option("--note", default="", help="Why, in a line.")
@click.option("--remove", metavar="ID", default="", help="Take one off the list.")
@json_option
@click.pass_obj
def allow(
    session: Session,
    src: str,
    dst: str,
    kind: str | None,
    site: str,
    until: str,
    note: str,
    remove: str,
    as_json: bool,
) -> None:
    """List what iotagg anomalies leaves out, or add to it.

    Without options, the list. With some, what they describe together is in order from now on, also of days that have
    passed: all that stands out from --src to --dst, of --kind, at --site, until a day. Findings about a device are left
    out where it is named as --src or --dst alone. Nothing is forgotten: --remove brings all of it back.

    Examples:

    \b
        iotagg allow
        iotagg allow --src 192.168.20.5 --kind fan-out --note "the scanner"
        iotagg allow --dst 203.0.113.0/24 --site paris --until 2022-12-31
        iotagg allow --remove 0123456789
    """
    described = any((src, dst, kind, site, until, note))
    if remove and described:
        raise click.UsageError("--remove and what is to be added exclude each other")
    if described:
        made = allowance_of(site=site, source=src, destination=dst, kind=kind or "", until=until, note=note)
        with session.store(create=True) as store:
            store.allow(made)
        _print([made], as_json)
        return
    with session.store() as store:
        if remove:
            _remove(store, remove)
            return
        listed = store.allowances()
    if listed or as_json:
        _print(listed, as_json)
    else:
        print_error("nothing is allowed; iotagg allow --src ADDRESS adds to the list")


def _remove(store: Store, name: str) -> None:
    if not store.disallow(name):
        raise NotFound(f"no {name} is on the list; iotagg allow shows it")
    click.echo(f"{name} is no longer allowed")


def _print(listed: list[Allowance], as_json: bool) -> None:
    rows = [{column: getattr(each, name) for column, name in _COLUMNS.items()} for each in listed]
    if as_json:
        for row in rows:
            print_json({column: value or None for column, value in row.items()})
        return
    for row in rows:
        row.update({column: row[column] or _ANY for column in ("site", "src", "dst", "kind")})
    print_table(rows, tuple(_COLUMNS))
