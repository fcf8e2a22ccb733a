"""The question what stands out, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.core.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core.allowances import Allowance
    from iotagg.core.findings import Finding


@dataclass(frozen=True, slots=True)
class Question:
    """Which days of which site are asked for, and what of them is to be told.

    `since` and `until` are inclusive ISO days; without `until`, they end with the newest day that is over at each site,
    and without `since`, they begin `days` before that end. `site` is "" for all. `today` is the ISO day of whoever
    asks: days behind it are those of wrong clocks. Without `allowances`, the stored allow list holds. With `singly`, a
    site's day may have more than five findings.
    """

    today: str
    since: str = ""
    until: str = ""
    days: int = 1
    site: str = ""
    least: Severity = Severity.LOW
    allowances: Sequence[Allowance] | None = None
    singly: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A site and the days that were judged: none where `since` is "".

    `horizon` is the last day that it sent, which is taken for not being over; "" where it sent none. `sent` is the
    number of days it sent up to then.
    """

    site: str
    since: str
    until: str
    horizon: str
    sent: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What stands out, folded, sorted by site and day, the worst of a day first, at most five of each.

    `hidden` is the number of findings, before any were folded, that the allow list hides; `milder` that of findings
    below the severity that was asked for.
    """

    findings: tuple[Finding, ...]
    judged: tuple[Judged, ...]
    hidden: int = 0
    milder: int = 0
