"""The expressions of DynamoDB, read into trees: conditions, updates and projections.

Grammar: Amazon DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions" and "Using update
expressions". Reserved words come from the list that moto ships, which is AWS's.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulation.services.values import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 4096
MOST_OPERANDS = 100  # of IN
_TOKEN = re.compile(r"\s*(?:(<>|<=|>=|[=<>()\[\],.+-])|([#:]?[A-Za-z_0-9]+))")
_COMPARATORS = frozenset(("=", "<>", "<", "<=", ">", ">="))
_FUNCTIONS = {"attribute_exists": 1, "attribute_not_exists": 1, "begins_with": 2, "contains": 2}


class Node(NamedTuple):
    """A part of an expression: what it is, and what it is made of."""

    kind: str
    parts: tuple[Any, ...]


@cache
def _reserved() -> frozenset[str]:
    found = find_spec("moto")
    assert found is not None
    assert found.origin is not None
    words = Path(found.origin).parent / "dynamodb" / "parsing" / "reserved_keywords.txt"
    return frozenset(words.read_text().split())


class Reader:
    """The tokens of an expression, read from left to right; it remembers which names and values it came by."""

    def __init__(self, text: str, what: str) -> None:
        self._what = what
        if not text:
            raise self.wrong("The expression can not be empty;")
        if len(text.encode()) > MOST_BYTES:
            raise self.wrong("Expression size has exceeded the maximum allowed size;")
        self._tokens = self._split(text)
        self._place = 0
        self.names: set[str] = set()
        self.values: set[str] = set()
        self.bare: set[str] = set()

    def wrong(self, reason: str) -> Exception:
        return invalid(f"Invalid {self._what}: {reason}")

    def _split(self, text: str) -> list[str]:
        tokens, place, text = [], 0, text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise self.wrong(f'Syntax error; token: "{text[place]}"')
            tokens.append(found[1] or found[2])
            place = found.end()
        return tokens

    @property
    def next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def take(self) -> str:
        token = self.next
        self._place += 1
        return token

    def accept(self, word: str) -> bool:
        if self.next.upper() != word:
            return False
        self._place += 1
        return True

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise self.wrong(f'Syntax error; token: "{self.next or "<EOF>"}"')

    def end(self) -> None:
        if self.next:
            raise self.wrong(f'Syntax error; token: "{self.next}"')

    def path(self) -> Node:
        parts: list[str | int] = [self._name()]
        while self.next in (".", "["):
            if self.take() == ".":
                parts.append(self._name())
            else:
                parts.append(int(self.take()))
                self.expect("]")
        return Node("path", tuple(parts))

    def _name(self) -> str:
        name = self.take()
        if name.startswith("#"):
            self.names.add(name)
        elif not name or not name[0].isalpha():
            raise self.wrong(f'Syntax error; token: "{name or "<EOF>"}"')
        elif name.upper() in _reserved():
            raise self.wrong(f"Attribute name is a reserved keyword; reserved keyword: {name}")
        else:
            self.bare.add(name)
        return name

    def operand(self) -> Node:
        if self.next.startswith(":"):
            self.values.add(self.next)
            return Node("value", (self.take(),))
        return self.path()

    def listed(self, one: Callable[[], Node]) -> list[Node]:
        found = [one()]
        while self.accept(","):
            found.append(one())
        return found


@lru_cache(maxsize=4096)
def condition_tree(text: str, what: str) -> tuple[Node, Reader]:
    """Return the tree of a condition, and its reader. Raises Refused."""
    reader = Reader(text, what)
    tree = _either(reader)
    reader.end()
    return tree, reader


def _either(reader: Reader) -> Node:
    left = _both(reader)
    while reader.accept("OR"):
        left = Node("or", (left, _both(reader)))
    return left


def _both(reader: Reader) -> Node:
    left = _negated(reader)
    while reader.accept("AND"):
        left = Node("and", (left, _negated(reader)))
    return left


def _negated(reader: Reader) -> Node:
    if reader.accept("NOT"):
        return Node("not", (_negated(reader),))
    if reader.accept("("):
        inside = _either(reader)
        reader.expect(")")
        return inside
    return _comparison(reader)


def _comparison(reader: Reader) -> Node:
    if reader.next in _FUNCTIONS:
        return _function(reader)
    if reader.next in ("size", "attribute_type"):
        raise NotImplementedError(f"not simulated: the function {reader.next}")
    left = reader.operand()
    if reader.next in _COMPARATORS:
        return Node(reader.take(), (left, reader.operand()))
    if reader.accept("BETWEEN"):
        low = reader.operand()
        reader.expect("AND")
        return Node("between", (left, low, reader.operand()))
    reader.expect("IN")
    reader.expect("(")
    among = reader.listed(reader.operand)
    reader.expect(")")
    if len(among) > MOST_OPERANDS:
        raise reader.wrong("The number of operands of IN is larger than 100;")
    return Node("in", (left, *among))


def _function(reader: Reader) -> Node:
    name = reader.take()
    reader.expect("(")
    operands = [reader.path(), *(_further(reader) for _ in range(_FUNCTIONS[name] - 1))]
    reader.expect(")")
    return Node(name, tuple(operands))


def _further(reader: Reader) -> Node:
    reader.expect(",")
    return reader.operand()


@lru_cache(maxsize=4096)
def update_tree(text: str) -> tuple[tuple[Node, ...], Reader]:
    """Return the actions of an update: nodes "set", "remove", "add" and "delete". Raises Refused."""
    reader = Reader(text, "UpdateExpression")
    actions: list[Node] = []
    seen: set[str] = set()
    while reader.next:
        clause = reader.take().upper()
        if clause not in _ACTIONS or clause in seen:
            raise reader.wrong(f'The "{clause}" section can only be used once in an update expression;')
        seen.add(clause)
        actions += reader.listed(partial(_ACTIONS[clause], reader))
    return tuple(actions), reader


def _set(reader: Reader) -> Node:
    path = reader.path()
    reader.expect("=")
    left = _term(reader)
    while reader.next in ("+", "-"):
        left = Node(reader.take(), (left, _term(reader)))
    return Node("set", (path, left))


def _term(reader: Reader) -> Node:
    if reader.next != "if_not_exists":
        if reader.next == "list_append":
            raise NotImplementedError("not simulated: list_append")
        return reader.operand()
    reader.take()
    reader.expect("(")
    path = reader.path()
    reader.expect(",")
    otherwise = _term(reader)
    reader.expect(")")
    return Node("if_not_exists", (path, otherwise))


def _remove(reader: Reader) -> Node:
    return Node("remove", (reader.path(),))


def _add(reader: Reader) -> Node:
    return Node("add", (reader.path(), reader.operand()))


def _delete(reader: Reader) -> Node:
    return Node("delete", (reader.path(), reader.operand()))


_ACTIONS = {"SET": _set, "REMOVE": _remove, "ADD": _add, "DELETE": _delete}


@lru_cache(maxsize=1024)
def projection_tree(text: str) -> tuple[tuple[Node, ...], Reader]:
    """Return the paths of a projection. Raises Refused."""
    reader = Reader(text, "ProjectionExpression")
    paths = reader.listed(reader.path)
    reader.end()
    return tuple(paths), reader
