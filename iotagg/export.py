"""A pair's history as rows: one for each day, or one for the whole range. Version 1 of the columns is a promise."""

from __future__ import annotations

import csv
import json
import re
from itertools import chain, groupby
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any, Literal, Protocol

from iotagg.core.history import FIRST_DAY, LAST_DAY, History, history
from iotagg.core.metrics import METRICS, Metric
from iotagg.core.values import is_site
from iotagg.errors import Damaged, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from iotagg.core.pair_month import PairMonth
    from iotagg.stores.protocol import Store

Format = Literal["csv", "ndjson"]
Row = dict[str, Any]
PairMonths = dict[str, "list[PairMonth]"]


class Lines(Protocol):
    """What lines are written to, such as a file."""

    def write(self, text: str, /) -> object:
        """Add a line."""
        ...


def _columns(before: tuple[str, ...], between: tuple[str, ...], statistics: tuple[str, ...]) -> tuple[str, ...]:
    # Columns are appended only: a version's totals and statistics stand together, after those of earlier versions.
    columns = list(before)
    for version in sorted({metric.since for metric in METRICS}):
        metrics = [metric for metric in METRICS if metric.since == version]
        columns += [metric.name for metric in metrics]
        columns += between if version == 1 else ()
        for per in statistics:
            columns += [f"{metric.name}{per}_{figure}" for metric in metrics for figure in ("mean", "stddev")]
    return tuple(columns)


_ADDRESS = re.compile("[0-9a-f:][0-9a-f:.]*").fullmatch
_PAIR = ("site", "src_ip", "dst_ip")
DAILY_COLUMNS = _columns((*_PAIR, "day", "flows"), ("days",), ("",))
SUMMARY_COLUMNS = _columns((*_PAIR, "first_day", "last_day", "days", "flows"), (), ("", "_per_flow"))
PAIR_COLUMNS = (*_PAIR, "first_day", "last_day", "days", "flows", *(metric.name for metric in METRICS))


def pair_months(
    store: Store,
    source: str,
    destination: str,
    sites: Iterable[str] | None = None,
    *,
    since: str = FIRST_DAY,
    until: str = LAST_DAY,
) -> PairMonths:
    """Return a pair's months that hold days between two inclusive ISO days, by site, of some sites or all."""
    asked = store.sites() if sites is None else sites
    return {site: store.months(site, source, destination, since[:7], until[:7]) for site in asked}


def histories_in(months: PairMonths, since: str = FIRST_DAY, until: str = LAST_DAY) -> list[History]:
    """Return a pair's history at each site that knows it on these days, given what pair_months() found."""
    found = [history(site, of_site, since, until) for site, of_site in months.items()]
    return [known for known in found if known is not None]


def known_pair(
    store: Store,
    source: str,
    destination: str,
    sites: Sequence[str] | None = None,
    *,
    since: str = FIRST_DAY,
    until: str = LAST_DAY,
) -> list[History]:
    """Return a pair's history at each site that knows it, of some or all. Raises NotFound, saying when it was seen."""
    pairs = histories_in(pair_months(store, source, destination, sites, since=since, until=until), since, until)
    if not pairs:
        raise not_seen(store, source, destination, sites)
    return pairs


def not_seen(
    store: Store, source: str, destination: str, sites: Sequence[str] | None, listed_by: str = "iotagg pairs"
) -> NotFound:
    """Return the error that says when a pair was seen, if it was, to who found nothing on the days they asked about."""
    known = histories_in(pair_months(store, source, destination, sites))
    if not known:
        at = f" at site {sites[0]}" if sites is not None and len(sites) == 1 else ""
        return NotFound(f"the pair {source} → {destination} was never seen{at}; {listed_by} lists those that were")
    first, last = min(pair.days[0].day for pair in known), max(pair.days[-1].day for pair in known)
    return NotFound(f"no traffic {source} → {destination} in these days; it was seen from {first} to {last}")


def all_histories(store: Store, site: str = "", since: str = FIRST_DAY, until: str = LAST_DAY) -> Iterator[History]:
    """Yield the history of every pair, sorted by site, source and destination, one pair in memory at a time."""
    for each in [site] if site else store.sites():
        yield from histories(each, store.scan(each), since, until)


def histories(site: str, months: Iterable[PairMonth], since: str, until: str) -> Iterator[History]:
    """Yield the history of each pair of a site that has one in these days, from pair-months in the order of scan()."""
    for _, of_pair in groupby(months, key=lambda month: (month.source, month.destination)):
        found = history(site, of_pair, since, until)
        if found is not None:
            yield found


def at_least_one(
    pairs: Iterable[History], since: str, until: str, shown_by: str = "iotagg status"
) -> Iterable[History]:
    """Return pairs, asked for one before anything is written: an empty answer makes no file. Raises NotFound."""
    pairs = iter(pairs)
    first = next(pairs, None)
    if first is None:
        between = f" from {since} to {until}" if (since, until) != (FIRST_DAY, LAST_DAY) else ""
        raise NotFound(f"no traffic{between}; {shown_by} shows what was counted")
    return chain([first], pairs)


def daily_rows(pair: History) -> Iterator[Row]:
    """Yield a row for each day; the statistics over the days repeat on each."""
    named, repeated = _pair(pair), _over_days(pair)
    for day in pair.days:
        totals = {metric.name: total for metric, total in zip(METRICS, day.totals, strict=True)}
        yield named | {"day": day.day, "flows": day.flows} | totals | repeated


def daily_texts(pair: History) -> Iterator[str]:
    """Yield the JSON of each of daily_rows(), in a third of the time: what repeats is written once."""
    named, repeated = (json.dumps(part, separators=(",", ":")) for part in (_pair(pair), _over_days(pair)))
    figures = "".join(f',"{name}":%s' for name in ("flows", *(metric.name for metric in METRICS)))
    begin, end = named[:-1], repeated[1:]
    for day, flows, totals in pair.days:
        yield f'{begin},"day":{quoted(day)}{figures % (flows, *totals)},{end}'


def summary_row(pair: History) -> Row:
    """Return the one row that describes a pair's days within the range, and its flows."""
    return pair_row(pair) | _statistics_over_days(pair) | _statistics_per_flow(pair)


def pair_row(pair: History) -> Row:
    """Return a pair's totals and days, without statistics."""
    days = {"first_day": pair.days[0].day, "last_day": pair.days[-1].day, "days": len(pair.days), "flows": pair.flows}
    return _pair(pair) | days | {metric.name: pair.total(place) for place, metric in enumerate(METRICS)}


def _pair(pair: History) -> Row:
    # Whoever opens an export in a spreadsheet shall not run what somebody wrote into a database.
    if not (is_site(pair.site) and _ADDRESS(pair.source) and _ADDRESS(pair.destination)):
        raise Damaged(
            f"the traffic of site {pair.site!a} from {pair.source!a} to {pair.destination!a} has names that iotagg"
            " never writes; name another database, or bring this one back from a backup"
        )
    return {"site": pair.site, "src_ip": pair.source, "dst_ip": pair.destination}


def _over_days(pair: History) -> Row:
    return {"days": len(pair.days)} | _statistics_over_days(pair)


def _statistics_over_days(pair: History) -> Row:
    figures: Row = {}
    for place, metric in enumerate(METRICS):
        daily = pair.daily(place)
        figures |= _statistics(metric, "", daily.mean(), daily.stddev())
    return figures


def _statistics_per_flow(pair: History) -> Row:
    figures: Row = {}
    for place, metric in enumerate(METRICS):
        mean = pair.total(place) / pair.flows
        stddev = pair.per_flow[place].stddev() if pair.per_flow is not None else None
        figures |= _statistics(metric, "_per_flow", mean, stddev)
    return figures


def _statistics(metric: Metric, per: str, mean: float | None, stddev: float | None) -> Row:
    return {f"{metric.name}{per}_mean": mean, f"{metric.name}{per}_stddev": stddev}


def write_rows(rows: Iterable[Row], columns: tuple[str, ...], out: Lines, form: Format = "csv") -> None:
    """Write rows as CSV (RFC 4180 quoting, LF, doubles by repr, undefined empty) or as one JSON object a line."""
    if form == "ndjson":
        for row in rows:
            out.write(json.dumps({column: row[column] for column in columns}) + "\n")
        return
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
