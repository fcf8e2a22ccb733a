"""What is in order: the allow list, read and changed as iotagg allow does."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from iotagg.core.allowances import allowance_of
from iotagg.core.cells import printable
from iotagg.core.findings import Kind
from iotagg.errors import InvalidValue, NotFound
from iotagg.web.desk import Question
from iotagg.web.paging import Page
from iotagg.web.pairs import SiteAsked
from iotagg.web.problems import answers
from iotagg.web.writing import Change, body_of, described_body

if TYPE_CHECKING:
    from iotagg.core.allowances import Allowance
    from iotagg.web.access import Caller

router = APIRouter(tags=["what stands out"])

_SHOWN = 40
_KINDS = [kind.value for kind in Kind if kind is not Kind.OTHERS]


def _checked_kind(text: str) -> str:
    if text not in _KINDS:
        raise ValueError(f"use one of {', '.join(_KINDS)}")
    return text


KindNamed = Annotated[str, AfterValidator(_checked_kind), WithJsonSchema({"type": "string", "enum": _KINDS})]


class InOrder(BaseModel):
    """What is in order; a part that is null or left out is any."""

    model_config = ConfigDict(extra="forbid")

    site: str | None = Field(default=None, description="At this site.", examples=["paris"])
    src: str | None = Field(default=None, description="From this address or network.", examples=["192.0.2.7"])
    dst: str | None = Field(default=None, description="To this address or network.", examples=["203.0.113.0/24"])
    kind: KindNamed | None = Field(default=None, description="This kind of finding.")
    until: str | None = Field(default=None, description="Until this day.", examples=["2022-12-31"])
    note: str | None = Field(default=None, description="Why, in a line.")


class Listed(InOrder):
    """An entry of the list."""

    id: str = Field(description="What names it.", examples=["0123456789"])


class AllowList(BaseModel):
    """A page of the list."""

    items: list[Listed]
    next: str | None


@router.get("/v1/allowances", response_model=AllowList, responses=answers(HTTPStatus.NOT_FOUND))
async def allowances(asked: Question, page: Annotated[Page, Depends()], site: SiteAsked = None) -> Response:
    """What is in order and so is not told as an anomaly; who may ask about some sites sees what is said of those."""

    def found() -> dict[str, Any]:
        wanted = asked.sites(site) if site else None
        listed = [
            _told(each)
            for each in asked.store.allowances()
            if _is_for(asked.caller, each) and (wanted is None or each.site in wanted)
        ]
        return page.of(sorted(listed, key=_key), _key)

    return await asked.answer(found)


@router.post(
    "/v1/allowances",
    response_model=Listed,
    status_code=HTTPStatus.CREATED,
    responses=answers(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND),
    openapi_extra=described_body(InOrder),
)
async def allow(request: Request, asked: Change) -> Response:
    """Say what is in order from now on, also of days that have passed. The same said twice is there once."""
    said = await body_of(request, InOrder)

    def done() -> Response:
        if said.site:
            asked.caller.site_in(asked.store, said.site)
        elif asked.caller.sites is not None:
            raise InvalidValue("name a site: you may not speak for all of them")
        made = allowance_of(
            site=said.site or "",
            source=said.src or "",
            destination=said.dst or "",
            kind=said.kind or "",
            until=said.until or "",
            note=said.note or "",
        )
        asked.store.allow(made)
        return JSONResponse(_told(made), HTTPStatus.CREATED, {"Cache-Control": "no-store"})

    return await asked.desk.run(done)


@router.delete(
    "/v1/allowances/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=answers(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND),
)
async def disallow(asked: Change, name: Annotated[str, Path(alias="id", description="The entry's id.")]) -> Response:
    """Take an entry off the list; what it left out is told again."""

    def done() -> Response:
        known = {each.id for each in asked.store.allowances() if _is_for(asked.caller, each)}
        if name not in known or not asked.store.disallow(name):
            raise NotFound(f"no {printable(name[:_SHOWN])} is on the list; /v1/allowances shows it")
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return await asked.desk.run(done)


def _is_for(caller: Caller, each: Allowance) -> bool:
    return caller.sites is None or each.site in caller.sites


def _told(each: Allowance) -> dict[str, str | None]:
    parts = {
        "id": each.id,
        "site": each.site,
        "src": each.source,
        "dst": each.destination,
        "kind": each.kind,
        "until": each.until,
        "note": each.note,
    }
    return {name: value or None for name, value in parts.items()}


def _key(each: dict[str, str | None]) -> list[str]:
    return [each["site"] or "", each["id"] or ""]
