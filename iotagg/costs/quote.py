"""What a stack with its parameters would cost, in the few lines that a deployment shows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from iotagg.costs.estimate import Options, estimate, total
from iotagg.costs.prices import read_prices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from iotagg.costs.traffic import Traffic
    from iotagg.costs.usage import Architecture, Compute

_CENT = 0.005


def quote(traffic: Traffic, parameters: Mapping[str, str], region: str) -> Iterator[str]:
    """Yield what a month costs with a stack's parameters: a line for each service that costs a cent, and the total."""
    prices = read_prices(region)
    items = estimate(replace(traffic, retention_months=_retention(parameters)), _options(parameters), prices)
    services: defaultdict[str, float] = defaultdict(float)
    for item in items:
        services[item.service] += item.usd_per_month
    full, after = total(items)
    each_day = f"{traffic.rows_per_day:,.0f} rows a day"
    yield f"about {full:,.2f} USD a month for {each_day}, {after:,.2f} with the free tier; iotagg cost says it by item"
    yield ", ".join(f"{service} {usd:,.2f}" for service, usd in services.items() if usd >= _CENT)
    yield prices.note


def _options(parameters: Mapping[str, str]) -> Options:
    raw_days = {"delete": 0.0, "keep-days": float(parameters["RawDays"]), "keep": None}
    return replace(
        Options(),
        compute=cast("Compute", parameters["Compute"]),
        architecture=cast("Architecture", parameters["Architecture"]),
        memory_mb=int(parameters["FunctionMemory"]),
        raw_days=raw_days[parameters["RawObjects"]],
        log_days=float(parameters["LogDays"]),
        kms=bool(parameters["KmsKeyArn"]),
        access_log=parameters["AccessLog"] == "yes",
        pages=parameters.get("Pages") == "yes",
        instance="c7g.large spot",
    )


def _retention(parameters: Mapping[str, str]) -> float | None:
    return float(parameters["Retention"]) + 1 if parameters["Retention"] != "0" else None
