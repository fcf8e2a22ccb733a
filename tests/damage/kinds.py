"""All kinds of damage, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.damage.scene import Named, Scene

Do = Callable[[Scene], list[Named]]
Where = Literal["anywhere", "a database", "a deployment"]


@dataclass(frozen=True, slots=True)
class Damage:
    """What does it, returning what has to be named, and where it can happen.

    `unproven` says why nobody could tell it from what happens to a store that is only used.
    """

    do: Do
    where: Where = "anywhere"
    unproven: str = ""


DAMAGES: dict[str, Damage] = {}


def damage(do: Do) -> Do:
    """List a kind of damage under its name."""
    DAMAGES[do.__name__] = Damage(do)
    return do


def damage_to(where: Where) -> Callable[[Do], Do]:
    """List a kind of damage that can only happen there."""

    def listed(do: Do) -> Do:
        DAMAGES[do.__name__] = Damage(do, where)
        return do

    return listed


def damage_unproven(why: str) -> Callable[[Do], Do]:
    """List a kind of damage of which nothing else that is stored speaks."""

    def listed(do: Do) -> Do:
        DAMAGES[do.__name__] = Damage(do, unproven=why)
        return do

    return listed
