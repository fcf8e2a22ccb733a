"""The dates of one file, and the order in which they are written."""

from __future__ import annotations

from dataclasses import dataclass, field

from iotagg.core.cells import BadCell, SlashDate, shown
from iotagg.core.cells import day as day_of

Date = str | SlashDate
USUAL_DATE = 40  # longer ones, epoch seconds with endless fractions, are not worth remembering
_MOST_SETTLED = 10_000


@dataclass(slots=True)
class DateOrder:
    """Whether 3/4/2022 is in April or in March, decided by the whole file.

    ========================  =================================================================
    what the dates show       the order
    ========================  =================================================================
    an order was given        that order
    a day-first date          day-first, whatever else there is: contradictions mean day-first
    month-first dates only    month-first
    neither                   day-first, said to be assumed
    ========================  =================================================================
    """

    order: str
    slashed: bool = False
    day_first: bool = False
    month_first: bool = False
    settled: dict[bytes, Date] = field(default_factory=dict)

    def chosen(self) -> str:
        """Return the order that the dates so far decide: `dmy` or `mdy`."""
        if self.order != "auto":
            return self.order
        return "mdy" if self.month_first and not self.day_first else "dmy"

    def name(self) -> str:
        """Return the order as a person is told it; empty where no date needed one."""
        if not self.slashed:
            return ""
        decided = self.order != "auto" or self.day_first or self.month_first
        return self.chosen() if decided else "dmy (assumed)"

    def judge(self, text: bytes) -> tuple[Date, bool]:
        """Return what a date part says, and whether it is a day only if the whole file turns out month-first.

        Raises BadCell.
        """
        settled = self.settled.get(text)
        if settled is not None:
            return settled, False
        date, doubtful = self._judge_new(text)
        if not doubtful and len(text) <= USUAL_DATE and len(self.settled) < _MOST_SETTLED:
            self.settled[text] = date
        return date, doubtful

    def _judge_new(self, text: bytes) -> tuple[Date, bool]:
        date = day_of(text)
        if isinstance(date, str):
            return date, False
        if self.order != "auto":
            possible = date.day(self.order)
            if possible is None:
                raise BadCell(f"{shown(text)} is an impossible date ({self.order})")
            self.slashed = True
            return date, False
        return self._open(date, text)

    def _open(self, date: SlashDate, text: bytes) -> tuple[Date, bool]:
        day_first, month_first = date.day("dmy") is not None, date.day("mdy") is not None
        if not (day_first or month_first):
            raise BadCell(f"{shown(text)} is an impossible date")
        if month_first and not day_first and self.day_first:
            raise BadCell(not_day_first(text))
        self.slashed = True
        self.day_first |= day_first and not month_first
        self.month_first |= month_first and not day_first
        return date, month_first and not day_first


def not_day_first(text: bytes) -> str:
    """Return why a month-first date is rejected where others are day-first."""
    return f"{shown(text)} is an impossible date (other rows show day-first)"
