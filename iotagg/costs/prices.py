"""What AWS charges for one of each, from a file of list prices with its date: the one that comes along, or another.

The file is JSON: `noted` is its date, `prices` holds for each name the unit, USD for one unit in each region, whether
that was checked and where, AWS's own page, and what of it is free each month. `nearest` says for the beginnings of
other regions' names which region's prices are taken for them; the longest that fits counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

REGION = "eu-west-1"  # where no other is named
OWN = files("iotagg.costs").joinpath("prices.json")


@dataclass(frozen=True, slots=True)
class Price:
    """What one `unit` costs; `free` units a month cost nothing, shared with all prices of the same `pool`."""

    usd: float
    unit: str
    checked: bool
    pool: str = ""
    free: float = 0


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of one region, noted on a day; `asked` is the region that they stand for."""

    noted: str
    region: str
    asked: str
    by_name: dict[str, Price]

    def __getitem__(self, name: str) -> Price:
        """Return a price. Raises InvalidValue where the file has none of that name."""
        try:
            return self.by_name[name]
        except KeyError:
            raise InvalidValue(f"the price file has no price of {name} in {self.region}; add it") from None

    @property
    def note(self) -> str:
        """A line that says which prices these are, and how far they can be trusted."""
        instead = "" if self.region == self.asked else f" (none are known for {self.asked})"
        unchecked = ", ".join(self.unchecked) or "none"
        return f"AWS list prices in {self.region}{instead}, noted {self.noted}, USD without tax; unchecked: {unchecked}"

    @property
    def unchecked(self) -> list[str]:
        """The names of the prices that nobody compared with a document."""
        return sorted(name for name, price in self.by_name.items() if not price.checked)


def read_prices(region: str = REGION, file: Path | None = None) -> Prices:
    """Return the prices for a region, or for the nearest that is known. Raises InvalidValue, OSError."""
    content = (file or OWN).read_bytes()
    try:
        return _prices(json.loads(content), region)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InvalidValue(f"{file} is no price file; write it as the page Formats of the documentation does") from None


def _prices(fields: Any, asked: str) -> Prices:
    if fields["currency"] != "USD":
        raise ValueError(fields["currency"])
    known = {region for price in fields["prices"].values() for region in price["usd"]}
    region = asked if asked in known else _nearest(fields["nearest"], asked)
    by_name = {name: _price(price, region) for name, price in fields["prices"].items() if region in price["usd"]}
    return Prices(str(fields["noted"]), region, asked, by_name)


def _nearest(nearest: dict[str, str], asked: str) -> str:
    return nearest[max((begin for begin in nearest if asked.startswith(begin)), key=len)]


def _price(fields: Any, region: str) -> Price:
    free = fields.get("free", {"pool": "", "quantity": 0})
    usd, quantity = (float(number) for number in (fields["usd"][region], free["quantity"]))
    if not (0 <= usd < float("inf") and 0 <= quantity < float("inf")):
        raise ValueError(fields)
    return Price(usd, str(fields["unit"]), bool(fields["checked"][region]), str(free["pool"]), quantity)
