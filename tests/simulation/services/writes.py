"""What a write to a table of DynamoDB comes to: planned first, and done when everything else allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulation.services.answers import only
from tests.simulation.services.conditions import check_used, condition
from tests.simulation.services.tables import MOST_ITEM_BYTES, PARTITION, SORT, Stored, Table, exact_key, key_of
from tests.simulation.services.updates import update
from tests.simulation.services.values import (
    Item,
    Unfit,
    Value,
    accepted,
    accepted_values,
    growth,
    invalid,
    item_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.services.conditions import Condition, Expression

CONDITION_FAILED = "ConditionalCheckFailed"
UNFIT = "ValidationError"
UNIT_BYTES = 1024
_NOTHING: Stored = Stored({}, 0)
_TOO_LARGE = "Item size has exceeded the maximum allowed size"
_OF_ALL = ("TableName", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues")
_OF_ACTIONS = (*_OF_ALL, "ReturnValuesOnConditionCheckFailure")


class Prevented(Exception):
    """An item stands against a write: its condition fails, or what it would become is no item."""

    def __init__(self, code: str, message: str, item: Item | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.item = item


class Plan(NamedTuple):
    """A write that may be done: an item, as it was, and what it becomes (None: it is removed)."""

    table: Table
    key: tuple[str, str]
    old: Stored | None
    new: Stored | None
    changed: bool = True

    def done(self) -> None:
        """Do it."""
        if not self.changed:
            return
        if self.new is None:
            self.table.delete(*self.key)
        else:
            self.table.put(*self.key, self.new)

    @property
    def units(self) -> int:
        """Return the write units of it outside a transaction: those of the larger one."""
        size = max((self.old or _NOTHING).size, (self.new or _NOTHING).size)
        return max(1, -(-size // UNIT_BYTES))


class Write(NamedTuple):
    """A write that was asked for and understood; `plan` looks at the item. It raises Prevented."""

    table: Table
    key: tuple[str, str]
    plan: Callable[[], Plan]


def put(table: Table, request: dict[str, Any]) -> Write:
    """Understand a Put. Raises Refused."""
    item = {name: accepted(value) for name, value in request["Item"].items()}
    if any(not name for name in item):
        raise invalid("One or more parameter values were invalid: Attribute name is empty")
    key, allowed = key_of(item), _allowed(request, [])

    def plan() -> Plan:
        old = table.get(*key)
        allowed(old)
        return Plan(table, key, old, Stored(item, _checked_size(item_bytes(item))))

    return Write(table, key, plan)


def delete(table: Table, request: dict[str, Any]) -> Write:
    """Understand a Delete. Raises Refused."""
    key, allowed = exact_key(request["Key"]), _allowed(request, [])

    def plan() -> Plan:
        old = table.get(*key)
        allowed(old)
        return Plan(table, key, old, None)

    return Write(table, key, plan)


def check(table: Table, request: dict[str, Any]) -> Write:
    """Understand a ConditionCheck. Raises Refused."""
    if "ConditionExpression" not in request:
        raise invalid("The ConditionExpression parameter must be present")
    key, allowed = exact_key(request["Key"]), _allowed(request, [])

    def plan() -> Plan:
        old = table.get(*key)
        allowed(old)
        return Plan(table, key, old, old, changed=False)

    return Write(table, key, plan)


def change(table: Table, request: dict[str, Any]) -> Write:
    """Understand an Update. Raises Refused."""
    key = exact_key(request["Key"])
    text = request.get("UpdateExpression")
    changing = update(text) if text is not None else None
    allowed = _allowed(request, [changing.used] if changing else [])
    names, values = request.get("ExpressionAttributeNames") or {}, _values(request)

    def plan() -> Plan:
        old = table.get(*key)
        allowed(old)
        before = old.item if old is not None else _keys_only(key)
        try:
            changes = changing.applied(before, names, values) if changing else {}
        except Unfit as reason:
            raise Prevented(UNFIT, str(reason)) from None
        size = old.size if old is not None else item_bytes(before)
        return Plan(table, key, old, _changed(before, size, changes))

    return Write(table, key, plan)


def _keys_only(key: tuple[str, str]) -> Item:
    return {PARTITION: {"S": key[0]}, SORT: {"S": key[1]}}


def _changed(before: Item, size: int, changes: dict[str, Value | None]) -> Stored:
    item = {name: value for name, value in {**before, **changes}.items() if value is not None}
    size += sum(growth(name, before.get(name), value) for name, value in changes.items())
    if PARTITION in changes or SORT in changes:
        raise invalid("Cannot update an attribute that is part of the key")
    return Stored(item, _checked_size(size))


def _checked_size(size: int) -> int:
    if size > MOST_ITEM_BYTES:
        raise Prevented(UNFIT, _TOO_LARGE)
    return size


def _values(request: dict[str, Any]) -> dict[str, Value]:
    return accepted_values(request.get("ExpressionAttributeValues") or {})


def _allowed(request: dict[str, Any], used: list[Expression]) -> Callable[[Stored | None], None]:
    # What raises Prevented where a write's condition does not hold for an item.
    text = request.get("ConditionExpression")
    if text is not None:
        asked = condition(text)
        used = [*used, asked.used]
    given_names, given_values = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
    check_used(used, given_names, given_values)
    if text is None:
        return lambda _: None
    return _asking(asked, given_names or {}, _values(request), request.get("ReturnValuesOnConditionCheckFailure"))


def _asking(
    asked: Condition, names: dict[str, str], values: dict[str, Value], returned: str | None
) -> Callable[[Stored | None], None]:
    if returned not in (None, "NONE", "ALL_OLD"):
        raise invalid(f"ReturnValuesOnConditionCheckFailure: {returned}")

    def allowed(old: Stored | None) -> None:
        if not asked.test(old.item if old is not None else {}, names, values):
            item = dict(old.item) if old is not None and returned == "ALL_OLD" else None
            raise Prevented(CONDITION_FAILED, "The conditional request failed", item)

    return allowed


ACTIONS: dict[str, tuple[Callable[[Table, dict[str, Any]], Write], frozenset[str]]] = {
    "Put": (put, frozenset((*_OF_ACTIONS, "Item"))),
    "Delete": (delete, frozenset((*_OF_ACTIONS, "Key"))),
    "ConditionCheck": (check, frozenset((*_OF_ACTIONS, "Key"))),
    "Update": (change, frozenset((*_OF_ACTIONS, "Key", "UpdateExpression"))),
}


def action(tables: Callable[[str], Table], kind: str, request: dict[str, Any]) -> Write:
    """Understand one action of a transaction. Raises Refused."""
    made, known = ACTIONS[kind]
    if not request.keys() <= known:
        only(request, *known)
    return made(tables(request["TableName"]), request)
