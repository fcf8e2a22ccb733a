"""iotagg upload: count flow files."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from iotagg.cli.progress import Progress
from iotagg.cli.reading import reading_options
from iotagg.cli.session import SITE, Checked, Session, json_option, plural, print_json, readable_path
from iotagg.core.cells import printable
from iotagg.core.flows import MAX_PAIR_DAYS
from iotagg.core.ledger import OnChange, Policy
from iotagg.core.outcome import Outcome
from iotagg.core.tolerance import Tolerance
from iotagg.parallel import cores, upload_all
from iotagg.pipeline import Request
from iotagg.sources import Nothing, file_bytes, find_files
from iotagg.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.core.dialect import ReadingOptions


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--site", type=SITE, default="default", show_default=True, help="The branch that the files come from.")
@reading_options
@click.option(
    "--max-rejects",
    "tolerance",
    type=Checked("N|P%", Tolerance.parse),
    default=Tolerance(),
    help="Refuse files with more rejected rows, such as 20 or 1%.",
)
@click.option("--replace", is_flag=True, help="A known path with other content: the new content corrects the old.")
@click.option("--add", is_flag=True, help="A known path with other content: other traffic under an old name.")
@click.option("--again", is_flag=True, help="Count files again that were retracted.")
@click.option(
    "--max-pair-days",
    type=click.IntRange(min=1),
    default=MAX_PAIR_DAYS,
    show_default=True,
    help="Refuse files with more pairs and days; memory grows with them.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="How many processes read; without it, one per core.")
@click.option("--dry-run", is_flag=True, help="Say what would become of the files; count nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Only refused files, and the last line.")
@json_option
@click.pass_obj
def upload(
    session: Session,
    paths: tuple[str, ...],
    site: str,
    reading: ReadingOptions,
    tolerance: Tolerance,
    replace: bool,
    add: bool,
    again: bool,
    max_pair_days: int,
    jobs: int | None,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Count flow files, folders of them (.csv, .csv.gz) or patterns.

    Each file counts once, however often it is uploaded and whatever it is called. A file that has grown replaces
    itself. Rows that cannot be counted are kept with their line and reason: see iotagg files NAME --rejects.

    Examples:

    \b
        iotagg upload flows.csv
        iotagg upload --site paris branch-files/
        iotagg upload --site tokyo 'archive/2022-*.csv.gz' --max-rejects 1%
    """
    if replace and add:
        raise click.UsageError("--replace and --add exclude each other")
    on_change: OnChange = "replace" if replace else "add" if add else "refuse"
    request = Request(
        site=site,
        reading=reading,
        policy=Policy(on_change, again),
        tolerance=tolerance,
        max_pair_days=max_pair_days,
        dry_run=dry_run,
    )
    found = list(find_files(paths))
    files = [place for place in found if not isinstance(place, Nothing)]
    missing = [
        Outcome(place.name, site, "refused", reason=place.reason) for place in found if isinstance(place, Nothing)
    ]
    opener: Callable[[], Any] = session.opener()
    if dry_run and not session.database.exists():
        opener, jobs = MemoryStore, 1
    states: Counter[str] = Counter()
    elsewhere = 0
    with Progress(sum(map(file_bytes, files))) as progress:
        outcomes = upload_all(opener, files, request, jobs or cores(), progress.passed)
        for outcome in chain(missing, outcomes):
            states[outcome.state] += 1
            elsewhere += bool(outcome.also_at)
            if quiet and not outcome.failed:
                continue
            with progress.room():
                _print(outcome, as_json=as_json, dry_run=dry_run)
    if len(found) > 1 and not as_json:
        summary = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
        also = f"; {elsewhere:,} of them also for another site" if elsewhere else ""
        nothing_done = " (a dry run: nothing was done)" if dry_run else ""
        click.echo(f"{plural(states.total(), 'file')}: {summary}{also}{nothing_done}")
    return 1 if states["refused"] else 0


def _print(outcome: Outcome, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print_json(outcome.as_json() | ({"dry_run": True} if dry_run else {}))
        return
    state = f"would be {outcome.state}" if dry_run and not outcome.failed else outcome.state
    click.echo(f"{state:<15}  {readable_path(outcome.file)}  {details(outcome)}".rstrip(), err=outcome.failed)


def details(outcome: Outcome) -> str:
    """Return what a person wants to know of an outcome, beside its state and its file."""
    return _figures(outcome) if not outcome.reason else printable(outcome.reason)


def _figures(outcome: Outcome) -> str:
    parts = [plural(outcome.lines["counted"], "flow"), plural(outcome.pairs or 0, "pair"), _days(outcome)]
    if outcome.lines["rejected"]:
        parts.append(f"{outcome.lines['rejected']:,} rejected")
    if outcome.day_order.endswith("(assumed)"):
        parts.append("dates assumed day-first")
    if outcome.also_at:
        parts.append(f"also counted for {' and '.join(outcome.also_at)}")
    return ", ".join(part for part in parts if part)


def _days(outcome: Outcome) -> str:
    if not outcome.first_day:
        return "a quiet day"
    return outcome.first_day if outcome.first_day == outcome.last_day else f"{outcome.first_day} to {outcome.last_day}"
