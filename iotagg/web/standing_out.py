"""What is asked of the largest, and of what stands out."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from iotagg.anomalies import anomalies as found_in
from iotagg.assess import assess_outstanding
from iotagg.core.findings import Severity
from iotagg.core.networks import Network
from iotagg.standing_out.question import Question as WhatStandsOut
from iotagg.standing_out.telling import fields
from iotagg.top import FEWEST_PACKETS, By, Of, add_shares, records, span_asked
from iotagg.top import Question as WhoIsFirst
from iotagg.top import top as first_of
from iotagg.web import bodies
from iotagg.web.desk import Asked, Question
from iotagg.web.paging import Limit, whole
from iotagg.web.pairs import SiteAsked
from iotagg.web.problems import answers
from iotagg.web.values import Day, Month, NetworkText

if TYPE_CHECKING:
    from collections.abc import Iterable

router = APIRouter(tags=["what stands out"])

FirstDay = Annotated[Day | Literal[""], Query(description="The first day; without it, the last that there are.")]
LastDay = Annotated[Day | Literal[""], Query(description="The last day, inclusive.")]
_Network = Annotated[NetworkText | Literal[""], Query(description="Only pairs with such an address there.")]


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _assess(asked: Asked, sites: Iterable[str]) -> None:
    # Of a database, whoever asks first; of a stack, its workers have done so.
    for site in sites:
        assess_outstanding(asked.store, site)


@router.get("/v1/top", response_model=bodies.Tops, responses=answers(HTTPStatus.NOT_FOUND))
async def top(
    asked: Question,
    *,
    by: Annotated[By, Query(description="What is compared.")] = By.DURATION,
    of: Annotated[Of, Query(description="Whose totals.")] = Of.PAIRS,
    site: SiteAsked = "",
    month: Annotated[Month | Literal[""], Query(description="A month, instead of days.")] = "",
    since: FirstDay = "",
    until: LastDay = "",
    src: _Network = "",
    dst: _Network = "",
    min_packets: Annotated[int, Query(ge=1, description="By us-per-packet: of at least so many.")] = FEWEST_PACKETS,
    limit: Limit = 10,
) -> Response:
    """Who has the most, largest first: pairs, sources or destinations, at each site by itself."""

    def found() -> dict[str, Any]:
        sites = asked.sites(site)
        _assess(asked, sites)
        span = span_asked(asked.store, sites, by, _today(), month=month, since=since, until=until)
        if span is None:
            return {"first_day": None, "last_day": None} | whole([])
        source, destination = (Network.parse(text) if text else None for text in (src, dst))
        rows = [
            row
            for each in sites
            for row in _first_at(asked, WhoIsFirst(by, of, span, each, source, destination, limit, min_packets))
        ]
        rows.sort(key=lambda row: row["value"], reverse=True)
        return {"first_day": span.first, "last_day": span.last} | whole(rows[:limit])

    return await asked.answer(found)


def _first_at(asked: Asked, question: WhoIsFirst) -> list[dict[str, Any]]:
    found = records(first_of(asked.store, question))
    add_shares(found, asked.store, [question.site], question)
    return found


@router.get("/v1/anomalies", response_model=bodies.Findings, responses=answers(HTTPStatus.NOT_FOUND))
async def anomalies(
    asked: Question,
    *,
    site: SiteAsked = "",
    since: FirstDay = "",
    until: LastDay = "",
    least: Annotated[Literal["low", "medium", "high"], Query(description="Only what is at least so severe.")] = "low",
    singly: Annotated[bool, Query(description="Whether a site's day may have more than five.")] = False,
) -> Response:
    """What stands out, by site and day, the worst of a day first; without days, of the newest that is over."""

    def found() -> dict[str, Any]:
        sites = asked.sites(site)
        _assess(asked, sites)
        told = [
            fields(finding)
            for each in sites
            for finding in found_in(
                asked.store,
                WhatStandsOut(_today(), since, until, site=each, least=Severity[least.upper()], singly=singly),
            ).findings
        ]
        return whole(told)

    return await asked.answer(found)
