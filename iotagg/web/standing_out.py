"""What is asked of the largest, and of what stands out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from iotagg.anomalies import anomalies as found_in
from iotagg.assess import assess_outstanding
from iotagg.core.findings import Severity
from iotagg.core.networks import Network
from iotagg.errors import InvalidValue
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

FirstDay = Annotated[Day | None, Query(description="The first day; without it, that of the last month, or of `until`.")]
LastDay = Annotated[Day | None, Query(description="The last day, inclusive.")]
MonthAsked = Annotated[Month | None, Query(description="A month, instead of days.")]
_Network = Annotated[NetworkText | None, Query(description="Only pairs with such an address there.")]


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
    site: SiteAsked = None,
    month: MonthAsked = None,
    since: FirstDay = None,
    until: LastDay = None,
    src: _Network = None,
    dst: _Network = None,
    min_packets: Annotated[int, Query(ge=1, description="By us-per-packet: of at least so many.")] = FEWEST_PACKETS,
    limit: Limit = 10,
) -> Response:
    """Who has the most, largest first: pairs, sources or destinations, at each site by itself."""
    if month and (since or until):
        raise InvalidValue("month and since, until exclude each other")

    def found() -> dict[str, Any]:
        sites = asked.sites(site)
        _assess(asked, sites)
        span = span_asked(asked.store, sites, by, _today(), month=month or "", since=since or "", until=until or "")
        if span is None:
            return {"first_day": None, "last_day": None} | whole([])
        source, destination = (Network.parse(text) if text else None for text in (src, dst))
        questions = [WhoIsFirst(by, of, span, each, source, destination, limit, min_packets) for each in sites]
        rows = [row for question in questions for row in records(first_of(asked.store, question))]
        rows.sort(key=lambda row: row["value"], reverse=True)
        if rows:
            add_shares(rows, asked.store, sites, questions[0])
        return {"first_day": span.first, "last_day": span.last} | whole(rows[:limit])

    return await asked.answer(found)


@router.get("/v1/anomalies", response_model=bodies.Findings, responses=answers(HTTPStatus.NOT_FOUND))
async def anomalies(
    asked: Question,
    *,
    site: SiteAsked = None,
    since: FirstDay = None,
    until: LastDay = None,
    least: Annotated[Literal["low", "medium", "high"], Query(description="Only what is at least so severe.")] = "low",
    singly: Annotated[bool, Query(description="Whether a site's day may have more than five.")] = False,
) -> Response:
    """What stands out, by site and day, the worst of a day first; without days, of the newest that is over."""
    if since and until and since > until:
        raise InvalidValue(f"since {since} is after until {until}")

    def found() -> dict[str, Any]:
        sites = asked.sites(site)
        _assess(asked, sites)
        days = WhatStandsOut(_today(), since or "", until or "", least=Severity[least.upper()], singly=singly)
        answers_of = (found_in(asked.store, replace(days, site=each)) for each in sites)
        told = [fields(finding) for answer in answers_of for finding in answer.findings]
        return whole(told)

    return await asked.answer(found)
