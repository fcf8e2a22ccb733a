"""The values of a template's parameters, checked here before AWS is asked for anything."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from iotagg.deployment.outline import text_of
from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from iotagg.deployment.outline import Outline

_HIDDEN = "****"  # what CloudFormation shows of a secret
_LISTS = ("CommaDelimitedList", "List<")
_NUMBERS = ("Number", "List<Number>")


@dataclass(frozen=True, slots=True)
class Settled:
    """The parameters of a deployment: what is sent (None: as before), and the value that each will have."""

    sent: Mapping[str, str | None]
    values: Mapping[str, str]


def parsed(texts: Iterable[str]) -> dict[str, str]:
    """Return what texts such as OnOverwrite=replace set; the last one wins. Raises InvalidValue."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidValue(f"--set {text} has no '='; write it as --set Parameter=value")
        found[name] = value
    return found


def check(template: Outline, given: Mapping[str, str], filled: Collection[str]) -> None:
    """Check what a person set, of which nothing may be in `filled`. Raises InvalidValue."""
    _check_names(template, given, filled)
    for name, value in given.items():
        _check_value(name, value, template.parameters[name])


def settled(
    template: Outline, given: Mapping[str, str], previous: Mapping[str, str], filled: Mapping[str, str]
) -> Settled:
    """Return what every parameter of a template is to be.

    `given` is what a person set, `previous` what the stack has, `filled` what iotagg fills in by itself (as far as the
    template asks for it). What is in none of them gets the template's default. Raises InvalidValue.
    """
    check(template, given, filled)
    sent: dict[str, str | None] = {}
    values: dict[str, str] = {}
    for name, declared in template.parameters.items():
        if name in filled or name in given:
            sent[name] = values[name] = filled.get(name, given.get(name, ""))
        elif name in previous:
            sent[name], values[name] = None, previous[name]
        elif "Default" in declared:
            values[name] = text_of(declared["Default"])
        else:
            raise InvalidValue(f"parameter {name} has no value yet; give it one: --set {name}=VALUE{_hint(declared)}")
        if name not in filled and values[name] != _HIDDEN:
            _check_value(name, values[name], declared)
    return Settled(sent, values)


def _check_names(template: Outline, given: Mapping[str, str], filled: Collection[str]) -> None:
    for name in given:
        if name in filled and name in template.parameters:
            raise InvalidValue(f"parameter {name} is filled in by iotagg itself; leave it out")
        if name not in template.parameters:
            may_be_set = sorted(set(template.parameters) - set(filled))
            lower = {each.lower(): each for each in may_be_set}
            near = get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
            hint = f"did you mean {lower[near[0]]}?" if near else f"there are {', '.join(may_be_set) or 'none'}"
            raise InvalidValue(f"there is no parameter {name}; {hint}")


def _check_value(name: str, value: str, declared: Mapping[str, Any]) -> None:
    parts = [part.strip() for part in value.split(",")] if str(declared.get("Type")).startswith(_LISTS) else [value]
    for part in parts:
        wrong = _wrong(part, declared)
        if wrong:
            raise InvalidValue(
                f"parameter {name}={value}: {wrong}{_note(declared)}; set another with --set {name}=VALUE"
            )


def _wrong(value: str, declared: Mapping[str, Any]) -> str:
    # In the order in which CloudFormation checks.
    allowed = [text_of(each) for each in declared.get("AllowedValues", ())]
    if allowed and value not in allowed:
        return f"it has to be one of {', '.join(allowed)}"
    if declared.get("Type") in _NUMBERS:
        return _wrong_number(value, declared)
    shortest, longest = declared.get("MinLength"), declared.get("MaxLength")
    if shortest is not None and len(value) < int(shortest):
        return f"it has to have at least {shortest} characters"
    if longest is not None and len(value) > int(longest):
        return f"it may have {longest} characters at most"
    pattern = declared.get("AllowedPattern")
    return f"it has to match {pattern}" if pattern is not None and not _matches(str(pattern), value) else ""


def _wrong_number(value: str, declared: Mapping[str, Any]) -> str:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        return "it has to be a number"
    least, most = declared.get("MinValue"), declared.get("MaxValue")
    if least is not None and number < float(least):
        return f"it has to be {least} at least"
    return f"it has to be {most} at most" if most is not None and number > float(most) else ""


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True  # Java's patterns can do more than Python's; CloudFormation checks it too


def _note(declared: Mapping[str, Any]) -> str:
    described = declared.get("ConstraintDescription")
    return f" ({' '.join(str(described).split())})" if described else ""


def _hint(declared: Mapping[str, Any]) -> str:
    described = declared.get("Description")
    return f" ({' '.join(str(described).split())})" if described else ""
