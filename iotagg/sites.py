"""How each site stands, and what came from it day by day: from the heads of its files alone, without a look at sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from iotagg.core.allowances import allows
from iotagg.core.history import FIRST_DAY, LAST_DAY
from iotagg.core.judging.sites import rejects_findings, site_findings
from iotagg.standing_out.sites import ON_THE_WAY, flows_of, later, said_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.core.findings import Finding
    from iotagg.standing_out.sites import SiteFiles
    from iotagg.stores.protocol import Store

State = Literal["fine", "silent", "rejects", "pending", "empty"]
_LATELY = 7  # days until the newest of a site: as long, a file with many rejected lines is worth a word


@dataclass(frozen=True, slots=True)
class Site:
    """A site, the files that are in and the flows and rejected lines of these; days are "" where there are none.

    `pending` are files whose figures are not all in, or not all out, yet. `state` is `empty` where nothing is in,
    `silent` where it has sent nothing until today for longer than is usual, `rejects` where a file of its last days has
    unusually many rejected lines, `pending` where there are such files, else `fine`. What is allowed is in order.
    """

    site: str
    files: int
    pending: int
    flows: int
    rejected: int
    first_day: str
    last_day: str
    state: State


@dataclass(frozen=True, slots=True)
class SiteDay:
    """What came from a site for a day: flows, and how many files hold any of them."""

    day: str
    flows: int
    files: int


def site_standing(store: Store, site: str, today: str) -> Site:
    """Return how a site stands on a day (`2022-12-06`)."""
    records = [record for record in store.files(site) if record.is_in]
    pending = sum(1 for _ in store.pending(site))
    heads = [record.head for record in records]
    days = [day for head in heads if head.pair_days for day in (head.first_day, head.last_day)]
    return Site(
        site,
        files=len(records),
        pending=pending,
        flows=sum(head.lines["counted"] for head in heads),
        rejected=sum(head.lines["rejected"] for head in heads),
        first_day=min(days, default=""),
        last_day=max(days, default=""),
        state=_state(store, said_by(site, records, today), today, pending),
    )


def _state(store: Store, files: SiteFiles, today: str, pending: int) -> State:
    # A day on which nothing came is for a person to look at, whatever else there is.
    horizon = files.horizon
    if not horizon:
        return "pending" if pending else "empty"
    over = later(today, -ON_THE_WAY)
    if _is_news(store, site_findings(files.site, files.sent, later(horizon, 1), today, over)):
        return "silent"
    if _is_news(store, rejects_findings(files.site, files.files, later(horizon, 1 - _LATELY), horizon)):
        return "rejects"
    return "pending" if pending else "fine"


def _is_news(store: Store, findings: Iterable[Finding]) -> bool:
    found = list(findings)
    allowed = store.allowances() if found else []
    return any(not any(allows(each, one.site, "", "", one.kind, one.day) for each in allowed) for one in found)


def site_days(store: Store, site: str, since: str = FIRST_DAY, until: str = LAST_DAY) -> list[SiteDay]:
    """Return what came for each day between two inclusive ones, of files that are in, oldest first.

    Of a file with very many days, those with the most flows are known.
    """
    flows: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for record in store.files(site):
        of_days = flows_of(record.head) if record.is_in else {}
        flows.update(of_days)
        files.update(of_days.keys())
    return [SiteDay(day, flows[day], files[day]) for day in sorted(flows) if since <= day <= until]
