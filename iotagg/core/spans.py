"""A span of days, the months it touches, and the span before it that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from iotagg.errors import InvalidValue

_FIRST_MONTH = 12  # January of the year 1, in months since the year 0


@dataclass(frozen=True, slots=True)
class Span:
    """The days between two inclusive ISO days. Raises InvalidValue where the first is after the last."""

    first: str
    last: str

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise InvalidValue(f"{self.first} is after {self.last}; a range begins with its earlier day")

    @classmethod
    def of_months(cls, first: str, last: str) -> Span:
        """Return all days from the first of a month (`2022-12`) to the end of one."""
        return cls(f"{first}-01", f"{last}-{_length(last):02}")

    @property
    def months(self) -> tuple[str, ...]:
        """The months of which it holds at least a day, oldest first."""
        return tuple(map(_named, range(_number(self.first), _number(self.last) + 1)))

    @property
    def days(self) -> tuple[str, ...]:
        """Its days, oldest first."""
        first = date.fromisoformat(self.first).toordinal()
        last = date.fromisoformat(self.last).toordinal()
        return tuple(date.fromordinal(each).isoformat() for each in range(first, last + 1))

    @property
    def is_whole(self) -> bool:
        """Whether it holds nothing but whole months."""
        return self == Span.of_months(self.first[:7], self.last[:7])

    def holds(self, month: str) -> bool:
        """Say whether all days of a month lie within it."""
        first, last = _ends(month)
        return self.first <= first and last <= self.last

    def previous(self) -> Span | None:
        """Return as many whole months before it if it is made of such, else as many days; None before the year 1."""
        if self.is_whole:
            first, last = _number(self.first), _number(self.last)
            before = first - (last - first + 1)
            return Span.of_months(_named(before), _named(first - 1)) if before >= _FIRST_MONTH else None
        first_day, last_day = date.fromisoformat(self.first), date.fromisoformat(self.last)
        try:
            begin = first_day - (last_day - first_day) - timedelta(days=1)
        except OverflowError:
            return None
        return Span(begin.isoformat(), (first_day - timedelta(days=1)).isoformat())


def _number(day: str) -> int:
    return int(day[:4]) * 12 + int(day[5:7]) - 1


def _named(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


@lru_cache(maxsize=1 << 10)  # a question is about few months, and asked of each of thousands of rows
def _ends(month: str) -> tuple[str, str]:
    return f"{month}-01", f"{month}-{_length(month):02}"


def _length(month: str) -> int:
    february = 29 if _is_leap(int(month[:4])) else 28
    return (31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[int(month[5:7]) - 1]


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
