"""The answer: the first of all with their exact figures, and how they came about day by day."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from iotagg.core.ranks import PACE_PACKETS
from iotagg.top.alone import of_one_source
from iotagg.top.devices import gathered
from iotagg.top.first import first
from iotagg.top.question import By
from iotagg.top.rows import rows_of
from iotagg.top.value import BEFORE, DURATION, FLOWS, NOTHING, added, of_point, pace
from iotagg.top.walk import walked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from iotagg.core.spans import Span
    from iotagg.stores.protocol import Store
    from iotagg.top.candidate import Candidate
    from iotagg.top.question import Question
    from iotagg.top.rows import Rows
    from iotagg.top.value import Exact, Figures, Value

_MOST_DAYS = 62  # two months; a longer trend goes by months


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the first: who, on how many days, the totals, and what they are compared by.

    `source` or `destination` is empty where all are meant. `totals` has a figure for each metric. `value` is exact: µs,
    packets, flows, or a fraction of µs by packets. `previous` is the duration in the span before, where growth is asked
    for. `trend` has a value for each day of the span, growth's for each day of the span before too; or for each month,
    where there are more than 62 days. By µs per packet, None stands where there were no packets.
    """

    site: str
    source: str
    destination: str
    first_day: str
    last_day: str
    days: int
    flows: int
    totals: tuple[int, ...]
    value: Exact
    previous: int | None
    trend: tuple[Exact | None, ...]

    @property
    def ratio(self) -> float | None:
        """How many times the duration of the span before the duration is; None where there was none."""
        return self.totals[DURATION] / self.previous if self.previous else None


@dataclass(frozen=True, slots=True)
class Answer:
    """The first of all, largest first; `unfinished` files are not all counted, or not all judged, as of now.

    `trend` are the days or months that each entry's trend is of.
    """

    entries: tuple[Entry, ...]
    unfinished: int
    trend: tuple[str, ...]


def top(store: Store, question: Question) -> Answer:
    """Answer a question: as if all totals were sorted by value, the largest first, then by site and addresses.

    What takes part is what has a rank, and flows in the span.
    """
    sites = [question.site] if question.site else store.sites()
    points = _points(question)
    # Before the figures are read: what is counted meanwhile is named, rather than missed.
    unfinished = {each.name for site in sites for each in store.pending(site)}
    unfinished |= {name for site in sites for name, _ in store.outstanding(site)}
    looked_at = rows_of(store, question)
    found = islice(first(looked_at.ranked, question, _upcoming(looked_at, sites, question)), question.count)
    entries = tuple(_entry(question, value, candidate, points) for value, candidate in found)
    return Answer(entries, len(unfinished), points)


def _upcoming(rows: Rows, sites: Sequence[str], question: Question) -> Iterator[tuple[Value, Candidate]]:
    only = rows.only(question)
    if only:
        return of_one_source(rows.ranked, sites, question, only)
    months = question.span.months
    # A part of a month may have more µs per packet than the whole, and so may several months together; and a month of
    # fewer packets than these has no such size.
    whole = len(months) == 1 and question.span.holds(months[0])
    by_size = question.by is not By.PACE or (whole and question.packets >= PACE_PACKETS)
    return walked(rows.ranked, sites, question) if by_size and rows.are_whole else gathered(rows, sites, question)


def _points(question: Question) -> tuple[str, ...]:
    spans: list[Span] = [span for span in (question.before, question.span) if span is not None]
    days = tuple(day for span in spans for day in span.days)
    return days if len(days) <= _MOST_DAYS else tuple(dict.fromkeys(day[:7] for day in days))


def _entry(question: Question, value: Value, candidate: Candidate, points: Sequence[str]) -> Entry:
    days, figures = candidate.days(question), candidate.figures(question)
    within = sorted(day for day in days if question.span.first <= day <= question.span.last)
    site, source, destination = candidate.key
    return Entry(
        site=site,
        source=source,
        destination=destination,
        first_day=within[0],
        last_day=within[-1],
        days=len(within),
        flows=figures[FLOWS],
        totals=tuple(figures[:FLOWS]),
        value=pace(figures) if question.by is By.PACE else value,
        previous=figures[BEFORE] if question.before is not None else None,
        trend=_trend(question, days, points),
    )


def _trend(question: Question, days: Mapping[str, Figures], points: Sequence[str]) -> tuple[Exact | None, ...]:
    figures = dict.fromkeys(points, NOTHING)
    width = len(points[0])
    for day, of_day in days.items():
        point = day[:width]
        figures[point] = added(figures[point], of_day)
    return tuple(of_point(question, of_it) for of_it in figures.values())
