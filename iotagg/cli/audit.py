"""The commands audit and rebuild: everything recomputed, what differs, and put right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iotagg.audit import Counts, Finding, Note
from iotagg.audit import audit as audited
from iotagg.cli.bringing import bring_here
from iotagg.cli.options import SITE, json_option
from iotagg.cli.printing import plural, print_json, readable_path
from iotagg.cli.progress import Progress
from iotagg.core.cells import printable
from iotagg.listing import known_site
from iotagg.rebuild import rebuild as rebuilt

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from iotagg.cli.session import Session
    from iotagg.stores.protocol import Store

_SHORT = 8  # so many digits of a contribution are enough to name it


@click.command()
@click.option("--site", "sites", type=SITE, multiple=True, help="Only this site; may be repeated. Without it, all.")
@json_option
@click.pass_obj
def audit(session: Session, sites: tuple[str, ...], as_json: bool) -> int:
    """Recompute every pair's months from what is kept of the files, and name all that differs.

    Files may be counted meanwhile: what moves is read again until it stands still, or said to be in flight and not
    judged. The exit code is 1 where something differs; a file that is pending with a reason is no difference.

    Examples:

    \b
        iotagg audit
        iotagg audit --site paris --json
    """
    with session.store() as store:
        for site in sites:
            known_site(store, site)
        counts = tell(store, sites, as_json=as_json)
    return 1 if counts.findings else 0


def tell(store: Store, sites: Iterable[str], *, as_json: bool) -> Counts:
    """Audit a store and print what is found, then how much was compared."""
    counts = Counts()
    with Progress(None, "files") as progress:

        def say(found: Finding | Note) -> None:
            with progress.room():
                _print(found, as_json=as_json)

        for finding in audited(store, sites, counts, noted=say, passed=progress.passed):
            say(finding)
    if as_json:
        compared = {name: getattr(counts, name) for name in ("files", "pair_months", "pending", "in_flight")}
        print_json(compared | {"differences": counts.findings})
    else:
        click.echo(_summary(counts))
    return counts


def _print(found: Finding | Note, *, as_json: bool) -> None:
    if as_json:
        print_json(found.as_json())
    else:
        click.echo("  ".join(filter(None, (found.site, _subject(found), printable(found.text)))))


def _subject(found: Finding | Note) -> str:
    if found.source or found.destination:
        return printable(f"{found.source or '*'} -> {found.destination or '*'}  {found.month}")
    more = f" and {len(found.paths) - 1} more" if len(found.paths) > 1 else ""
    path = f"{readable_path(found.paths[0])}{more}" if found.paths else ""
    return f"{path} ({found.contribution[:_SHORT]})" if path and found.contribution else path or found.contribution


def _summary(counts: Counts) -> str:
    differs = plural(counts.findings, "difference") if counts.findings else "nothing differs"
    compared = [plural(counts.files, "file"), plural(counts.pair_months, "pair-month")]
    compared += [f"{counts.pending:,} pending"] if counts.pending else []
    compared += [f"{counts.in_flight:,} in flight"] if counts.in_flight else []
    return f"{', '.join(compared)}: {differs}"


@click.command()
@click.option("--site", "sites", type=SITE, multiple=True, help="Only this site; may be repeated. Without it, all.")
@click.option("--live", is_flag=True, help="Do not hold back the stack's functions while figures are replaced.")
@json_option
@click.pass_obj
def rebuild(session: Session, sites: tuple[str, ...], live: bool, as_json: bool) -> int:
    """Recompute every pair's months from what is kept of the files, and put right all that differs.

    Files may be counted meanwhile: each figure is replaced only if it is still what was compared. A stack's functions
    are held back while figures are replaced, and then go on. Each line says what differed; an audit of the whole
    follows. The exit code is 1 where something differs still: what nothing is kept of cannot be recomputed.

    Examples:

    \b
        iotagg rebuild
        iotagg --stack branches rebuild --site paris
    """
    counts = Counts()
    with session.store() as store:
        for site in sites:
            known_site(store, site)
        with Progress(None, "files") as progress:
            for found in rebuilt(
                *(store, sites, counts),
                paused=None if live else _consumers(session),
                bring=bring_here(session),
                passed=progress.passed,
            ):
                with progress.room():
                    _print(found, as_json=as_json)
        if as_json:
            put_right = {"pair_months": counts.corrected, "markers": counts.markers, "ranks": counts.ranks}
            print_json({"corrected": put_right})
        else:
            ranks = f", {plural(counts.ranks, 'rank')}" if counts.ranks else ""
            click.echo(
                f"put right: {plural(counts.corrected, 'pair-month')}, {plural(counts.markers, 'marker')}{ranks}"
            )
        left = tell(store, sites, as_json=as_json)
    return 1 if left.findings else 0


def _consumers(session: Session) -> AbstractContextManager[None] | None:
    # What is named part by part has no functions that are known.
    if not session.in_cloud or not session.deployment:
        return None
    stack = session.stack()
    from iotagg.aws.consumers import Consumers  # noqa: PLC0415 (local commands need nothing of AWS)

    return Consumers.of(stack).paused()
