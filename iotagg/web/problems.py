"""What went wrong, as a problem document (RFC 9457) with the status that fits."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from iotagg.errors import (
    CloudBusy,
    CloudError,
    FileRefused,
    InvalidValue,
    IotaggError,
    NoRoom,
    NotFound,
    StoreError,
    StoreFull,
    TokenRefused,
    UploadTooLarge,
    UploadTooSlow,
    WriteRefused,
)

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = 5
_STATUSES: tuple[tuple[type[IotaggError], HTTPStatus], ...] = (
    (TokenRefused, HTTPStatus.UNAUTHORIZED),
    (WriteRefused, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (UploadTooSlow, HTTPStatus.REQUEST_TIMEOUT),
    (UploadTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (NoRoom, HTTPStatus.INSUFFICIENT_STORAGE),
    (StoreFull, HTTPStatus.INSUFFICIENT_STORAGE),
    (FileRefused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (InvalidValue, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CloudBusy, HTTPStatus.SERVICE_UNAVAILABLE),
    (CloudError, HTTPStatus.SERVICE_UNAVAILABLE),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
)


class Problem(BaseModel):
    """What is wrong with a request, or why it cannot be answered."""

    type: str = Field(default="about:blank", description="Always about:blank: the status says what kind it is.")
    title: str = Field(description="The status in words.", examples=["Not Found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(
        description="What is wrong, and the way out, in one line.", examples=["the pair … was never seen"]
    )


def answers(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return the description of what is answered with these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status.value: {"description": status.phrase, "content": content} for status in statuses}


def problem(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return a problem document."""
    body = Problem(title=status.phrase, status=status.value, detail=detail).model_dump()
    return JSONResponse(body, status.value, headers, MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Let an app answer with a problem document whatever goes wrong."""
    app.add_exception_handler(IotaggError, _of_error)
    app.add_exception_handler(RequestValidationError, _of_value)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_anything)


def _of_error(_: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("%s", error)
        headers = {"Retry-After": str(_RETRY_SECONDS)}
    if status is HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": 'Bearer realm="iotagg"'}
    return problem(status, str(error), headers)


def _of_value(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (it is registered for these alone)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{where}: {first['msg']}")


def _of_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (as above)
    return problem(HTTPStatus(error.status_code), error.detail, dict(error.headers or {}))


def _of_anything(_: Request, error: Exception) -> Response:
    log.error("not expected", exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "iotagg has a fault here; its log says more")
