"""Queries and scans of DynamoDB: which items, in which order, and where a page ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulation.services.conditions import check_used, condition, projection
from tests.simulation.services.tables import PARTITION, SORT, Stored, Table, exact_key
from tests.simulation.services.values import Item, Value, accepted, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.simulation.services.grammar import Node

PAGE_BYTES = 1 << 20  # Amazon DynamoDB Developer Guide, "Paginating table query results"


class Page(NamedTuple):
    """A page of a query or scan: its answer, and the size of all that was read for it."""

    answer: dict[str, Any]
    size: int


def consistent(request: dict[str, Any]) -> None:
    """See that a read wants to know how things stand now: what an older copy would say, is not simulated."""
    if request.get("ConsistentRead") is not True:
        raise NotImplementedError("not simulated: an eventually consistent read")


def query(table: Table, request: dict[str, Any]) -> Page:
    """Answer a query. Raises Refused."""
    consistent(request)
    asked = condition(request["KeyConditionExpression"], "KeyConditionExpression")
    filtering = request.get("FilterExpression")
    if filtering is not None and condition(filtering, "FilterExpression").used.bare & {PARTITION, SORT}:
        raise invalid("Filter Expression can only contain non-primary key attributes")
    finish, values = _finish(request, [asked.used])
    names = request.get("ExpressionAttributeNames") or {}
    key, low, high = _range(table, asked.tree, names, values)
    found = table.partition(key)
    forward = request.get("ScanIndexForward", True)
    if "ExclusiveStartKey" in request:
        start = exact_key(request["ExclusiveStartKey"])
        if start[0] != key:
            raise invalid("The provided starting key is outside query boundaries based on provided conditions")
        if forward:
            low = max(low, bisect_right(found.order, start[1]))
        else:
            high = min(high, bisect_left(found.order, start[1]))
    places = range(low, high) if forward else range(high - 1, low - 1, -1)
    return finish(found.items[found.order[place]] for place in places)


def query_index(table: Table, request: dict[str, Any]) -> Page:
    """Answer a query of an index, as it stands now: it does not lag behind here. Raises Refused."""
    index = table.indexes.get(request["IndexName"])
    if index is None:
        raise invalid("The table does not have the specified index")
    if request.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    if request.get("FilterExpression") is not None:
        raise NotImplementedError("not simulated: a query of an index with a filter")
    asked = condition(request["KeyConditionExpression"], "KeyConditionExpression")
    finish, values = _finish(request, [asked.used], index.keys)
    names = request.get("ExpressionAttributeNames") or {}
    key, sort = _key_conditions(asked.tree, names, values, index.keys)
    rows = index.rows(key)
    low, high = _places(sort, [row[0] for row in rows], values)
    forward = request.get("ScanIndexForward", True)
    if "ExclusiveStartKey" in request:
        start = request["ExclusiveStartKey"]
        if start.keys() != {*index.keys, PARTITION, SORT} or start[index.keys[0]]["S"] != key:
            raise invalid("The provided starting key is invalid")
        place = tuple(start[name]["S"] for name in (index.keys[1], PARTITION, SORT))
        low, high = (
            (max(low, bisect_right(rows, place)), high) if forward else (low, min(high, bisect_left(rows, place)))
        )
    places = range(low, high) if forward else range(high - 1, low - 1, -1)
    return finish(_index_row(index.keys, key, rows[place]) for place in places)


def _index_row(keys: tuple[str, str], partition: str, row: tuple[str, str, str]) -> Stored:
    names = (keys[0], keys[1], PARTITION, SORT)
    item: Item = {name: {"S": text} for name, text in zip(names, (partition, *row), strict=True)}
    return Stored(item, sum(len(name) + len(value["S"].encode()) for name, value in item.items()))


def scan(table: Table, request: dict[str, Any]) -> Page:
    """Answer a scan. Raises Refused."""
    consistent(request)
    finish, _ = _finish(request, [])
    segments = request.get("TotalSegments", 1)
    segment = request.get("Segment", 0)
    if ("Segment" in request) != ("TotalSegments" in request) or not 0 <= segment < segments:
        raise invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments")
    start = request.get("ExclusiveStartKey")
    return finish(table.after(exact_key(start) if start else None, segment, segments))


def _range(table: Table, tree: Node, names: dict[str, str], values: dict[str, Value]) -> tuple[str, int, int]:
    # The partition, and the places in its order from where to before where it is about.
    key, sort = _key_conditions(tree, names, values, (PARTITION, SORT))
    return key, *_places(sort, table.partition(key).order, values)


def _key_conditions(
    tree: Node, names: dict[str, str], values: dict[str, Value], keys: tuple[str, str]
) -> tuple[str, Node | None]:
    # The partition, and the condition on the sort key, if there is one.
    parts = tree.parts if tree.kind == "and" else (tree,)
    conditions = {_attribute(part, names): part for part in parts}
    if not conditions.keys() <= {*keys} or conditions.get(keys[0], tree).kind != "=":
        raise invalid("Query key condition not supported")
    if keys[0] not in conditions or len(conditions) < len(parts):
        raise invalid(f"Query condition missed key schema element: {keys[0]}")
    return _text(conditions[keys[0]].parts[1], values), conditions.get(keys[1])


def _places(sort: Node | None, order: list[str], values: dict[str, Value]) -> tuple[int, int]:
    if sort is None:
        return 0, len(order)
    bounds = [_text(part, values) for part in sort.parts[1:]]
    if sort.kind not in _PLACES:
        raise invalid("Query key condition not supported")
    return _PLACES[sort.kind](order, *bounds)


def _attribute(part: Node, names: dict[str, str]) -> str:
    first = part.parts[0]
    if getattr(first, "kind", "") != "path" or len(first.parts) > 1:
        raise invalid("Query key condition not supported")
    name: str = first.parts[0]
    return names[name] if name.startswith("#") else name


def _text(node: Node, values: dict[str, Value]) -> str:
    value = values.get(node.parts[0]) if node.kind == "value" else None
    if value is None or "S" not in value:
        raise invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
    if not value["S"]:
        raise invalid("One or more parameter values are not valid. A key attribute cannot be an empty string value")
    text: str = value["S"]
    return text


def _between(order: list[str], low: str, high: str) -> tuple[int, int]:
    if low > high:
        raise invalid("The BETWEEN operator requires upper bound to be greater than or equal to lower bound")
    return bisect_left(order, low), bisect_right(order, high)


_PLACES: dict[str, Callable[..., tuple[int, int]]] = {
    "=": lambda order, key: (bisect_left(order, key), bisect_right(order, key)),
    "<": lambda order, key: (0, bisect_left(order, key)),
    "<=": lambda order, key: (0, bisect_right(order, key)),
    ">": lambda order, key: (bisect_right(order, key), len(order)),
    ">=": lambda order, key: (bisect_left(order, key), len(order)),
    "between": _between,
    "begins_with": lambda order, prefix: (
        bisect_left(order, prefix),
        bisect_right(order, prefix, key=lambda sort: sort[: len(prefix)]),
    ),
}


def _finish(
    request: dict[str, Any], used: list[Any], index: tuple[str, ...] = ()
) -> tuple[Callable[[Iterable[Stored]], Page], dict[str, Value]]:
    # What makes a page of the items that are read, with their filter, and the values of all expressions.
    names = request.get("ExpressionAttributeNames")
    given = request.get("ExpressionAttributeValues")
    values = {name: accepted(value) for name, value in (given or {}).items()}
    limit, select = request.get("Limit"), request.get("Select")
    if limit is not None and limit < 1:
        raise invalid("Limit: Member must have value greater than or equal to 1")
    if select not in (None, "COUNT", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"):
        raise NotImplementedError(f"not simulated: to select {select}")
    filtering, projecting = request.get("FilterExpression"), request.get("ProjectionExpression")
    wanted = condition(filtering, "FilterExpression") if filtering is not None else None
    shown = projection(projecting) if projecting is not None else None
    check_used([*used, *(each.used for each in (wanted, shown) if each is not None)], names, given)

    def finish(items: Iterable[Stored]) -> Page:
        read, last, size = _page(iter(items), limit)
        found = [item for item in read if wanted is None or wanted.test(item, names or {}, values)]
        answer: dict[str, Any] = {"Count": len(found), "ScannedCount": len(read)}
        if select != "COUNT":
            answer["Items"] = [shown.of(item, names or {}) if shown else dict(item) for item in found]
        if last is not None:
            answer["LastEvaluatedKey"] = {name: last[name] for name in (*index, PARTITION, SORT)}
        return Page(answer, size)

    return finish, values


def _page(items: Iterator[Stored], limit: int | None) -> tuple[list[Item], Item | None, int]:
    # What is read for a page, the last of it where there may be more, and how large it is.
    read: list[Item] = []
    size = 0
    for stored in items:
        if read and size + stored.size > PAGE_BYTES:
            return read, read[-1], size
        read.append(stored.item)
        size += stored.size
        if len(read) == limit:
            return read, stored.item, size
    return read, None, size
