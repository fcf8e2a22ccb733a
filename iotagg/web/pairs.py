"""What is asked about a pair, and about all of them."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus
from itertools import chain, groupby
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response

from iotagg.core.history import FIRST_DAY, LAST_DAY, History, history
from iotagg.errors import InvalidValue
from iotagg.export import (
    DAILY_COLUMNS,
    PairMonths,
    daily_rows,
    daily_texts,
    histories_in,
    not_seen,
    pair_months,
    pair_row,
    summary_row,
    write_rows,
)
from iotagg.stores.protocol import NO_PAIR
from iotagg.web import bodies
from iotagg.web.desk import CSV, JSON, Asked, Question, at_once
from iotagg.web.paging import Page, whole_text
from iotagg.web.problems import answers
from iotagg.web.values import Day, Destination, Site, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DIGEST_BYTES = 16
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAsked(Range):
    """The pair that is asked about, at which sites and on which days."""

    asked: Question
    source: Source
    destination: Destination
    site: SiteAsked = None

    async def answer(self, text: Callable[[list[History]], str], media_type: str) -> Response:
        """Answer with a text about its history at each site. Raises NotFound."""
        store, days = self.asked.store, {"since": self.since, "until": self.until}

        def read() -> _Months:
            sites = self.asked.sites(self.site)
            return _Months(pair_months(store, self.source, self.destination, sites, **days))

        def made(months: _Months) -> str:
            found = histories_in(months.by_site, **days)
            if not found:
                raise not_seen(store, self.source, self.destination, list(months.by_site), listed_by="/v1/pairs")
            return text(found)

        return await self.asked.answer_while_same(read, made, media_type, brief=self.site is not None)


@dataclass(frozen=True, slots=True)
class _Months:
    by_site: PairMonths

    def digest(self) -> bytes:
        summed = blake2b(digest_size=_DIGEST_BYTES)
        for site, months in self.by_site.items():
            for each in months:
                summed.update(f"{site} {each.month} {each.text}\n".encode())
        return summed.digest()


PairQuestion = Annotated[PairAsked, at_once(PairAsked)]


@router.get("/v1/pairs/{source}/{destination}", response_model=bodies.Summaries)
async def pair(pair: PairQuestion) -> Response:
    """A pair's totals, with mean and sample standard deviation over days and over flows; a row for each site."""

    def text(found: list[History]) -> str:
        return whole_text(json.dumps(summary_row(each), separators=(",", ":")) for each in found)

    return await pair.answer(text, JSON)


@router.get("/v1/pairs/{source}/{destination}/days", response_model=bodies.Days)
async def days(pair: PairQuestion) -> Response:
    """A pair's days, oldest first at each site, as in an export: statistics over the days repeat on each."""
    return await pair.answer(lambda found: whole_text(chain.from_iterable(map(daily_texts, found))), JSON)


@router.get(
    "/v1/pairs/{source}/{destination}/days.csv",
    response_class=Response,
    responses={200: {"content": {CSV: {}}, "description": "The same bytes as of `iotagg export`."}},
)
async def days_as_csv(pair: PairQuestion) -> Response:
    """A pair's days as CSV."""

    def text(found: list[History]) -> str:
        out = io.StringIO(newline="")
        write_rows(chain.from_iterable(map(daily_rows, found)), DAILY_COLUMNS, out)
        return out.getvalue()

    return await pair.answer(text, CSV)


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
