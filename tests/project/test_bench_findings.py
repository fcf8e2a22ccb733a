from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np

from bench import findings
from bench.findings_planted import found, history_lengths, planted
from bench.findings_traffic import Size, made
from bench.options import Options
from bench.page import page_of
from bench.report import markdown, save_plots
from tests.examples import long_only
from tests.project.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SMALL = Size(devices=6, peers=5, days=90)


@long_only
def test_the_smallest_run_is_shown_drawn_and_shown_again(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "findings", "--quick", "--keep", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    section = findings.run(Options(quick=True, keep=tmp_path, again=True))
    assert ran.stdout.strip() == markdown(section, page_of("findings").stem).strip()
    save_plots(section, tmp_path)
    assert {file.stem for file in tmp_path.glob("*.svg")} == {"recall", "beside-others"}


def test_the_same_seed_makes_the_same_traffic_and_another_one_does_not() -> None:
    first, again, other = (made(seed, 0, SMALL).totals for seed in (2, 2, 3))
    assert (first == again).all()
    assert (first != other).any()


def test_a_day_is_judged_by_what_was_observed_in_the_sixty_days_before_it() -> None:
    traffic = made(2, 0, SMALL)
    lengths = history_lengths(traffic)
    for pair in range(0, 30, 7):
        for day in (0, 1, 59, 60, 61, 89):
            before = traffic.totals[pair, max(0, day - 60) : day, 0]
            assert lengths[pair, day] == (before > 0).sum()


def test_large_planted_events_are_found_and_small_ones_are_not() -> None:
    traffic, shares = made(2, 0, SMALL), {}
    for events in planted(traffic, np.random.default_rng(1), 150):
        some = events.worth & (events.history >= 28)
        shares[events.effect, events.direction] = found(traffic, events)[some].mean() if some.sum() > 10 else None
    assert (shares[10, 1] or 0) > 0.8
    assert not shares[1, 1]
