"""Pages of a long list: as many items as are asked for, and where the next page begins."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query

from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST = 1_000
Limit = Annotated[int, Query(ge=1, le=MOST, description="At most so many items.")]
Cursor = Annotated[str, Query(max_length=2_000, description="`next` of the page before; without it, the first page.")]


def page(items: Iterable[Any], limit: int, cursor: str, key: Callable[[Any], list[str]]) -> dict[str, Any]:
    """Return the items after the one that a cursor names, which may be gone meanwhile, as a body.

    The items are sorted by their keys. Raises InvalidValue for a cursor that is none.
    """
    after = _key(cursor) if cursor else []
    found = list(islice((item for item in items if key(item) > after), limit + 1))
    more = _cursor(key(found[limit - 1])) if len(found) > limit else None
    return {"items": found[:limit], "next": more}


def whole(items: list[Any]) -> dict[str, Any]:
    """Return the body of a list that has one page."""
    return {"items": items, "next": None}


def _cursor(key: list[str]) -> str:
    return urlsafe_b64encode("\n".join(key).encode("utf-8", "surrogatepass")).decode()


def _key(cursor: str) -> list[str]:
    try:
        return b64decode(cursor.encode(), b"-_", validate=True).decode("utf-8", "surrogatepass").split("\n")
    except (binascii.Error, UnicodeError):
        raise InvalidValue("that is no cursor: take `next` of the page before") from None
