"""What flow files of these tests hold, as they grow and change; and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.dialect import ReadingOptions
from tests.pipeline.csvs import csv, flow

if TYPE_CHECKING:
    from iotagg.core.outcome import Outcome

A = csv(flow(packets=1), flow("2001:db8::7", packets=10))
B = csv(flow(packets=2, day="2022-12-31"))
GROWN = A + flow(packets=100)
GROWN_MORE = GROWN + flow(packets=1000)
SECONDS = ReadingOptions(duration_unit="s")


def states(*outcomes: Outcome) -> list[str]:
    """Return what became of files, in a word each."""
    return [outcome.state for outcome in outcomes]
