"""What a store in memory holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iotagg.core.allowances import Allowance
    from iotagg.core.contribution import Contribution, Name
    from iotagg.core.ledger import FileRecord, PathRecord
    from iotagg.core.ranks import Rank

PairMonthKey = tuple[str, str, str, str]


@dataclass
class Tables:
    """The tables of a store in memory; each row is replaced, never changed."""

    contributions: dict[Name, Contribution] = field(default_factory=dict)
    rejects: dict[Name, tuple[bytes, ...]] = field(default_factory=dict)
    files: dict[Name, FileRecord] = field(default_factory=dict)
    paths: dict[tuple[str, str], PathRecord] = field(default_factory=dict)
    markers: dict[tuple[Name, int], int] = field(default_factory=dict)
    sums: dict[PairMonthKey, dict[str, int]] = field(default_factory=dict)
    floors: dict[None, str] = field(default_factory=dict)  # one at most
    ranks: dict[PairMonthKey, Rank] = field(default_factory=dict)
    assessed: dict[Name, int] = field(default_factory=dict)
    allowances: dict[str, Allowance] = field(default_factory=dict)

    def copied(self) -> Tables:
        """Return tables that keep what these hold now."""
        return Tables(**{table: dict(rows) for table, rows in vars(self).items()})
