"""Update expressions of DynamoDB, made from their text once and then applied to many items."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tests.simulation.services.conditions import Expression, lookup
from tests.simulation.services.grammar import Node, update_tree
from tests.simulation.services.values import Item, Unfit, Value, invalid, total

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.services.conditions import Lookup, Names, Values

    Action = Callable[[Value | None, Item, Names, Values], Value | None]

_SETS = {"SS", "NS"}


class Update(NamedTuple):
    """An update: what becomes of which attribute."""

    actions: tuple[tuple[str, Action], ...]
    used: Expression

    def applied(self, item: Item, names: Names, values: Values) -> dict[str, Value | None]:
        """Return what attributes become, None for those that go; `item` stays as it is. Raises Refused and Unfit."""
        changes: dict[str, Value | None] = {}
        for path, action in self.actions:
            name = names[path] if path[0] == "#" else path
            if name in changes:
                raise invalid(f"Invalid UpdateExpression: Two document paths overlap with each other; path: [{name}]")
            changes[name] = action(item.get(name), item, names, values)
        return changes


@lru_cache(maxsize=4096)
def update(text: str) -> Update:
    """Return an update. Raises Refused."""
    tree, reader = update_tree(text)
    if any(len(node.parts[0].parts) > 1 for node in tree):
        raise NotImplementedError(f"not simulated: a path into a value in the update {text}")
    used = Expression(frozenset(reader.names), frozenset(reader.values), frozenset(reader.bare))
    return Update(tuple((node.parts[0].parts[0], _action(node)) for node in tree), used)


def _action(node: Node) -> Action:
    if node.kind == "remove":
        return lambda _old, _item, _names, _values: None
    if node.kind == "set":
        term = _term(node.parts[1])
        return lambda _old, item, names, values: term(item, names, values)
    if node.parts[1].kind != "value":
        raise invalid(f"Invalid UpdateExpression: Syntax error; an operand of {node.kind.upper()} is no path")
    return _with_value(node.parts[1].parts[0], _added if node.kind == "add" else _deleted)


def _with_value(name: str, work: Callable[[Value | None, Value], Value | None]) -> Action:
    return lambda old, _item, _names, values: work(old, values[name])


def _there(value: Value | None) -> Value:
    if value is None:
        raise Unfit("The provided expression refers to an attribute that does not exist in the item")
    return value


def _term(node: Node) -> Lookup:
    if node.kind == "if_not_exists":
        path, otherwise = lookup(node.parts[0]), _term(node.parts[1])

        def first(item: Item, names: Names, values: Values) -> Value | None:
            found = path(item, names, values)
            return otherwise(item, names, values) if found is None else found

        return first
    if node.kind in ("+", "-"):
        return _sum(_term(node.parts[0]), _term(node.parts[1]), negative=node.kind == "-")
    found = lookup(node)
    return lambda item, names, values: _there(found(item, names, values))


def _sum(left: Lookup, right: Lookup, *, negative: bool) -> Lookup:
    def made(item: Item, names: Names, values: Values) -> Value:
        one, other = _there(left(item, names, values)), _there(right(item, names, values))
        if "N" not in one or "N" not in other:
            raise Unfit("An operand in the update expression has an incorrect data type")
        return {"N": total(one["N"], _opposite(other["N"]) if negative else other["N"])}

    return made


def _opposite(number: str) -> str:
    return number if number == "0" else number.removeprefix("-") if number.startswith("-") else f"-{number}"


def _added(old: Value | None, more: Value) -> Value:
    if "N" in more and (old is None or "N" in old):
        return more if old is None else {"N": total(old["N"], more["N"])}
    for kind in _SETS & more.keys():
        if old is None:
            return more
        if kind in old:
            return {kind: sorted({*old[kind], *more[kind]})}
    raise _wrong_type(more, "ADD")


def _deleted(old: Value | None, fewer: Value) -> Value | None:
    for kind in _SETS & fewer.keys():
        if old is None:
            return None
        if kind in old:
            left = [each for each in old[kind] if each not in fewer[kind]]
            return {kind: left} if left else None
    raise _wrong_type(fewer, "DELETE")


def _wrong_type(value: Value, operator: str) -> Exception:
    (kind,) = value
    if (operator == "ADD" and kind in ("N", *_SETS)) or (operator == "DELETE" and kind in _SETS):
        return Unfit("Type mismatch for attribute to update")
    return invalid(f"Invalid UpdateExpression: Incorrect operand type for operator {operator}; operand type: {kind}")
