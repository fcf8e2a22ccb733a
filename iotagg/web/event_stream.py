"""Changes as server-sent events, for as long as somebody listens."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from iotagg.errors import TokenRefused
from iotagg.web.desk import Question
from iotagg.web.headers import IS_HEAD
from iotagg.web.problems import answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from iotagg.web.changes import Changes, Listener

router = APIRouter(tags=["files"])

PATH = "/v1/changes"
_MEDIA_TYPE = "text/event-stream"
_COMMENT, _COMMENT_SECONDS = b": still here\n\n", 15.0
_SLOWEST_SECONDS = 30.0
# Servers in between pass each event on at once, and keep none.
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_DESCRIBED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK.value: {
        "description": "Server-sent events: now, changed and trouble.",
        "content": {_MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}


@router.get(
    PATH,
    response_class=Response,
    responses={**_DESCRIBED, **answers(HTTPStatus.NOT_FOUND)},
)
async def changes(request: Request, asked: Question) -> Response:
    """Be told when something changed: `now` at once, then `changed`, each with a `version` that is new.

    The data of an event are JSON. `trouble`, with a `reason`, says that nothing can be told at the moment. A comment
    comes every 15 s. What has changed is not said: ask for it, with the ETag of the last answer.
    """
    if request.scope.get(IS_HEAD):
        return Response(media_type=_MEDIA_TYPE, headers=_HEADERS)
    told: Changes = request.app.state.changes
    authorization = request.headers.get("authorization", "")
    return EventStream(told, told.listener(), lambda: asked.desk.access.caller(authorization))


class EventStream(Response):
    """Tells a listener what is new, until they go, are too slow, or may no longer ask, which `check` raises."""

    def __init__(
        self,
        told: Changes,
        listener: Listener,
        check: Callable[[], object],
        *,
        comment_seconds: float = _COMMENT_SECONDS,
        slowest_seconds: float = _SLOWEST_SECONDS,
    ) -> None:
        super().__init__(media_type=_MEDIA_TYPE, headers=_HEADERS)
        del self.headers["content-length"]
        self._told = told
        self._listener = listener
        self._check = check
        self._comment_seconds = comment_seconds
        self._slowest_seconds = slowest_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (as ASGI has it)
        """Tell them."""
        going = asyncio.create_task(_until_gone(receive, self._listener))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while (piece := await self._next()) is not None:
                async with asyncio.timeout(self._slowest_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body"})
        except TimeoutError:
            return  # an answer that is not complete: the server closes the connection
        finally:
            self._told.leave(self._listener)
            going.cancel()

    async def _next(self) -> bytes | None:
        # What is to be sent next; None at the end.
        while not self._listener.ended:
            self._listener.woken.clear()
            if news := self._told.news(self._listener):
                return news
            try:
                async with asyncio.timeout(self._comment_seconds):
                    await self._listener.woken.wait()
            except TimeoutError:
                return _COMMENT if self._may_go_on() else None
        return None

    def _may_go_on(self) -> bool:
        try:
            self._check()
        except TokenRefused:
            return False
        return True


async def _until_gone(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # a body that nobody asked for
    listener.end()
