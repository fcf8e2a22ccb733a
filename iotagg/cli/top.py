"""iotagg top: who has the most, who grows, who waits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from iotagg.cli.assessing import assess_what_came
from iotagg.cli.incomplete import say_what_is_missing
from iotagg.cli.options import COUNT, DAY, MONTH, Checked, json_option, site_option
from iotagg.cli.printing import plural, print_error, print_json, print_table
from iotagg.cli.units import bars, count, duration
from iotagg.core.metrics import METRICS
from iotagg.core.networks import Network
from iotagg.listing import known_site
from iotagg.top import FEWEST_PACKETS, By, Of, Question, add_shares, records, span_asked
from iotagg.top import top as first_of

if TYPE_CHECKING:
    from iotagg.cli.session import Session
    from iotagg.stores.protocol import Store
    from iotagg.top import Answer

_NETWORK = Checked("network", Network.parse)
_SHOWN = {"duration": duration, "whole": count}


@click.command()
@click.option(
    "--by",
    type=click.Choice([each.value for each in By]),
    default="duration",
    show_default=True,
    help="What is compared.",
)
@click.option(
    "--of",
    "whose",
    type=click.Choice([each.value for each in Of]),
    default="pairs",
    show_default=True,
    help="Whose totals.",
)
@click.option("--month", type=MONTH, help="One month, such as 2022-12; without any, the last one that was counted.")
@click.option("--since", type=DAY, help="The first day, such as 2022-12-01, instead of a month.")
@click.option("--until", type=DAY, help="The last day, inclusive; without --since, of its month.")
@site_option
@click.option("--src", type=_NETWORK, help="Only sources of a network, such as 192.168.20.0/24.")
@click.option("--dst", type=_NETWORK, help="Only destinations of a network.")
@click.option("-n", "--lines", type=COUNT, default=10, show_default=True, help="At most so many.")
@click.option(
    "--min-packets",
    type=COUNT,
    default=FEWEST_PACKETS,
    show_default=True,
    help="By us-per-packet: at least so many packets.",
)
@json_option
@click.pass_obj
def top(
    session: Session,
    by: str,
    whose: str,
    month: str | None,
    since: str | None,
    until: str | None,
    site: str,
    src: Network | None,
    dst: Network | None,
    lines: int,
    min_packets: int,
    as_json: bool,
) -> None:
    """List who has the most, largest first: pairs, sources or destinations.

    By growth, what is compared is the duration, less that of the month before, or of as many days before a range; only
    what grew is listed. By us-per-packet, it is the duration divided by the packets. All figures are exact. A row of
    small bars shows how they came about: one for each day, or for each month of a longer range.

    --src and --dst find nothing sensible where addresses are pseudonyms: those belong to no network that anybody knows.

    Examples:

    \b
        iotagg top
        iotagg top --by growth --site paris
        iotagg top --by us-per-packet --of destinations --src 192.168.20.0/24 --month 2022-12 -n 5
    """
    if month and (since or until):
        raise click.UsageError("--month and --since, --until exclude each other")
    with session.store() as store:
        known_site(store, site)
        assess_what_came(session, store, site)
        sites = [site] if site else store.sites()
        today = datetime.now(UTC).date().isoformat()
        span = span_asked(store, sites, By(by), today, month=month or "", since=since or "", until=until or "")
        if span is None:
            print_error("no pairs; iotagg upload counts files")
            return
        question = Question(By(by), Of(whose), span, site, src or None, dst or None, lines, min_packets)
        answer = first_of(store, question)
        _say_what_may_be_missing(session, store, site, answer)
        rows = records(answer)
        if not session.in_cloud:  # on a stack, what is known of the files would take more requests than the answer did
            add_shares(rows, store, sites, question)
    if as_json:
        for row in rows:
            print_json(row)
    elif rows:
        _print(question, rows)
    else:
        print_error(f"nothing to list by {question.by} from {span.first} to {span.last}; iotagg pairs lists all")


def _say_what_may_be_missing(session: Session, store: Store, site: str, answer: Answer) -> None:
    say_what_is_missing(session, store, site)
    if answer.unfinished and not session.in_cloud:
        print_error(
            f"{plural(answer.unfinished, 'file')} not counted to the end:"
            " what is shown is not complete yet; the next iotagg upload finishes it"
        )


def _print(question: Question, rows: list[dict[str, Any]]) -> None:
    span, before = question.span, question.before
    beside = f", beside {before.first} to {before.last}" if before is not None else ""
    click.echo(f"{question.of} by {question.by}, {span.first} to {span.last}{beside}")
    cells = [_cells(question, row) for row in rows]
    if all(row["share"] is None for row in rows):
        for row in cells:
            del row["share"]
    columns = tuple(cells[0])
    for column in columns[columns.index("days") : -1]:
        width = max(len(row[column]) for row in cells)
        for row in cells:
            row[column] = row[column].rjust(max(width, len(column)))
    print_table(cells, columns)


def _cells(question: Question, row: dict[str, Any]) -> dict[str, str]:
    cells: dict[str, str] = {name: row[name] for name in ("site", "src_ip", "dst_ip") if name in row}
    cells |= {"days": str(row["days"]), "flows": count(row["flows"])}
    cells |= {metric.role: _SHOWN[metric.kind](row[metric.name]) for metric in METRICS}
    if question.by is By.GROWTH:
        times = f"{row['ratio']:,.2f}" if row["ratio"] is not None else "new"
        cells |= {"before": duration(row["previous"] or 0), "growth": duration(row["value"]), "times": times}
    elif question.by is By.PACE:
        cells["per packet"] = duration(row["value"])
    return cells | {"share": f"{row['share'] or 0:.1%}", "trend": bars(row["trend"])}
