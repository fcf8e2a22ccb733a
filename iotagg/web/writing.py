"""What changes something: who may, and what they send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends
from pydantic import BaseModel, ValidationError

from iotagg.errors import InvalidValue, UploadTooLarge
from iotagg.web.desk import Asked, Question

if TYPE_CHECKING:
    from fastapi import Request

Body = TypeVar("Body", bound=BaseModel)

_MOST_BYTES = 64 * 1024
_JSON = "application/json"


async def _writing(asked: Question) -> Asked:
    asked.caller.check_writes()
    return asked


Change = Annotated[Asked, Depends(_writing)]


async def body_of(request: Request, kind: type[Body]) -> Body:
    """Return what a request sends, as JSON of this kind; it is read once it is known that the caller may send it.

    Raises InvalidValue, UploadTooLarge.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise InvalidValue(f"send JSON, with the header Content-Type: {_JSON}")
    content = bytearray()
    async for block in request.stream():
        content += block
        if len(content) > _MOST_BYTES:
            raise UploadTooLarge(f"that is more than {_MOST_BYTES:,} bytes of JSON")
    try:
        return kind.model_validate_json(bytes(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidValue(f"{where}: {first['msg']}" if where else first["msg"]) from None


def described_body(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the description of a body that body_of() reads."""
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": kind.model_json_schema()}}}}
