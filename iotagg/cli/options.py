"""What many options take: sites, addresses, days and months; and the options that many commands share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from iotagg.core.values import checked_address, checked_day, checked_month, checked_site
from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable


class Checked(click.ParamType[Any]):
    """An argument whose text a function checks and turns into what it means."""

    def __init__(self, name: str, check: Callable[[str], Any]) -> None:
        self.name = name
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what the text means; click prints why it means nothing."""
        if not value or not isinstance(value, str):
            return value
        try:
            return self._check(value)
        except InvalidValue as reason:
            self.fail(str(reason), param, ctx)


class Seconds(click.FloatRange):
    """A time to wait: some seconds, at most some thirty years of them."""

    def __init__(self) -> None:
        super().__init__(min=0, max=1e9)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds; click prints why they are none."""
        found = float(super().convert(value, param, ctx))
        if math.isnan(found):
            self.fail(f"'{value}' is no number of seconds", param, ctx)
        return found


COUNT = click.IntRange(1, 10**9)
SECONDS = Seconds()
SITE = Checked("site", checked_site)
ADDRESS = Checked("address", checked_address)
DAY = Checked("day", checked_day)
MONTH = Checked("month", checked_month)

site_option = click.option("--site", type=SITE, default="", help="Only this site; without it, all.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
