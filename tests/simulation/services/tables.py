"""The items of a table of DynamoDB: by partition, and within it in the order of their sort keys.

Partitions come in the order of a hash of theirs, so that nobody grows used to another one.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulation.services.answers import Refused
from tests.simulation.services.values import Item, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTITION = "pk"
SORT = "sk"
MOST_ITEM_BYTES = 400 * 1024
_MOST_KEY_BYTES = {PARTITION: 2048, SORT: 1024}


class Stored(NamedTuple):
    """An item and its size. Neither it nor its values are ever changed: an update puts another one in its place."""

    item: Item
    size: int


class Partition(NamedTuple):
    """The items with one partition key, and their sort keys in order."""

    items: dict[str, Stored]
    order: list[str]


class Index:
    """A global secondary index of the keys alone: the items that have both of its own, in the order of its sort key."""

    def __init__(self, partition: str, sort: str) -> None:
        self.keys = (partition, sort)
        self._rows: dict[str, list[tuple[str, str, str]]] = {}

    def change(self, old: Stored | None, new: Stored | None) -> None:
        """Follow an item that another one takes the place of."""
        before, after = (self._place(stored) for stored in (old, new))
        if before == after:
            return
        if before is not None:
            rows = self._rows[before[0]]
            del rows[bisect_left(rows, before[1])]
        if after is not None:
            insort(self._rows.setdefault(after[0], []), after[1])

    def _place(self, stored: Stored | None) -> tuple[str, tuple[str, str, str]] | None:
        if stored is None or not stored.item.keys() >= {*self.keys}:
            return None
        partition, sort = (stored.item[name]["S"] for name in self.keys)
        return partition, (sort, stored.item[PARTITION]["S"], stored.item[SORT]["S"])

    def rows(self, partition: str) -> list[tuple[str, str, str]]:
        """Return the sort keys of a partition with the items' own keys, in order."""
        return self._rows.get(partition, [])


class Table:
    """A table with a partition key `pk` and a sort key `sk`, both texts."""

    def __init__(self, name: str, created: float, indexes: dict[str, tuple[str, str]] | None = None) -> None:
        self.name = name
        self.created = created
        self.expires_by = ""
        self.indexes = {index: Index(*keys) for index, keys in (indexes or {}).items()}
        self._partitions: dict[str, Partition] = {}
        self._order: list[tuple[int, str]] = []

    def get(self, partition: str, sort: str) -> Stored | None:
        """Return an item."""
        found = self._partitions.get(partition)
        return found.items.get(sort) if found is not None else None

    def put(self, partition: str, sort: str, stored: Stored) -> None:
        """Store an item."""
        found = self._partitions.get(partition)
        if found is None:
            found = self._partitions[partition] = Partition({}, [])
            insort(self._order, (_place(partition), partition))
        old = found.items.get(sort)
        if old is None:
            insort(found.order, sort)
        found.items[sort] = stored
        for index in self.indexes.values():
            index.change(old, stored)

    def delete(self, partition: str, sort: str) -> None:
        """Remove an item, if it is there."""
        found = self._partitions.get(partition)
        old = found.items.pop(sort, None) if found is not None else None
        if found is None or old is None:
            return
        for index in self.indexes.values():
            index.change(old, None)
        del found.order[bisect_left(found.order, sort)]
        if not found.items:
            del self._partitions[partition]
            del self._order[bisect_left(self._order, (_place(partition), partition))]

    def partition(self, key: str) -> Partition:
        """Return the items with a partition key."""
        return self._partitions.get(key) or Partition({}, [])

    def after(self, key: tuple[str, str] | None, segment: int, segments: int) -> Iterator[Stored]:
        """Yield the items behind one, in the order of a scan; those of one of so many segments."""
        begin = bisect_left(self._order, (_place(key[0]), key[0])) if key else 0
        for place, name in self._order[begin:]:
            if place * segments >> 32 != segment:
                continue
            found = self._partitions[name]
            for sort in found.order:
                if key is None or name != key[0] or sort > key[1]:
                    yield found.items[sort]

    def items(self) -> Iterator[Item]:
        """Yield all items, in the order of a scan."""
        return (stored.item for stored in self.after(None, 0, 1))


def _place(partition: str) -> int:
    return zlib.crc32(partition.encode())


def key_of(item: Item) -> tuple[str, str]:
    """Return the key of an item, or of what was given for one. Raises Refused."""
    try:
        partition, sort = item[PARTITION]["S"], item[SORT]["S"]
    except KeyError:
        raise invalid(_what_is_wrong(item)) from None
    if not partition or not sort:
        raise invalid(
            "One or more parameter values are not valid. A key attribute cannot contain an empty string value."
        )
    for name, value in ((PARTITION, partition), (SORT, sort)):
        if len(value) * 4 > _MOST_KEY_BYTES[name] and len(value.encode()) > _MOST_KEY_BYTES[name]:
            raise invalid(f"One or more parameter values were invalid: the size of {name} has exceeded the limit")
    return partition, sort


def _what_is_wrong(item: Item) -> str:
    for name in (PARTITION, SORT):
        if name not in item:
            return f"One or more parameter values were invalid: Missing the key {name} in the item"
    return "One or more parameter values were invalid: Type mismatch for key"


def exact_key(key: dict[str, Any]) -> tuple[str, str]:
    """Return a key that has to be nothing else. Raises Refused."""
    if key.keys() != {PARTITION, SORT}:
        raise invalid("The provided key element does not match the schema")
    return key_of(key)


def missing() -> Refused:
    """Return the refusal of a request for a table that is not there."""
    return Refused("ResourceNotFoundException", "Requested resource not found")
