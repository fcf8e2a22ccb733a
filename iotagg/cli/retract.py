"""iotagg retract: take files out again."""

from __future__ import annotations

import click

from iotagg.cli.session import Session, json_option, print_json, readable_path, site_option
from iotagg.listing import counted_file, known_site
from iotagg.pipeline import outcome_of
from iotagg.pipeline import retract as take_out


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@site_option
@json_option
@click.pass_obj
def retract(session: Session, names: tuple[str, ...], site: str, as_json: bool) -> None:
    """Take files out, as if they had never been counted.

    NAME is a path as iotagg files lists it, its end, or the first 8 digits or more of a contribution. A file that was
    retracted is counted again only with iotagg upload --again.

    Example:

    \b
        iotagg retract branch-files/data-20221206.csv
    """
    with session.store() as store:
        known_site(store, site)
        found = [counted_file(store, site, name) for name in names]
        for at, path, contributions in found:
            was_in = set(store.path(at, path).names)
            take_out(store, at, path, contributions)
            if as_json:
                for name in contributions:
                    print_json(outcome_of(store, path, name, "retracted").as_json())
                continue
            kept = {other for name in contributions if (record := store.file(name)) for other in record.paths}
            elsewhere = f"; the same content stays counted as {', '.join(sorted(kept))}" if kept else ""
            state = "retracted" if was_in else "already retracted"
            click.echo(f"{state:<15}  {readable_path(path)}{elsewhere}")
