"""What is asked about oneself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from iotagg.web import bodies
from iotagg.web.desk import Question

router = APIRouter(tags=["access"])


@router.get("/v1/me", response_model=bodies.Me)
async def me(asked: Question, request: Request) -> Response:
    """Who asks, about which sites they may, and whether they may change anything, or export all."""

    def found() -> dict[str, Any]:
        caller = asked.caller
        sites = sorted(caller.sites) if caller.sites is not None else None
        may = {"may_write": caller.may_write, "may_export": request.app.state.stack is None}
        return {"name": caller.name, "sites": sites} | may

    return await asked.answer(found)
