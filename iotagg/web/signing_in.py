"""How somebody is to sign in, which is told to everybody."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

router = APIRouter(tags=["who asks"])


class SignIn(BaseModel):
    """How somebody is to sign in."""

    model_config = ConfigDict(extra="allow")

    kind: str = Field(description="none, token, or cognito with what else that needs.", examples=["token"])


@router.get("/v1/sign-in", response_model=SignIn)
async def sign_in(request: Request) -> Response:
    """How to sign in: not at all (none), or with a token. No token is needed to ask this."""
    told: dict[str, Any] = request.app.state.desk.access.sign_in()
    return JSONResponse(told, headers={"Cache-Control": "no-cache"})
