"""What is asked about the whole: how it stands, its sites, its files and their rejected lines."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from iotagg import __version__
from iotagg.core.contribution import Name
from iotagg.errors import NotFound
from iotagg.listing import Status, files_at
from iotagg.listing import status as standing_of
from iotagg.web import bodies
from iotagg.web.desk import Asked, Question, at_once
from iotagg.web.on_stack import OnStack
from iotagg.web.paging import Page
from iotagg.web.pairs import SiteAsked
from iotagg.web.problems import answers
from iotagg.web.values import CONTRIBUTION, SiteNamed

router = APIRouter(tags=["files"])

_LINE_DIGITS = 12  # lines are sorted by their numbers, pages by texts


@router.get("/v1/status", response_model=bodies.Status)
async def status(request: Request, asked: Question) -> Response:
    """How the store stands: files by their state, and what those that are counted add up to."""

    def found() -> dict[str, Any]:
        standing = asdict(_standing(request.app.state.stack, asked))
        days = {day: standing[day] or None for day in ("first_day", "last_day")}
        return {"version": __version__} | standing | days | _waiting(request.app.state.stack, asked)

    return await asked.answer(found)


def _standing(stack: OnStack | None, asked: Asked) -> Status:
    sites = asked.sites()
    if stack is None:
        return standing_of(asked.store, sites)
    return stack.standing.of(tuple(sites), lambda: standing_of(asked.store, sites))


def _waiting(stack: OnStack | None, asked: Asked) -> dict[str, Any]:
    # How much waits of all sites is nothing for who may know of some.
    if stack is None:
        return {}
    if asked.caller.sites is not None:
        return {"waiting": None}
    since = min((each.since for site in asked.sites() for each in asked.store.pending(site)), default=None)
    told = None if since is None else datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
    return {"waiting": stack.waiting() | {"since": told}}


@router.get("/v1/files", response_model=bodies.Files, responses=answers(HTTPStatus.NOT_FOUND))
async def files(
    asked: Question,
    page: Annotated[Page, at_once(Page)],
    site: SiteAsked = None,
    name: Annotated[str, Query(max_length=4_096, description="A path's end, or how a contribution begins.")] = "",
) -> Response:
    """Files and what became of them, sorted by site, path, contribution and state."""

    def found() -> dict[str, Any]:
        outcomes = [
            outcome.as_json() for outcome in files_at(asked.store, asked.sites(site), name, known=asked.sites())
        ]
        return page.of(sorted(outcomes, key=_key), _key)

    return await asked.answer(found)


def _key(file: dict[str, Any]) -> list[str]:
    return [file["site"], file["file"], file["contribution"] or "", file["state"]]


@router.get(
    "/v1/sites/{site}/files/{contribution}/rejects",
    response_model=bodies.Rejects,
    responses=answers(HTTPStatus.NOT_FOUND),
)
async def rejects(
    asked: Question,
    page: Annotated[Page, at_once(Page)],
    site: SiteNamed,
    contribution: Annotated[
        str, Path(description="The file's, as /v1/files tells it.", json_schema_extra={"pattern": CONTRIBUTION})
    ],
) -> Response:
    """The lines of a file that were rejected, by their numbers, with reasons."""

    def found() -> dict[str, Any]:
        name = Name.parse(asked.caller.site_in(asked.store, site), contribution)
        if asked.store.file(name) is None:
            raise NotFound(f"no file of {site} has the contribution {contribution}; /v1/files lists them")
        lines = ({"line": each.line, "reason": each.reason, "text": each.text} for each in asked.store.rejects(name))
        return page.of(lines, lambda line: [str(line["line"]).zfill(_LINE_DIGITS)])

    return await asked.answer(found)
