"""What is otherwise where a stack is asked: files go to its bucket, and its queues say how much waits.

A function answers one request after the other and no longer than half a minute. So files do not pass through it, and
nobody is told of changes while they wait: who wants to know asks /v1/status again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from iotagg.web.problems import answers, problem
from iotagg.web.remembered import Remembered
from iotagg.web.uploads import ToSend, Way
from iotagg.web.values import SiteNamed, checked_name
from iotagg.web.writing import Change, body_of, described_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.listing import Status

router = APIRouter(tags=["files"])


@dataclass(frozen=True, slots=True)
class OnStack:
    """What an app over a stack has beside the store.

    `place` returns method, address and headers for a file of a site, by its name; it raises InvalidValue. `waiting`
    returns what waits for the workers. `origins` are those that a page may ask besides its own. `standing`
    is how sites stood a moment ago: to find that out is to read the records of all files.
    """

    place: Callable[[str, str], dict[str, Any]]
    waiting: Callable[[], dict[str, int]]
    origins: tuple[str, ...] = ()
    standing: Remembered[Status] = field(default_factory=Remembered)


@router.post(
    "/v1/sites/{site}/uploads",
    response_model=Way,
    responses=answers(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND),
    openapi_extra=described_body(ToSend),
)
async def place_for_upload(request: Request, asked: Change, site: SiteNamed) -> Response:
    """Where to send a file: to the bucket of the stack, whose workers then count it."""
    name = checked_name((await body_of(request, ToSend)).name)
    stack: OnStack = request.app.state.stack

    def found() -> Response:
        told = stack.place(asked.caller.fillable_site_in(asked.store, site), name)
        # Whoever has the address may put the file there.
        return JSONResponse(told, headers={"Cache-Control": "no-store"})

    return await asked.desk.run(found)


@router.put(
    "/v1/sites/{site}/files",
    responses=answers(HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED),
)
async def file(
    asked: Change,  # noqa: ARG001 (who it is, is looked at first)
    site: Annotated[str, Path(description="The site.")],
    name: Annotated[str, Query(description="The file's name.")] = "",  # noqa: ARG001 (it is let in, and not needed)
) -> Response:
    """No file is taken in here on a stack: /v1/sites/{site}/uploads says where to send it."""
    said = f"a stack takes files in its bucket: POST the name to /v1/sites/{site}/uploads, which says where to put it"
    return problem(HTTPStatus.METHOD_NOT_ALLOWED, said, {"Allow": ""})
