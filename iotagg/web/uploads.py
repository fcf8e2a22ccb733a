"""Files that are sent here, counted as iotagg upload does."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from iotagg.core.cells import printable
from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import Policy
from iotagg.core.pseudonymised import Pseudonymisation
from iotagg.errors import FileRefused
from iotagg.listing import mixed_keys
from iotagg.pipeline import Request as Wanted
from iotagg.pipeline import upload
from iotagg.web.bodies import File
from iotagg.web.problems import answers
from iotagg.web.values import FileName, SiteNamed, checked_name
from iotagg.web.writing import Change, body_of, described_body

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.core.outcome import Outcome
    from iotagg.web.desk import Asked
    from iotagg.web.receiving import Reception, Terms

router = APIRouter(tags=["files"])

_REFUSED = answers(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_NOT_TAKEN = answers(HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.INSUFFICIENT_STORAGE)
_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Uploaded(File):
    """What became of a file that was sent."""

    warning: str | None = Field(default=None, description="What is odd about it, though it counts.")


class ToSend(BaseModel):
    """A file that somebody wants to send."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="The file's name, or its path below where the site's files lie.")


class Way(BaseModel):
    """How to send it: this method, to this address, with these headers."""

    method: str = Field(examples=["PUT"])
    url: str = Field(description="Where to: a path is one of this server.")
    headers: dict[str, str]


@router.post("/v1/sites/{site}/uploads", response_model=Way, responses=_REFUSED, openapi_extra=described_body(ToSend))
async def way(request: Request, asked: Change, site: SiteNamed) -> Response:
    """Ask where to send a file; that is asked before each."""
    name = checked_name((await body_of(request, ToSend)).name)

    def found() -> Response:
        asked.caller.fillable_site_in(asked.store, site)
        url = f"/v1/sites/{site}/files?name={quote(name, safe='')}"
        return _told({"method": "PUT", "url": url, "headers": {}})

    return await asked.desk.run(found)


@router.put(
    "/v1/sites/{site}/files",
    response_model=Uploaded,
    responses=_REFUSED | _NOT_TAKEN,
    openapi_extra=_BYTES,
)
async def send(
    request: Request,
    asked: Change,
    site: SiteNamed,
    name: Annotated[FileName, Query(description="What the file is remembered as.")],
    *,
    other_content: Annotated[
        Literal["refuse", "replace", "add"],
        Query(description="What to do where the name is known with other content, as --replace and --add do."),
    ] = "refuse",
    again: Annotated[bool, Query(description="Count it again though it was retracted or erased.")] = False,
) -> Response:
    """Send a flow file, plain or gzip, as it is; it is counted before this answers, or refused with 422.

    It answers what `iotagg upload --json` prints. A file that stops half way does not count.
    """
    reception: Reception = request.app.state.reception
    await asked.desk.run(lambda: _told(asked.caller.fillable_site_in(asked.store, site)))
    wanted = _wanted(site, Policy(other_content, again), reception.terms)
    async with reception.received(request) as file:
        told = await reception.count(lambda: _count(asked, file, name, wanted))
    return _told(told)


def _wanted(site: str, policy: Policy, terms: Terms) -> Wanted:
    if terms.pseudonyms is None:
        return Wanted(site, policy=policy)
    how = Pseudonymisation(terms.pseudonyms, ReadingOptions())
    return Wanted(site, how.reading, policy, pseudonymisation=how)


def _count(asked: Asked, file: Path, name: str, wanted: Wanted) -> dict[str, Any]:
    warning = mixed_keys(asked.store, wanted.site, wanted.reading.pseudonym)
    outcome = upload(asked.store, file, wanted, path=name)
    if outcome.failed:
        raise FileRefused(printable(outcome.reason))
    return _for(asked, outcome).as_json() | ({"warning": warning} if warning else {})


def _for(asked: Asked, outcome: Outcome) -> Outcome:
    # Whoever brings a file learns of no site that is not theirs.
    known = asked.caller.sites
    return outcome if known is None else replace(outcome, also_at=tuple(filter(known.__contains__, outcome.also_at)))


def _told(content: Any) -> Response:
    return JSONResponse(content, headers={"Cache-Control": "no-store"})
