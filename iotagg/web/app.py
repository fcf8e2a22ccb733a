"""The whole of it: one app for whatever server runs it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from iotagg import __version__
from iotagg.web import (
    allowances,
    devices,
    event_stream,
    exports,
    looks,
    me,
    on_stack,
    pairs,
    signing_in,
    sites,
    standing_out,
    uploads,
)
from iotagg.web.changes import Changes
from iotagg.web.desk import Desk
from iotagg.web.headers import Heads, Hosts, SameOrigin, SecurityHeaders
from iotagg.web.kept import Kept
from iotagg.web.pages import router as pages
from iotagg.web.problems import Problem, answers, handle_problems
from iotagg.web.receiving import Reception, Terms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

    from iotagg.stores.protocol import Store
    from iotagg.web.access import Access
    from iotagg.web.on_stack import OnStack

DESCRIPTION = "/v1/openapi.json"
_PARTS = (looks, sites, pairs, devices, standing_out, me, signing_in, allowances)
_ALWAYS = answers(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE) | {
    304: {"description": "It is what the caller has: If-None-Match names it."}
}
_ABOUT = (
    "Who talks to whom, how much, and is today normal? Figures are exact: whole numbers may have 40 digits."
    " Days are those of the flow files. What goes wrong is told as a problem document (RFC 9457)."
)


def make_app(
    store: Store,
    access: Access,
    hosts: Collection[str] = (),
    check: Callable[[], object] = lambda: None,
    *,
    terms: Terms | None = None,
    changes: Changes | None = None,
    kept: Kept | None = None,
    stack: OnStack | None = None,
) -> FastAPI:
    """Return an app that asks a store for those that `access` knows, under these host names or any.

    `check` is called before each question, and may raise an IotaggError. `terms` are those on which files are taken,
    `changes` tell when the store changed, and answers are `kept` until then. `stack` is what a stack has beside its
    store: files do not come here then.
    """
    desk = Desk(store, access, check, kept or Kept())
    reception, told = Reception(terms or Terms()), changes or Changes(None, check)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        yield
        told.close()
        reception.close()
        desk.close()

    app = FastAPI(
        title="iotagg",
        version=__version__,
        description=_ABOUT,
        openapi_url=DESCRIPTION,
        docs_url=None,  # it would load a program from another host
        redoc_url=None,
        redirect_slashes=False,  # behind another server, it would lead elsewhere
        lifespan=living,
        responses=_ALWAYS,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.desk, app.state.stack = desk, stack
    app.state.reception = reception
    app.state.changes = told
    # What a stack exports is recorded first, by the command; and files go into its bucket.
    for part in (*_PARTS, *((on_stack,) if stack else (exports, uploads, event_stream))):
        app.include_router(part.router)
    handle_problems(app)
    _describe_problems(app)
    app.include_router(pages)
    app.add_middleware(Heads)
    app.add_middleware(SameOrigin)
    app.add_middleware(Hosts, names=hosts)
    app.add_middleware(SecurityHeaders, over_tls=stack is not None)  # its API has no other way in
    return app


def _describe_problems(app: FastAPI) -> None:
    made = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            made()["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return made()

    app.openapi = described  # type: ignore[method-assign]  # as FastAPI's documentation has it
