"""Ranks beside the sums that they are made of: whether they follow, as far as a month's own sums tell.

The flags of a rank depend on months before. To judge all of them again would take an audit several times as long; so a
rank whose pair is still to be judged is taken away before anything else is changed, and is missing then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iotagg.assess import assess_pair
from iotagg.core.judging.pairs import Pair
from iotagg.core.judging.ranking import months_judged
from iotagg.core.metrics import FLOWS
from iotagg.core.pair_month import PairMonth
from iotagg.core.ranks import Rank, rank_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from iotagg.auditing.spool import Share
    from iotagg.core.books import Held, Marker
    from iotagg.core.contribution import Name
    from iotagg.stores.protocol import Store

MISSING_RANK = "it has no rank, so that nobody looks whether it is large or odd"
OTHER_RANK = "its rank is that of other sums, so that nobody may look whether it is large or odd"


def rank_fault(held: Held) -> str:
    """Return what is wrong with the rank of a pair-month, "" where nothing is."""
    sums = {name: value for name, value in held.figures.items() if isinstance(value, int)}
    if held.rank is None:
        return MISSING_RANK if sums.get(FLOWS, 0) > 0 else ""
    month = PairMonth(held.source, held.destination, held.month, sums)
    follows = Rank.parse(held.rank).sizes == rank_of(month, stands_out=False, steady=False).sizes
    return "" if follows else OTHER_RANK


@dataclass(slots=True)
class Ranks:
    """Knows of which pair-months the ranks have to follow: of what is not assessed yet, they need not."""

    store: Store
    _behind: dict[str, bool] = field(default_factory=dict)

    def are_to_follow(self, site: str) -> bool:
        """Say whether nothing of a site waits for the next one who asks what stands out."""
        if site not in self._behind:
            self._behind[site] = next(iter(self.store.outstanding(site)), None) is not None
        return not self._behind[site]

    def was_assessed(self, site: str, shares: Iterable[Share], markers: Mapping[Name, Mapping[int, Marker]]) -> bool:
        """Say whether all was assessed that changed a pair-month, given by the chunks that have a share in it."""
        names = set()
        for share in shares:
            marker = markers[share.name].get(share.chunk)
            if marker is not None and marker.assessed is not None and marker.assessed < marker.revision:
                return False
            names.add(share.name)
        waiting = {name for name, _ in self.store.outstanding(site)} | {each.name for each in self.store.pending(site)}
        return waiting.isdisjoint(names)

    def take_away(self, held: Held) -> None:
        """Take away the ranks that depend on a pair-month that is about to go: who is interrupted leaves them missing.

        The rank of one that is corrected goes with the correction itself.
        """
        _, last = months_judged(held.month)
        for month, rank in self.store.ranked_months(held.site, held.source, held.destination, held.month, last):
            is_sound = all(isinstance(value, int) for value in month.sums.values())
            if month.month > held.month and rank is not None and is_sound:
                self.store.put_rank(held.site, month, None)

    def assess(self, held: Held) -> None:
        """Judge a pair-month again, and those that depend on it."""
        assess_pair(self.store, Pair(held.site, held.source, held.destination), held.month, held.month)
