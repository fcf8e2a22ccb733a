"""iotagg retract: take files out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iotagg.cli.options import json_option, site_option
from iotagg.cli.printing import print_json, readable_path
from iotagg.cli.waiting import WaitingCommand, say_not_settled, wait_option
from iotagg.core.cells import printable
from iotagg.following import Patience, applied
from iotagg.listing import counted_file, known_site
from iotagg.pipeline import outcome_of
from iotagg.pipeline import retract as take_out

if TYPE_CHECKING:
    from iotagg.cli.session import Session
    from iotagg.core.contribution import Name
    from iotagg.pipeline import Bring
    from iotagg.stores.protocol import Store


@click.command(cls=WaitingCommand)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@site_option
@wait_option
@json_option
@click.pass_obj
def retract(session: Session, names: tuple[str, ...], site: str, wait: float | None, as_json: bool) -> int:
    """Take files out, as if they had never been counted.

    NAME is a path as iotagg files lists it, its end, or the first 8 digits or more of a contribution. A file that was
    retracted is counted again only with iotagg upload --again. On a stack, the workers take it out.

    Example:

    \b
        iotagg retract branch-files/data-20221206.csv
    """
    bring, patience = _bring(session), Patience(wait or 0)
    pending = 0
    with session.store() as store:
        known_site(store, site)
        found = [counted_file(store, site, name) for name in names]
        were_in = [set(store.path(at, path).names) for at, path, _ in found]
        for at, path, contributions in found:
            take_out(store, at, path, contributions, bring)
        for (_, path, contributions), was_in in zip(found, were_in, strict=True):
            settled = applied(store, contributions, patience)
            pending += not settled
            if as_json:
                for name in contributions:
                    print_json(outcome_of(store, path, name, "retracted").as_json())
            else:
                _print(store, path, contributions, "pending" if not settled else "retracted" if was_in else "")
    return say_not_settled(pending, wait) if pending and wait is not None else 0


def _bring(session: Session) -> Bring | None:
    if not session.in_cloud:
        return None
    cloud = session.cloud()
    from iotagg.jobs.summarize import hand_over  # noqa: PLC0415 (local commands need nothing of AWS)

    return hand_over(cloud)


def _print(store: Store, path: str, contributions: list[Name], state: str) -> None:
    kept = {other for name in contributions if (record := store.file(name)) for other in record.paths}
    elsewhere = f"; the same content stays counted as {printable(', '.join(sorted(kept)))}" if kept else ""
    handed = "  handed over" if state == "pending" else ""
    click.echo(f"{state or 'already retracted':<15}  {readable_path(path)}{elsewhere}{handed}")
