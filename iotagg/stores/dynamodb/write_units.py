"""What a write costs, by DynamoDB's rules of size, where its answer does not say.

A write unit is a write of up to 1 KB, two of them where it is part of a transaction; an item's size is that of its
attributes' names and values (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats" and "read and write
operations"). An update is charged for the larger of the item before and after, which is not known here: so what is
counted for an update is the least that it can cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNIT_BYTES = 1024
IN_A_TRANSACTION = 2


def write_units(sizes: Iterable[int]) -> int:
    """Return the write units of a transaction that writes items of these sizes, in bytes."""
    return IN_A_TRANSACTION * sum(max(1, -(-size // UNIT_BYTES)) for size in sizes)


def item_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the size of an item, given as DynamoDB's clients do: `{"pk": {"S": "…"}, "flows": {"N": "12"}}`."""
    return sum(len(name.encode()) + _value_bytes(*next(iter(value.items()))) for name, value in item.items())


def number_bytes(text: str) -> int:
    """Return the size of a number: a byte for two significant digits, and one more, and one for a sign."""
    digits = text.lstrip("-").strip("0") or "0"
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")


def _value_bytes(kind: str, value: Any) -> int:
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return number_bytes(value)
        case "SS":
            return sum(len(text.encode()) for text in value)
        case "L":
            return 3 + sum(1 + _value_bytes(*next(iter(each.items()))) for each in value)
        case "M":
            return 3 + len(value) + item_bytes(value)
        case _:
            return 1  # a truth value, or nothing
