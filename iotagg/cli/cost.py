"""iotagg cost: what a stack would cost in a month, estimated from a dated list of prices."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iotagg.cli.options import Checked, json_option
from iotagg.cli.printing import print_json
from iotagg.costs.estimate import Options, estimate, lines, total
from iotagg.costs.prices import REGION, read_prices
from iotagg.costs.traffic import Traffic
from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from iotagg.costs.estimate import Item
    from iotagg.costs.prices import Prices

_DEVICES = 15
_MOST = 1e12
_WHOLE_FROM = 10
_SAME = ("compute", "architecture", "raw_days", "log_days", "kms", "access_log", "pages")


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 < number <= _MOST:
        raise InvalidValue(f"'{text}' is no number above 0 that makes sense here; write it as 1000 or 0.5")
    return number


def _days(text: str) -> float | None:
    return None if text == "forever" else 0 if text == "0" else _number(text)


NUMBER = Checked("number", _number)
_DAYS = Checked("days", _days)


@click.command()
@click.option("--devices", type=NUMBER, help="Devices; as in the sample, 15 to a site, 2,000 rows a day each.  [15]")
@click.option("--pair-days", type=NUMBER, help="Pairs with flows on a day, instead of devices.")
@click.option("--files", type=NUMBER, help="Files a day, all sites together; without it, one for each site.")
@click.option("--rows", type=NUMBER, help="Rows a day, all sites together.")
@click.option("--months", type=NUMBER, default=12, show_default=True, help="Estimate the month with that number.")
@click.option("--retention", type=NUMBER, help="Keep so many months; without it, all.")
@click.option("--raw-days", type=_DAYS, default="0", show_default=True, help="Keep raw files so many days, or forever.")
@click.option("--log-days", type=NUMBER, default=30, show_default=True, help="Keep logs so many days.")
@click.option("--compute", type=click.Choice(["lambda", "vm", "both"]), default="lambda", show_default=True)
@click.option("--architecture", type=click.Choice(["arm64", "x86_64"]), default="arm64", show_default=True)
@click.option("--spot", is_flag=True, help="Take spot machines.")
@click.option("--kms", is_flag=True, help="With a key of your own.")
@click.option("--access-log", is_flag=True, help="With a record of all requests for objects.")
@click.option("--pages", is_flag=True, help="With a page that five people keep open through their working day.")
@click.option("--region", default=REGION, show_default=True, help="Where; the nearest that has prices is taken.")
@click.option(
    "--prices",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Another price file.",
)
@json_option
def cost(
    devices: float | None,
    pair_days: float | None,
    files: float | None,
    rows: float | None,
    region: str,
    file: Path | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Estimate what a stack costs in a month, item by item.

    It works from a list of prices with its date and from what was measured of iotagg, and asks nobody: no account is
    needed. Prices change; the last line says how old these are.

    Examples:

    \b
        iotagg cost
        iotagg cost --devices 1000 --files 1608 --months 24
        iotagg cost --pair-days 1000000 --compute vm --spot --region eu-central-1
        iotagg cost --prices prices.json --json
    """
    if devices and pair_days:
        raise click.UsageError("--devices and --pair-days exclude each other")
    traffic = Traffic.of_pair_days(pair_days) if pair_days else Traffic.of_devices(devices or _DEVICES)
    traffic = replace(
        traffic,
        files_per_day=files or traffic.files_per_day,
        rows_per_day=rows or traffic.rows_per_day,
        months_ahead=chosen["months"],
        retention_months=chosen["retention"],
    )
    prices = read_prices(region, file)
    same = {name: chosen[name] for name in _SAME}
    options = Options(instance="c7g.large spot" if chosen["spot"] else "c7g.large on demand", **same)
    items = estimate(traffic, options, prices)
    if as_json:
        _print_json(items, prices)
    else:
        _print(items, traffic, prices)


def _print(items: list[Item], traffic: Traffic, prices: Prices) -> None:
    daily = {"file": traffic.files_per_day, "row": traffic.rows_per_day, "pair-day": traffic.pair_days_per_day}
    each_day = ", ".join(_many(count, what) for what, count in daily.items())
    click.echo(f"{_many(traffic.sites, 'site')}; each day {each_day}; month {traffic.months_ahead:,g}\n")
    click.echo("\n".join(lines(items)))
    click.echo(f"\n{prices.note}.")


def _many(count: float, what: str) -> str:
    shown = f"{count:,.0f}" if count >= _WHOLE_FROM else f"{count:.3g}"
    return f"{shown} {what}" + ("" if shown == "1" else "s")


def _print_json(items: list[Item], prices: Prices) -> None:
    for item in items:
        print_json(asdict(item))
    full, after = total(items)
    print_json(
        {
            "total": True,
            "usd_per_month": full,
            "usd_after_free_tier": after,
            "region": prices.region,
            "asked": prices.asked,
            "noted": prices.noted,
            "unchecked": prices.unchecked,
        }
    )
