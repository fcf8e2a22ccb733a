"""How the bench is to run: what each of its parts is told."""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Disagreement(Exception):
    """Ways that should have the same result do not; the message says which."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run.

    `data` is a folder whose flow files are measured instead of generated ones; `sizes` are megabytes (10^6 bytes) of
    generated files, empty for a part's own; `rounds` is how often all ways take turns, 0 for a part's own; `quick` asks
    for the smallest that shows anything; results go to `keep` as JSON lines, and with `again` they are read from there
    instead of measured; generated files lie in `cache`. `store` names the one store to measure where a part knows
    several, and `pairs` says of how many; empty and 0 for a part's own.
    """

    data: Path | None = None
    sizes: tuple[int, ...] = ()
    rounds: int = 0
    quick: bool = False
    keep: Path | None = None
    again: bool = False
    cache: Path = field(default_factory=lambda: Path(tempfile.gettempdir()) / "iotagg-bench")
    store: str = ""
    pairs: int = 0

    def keep_results(self, part: str, results: Iterable[dict[str, Any]]) -> None:
        """Add what a part found to its file in `keep`, a line of JSON each; without a folder, keep nothing."""
        if self.keep is None:
            return
        self.keep.mkdir(parents=True, exist_ok=True)
        with (self.keep / f"{part}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(result) + "\n" for result in results)

    def kept_results(self, part: str) -> list[dict[str, Any]]:
        """Return what a part found and kept. Raises FileNotFoundError when there is nothing."""
        lines = ((self.keep or Path()) / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a parser understand the options."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="measure the .csv and .csv.gz files below DIR instead")
    parser.add_argument(
        "--sizes", type=_sizes, default=(), metavar="MB,…", help="sizes of generated files: 10,100,1000"
    )
    parser.add_argument("--rounds", type=int, default=0, metavar="N", help="how often all ways take turns")
    parser.add_argument("--quick", action="store_true", help="the smallest run: does everything work and agree?")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="add the results to DIR/PART.jsonl")
    parser.add_argument("--again", action="store_true", help="measure nothing: show what --keep DIR kept")
    parser.add_argument("--store", choices=["sqlite", "dynamodb"], default="", help="measure this store alone (top)")
    parser.add_argument("--pairs", type=int, default=0, metavar="N", help="of so many pairs (top)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where generated files lie, for the next run too")


def read_options(given: argparse.Namespace) -> Options:
    """Return what was understood."""
    cache = {"cache": given.cache} if given.cache else {}
    more = {"store": given.store, "pairs": given.pairs}
    return Options(given.data, given.sizes, given.rounds, given.quick, given.keep, given.again, **more, **cache)


def _sizes(text: str) -> tuple[int, ...]:
    sizes: Sequence[int] = [int(size) for size in text.split(",")]
    if not all(size > 0 for size in sizes):
        raise argparse.ArgumentTypeError("sizes are megabytes, such as 10,100")
    return tuple(sizes)
