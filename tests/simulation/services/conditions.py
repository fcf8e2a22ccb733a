"""Conditions of DynamoDB, made from their text once and then asked about many items."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulation.services.grammar import Node, condition_tree, projection_tree
from tests.simulation.services.values import Item, Value, invalid, less

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Names = Mapping[str, str]
    Values = Mapping[str, Value]
    Test = Callable[[Item, Names, Values], bool]
    Lookup = Callable[[Item, Names, Values], Value | None]


class Expression(NamedTuple):
    """What all expressions say of themselves: the names and values that have to be given, the attributes named bare."""

    names: frozenset[str]
    values: frozenset[str]
    bare: frozenset[str]


class Condition(NamedTuple):
    """A condition, ready to be asked."""

    test: Test
    tree: Node
    used: Expression


@lru_cache(maxsize=4096)
def condition(text: str, what: str = "ConditionExpression") -> Condition:
    """Return a condition. Raises Refused."""
    tree, reader = condition_tree(text, what)
    used = Expression(frozenset(reader.names), frozenset(reader.values), frozenset(reader.bare))
    return Condition(_test(tree), tree, used)


def check_used(used: list[Expression], names: Names | None, values: Values | None) -> None:
    """See that exactly those names and values are given that expressions use. Raises Refused."""
    for kind, given, wanted in (
        ("Names", names, [each.names for each in used]),
        ("Values", values, [each.values for each in used]),
    ):
        needed = wanted[0] if len(wanted) == 1 else frozenset().union(*wanted)
        if given is None and not needed:
            continue
        if given is not None and not given:
            raise invalid(f"ExpressionAttribute{kind} must not be empty")
        keys = given.keys() if given is not None else frozenset[str]()
        if keys != needed:
            what = f"unused in expressions: keys: {sorted(keys - needed)}" if keys - needed else "missing"
            raise invalid(f"Value provided in ExpressionAttribute{kind} {what} {sorted(needed - keys)}")


def lookup(node: Node) -> Lookup:
    """Return what finds an operand's value."""
    if node.kind == "value":
        value_name = node.parts[0]
        return lambda _item, _names, values: values[value_name]
    if len(node.parts) > 1:
        return _nested(node.parts)
    name = node.parts[0]
    if name.startswith("#"):
        return lambda item, names, _: item.get(names[name])
    return lambda item, _names, _values: item.get(name)


def _nested(parts: tuple[Any, ...]) -> Lookup:
    def find(item: Item, names: Names, _: Values) -> Value | None:
        found: Any = {"M": item}
        for part in parts:
            if isinstance(part, int):
                members = found.get("L", [])
                found = members[part] if part < len(members) else None
            else:
                found = found.get("M", {}).get(names[part] if part.startswith("#") else part)
            if found is None:
                return None
        result: Value = found
        return result

    return find


def _test(node: Node) -> Test:
    kind, parts = node
    if kind in _JOINED:
        return _JOINED[kind](*map(_test, parts))
    if kind == "in":
        return _among(*map(lookup, parts))
    return _MADE[kind](*map(lookup, parts))


def _and(left: Test, right: Test) -> Test:
    return lambda item, names, values: left(item, names, values) and right(item, names, values)


def _or(left: Test, right: Test) -> Test:
    return lambda item, names, values: left(item, names, values) or right(item, names, values)


def _not(inside: Test) -> Test:
    return lambda item, names, values: not inside(item, names, values)


def _exists(path: Lookup) -> Test:
    return lambda item, names, values: path(item, names, values) is not None


def _is_missing(path: Lookup) -> Test:
    return lambda item, names, values: path(item, names, values) is None


def _compared(compare: Callable[[Value, Value], bool], missing: bool = False) -> Callable[[Lookup, Lookup], Test]:
    def made(left: Lookup, right: Lookup) -> Test:
        def test(item: Item, names: Names, values: Values) -> bool:
            one, other = left(item, names, values), right(item, names, values)
            return missing if one is None or other is None else compare(one, other)

        return test

    return made


def _between(operand: Lookup, low: Lookup, high: Lookup) -> Test:
    def test(item: Item, names: Names, values: Values) -> bool:
        lowest, found, highest = (each(item, names, values) for each in (low, operand, high))
        if lowest is None or found is None or highest is None:
            return False
        return not_more(lowest, found) and not_more(found, highest)

    return test


def not_more(left: Value, right: Value) -> bool:
    """Whether a value is less than another one, or the same."""
    return left == right or less(left, right)


def _among(operand: Lookup, *among: Lookup) -> Test:
    def test(item: Item, names: Names, values: Values) -> bool:
        found = operand(item, names, values)
        return found is not None and any(found == each(item, names, values) for each in among)

    return test


def _begins_with(operand: Lookup, beginning: Lookup) -> Test:
    def test(item: Item, names: Names, values: Values) -> bool:
        prefix, found = beginning(item, names, values), operand(item, names, values)
        if prefix is not None and "S" not in prefix:
            raise invalid("Incorrect operand type for operator or function; operator or function: begins_with")
        return prefix is not None and found is not None and "S" in found and bool(found["S"].startswith(prefix["S"]))

    return test


def _contains(value: Value, part: Value) -> bool:
    if "S" in value:
        return "S" in part and part["S"] in value["S"]
    if "L" in value:
        return part in value["L"]
    return ("SS" in value and part.get("S") in value["SS"]) or ("NS" in value and part.get("N") in value["NS"])


_JOINED: dict[str, Callable[..., Test]] = {"and": _and, "or": _or, "not": _not}
_MADE: dict[str, Callable[..., Test]] = {
    "attribute_exists": _exists,
    "attribute_not_exists": _is_missing,
    "=": _compared(lambda left, right: left == right),
    "<>": _compared(lambda left, right: left != right, missing=True),
    "<": _compared(less),
    "<=": _compared(not_more),
    ">": _compared(lambda left, right: less(right, left)),
    ">=": _compared(lambda left, right: not_more(right, left)),
    "between": _between,
    "begins_with": _begins_with,
    "contains": _compared(_contains),
}


class Projection(NamedTuple):
    """Which attributes of an item are wanted."""

    paths: tuple[str, ...]
    used: Expression

    def of(self, item: Item, names: Names) -> Item:
        """Return these attributes of an item, as far as it has them."""
        wanted = (names[path] if path.startswith("#") else path for path in self.paths)
        return {name: item[name] for name in wanted if name in item}


@lru_cache(maxsize=1024)
def projection(text: str) -> Projection:
    """Return a projection. Raises Refused."""
    paths, reader = projection_tree(text)
    if any(len(path.parts) > 1 for path in paths):
        raise NotImplementedError(f"not simulated: the projection {text}")
    used = Expression(frozenset(reader.names), frozenset(reader.values), frozenset(reader.bare))
    return Projection(tuple(path.parts[0] for path in paths), used)
