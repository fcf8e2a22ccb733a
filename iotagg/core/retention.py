"""How long a month is kept, and when it ends: by whole months, in UTC."""

from __future__ import annotations

from calendar import timegm
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

MOST_MONTHS = 1200
_LAST_MONTH = 9999 * 12 + 11  # that a calendar here knows


def first_month_kept(today: date, months: int) -> str:
    """Return the first month that is kept on a day: on 2024-01-15 with 12 months, 2023-01; "" with 0: all are."""
    if not months:
        return ""
    return _text(max(12, today.year * 12 + today.month - 1 - months))


def expiry(month: str, months: int) -> int:
    """Return the first second (since 1970, UTC) at which a month is no longer kept: of 2022-12 with 12, 2024-01-01."""
    end = min(_number(month) + months + 1, _LAST_MONTH)
    return timegm((end // 12, end % 12 + 1, 1, 0, 0, 0))


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _text(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"
