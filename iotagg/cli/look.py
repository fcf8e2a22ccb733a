"""The commands that look: pairs, files, inspect."""

from __future__ import annotations

from heapq import nlargest
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iotagg.cli.incomplete import say_what_is_missing
from iotagg.cli.options import COUNT, DAY, json_option, site_option
from iotagg.cli.printing import print_error, print_json, print_table, readable_path
from iotagg.cli.reading import reading_options
from iotagg.cli.report import details
from iotagg.cli.status import readable
from iotagg.core.cells import printable
from iotagg.core.contribution import Name
from iotagg.core.history import FIRST_DAY, LAST_DAY
from iotagg.core.metrics import METRICS
from iotagg.errors import FileRefused, NotFound
from iotagg.export import PAIR_COLUMNS, all_histories, pair_row
from iotagg.listing import files as listed_files
from iotagg.listing import known_site
from iotagg.pipeline import Request, summarize
from iotagg.sources import opened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.cli.session import Session
    from iotagg.core.dialect import ReadingOptions
    from iotagg.core.outcome import Outcome
    from iotagg.core.pseudonymised import Pseudonymisation
    from iotagg.export import Row
    from iotagg.pipeline import Summary
    from iotagg.stores.protocol import Store

_FILE_COLUMNS = ("state", "site", "file", "contribution", "result")
_SHORT = 8  # so many digits of a contribution are enough to name it
_ORDERS = {"flows": "flows", **{metric.role: metric.name for metric in METRICS}}


@click.command()
@site_option
@click.option("--since", type=DAY, default=FIRST_DAY, help="The first day, such as 2022-12-01.")
@click.option("--until", type=DAY, default=LAST_DAY, help="The last day, inclusive.")
@click.option("--by", type=click.Choice(list(_ORDERS)), help="Largest first by this; without it, sorted by address.")
@click.option("-n", "--lines", type=COUNT, help="At most so many pairs.")
@json_option
@click.pass_obj
def pairs(
    session: Session, site: str, since: str, until: str, by: str | None, lines: int | None, as_json: bool
) -> None:
    """List pairs with their days and totals.

    Examples:

    \b
        iotagg pairs --by packets -n 10
        iotagg pairs --site paris --since 2022-12-24 --json
    """
    with session.store() as store:
        known_site(store, site)
        say_what_is_missing(session, store, site)
        rows = map(pair_row, all_histories(store, site, since, until))
        chosen = islice(rows, lines) if by is None else _largest(rows, _ORDERS[by], lines)
        if as_json:
            for row in chosen:
                print_json(row)
            return
        listed = list(chosen)
        if listed:
            print_table(listed, PAIR_COLUMNS)
        else:
            print_error("no pairs; iotagg upload counts files")


def _largest(rows: Iterable[Row], column: str, count: int | None) -> Iterable[Row]:
    if count is not None:
        return nlargest(count, rows, key=lambda row: row[column])
    return sorted(rows, key=lambda row: row[column], reverse=True)


@click.command()
@click.argument("name", required=False, default="")
@site_option
@click.option("--rejects", is_flag=True, help="The rejected lines of the files: number, reason and text.")
@json_option
@click.pass_obj
def files(session: Session, name: str, site: str, rejects: bool, as_json: bool) -> None:
    """List files and what became of them.

    NAME is a path, its end, or the beginning of a contribution.

    Examples:

    \b
        iotagg files
        iotagg files data-20221206.csv --rejects
    """
    with session.store() as store:
        known_site(store, site)
        say_what_is_missing(session, store, site)
        found = list(listed_files(store, site, name))
        if name and not found:
            raise NotFound(f"no file is named {name}; iotagg files lists them")
        if rejects:
            printed = sum(_print_rejects(store, outcome, as_json) for outcome in found if outcome.contribution)
            if not printed:
                print_error("no rejected lines")
        elif as_json:
            for outcome in found:
                print_json(outcome.as_json())
        elif found:
            print_table(list(map(_file_row, found)), _FILE_COLUMNS)


def _file_row(outcome: Outcome) -> dict[str, Any]:
    cells = (outcome.state, outcome.site, readable_path(outcome.file), outcome.contribution[:_SHORT], details(outcome))
    return dict(zip(_FILE_COLUMNS, cells, strict=True))


def _print_rejects(store: Store, outcome: Outcome, as_json: bool) -> int:
    printed = 0
    file = readable_path(outcome.file)
    for reject in store.rejects(Name.parse(outcome.site, outcome.contribution)):
        printed += 1
        if as_json:
            print_json({"file": outcome.file, "line": reject.line, "reason": reject.reason, "text": reject.text})
        else:
            click.echo(f"{file}:{reject.line}: {printable(reject.reason)}: {printable(reject.text)}")
    return printed


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@reading_options
@json_option
def inspect(file: Path, reading: ReadingOptions, pseudonymisation: Pseudonymisation | None, as_json: bool) -> int:
    """Show what a file would say, without counting it.

    Its columns, dates, totals and the first rejected lines. With a key, all that of what an upload would make of it.

    Examples:

    \b
        iotagg inspect flows.csv
        iotagg inspect flows.csv --pseudonym-key branches.key
    """
    request = Request(reading=reading, pseudonymisation=pseudonymisation)
    try:
        with opened(file) as content:
            summary = summarize(content, request)
    except FileRefused as reason:
        raise FileRefused(f"{file}: {reason}") from None
    facts = _facts(file, summary)
    if as_json:
        print_json(facts)
    else:
        facts["columns"] = ", ".join(f"{role} '{name}'" for role, name in facts["columns"].items())
        for fact, value in facts.items():
            click.echo(f"{fact.replace('_', ' '):<16}  {readable(value)}")
        for reject in islice(summary.rejects, 5):
            click.echo(f"{'rejected':<16}  line {reject.line}: {reject.reason}")
    return 1 if request.tolerance.refusal(summary.lines, summary.rejects) else 0


def _facts(file: Path, summary: Summary) -> dict[str, Any]:
    head = summary.contribution.head
    return {
        "file": str(file),
        "content": head.name.content,
        "length": head.length,
        **head.lines,
        "pairs": head.pairs,
        "pair_days": head.pair_days,
        "first_day": head.first_day or None,
        "last_day": head.last_day or None,
        "day_order": head.day_order or None,
        **{metric.name: head.totals[metric.stored] for metric in METRICS},
        "columns": {role: printable(name) for role, name in summary.columns.items()},
        **({"pseudonym_key": head.reading["pseudonym"]} if "pseudonym" in head.reading else {}),
    }
