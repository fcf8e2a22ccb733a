"""What is asked about a pair, and about all of them."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain, groupby
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response

from iotagg.core.history import FIRST_DAY, LAST_DAY, History, history
from iotagg.errors import InvalidValue
from iotagg.export import DAILY_COLUMNS, daily_rows, daily_texts, known_pair, pair_row, summary_row, write_rows
from iotagg.stores.protocol import NO_PAIR
from iotagg.web import bodies
from iotagg.web.desk import CSV, JSON, Asked, Question, at_once
from iotagg.web.paging import Page, whole_text
from iotagg.web.problems import answers
from iotagg.web.values import Day, Destination, Site, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_LOOKED_AT = 5_000  # pairs, in some tenths of a second: others ask, too

router = APIRouter(tags=["pairs"], responses=answers(HTTPStatus.NOT_FOUND))

SiteAsked = Annotated[Site | None, Query(description="Only this site; without it, all that you may ask about.")]


@dataclass(frozen=True, slots=True)
class Range:
    """The days that are asked about. Raises InvalidValue where the first is after the last."""

    since: Annotated[Day, Query(description="The first day.")] = FIRST_DAY
    until: Annotated[Day, Query(description="The last day, inclusive.")] = LAST_DAY

    def __post_init__(self) -> None:
        if self.since > self.until:
            raise InvalidValue(f"since {self.since} is after until {self.until}")


@dataclass(frozen=True, slots=True)
class PairAsked:
    """The pair that is asked about, at which sites and on which days."""

    asked: Question
    range: Annotated[Range, at_once(Range)]
    source: Source
    destination: Destination
    site: SiteAsked = None

    def histories(self) -> list[History]:
        """Return its history at each site. Raises NotFound."""
        sites = self.asked.sites(self.site)
        days = {"since": self.range.since, "until": self.range.until}
        return known_pair(self.asked.store, self.source, self.destination, sites, **days, listed_by="/v1/pairs")

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return a row for each day."""
        return chain.from_iterable(map(daily_rows, self.histories()))


PairQuestion = Annotated[PairAsked, at_once(PairAsked)]


@router.get("/v1/pairs/{source}/{destination}", response_model=bodies.Summaries)
async def pair(pair: PairQuestion) -> Response:
    """A pair's totals, with mean and sample standard deviation over days and over flows; a row for each site."""
    return await pair.asked.answer_while_same(
        lambda: whole_text(json.dumps(summary_row(each), separators=(",", ":")) for each in pair.histories()), JSON
    )


@router.get("/v1/pairs/{source}/{destination}/days", response_model=bodies.Days)
async def days(pair: PairQuestion) -> Response:
    """A pair's days, oldest first at each site, as in an export: statistics over the days repeat on each."""
    return await pair.asked.answer_while_same(
        lambda: whole_text(chain.from_iterable(map(daily_texts, pair.histories()))), JSON
    )


@router.get(
    "/v1/pairs/{source}/{destination}/days.csv",
    response_class=Response,
    responses={200: {"content": {CSV: {}}, "description": "The same bytes as of `iotagg export`."}},
)
async def days_as_csv(pair: PairQuestion) -> Response:
    """A pair's days as CSV."""

    def text() -> str:
        out = io.StringIO(newline="")
        write_rows(pair.rows(), DAILY_COLUMNS, out)
        return out.getvalue()

    return await pair.asked.answer_while_same(text, CSV)


@router.get("/v1/pairs", response_model=bodies.Pairs)
async def pairs(
    asked: Question,
    page: Annotated[Page, at_once(Page)],
    range: Annotated[Range, at_once(Range)],  # noqa: A002 (what it is)
    site: SiteAsked = None,
) -> Response:
    """All pairs with their totals, sorted by site, source and destination.

    Where few of them have flows on the days that are asked about, a page may be short, or empty, with others after it.
    """

    def found() -> dict[str, Any]:
        return page.of_those_after(_rows_after(page.after, asked, site, range), _MOST_LOOKED_AT)

    return await asked.answer(found)


def _rows_after(
    after: list[str], asked: Asked, site: str | None, days: Range
) -> Iterator[tuple[list[str], dict[str, Any] | None]]:
    last_site, *last_pair = after or ["", *NO_PAIR]
    for each in asked.sites(site):
        if each < last_site:
            continue
        last = (last_pair[0], last_pair[1]) if each == last_site else NO_PAIR
        for pair, months in groupby(asked.store.scan(each, last), key=lambda month: (month.source, month.destination)):
            found = history(each, months, days.since, days.until)
            yield [each, *pair], pair_row(found) if found is not None else None
