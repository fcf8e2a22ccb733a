"""The store that is asked, and the few threads that ask it: each keeps a connection of its own to a database."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from inspect import signature
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.security import HTTPBearer

from iotagg.core.cells import printable
from iotagg.errors import InvalidValue, StoreBusy
from iotagg.web.kept import Answer, Before
from iotagg.web.spool import Spools

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.stores.protocol import Store
    from iotagg.web.access import Access, Caller
    from iotagg.web.kept import Digested, Kept

Found = TypeVar("Found")
Basis = TypeVar("Basis", bound="Digested")
JSON, CSV = "application/json", "text/csv; charset=utf-8"
# More threads than cores ask no faster: nearly all of an answer is Python's own work, for which they take turns.
_THREADS = 4
_MOST_WAITING = 200
_SHOWN = 80


class Desk:
    """Asks a store for many callers."""

    def __init__(self, store: Store, access: Access, check: Callable[[], object], kept: Kept) -> None:
        self.store = store
        self.kept = kept
        self.check = check
        self.access = access
        self._threads = ThreadPoolExecutor(_THREADS, "iotagg-desk")
        self._waiting = 0
        self.spools = Spools()

    async def run(self, work: Callable[[], Found]) -> Found:
        """Return what is worked out in a thread. Raises StoreBusy where too many wait already."""
        if self._waiting >= _MOST_WAITING:
            raise StoreBusy(f"{_MOST_WAITING} questions wait already; ask again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Wait for what is being worked out."""
        self.spools.close()
        self._threads.shutdown(cancel_futures=True)
        self.kept.close()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a caller, and how it is answered."""

    desk: Desk
    caller: Caller
    what: tuple[str, bytes]  # the path, and the query behind it
    known: str  # the answers that the caller has, by their entity tags

    @property
    def store(self) -> Store:
        """The store that is asked."""
        return self.desk.store

    def sites(self, site: str | None = None) -> list[str]:
        """Return the one site, or all that the caller may ask about where none is named. Raises NotFound."""
        return [self.caller.site_in(self.store, site)] if site else self.caller.sites_in(self.store)

    async def answer(self, found: Callable[[], Any]) -> Response:
        """Answer with what is found, as JSON."""
        return await self.answer_text(lambda: json.dumps(found(), separators=(",", ":")), JSON)

    async def answer_text(self, found: Callable[[], str], media_type: str) -> Response:
        """Answer with a text."""
        return self._response(await self.desk.run(lambda: Answer.of(found())), media_type)

    async def answer_while_same(
        self, read: Callable[[], Basis], text: Callable[[Basis], str], media_type: str, *, brief: bool
    ) -> Response:
        """Answer with a text that follows from what is read of the store; `brief` is what takes a moment.

        It is not made again while the store holds the same.
        """
        kept, asked = self.desk.kept, (self.what, self.caller.sites)
        version = kept.version()
        before = kept.get(asked)
        if before is not None and before.version == version:
            return self._response(before.answer, media_type)

        def found() -> Before:
            basis = read()
            digest = basis.digest()
            if before is not None and before.made_from == digest:
                return Before(before.answer, digest, version)
            return Before(Answer.of(text(basis)), digest, version)

        # A store that tells its version is a file of this machine. To hand a moment's work there to a thread, and what
        # it found back, would take half as long as the work.
        now = found() if brief and version else await self.desk.run(found)
        kept.put(asked, now)
        return self._response(now.answer, media_type)

    def _response(self, answer: Answer, media_type: str) -> Response:
        headers = {"ETag": answer.tag, "Cache-Control": "private, no-cache"}
        if answer.tag in self.known or self.known.strip() == "*":
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(answer.content, media_type=media_type, headers=headers)


class _Asks(HTTPBearer):
    """Describes how to say who asks; who may, an Access decides."""

    async def __call__(  # type: ignore[override]  # one dependency less to look at in each request
        self, request: Request, if_none_match: Annotated[str, Header()] = ""
    ) -> Asked:
        desk: Desk = request.app.state.desk
        caller = desk.access.caller(request.headers.get("authorization", ""))
        _check_names(request)
        desk.check()
        what = (request.scope["path"], request.scope["query_string"])
        return Asked(desk, caller, what, if_none_match)


def _check_names(request: Request) -> None:
    # A name that is mistyped would be answered as if it were not there.
    known = _names(request.scope["route"].dependant)
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            raise InvalidValue(f"nothing is asked by {printable(name[:_SHOWN])} here; /v1/openapi.json lists what is")
        if given.count(name) > 1:
            raise InvalidValue(f"{name} is given {given.count(name)} times")


def _names(dependant: Any) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*map(_names, dependant.dependencies))


_ASKS = _Asks(scheme_name="HTTPBearer", description="A token, where the server wants one.")
Question = Annotated[Asked, Depends(_ASKS)]


def at_once(kind: Callable[..., Any]) -> Any:
    """Return a dependency that makes one of a class there and then: FastAPI would send each to a thread and back."""

    async def made(**given: Any) -> Any:
        return kind(**given)

    made.__signature__ = signature(kind, eval_str=True)  # type: ignore[attr-defined]  # what FastAPI looks at
    return Depends(made)
