"""A run from its beginning to what is found at its end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.on_roto import run_on_roto
from tests.chaos.on_sqlite import run_on_sqlite
from tests.chaos.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.checking import Findings
    from tests.chaos.options import Options
    from tests.chaos.story import Story


@dataclass(frozen=True)
class Result:
    """What happened, and what was found."""

    options: Options
    seconds: float
    story: Story
    findings: Findings

    @property
    def differing(self) -> list[str]:
        """All that is not as it should be."""
        return [complaint for lane in self.story.lanes for complaint in lane.complaints] + self.findings.differing

    def lines(self) -> list[str]:
        """Return the report."""
        story, options = self.story, self.options
        rounds = ", ".join(f"{what} ({count})" for what, count in story.rounds.items())
        started = sum(lane.counts["started"] for lane in story.lanes)
        processes = f"{len(story.lanes)} processes, seed {options.seed}, {self.seconds:.0f} s"
        lines = [
            f"{options.store}: {options.files:,} files, {processes}",
            f"kills: {story.killed:,} (kill -9), {started:,} commands started",
        ]
        for lane in story.lanes:
            whom = ", ".join(
                f"{count} {what[8:]}" for what, count in sorted(lane.counts.items()) if what[:8] == "killed: "
            )
            lines.append(
                f"  {lane.name}: {lane.counts['killed']} killed ({whom}), {lane.counts['ended']} ended by itself"
            )
        return [*lines, f"rounds: {rounds}", *self.findings.told, f"differences: {len(self.differing) or 'none'}"]


def run(options: Options, folder: Path, tell: Callable[[str], object] = lambda _: None) -> Result:
    """Run in an empty folder; `tell` is told how it goes."""
    traffic = Traffic.written(folder / "flows", options.files, options.seed)
    begun = time.monotonic()
    on_store = {"sqlite": run_on_sqlite, "roto": run_on_roto}[options.store]
    story, findings = on_store(options, traffic, folder, tell)
    return Result(options, time.monotonic() - begun, story, findings)
