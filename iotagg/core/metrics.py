"""What is counted of a flow: the one table that a further metric is added to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a flow.

    `name` heads its columns in exports, `role` names it for `--map`, `stored` and `letter` name its attributes in a
    stored pair-month: the sum `stored`, the sum of squares `stored_sq` and the total of day DD `letterDD`. `since` is
    the version of the export that brought it: columns are promised, so those of a later metric come after all others.
    `worth_a_word` is the least difference between two days of a pair that anybody would want to hear of.
    """

    name: str
    role: str
    unit: str
    headers: tuple[str, ...]
    stored: str
    letter: str
    kind: Literal["duration", "whole"]
    since: int
    worth_a_word: int

    @property
    def squares(self) -> str:
        """The stored attribute that holds the sum of squares over flows."""
        return f"{self.stored}_sq"


METRICS = (
    Metric(
        name="flow_duration_us",
        role="duration",
        unit="µs",
        headers=("flow duration",),
        stored="dur",
        letter="d",
        kind="duration",
        since=1,
        worth_a_word=600_000_000,
    ),
    Metric(
        name="fwd_packets",
        role="packets",
        unit="packets",
        headers=("tot fwd pkts", "tot fwd pkt", "total fwd packets", "total fwd packet"),
        stored="pkt",
        letter="p",
        kind="whole",
        since=1,
        worth_a_word=200,
    ),
)

FLOWS = "flows"
FLOWS_LETTER = "f"
