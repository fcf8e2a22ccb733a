"""Pages of a long list: as many items as are asked for, and where the next page begins."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Request

from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MOST = 1_000
_SUM_BYTES = 9  # text of it ends without padding
_NO_CURSOR = "that is no cursor of this list: take `next` of the page before, and ask for the same otherwise"
Limit = Annotated[int, Query(ge=1, le=MOST, description="At most so many items.")]
Cursor = Annotated[str, Query(max_length=2_000, description="`next` of the page before; without it, the first page.")]


@dataclass(frozen=True, slots=True)
class Page:
    """The page that is asked for. Raises InvalidValue for a cursor that is none of the list that is asked for.

    `after` is the key of the last item of the page before, empty for the first page.
    """

    request: Request
    limit: Limit = 100
    cursor: Cursor = ""
    after: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "after", self._key() if self.cursor else [])

    def of(self, items: Iterable[Any], key: Callable[[Any], list[str]]) -> dict[str, Any]:
        """Return the page of all items, which are sorted by their keys, as a body; what it is after may be gone."""
        keyed = ((key(item), item) for item in items)
        return self.of_those_after(each for each in keyed if each[0] > self.after)

    def of_those_after(
        self, looked_at: Iterable[tuple[list[str], Any | None]], most: int | None = None
    ) -> dict[str, Any]:
        """Return the page of those that come after it already, given with their keys, in order; as a body.

        None stands for one that was looked at and is not asked for. After `most` of all, a page ends before it is full.
        """
        found: list[Any] = []
        last = self.after
        for number, (key, item) in enumerate(looked_at):
            if len(found) == self.limit or number == most:
                return {"items": found, "next": self._cursor(last)}
            last = key
            if item is not None:
                found.append(item)
        return {"items": found, "next": None}

    def _cursor(self, key: list[str]) -> str:
        named = "\n".join(key).encode("utf-8", "surrogatepass")
        return urlsafe_b64encode(self._sum(named) + named).decode()

    def _key(self) -> list[str]:
        try:
            content = b64decode(self.cursor.encode(), b"-_", validate=True)
            named = content[_SUM_BYTES:]
            if content[:_SUM_BYTES] == self._sum(named):
                return named.decode("utf-8", "surrogatepass").split("\n")
        except (binascii.Error, UnicodeError):
            raise InvalidValue(_NO_CURSOR) from None
        raise InvalidValue(_NO_CURSOR)

    def _sum(self, named: bytes) -> bytes:
        # It holds no secret: a cursor says no more than an item. But that of another list is none of this one.
        about = "\0".join([self.request.scope["path"], *sorted(self._others())])
        of_list = blake2b(about.encode("utf-8", "surrogatepass")).digest()
        return blake2b(named, key=of_list, digest_size=_SUM_BYTES).digest()

    def _others(self) -> Iterator[str]:
        for name, value in self.request.query_params.multi_items():
            if name not in {"limit", "cursor"}:
                yield f"{name}={value}"


def whole(items: list[Any]) -> dict[str, Any]:
    """Return the body of a list that has one page."""
    return {"items": items, "next": None}
