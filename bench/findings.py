"""What stands out, and how often wrongly: judged days of made traffic, with and without planted events, beside others.

The seed by which the limits were set is not used here, but to teach the isolation forest what is normal.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.findings_baselines import Baselines, Compared
from bench.findings_normal import normal_days
from bench.findings_other import others
from bench.findings_planted import ENOUGH, HISTORIES, found, history_lengths, planted
from bench.findings_sample import EVENTS, ROWS, of_sample
from bench.findings_section import section
from bench.findings_traffic import Size, made

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.findings_planted import Planted
    from bench.findings_traffic import Array, Traffic
    from bench.options import Options
    from bench.report import Section

    Found = dict[str, Any]

TUNED_ON = 1
EVALUATED_ON = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is judged: sites for each seed, their size, and events of each kind and effect size for each site."""

    seeds: Sequence[int] = EVALUATED_ON
    harsh_seeds: Sequence[int] = EVALUATED_ON[:2]
    size: Size = field(default_factory=Size)
    events: int = 1_500
    learned_days: int = 20_000
    sample: tuple[int, int, int] = (60, ROWS, EVENTS)


QUICK = Scale(EVALUATED_ON[:1], EVALUATED_ON[:1], Size(12, 6, 60), events=60, learned_days=500, sample=(20, 2_000, 10))


def run(options: Options) -> Section:
    """Measure, or take what was kept, and return what it says."""
    if options.again:
        return section(options.kept_results("findings"))
    scale = QUICK if options.quick else Scale()
    described = {"what": "scale", "seeds": scale.seeds, "harsh_seeds": scale.harsh_seeds, **asdict(scale.size)}
    of_traffic = (each for harsh in (False, True) for each in _of_traffic(scale, harsh=harsh))
    results = [described, *of_traffic, *of_sample(*scale.sample)]
    options.keep_results("findings", results)
    return section(results)


def _of_traffic(scale: Scale, *, harsh: bool) -> Iterator[Found]:
    tuned = made(TUNED_ON, 0, scale.size, harsh=harsh)
    pairs, days = _normal(tuned)
    some = np.random.default_rng(TUNED_ON).choice(pairs.size, min(scale.learned_days, pairs.size), replace=False)
    compared = Compared(Baselines(tuned, pairs[some], days[some]))
    for seed in scale.harsh_seeds if harsh else scale.seeds:
        sys.stderr.write(f"findings: seed {seed}{', harsh' if harsh else ''}\n")
        traffic, rng = made(seed, 0, scale.size, harsh=harsh), np.random.default_rng((seed, 1))
        of_normal = normal_days(traffic)
        yield {**of_normal, "harsh": harsh}
        compared.add_normal(traffic, *_normal(traffic), of_normal)
        for events in planted(traffic, rng, scale.events):
            stood_out = found(traffic, events)
            yield from ({**each, "harsh": harsh} for each in _counted(events, stood_out))
            compared.add_planted(traffic, events, stood_out)
        if not harsh:
            yield from others(traffic, rng, scale.events)
    yield from ({**each, "harsh": harsh} for each in compared.results())


def _normal(traffic: Traffic) -> tuple[Array, Array]:
    # All pair-days with enough of a past.
    pairs, days = np.nonzero((traffic.totals[:, :, 0] > 0) & (history_lengths(traffic) >= ENOUGH))
    return pairs, days


def _counted(events: Planted, stood_out: Array) -> Iterator[Found]:
    event = {"what": "planted", "effect": events.effect, "direction": events.direction}
    for band in HISTORIES:
        for worth in (True, False):
            some = (events.history >= band[0]) & (events.history <= band[1]) & (events.worth == worth)
            yield {
                **event,
                "history": str(band),
                "worth": worth,
                "events": int(some.sum()),
                "found": int(stood_out[some].sum()),
            }
