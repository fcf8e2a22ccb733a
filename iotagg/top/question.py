"""What may be asked: the first of what, by which measure, where and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from iotagg.core.networks import Network
    from iotagg.core.spans import Span

MOST_MONTHS = 120
FEWEST_PACKETS = 100


class By(StrEnum):
    """What is compared.

    `growth` is the duration, less that of the span before; `us-per-packet` is duration divided by packets.
    """

    DURATION = "duration"
    PACKETS = "packets"
    FLOWS = "flows"
    GROWTH = "growth"
    PACE = "us-per-packet"


class Of(StrEnum):
    """Whose totals are compared."""

    PAIRS = "pairs"
    SOURCES = "sources"
    DESTINATIONS = "destinations"


@dataclass(frozen=True, slots=True)
class Question:
    """The first `count` of what, by which measure, within a span of days.

    `site` is empty for all sites: a device of two sites is two devices. `source` and `destination` let only pairs of
    such addresses take part. By growth, only what grew takes part, and by µs per packet only what has `packets` of them
    at least.
    `before` is the span that is compared with, if any is. Raises InvalidValue for a span of more than 120 months, each
    of which is looked through by itself.
    """

    by: By
    of: Of
    span: Span
    site: str = ""
    source: Network | None = None
    destination: Network | None = None
    count: int = 10
    packets: int = FEWEST_PACKETS
    before: Span | None = field(init=False)

    def __post_init__(self) -> None:
        months = len(self.span.months)
        if months > MOST_MONTHS:
            raise InvalidValue(
                f"{self.span.first} to {self.span.last} are {months:,} months; ask for {MOST_MONTHS} of them at most"
            )
        object.__setattr__(self, "before", self.span.previous() if self.by is By.GROWTH else None)

    @property
    def beginnings(self) -> tuple[str, str]:
        """What the addresses of those that take part begin with, source and destination; others may, too."""
        source, destination = self.source, self.destination
        return source.beginning if source else "", destination.beginning if destination else ""

    @property
    def filters(self) -> bool:
        """Whether not all pairs take part."""
        return self.source is not None or self.destination is not None

    def lets_in(self, source: str, destination: str) -> bool:
        """Say whether a pair takes part."""
        return (self.source is None or self.source.holds(source)) and (
            self.destination is None or self.destination.holds(destination)
        )

    def whose(self, source: str, destination: str) -> tuple[str, str]:
        """Return whose total a pair's is a part of: source and destination, empty where all are meant."""
        return source if self.of is not Of.DESTINATIONS else "", destination if self.of is not Of.SOURCES else ""
