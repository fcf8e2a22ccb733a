"""All pairs as CSV, sent while they are read."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from iotagg.export import SUMMARY_COLUMNS, at_least_one, histories, summary_row, write_rows
from iotagg.web.desk import CSV, Asked, Question, at_once
from iotagg.web.headers import asks_for_head
from iotagg.web.pairs import Range, SiteAsked
from iotagg.web.problems import answers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.types import Message, Receive, Scope, Send

    from iotagg.core.history import History
    from iotagg.web.spool import Spool, Spools

log = logging.getLogger(__name__)

router = APIRouter(tags=["pairs"], responses=answers(HTTPStatus.NOT_FOUND))

_PATIENCE_SECONDS = 60  # for a client that takes nothing: its place is another's then
_HEADERS = {"Cache-Control": "private, no-store", "Content-Disposition": 'attachment; filename="pairs.csv"'}


@router.get(
    "/v1/export.csv",
    response_class=Response,
    responses={200: {"content": {CSV: {}}, "description": "The same bytes as of `iotagg export --all`."}},
)
async def export(
    asked: Question,
    request: Request,
    range: Annotated[Range, at_once(Range)],  # noqa: A002 (what it is)
    site: SiteAsked = None,
) -> Response:
    """All pairs as CSV, a row for each, sorted by site, source and destination; it is sent while it is read.

    It comes in pieces: one that ends early was not sent whole.
    """
    spools = asked.desk.spools
    spool = spools.open(lambda spool: _write(asked, site, range, spool))
    try:
        await spool.begun(lambda: _is_there(request))
    except BaseException:
        spools.release(spool)
        raise
    return _Export(spools, spool, only_head=asks_for_head(request.scope))


async def _is_there(request: Request) -> bool:
    return not await request.is_disconnected()


def _write(asked: Asked, site: str | None, days: Range, spool: Spool) -> None:
    pairs = at_least_one(_pairs(asked, site, days, spool), days.since, days.until, "/v1/status")
    write_rows(map(summary_row, pairs), SUMMARY_COLUMNS, spool)


def _pairs(asked: Asked, site: str | None, days: Range, spool: Spool) -> Iterator[History]:
    for each in asked.sites(site):
        yield from histories(each, spool.watched(asked.store.scan(each)), days.since, days.until)


class _Export(StreamingResponse):
    """What a spool holds; however that ends, the spool is released."""

    def __init__(self, spools: Spools, spool: Spool, *, only_head: bool) -> None:
        super().__init__(_nothing() if only_head else spool.pieces(), headers=_HEADERS, media_type=CSV)
        self._spools = spools
        self._spool = spool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            await asyncio.wait_for(send(message), _PATIENCE_SECONDS)

        try:
            await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            log.warning("an export was given up: nothing of it was taken for %d s", _PATIENCE_SECONDS)
        finally:
            self._spools.release(self._spool)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
