"""iotagg anomalies: what stands out, as a list to read, a page, or for machines."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from iotagg.anomalies import anomalies as what_stands_out
from iotagg.cli.assessing import assess_what_came
from iotagg.cli.incomplete import say_what_is_missing
from iotagg.cli.options import DAY, site_option
from iotagg.cli.output import PlaceType, delivered
from iotagg.cli.printing import plural, print_error
from iotagg.core.findings import Severity
from iotagg.core.judging.limits import LEAST
from iotagg.listing import known_site
from iotagg.standing_out.page import as_page
from iotagg.standing_out.question import Question
from iotagg.standing_out.telling import fields, severity_name
from iotagg.standing_out.text import as_text, not_told
from iotagg.whole_file import writing

if TYPE_CHECKING:
    from iotagg.cli.output import Place
    from iotagg.cli.session import Session
    from iotagg.standing_out.question import Answer

_SEVERITIES = {severity_name(severity): severity for severity in Severity}


@click.command()
@click.option("--day", type=DAY, default="", help="This day only.")
@click.option("--since", type=DAY, default="", help="The first day, such as 2022-12-01.")
@click.option("--until", type=DAY, default="", help="The last day, inclusive; without it, the newest that is over.")
@site_option
@click.option(
    "--min-severity", type=click.Choice(list(_SEVERITIES)), default="low", help="Only what is at least so severe."
)
@click.option("--all", "singly", is_flag=True, help="Each finding, also of a day that has more than five.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "html", "json"]),
    default="text",
    help="Lines to read, a page, or one JSON object per line.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-o", "--output", type=PlaceType(), help="The file to write, or s3://bucket/key; empty if nothing is.")
@click.pass_obj
def anomalies(
    session: Session,
    day: str,
    since: str,
    until: str,
    site: str,
    min_severity: str,
    singly: bool,
    form: str,
    as_json: bool,
    output: Place | None,
) -> None:
    """Tell what stands out, the worst first.

    Surges and drops, pairs that have gone silent, new pairs of devices that rarely make any, devices that talk to many
    at once, sites that sent nothing, files with rejected rows. A day is compared with the same pair's days in the 60
    before it. Without a day, it is the newest that is over at each site. What belongs together is one line, of a
    site's day there are five at most, and what iotagg allow lists is left out. Where nothing stands out, nothing is
    printed.

    Examples:

    \b
        iotagg anomalies
        iotagg anomalies --since 2022-12-01 --min-severity medium
        iotagg anomalies --day 2022-12-24 --site paris --format html -o digest.html
        iotagg anomalies --since 2022-12-01 --json
    """
    if day and (since or until):
        raise click.UsageError("--day and --since, --until exclude each other")
    question = Question(
        today=f"{datetime.now(UTC):%Y-%m-%d}",
        since=day or since,
        until=day or until,
        site=site,
        least=_SEVERITIES[min_severity],
        singly=singly,
    )
    with session.store() as store:
        known_site(store, site)
        say_what_is_missing(session, store, site)
        assess_what_came(session, store, site)
        answer = what_stands_out(store, question)
    _write(_told(answer, "json" if as_json else form), output)
    _say_what_was_looked_at(answer)


def _told(answer: Answer, form: str) -> str:
    if form == "json":
        return "".join(f"{json.dumps(fields(finding))}\n" for finding in answer.findings)
    return as_page(answer) if form == "html" else as_text(answer)


def _write(text: str, output: Place | None) -> None:
    if output is None or str(output) == "-":
        click.echo(text, nl=False)
        return
    with delivered(output) as file, writing(file) as out:
        out.write(text)


def _say_what_was_looked_at(answer: Answer) -> None:
    if not _at_a_terminal():
        return
    for judged in answer.judged:
        if judged.sent <= LEAST:
            days = plural(judged.sent, "day")
            print_error(f"{judged.site} has sent {days}; there have to be {LEAST} before a day can stand out")
    spans = {(judged.since, judged.until) for judged in answer.judged if judged.since}
    if not answer.findings and spans:
        rest = not_told(answer)
        print_error(f"nothing stands out on {' and '.join(sorted(map(_days, spans)))}{'; ' if rest else ''}{rest}")
    elif not answer.findings:
        print_error("no days to judge yet; iotagg status shows what was counted")


def _at_a_terminal() -> bool:
    # A person waits; cron is not to send a mail that says nothing.
    return sys.stderr.isatty()


def _days(span: tuple[str, str]) -> str:
    since, until = span
    return since if since == until else f"{since} to {until}"
