"""What became of files, line by line and in sum, as every command that takes files prints it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from iotagg.cli.printing import plural, print_json, readable_path
from iotagg.core.cells import printable

if TYPE_CHECKING:
    from iotagg.core.outcome import Outcome

_WAITING = "handed over"


@dataclass(slots=True)
class Report:
    """Prints outcomes as they come, and counts them."""

    quiet: bool = False
    as_json: bool = False
    dry_run: bool = False
    states: Counter[str] = field(default_factory=Counter, init=False)
    elsewhere: int = field(default=0, init=False)

    def count(self, outcome: Outcome) -> bool:
        """Count an outcome; say whether it is to be printed."""
        self.states[outcome.state] += 1
        self.elsewhere += bool(outcome.also_at)
        return outcome.failed or not self.quiet

    def show(self, outcome: Outcome, **more: Any) -> None:
        """Print an outcome; `more` goes into the machine output."""
        if self.as_json:
            print_json(outcome.as_json() | more | ({"dry_run": True} if self.dry_run else {}))
            return
        state = f"would be {outcome.state}" if self.dry_run and not outcome.failed else outcome.state
        click.echo(f"{state:<15}  {readable_path(outcome.file)}  {details(outcome)}".rstrip(), err=outcome.failed)

    def summarize(self) -> None:
        """Print how many files there were of each state."""
        if self.as_json:
            return
        summary = ", ".join(f"{count:,} {state}" for state, count in sorted(self.states.items()) if count)
        also = f"; {self.elsewhere:,} of them also for another site" if self.elsewhere else ""
        nothing_done = " (a dry run: nothing was done)" if self.dry_run else ""
        click.echo(f"{plural(self.states.total(), 'file')}{': ' if summary else ''}{summary}{also}{nothing_done}")


def details(outcome: Outcome) -> str:
    """Return what a person wants to know of an outcome, beside its state and its file."""
    if outcome.reason:
        return printable(outcome.reason)
    return _figures(outcome) if outcome.lines else _WAITING


def _figures(outcome: Outcome) -> str:
    parts = [plural(outcome.lines["counted"], "flow"), plural(outcome.pairs or 0, "pair"), _days(outcome)]
    if outcome.lines["rejected"]:
        parts.append(f"{outcome.lines['rejected']:,} rejected")
    if outcome.day_order.endswith("(assumed)"):
        parts.append("dates assumed day-first")
    if outcome.pseudonym_key:
        parts.append(f"pseudonyms under key {outcome.pseudonym_key}")
    if outcome.also_at:
        parts.append(f"also counted for {' and '.join(outcome.also_at)}")
    return ", ".join(part for part in parts if part)


def _days(outcome: Outcome) -> str:
    if not outcome.first_day:
        return "a quiet day"
    return outcome.first_day if outcome.first_day == outcome.last_day else f"{outcome.first_day} to {outcome.last_day}"
