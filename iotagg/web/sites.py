"""What is asked about sites."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Response

from iotagg.sites import site_days, site_standing
from iotagg.web import bodies
from iotagg.web.desk import Question, at_once
from iotagg.web.paging import whole
from iotagg.web.pairs import Range
from iotagg.web.problems import answers
from iotagg.web.values import SiteNamed

if TYPE_CHECKING:
    from iotagg.sites import Site

router = APIRouter(tags=["sites"])


@router.get("/v1/sites", response_model=bodies.Sites)
async def sites(asked: Question) -> Response:
    """The sites that you may ask about, sorted, with how each stands."""

    def found() -> dict[str, Any]:
        today = datetime.now(UTC).date().isoformat()
        return whole([_site(site_standing(asked.store, site, today)) for site in asked.sites()])

    return await asked.answer(found)


def _site(standing: Site) -> dict[str, Any]:
    days = {"first_day": standing.first_day or None, "last_day": standing.last_day or None}
    return asdict(standing) | days


@router.get("/v1/sites/{site}/days", response_model=bodies.SiteDays, responses=answers(HTTPStatus.NOT_FOUND))
async def days_of_site(asked: Question, range: Annotated[Range, at_once(Range)], site: SiteNamed) -> Response:  # noqa: A002 (what it is)
    """What came from a site for each day, oldest first: flows and files, of files that are counted."""

    def found() -> dict[str, Any]:
        known = asked.caller.site_in(asked.store, site)
        return whole([asdict(day) for day in site_days(asked.store, known, range.since, range.until)])

    return await asked.answer(found)
