"""iotagg export: a pair, or all pairs, as rows or as a picture."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING

import click

from iotagg import drawing
from iotagg.cli.exports import note_export
from iotagg.cli.incomplete import say_what_is_missing
from iotagg.cli.keys import key_option, pseudonyms_under
from iotagg.cli.options import ADDRESS, DAY, site_option
from iotagg.cli.output import PlaceType, delivered
from iotagg.core.history import FIRST_DAY, LAST_DAY
from iotagg.errors import InvalidValue
from iotagg.export import (
    DAILY_COLUMNS,
    SUMMARY_COLUMNS,
    all_histories,
    at_least_one,
    daily_rows,
    known_pair,
    summary_row,
    write_rows,
)
from iotagg.listing import known_site
from iotagg.whole_file import writing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.cli.output import Place
    from iotagg.cli.session import Session
    from iotagg.export import Format, Row


_NDJSON = frozenset((".ndjson", ".jsonl"))
_OTHER_PICTURES = frozenset((".pdf", ".jpg", ".jpeg", ".gif", ".eps", ".webp"))


@click.command()
@click.option("--src", type=ADDRESS, help="The source address.")
@click.option("--dst", type=ADDRESS, help="The destination address.")
@key_option
@click.option("--all", "every", is_flag=True, help="Every pair, one row each.")
@site_option
@click.option("--since", type=DAY, default=FIRST_DAY, help="The first day, such as 2022-12-01.")
@click.option("--until", type=DAY, default=LAST_DAY, help="The last day, inclusive.")
@click.option("--summary", is_flag=True, help="One row for the whole range, with figures per flow.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "ndjson"]),
    help="Rows as CSV or as JSON objects; without it, ndjson where -o ends so, else csv.",
)
@click.option(
    "-o",
    "--output",
    type=PlaceType(),
    help="The file to write, whole or not at all, or s3://bucket/key; .svg or .png draws the pair.",
)
@click.pass_obj
def export(
    session: Session,
    src: str | None,
    dst: str | None,
    key_file: str | None,
    every: bool,
    site: str,
    since: str,
    until: str,
    summary: bool,
    form: Format | None,
    output: Place | None,
) -> None:
    """Write a pair's days, or all pairs, as CSV.

    A row for each day has its totals, and their mean and sample standard deviation over the range.

    With a key, --src and --dst are the real addresses of devices that were counted under pseudonyms; what is written
    holds the pseudonyms.

    Examples:

    \b
        iotagg export --src 192.168.20.43 --dst 192.0.2.17
        iotagg export --src 192.168.20.43 --dst 192.0.2.17 --since 2022-12-01 --until 2022-12-31 -o pair.csv
        iotagg export --src 192.168.20.43 --dst 192.0.2.17 -o pair.svg
        iotagg export --all --format ndjson -o pairs.ndjson
        iotagg export --all -o s3://branch-reports/pairs.csv
        iotagg export --src 192.168.20.43 --dst 192.0.2.17 --pseudonym-key branches.key
    """
    _check(src, dst, every, since, until)
    _check_output(output, rows=every or summary)
    src, dst = _asked_for(src, dst, key_file)
    asked = {"all": every, "src": src, "dst": dst, "site": site, "summary": summary, "format": form}
    asked |= {"since": since if since != FIRST_DAY else "", "until": until if until != LAST_DAY else ""}
    form = form or ("ndjson" if output is not None and output.suffix.lower() in _NDJSON else "csv")
    where = "stdout" if output is None or str(output) == "-" else str(output)
    with session.store() as store:
        known_site(store, site)
        say_what_is_missing(session, store, site)
        if every:
            rows = map(summary_row, at_least_one(all_histories(store, site, since, until), since, until))
            note_export(session, "export", asked, where)
            _write(rows, SUMMARY_COLUMNS, form, output)
            return
        pairs = known_pair(store, str(src), str(dst), [site] if site else None, since=since, until=until)
        note_export(session, "export", asked, where)
        if output is not None and output.suffix.lower() in drawing.FORMATS:
            with delivered(output) as file:
                drawing.draw(pairs, file)
        elif summary:
            _write(map(summary_row, pairs), SUMMARY_COLUMNS, form, output)
        else:
            _write(chain.from_iterable(map(daily_rows, pairs)), DAILY_COLUMNS, form, output)


def _check(src: str | None, dst: str | None, every: bool, since: str, until: str) -> None:
    if every and (src or dst):
        raise click.UsageError("--all and --src, --dst exclude each other")
    if not every and not (src and dst):
        raise click.UsageError("name a pair with --src and --dst, or take --all")
    if since > until:
        raise InvalidValue(f"--since {since} is after --until {until}")


def _asked_for(src: str | None, dst: str | None, key_file: str | None) -> tuple[str | None, str | None]:
    pseudonyms = pseudonyms_under(key_file) if src and dst else None
    if pseudonyms is None:
        return src, dst
    return pseudonyms.of(str(src)), pseudonyms.of(str(dst))


def _check_output(output: Place | None, *, rows: bool) -> None:
    ending = output.suffix.lower() if output is not None else ""
    if ending in _OTHER_PICTURES or (rows and ending in drawing.FORMATS):
        raise click.UsageError(f"-o {output}: only a pair's days are drawn, as {' or '.join(drawing.FORMATS)}")


def _write(rows: Iterable[Row], columns: tuple[str, ...], form: Format, output: Place | None) -> None:
    if output is None or str(output) == "-":
        write_rows(rows, columns, sys.stdout, form)
        sys.stdout.flush()
        return
    with delivered(output) as file, writing(file) as out:
        write_rows(rows, columns, out, form)
