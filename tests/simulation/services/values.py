"""Attribute values of DynamoDB: what is accepted, in which form it is kept, how large it is, how it compares.

Limits: Amazon DynamoDB Developer Guide, "Quotas in Amazon DynamoDB", "Constraints in Amazon DynamoDB" and "DynamoDB
item sizes and formats".
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import Any

from tests.simulation.services.answers import Refused

Value = dict[str, Any]
Item = dict[str, Value]

MOST_DIGITS = 38
MOST_LEVELS = 32
_LARGEST_EXPONENT = 125
_SMALLEST_EXPONENT = -130
_TOO_MANY = 10**MOST_DIGITS
_EXACT = Context(prec=300)  # more than lie between the largest number's first and the smallest one's last digit
_PLAIN = re.compile(r"0|-?[1-9][0-9]{0,37}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")


class Unfit(Exception):
    """A number that DynamoDB does not keep; the text says why."""


def invalid(message: str) -> Refused:
    """Return the refusal of a request that is wrong by itself."""
    return Refused("ValidationException", message)


def number(text: Any) -> str:
    """Return a number in the form that DynamoDB gives back: no needless zeros, no exponent. Raises Unfit."""
    if not isinstance(text, str):
        raise Unfit(f"{type(text).__name__} cannot be converted to String")
    if _PLAIN.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text):
        raise Unfit(f"The parameter cannot be converted to a numeric value: {text}")
    return _canonical(Decimal(text))


def _canonical(value: Decimal) -> str:
    value = value.normalize(_EXACT) if len(value.as_tuple().digits) <= _EXACT.prec else value
    if not value:
        return "0"
    if len(value.as_tuple().digits) > MOST_DIGITS:
        raise Unfit("Attempting to store more than 38 significant digits in a Number")
    if value.adjusted() > _LARGEST_EXPONENT:
        raise Unfit("Number overflow. Attempting to store a number with magnitude larger than supported range")
    if value.adjusted() < _SMALLEST_EXPONENT:
        raise Unfit("Number underflow. Attempting to store a number with magnitude smaller than supported range")
    return format(value, "f")


def total(left: str, right: str) -> str:
    """Return the sum of two numbers in their form. Raises Unfit where it has too many digits."""
    try:
        whole = int(left) + int(right)
    except ValueError:
        return _canonical(_EXACT.add(Decimal(left), Decimal(right)))
    return str(whole) if -_TOO_MANY < whole < _TOO_MANY else _canonical(Decimal(whole))


def accepted(value: Any, levels: int = 0) -> Value:
    """Return a value of a request in the form in which it is kept, as a copy. Raises Refused."""
    if len(value) != 1:
        raise invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one")
    ((kind, content),) = value.items()
    if kind == "N":
        return {"N": _number(content)}
    if kind == "S":
        if not isinstance(content, str):
            raise Refused("SerializationException", f"{type(content).__name__} cannot be converted to String")
        content.encode()  # a lone surrogate is no text that a request could hold
        return {"S": content}
    return {kind: _of_kind(kind, content, levels)}


def accepted_values(given: dict[str, Any]) -> dict[str, Value]:
    """Return the values of a request's expressions in the form in which they are kept. Raises Refused."""
    return {
        name: value if "N" in value and len(value) == 1 and _is_plain(value["N"]) else accepted(value)
        for name, value in given.items()
    }


def _is_plain(text: Any) -> bool:
    return isinstance(text, str) and _PLAIN.fullmatch(text) is not None


def _number(text: Any) -> str:
    try:
        return number(text)
    except Unfit as reason:
        raise invalid(str(reason)) from None


def _of_kind(kind: str, content: Any, levels: int) -> Any:
    if kind in ("L", "M") and levels >= MOST_LEVELS:
        raise invalid("Nesting Levels have exceeded supported limits")
    if kind == "L":
        return [accepted(each, levels + 1) for each in content]
    if kind == "M":
        return {name: accepted(each, levels + 1) for name, each in content.items()}
    if kind in ("SS", "NS"):
        return _members(kind, content)
    if kind == "BOOL" and isinstance(content, bool):
        return content
    if kind == "NULL" and content is True:
        return True
    raise NotImplementedError(f"not simulated: a value {kind} of {content!r}")


def _members(kind: str, content: Any) -> list[str]:
    members = list(content)
    if not members:
        raise invalid("One or more parameter values were invalid: An string set  may not be empty")
    if kind == "NS":
        members = [_number(each) for each in members]
    if len(set(members)) < len(members):
        raise invalid(f"One or more parameter values were invalid: Input collection {members} contains duplicates.")
    return sorted(members)  # in an order of ours: a set has none


def item_bytes(item: Item) -> int:
    """Return the size of an item: the names of its attributes and their values."""
    return sum(map(attribute_bytes, item, item.values()))


def attribute_bytes(name: str, value: Value) -> int:
    """Return what an attribute adds to the size of its item."""
    for kind, content in value.items():
        own = number_bytes(content) if kind == "N" else _bytes_of(kind, content)
        return (len(name) if name.isascii() else len(name.encode())) + own
    raise ValueError(name)


def _bytes_of(kind: str, content: Any) -> int:
    if kind == "S":
        return len(content) if content.isascii() else len(content.encode())
    if kind == "SS":
        return sum(len(each.encode()) for each in content)
    if kind == "NS":
        return sum(map(number_bytes, content))
    if kind == "L":
        return 3 + sum(1 + attribute_bytes("", each) for each in content)
    if kind == "M":
        return 3 + sum(1 + attribute_bytes(name, each) for name, each in content.items())
    return 1


def number_bytes(text: str) -> int:
    """Return the size of a number: a byte for two significant digits and one more, and one for a sign."""
    digits = text.replace(".", "") if "." in text else text
    return ((len(digits.strip("-0")) or 1) + 1) // 2 + 1 + (text[0] == "-")


def growth(name: str, old: Value | None, new: Value | None) -> int:
    """Return by how much an item grows with what becomes of an attribute; None stands for none."""
    if old is not None and new is not None and "N" in old and "N" in new:
        return number_bytes(new["N"]) - number_bytes(old["N"])
    before = attribute_bytes(name, old) if old is not None else 0
    return (attribute_bytes(name, new) if new is not None else 0) - before


def less(left: Value, right: Value) -> bool:
    """Whether a value comes before another one of its type; of two types, none does."""
    if "S" in left and "S" in right:
        return bool(left["S"] < right["S"])  # by code points, which is the order of UTF-8 bytes too
    if "N" in left and "N" in right:
        return Decimal(left["N"]) < Decimal(right["N"])
    return False
