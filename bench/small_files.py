"""Which requests small files cost, and what of them ideas would save: counted on the engine.

The files are those of the folder that IOTAGG_REAL_FILES names, or sample files of 300 rows. Printed are each file's
size, its pair-months and the requests it costs by step; the mean by operation; and for ideas, none of which is built,
the share of all requests that they would leave out: counted from the messages of each file, of which all but one
would do without.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.file_requests import CONSOLIDATE, SUMMARIZE, Till, show_costs
from bench.setting import engine, sample_files, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.file_requests import FileCost

SMALL_ROWS = 300
BUCKETS_TOGETHER = 4


def show_files(found: list[FileCost]) -> None:
    """Print what each file costs, the smallest first."""
    rows = [
        (
            f"{number} {each.outcome.state}",
            each.outcome.lines.get("lines", 0),
            each.head.pair_months if each.head else 0,
            each.head.chunks if each.head else 0,
            each.messages,
            *(_of(each, step) for step in (SUMMARIZE, CONSOLIDATE)),
            each.requests.total(),
        )
        for number, each in enumerate(sorted(found, key=lambda each: each.outcome.lines.get("lines", 0)), 1)
    ]
    header = ("file", "lines", "pair-months", "chunks", "messages", SUMMARIZE, CONSOLIDATE, "all requests")
    show("requests of each file", header, rows)


def _of(each: FileCost, step: str) -> int:
    return sum(count for (at, _), count in each.requests.items() if at == step)


def _consolidated(each: FileCost, operation: str) -> int:
    return each.requests[CONSOLIDATE, operation]


def _spared_messages(each: FileCost, together: int) -> float:
    # Each message deleted, its file item read, its bytes, its markers; receiving and sending, ten at a time.
    spared = each.messages - -(-each.messages // together)
    items = _consolidated(each, "dynamodb.GetItem") // max(each.messages, 1)
    return spared * (1 + items + 1 + 1) + spared / 10 * 2


IDEAS: dict[str, Callable[[FileCost], float]] = {
    "read the file item once a message": lambda each: _consolidated(each, "dynamodb.GetItem") - each.messages,
    "keep the file item between messages": lambda each: max(_consolidated(each, "dynamodb.GetItem") - 1, 0),
    "keep a small contribution's bytes between messages": lambda each: max(_consolidated(each, "s3.GetObject") - 1, 0),
    "ask for markers in the last message only": lambda each: max(_consolidated(each, "dynamodb.Query") - 1, 0),
    "chunks in the message, not read": lambda each: (
        _consolidated(each, "s3.GetObject") + _consolidated(each, "dynamodb.GetItem") - each.messages
    ),
    f"{BUCKETS_TOGETHER} buckets in a message": lambda each: _spared_messages(each, BUCKETS_TOGETHER),
    "all buckets of a small file in a message": lambda each: _spared_messages(each, 16),
}


def main() -> None:
    """Measure and print."""
    folder = os.environ.get("IOTAGG_REAL_FILES", "")
    with sample_files(13, SMALL_ROWS) as samples, engine():
        till = Till()
        list(till.costs(samples[:1]))
        files = sorted(Path(folder).glob("*.csv")) if folder else samples[1:]
        found = list(till.costs(files))
    show_files(found)
    counted = [each for each in found if each.messages]
    show_costs(f"requests of a file, the mean of the {len(counted)} that were counted", counted)
    everything = sum(each.requests.total() for each in counted)
    shares = [(idea, f"{sum(map(spared, counted)) / everything:.0%}") for idea, spared in IDEAS.items()]
    show("what ideas would save, each by itself", ("idea", "of all requests"), shares)


if __name__ == "__main__":
    main()
