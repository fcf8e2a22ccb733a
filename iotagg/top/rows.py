"""What an answer is looked for among: pair-months, or what a store keeps of devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from iotagg.top.question import Of

if TYPE_CHECKING:
    from iotagg.core.ranks import Side
    from iotagg.stores.protocol import Ranked, Store
    from iotagg.top.question import Question


class Rows(NamedTuple):
    """Where ranks and exact sums are read.

    `side` is that of the devices whose pairs all take part, if any; `of_devices` says that a row is such a device's.
    """

    store: Store
    ranked: Ranked
    side: Side | None
    of_devices: bool
    of_pairs: bool

    @property
    def are_whole(self) -> bool:
        """Whether a row is all that there is in a month of whoever it counts for."""
        return self.of_devices or self.of_pairs

    def only(self, question: Question) -> str:
        """Return the one device of which all is kept together, if the question is about one."""
        network = question.destination if self.of_devices and self.side == "destination" else question.source
        return network.only if network is not None else ""


def rows_of(store: Store, question: Question) -> Rows:
    """Return where to look."""
    side: Side | None = None
    if question.of is Of.SOURCES and question.destination is None:
        side = "source"
    if question.of is Of.DESTINATIONS and question.source is None:
        side = "destination"
    devices = store.devices(side) if side is not None else None
    return Rows(store, devices or store, side, devices is not None, question.of is Of.PAIRS)
