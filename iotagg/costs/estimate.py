"""What a stack costs in a month for given traffic: by item, with the free tier and without."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.costs.traffic import Traffic
from iotagg.costs.usage import Options, quantities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.costs.prices import Prices

__all__ = ["Item", "Options", "Traffic", "estimate", "lines", "total"]

_WHOLE_FROM = 100  # three digits say enough


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the bill: a quantity in a price's unit, USD for one, USD for all of it, and after the free tier."""

    service: str
    what: str
    quantity: float
    unit: str
    price: float
    usd_per_month: float
    usd_after_free_tier: float


def estimate(traffic: Traffic, options: Options, prices: Prices) -> list[Item]:
    """Return what a month costs, by item; those of which there is nothing are left out."""
    used: defaultdict[str, float] = defaultdict(float)
    items = []
    for service, what, name, quantity in quantities(traffic, options):
        if quantity:
            price = prices[name]
            charged = max(0, quantity - max(0, price.free - used[price.pool]))
            used[price.pool] += quantity
            usd = (quantity * price.usd, charged * price.usd)
            items.append(Item(service, what, quantity, price.unit, price.usd, *usd))
    return items


def total(items: Sequence[Item]) -> tuple[float, float]:
    """Return USD a month, without the free tier and with it."""
    return sum(item.usd_per_month for item in items), sum(item.usd_after_free_tier for item in items)


def lines(items: Sequence[Item]) -> list[str]:
    """Return a table of the items and their total, as it is printed."""
    header = ("service", "what", "quantity", "unit", "USD each", "USD a month", "with free tier")
    rows: list[tuple[str, ...]] = [
        (item.service, item.what, _shown(item.quantity), item.unit, _each(item.price), *_usd(item)) for item in items
    ]
    rows.append(("total", "", "", "", "", *(f"{usd:,.2f}" for usd in total(items))))
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    right = (False, False, True, False, True, True, True)
    return [
        "  ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in (header, *rows)
    ]


def _usd(item: Item) -> tuple[str, str]:
    return f"{item.usd_per_month:,.2f}", f"{item.usd_after_free_tier:,.2f}"


def _shown(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= _WHOLE_FROM else f"{quantity:.3g}"


def _each(usd: float) -> str:
    return f"{usd:.10f}".rstrip("0").rstrip(".")
