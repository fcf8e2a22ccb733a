"""What else stands out, planted into made traffic: silences, new pairs, bursts, silent sites, rejects."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.findings_planted import ENOUGH
from bench.findings_traffic import SITE, iso, source
from iotagg.core.findings import Kind
from iotagg.core.judging.devices import Peers, device_findings
from iotagg.core.judging.limits import SETTLING
from iotagg.core.judging.silence import silences
from iotagg.core.judging.sites import FileLines, rejects_findings, sent_days, site_findings
from iotagg.core.pair_month import PairMonth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.findings_traffic import Traffic
    from iotagg.core.findings import Finding

    Found = dict[str, Any]

FAN_OUTS = (20, 50, 200)
REJECTED = (0.001, 0.01, 0.1)
PRESENCES = ((0.9, "on nine days of ten or more"), (0.5, "on half of the days or more"), (0.0, "more rarely"))
_USUALLY_REJECTED = 1e-4
_LATEST = 60
_CALM = 30  # days of a device, before a new pair is planted


def others(traffic: Traffic, rng: np.random.Generator, events: int) -> Iterator[Found]:
    """Yield what was found of so many planted events of each kind."""
    yield from _silent_pairs(traffic, rng, events)
    yield from _of_devices(traffic, rng, events)
    yield from _silent_sites(traffic, rng, events)
    yield from _rejects(traffic, rng, events)


def destination(pair: int) -> str:
    """Return the address of a pair's destination, in a range that is kept for measurements."""
    return f"198.18.{pair // 250}.{pair % 250 + 1}"


def _silent_pairs(traffic: Traffic, rng: np.random.Generator, events: int) -> Iterator[Found]:
    there = traffic.totals[:, :, 0] > 0
    delays: dict[str, list[int | None]] = defaultdict(list)
    for _ in range(events):
        pair, day = int(rng.integers(len(there))), int(rng.integers(ENOUGH, traffic.days))
        observed = np.flatnonzero(there[pair, : day + 1]).tolist()
        if len(observed) >= ENOUGH:
            part = len(observed) / (observed[-1] - observed[0] + 1)
            flows = traffic.totals[pair, observed, 0].tolist()
            kept = (each for each in silences(observed, observed[-1] + _LATEST, flows) if each.last == observed[-1])
            name = next(name for least, name in PRESENCES if part >= least)
            delays[name].append(next((each.stands_out - each.last for each in kept), None))
    for name, each in delays.items():
        yield {"what": "silence", "presence": name, "delays": each}


def months_of(traffic: Traffic, device: int, more: dict[int, int] | None = None) -> list[PairMonth]:
    """Return the pair-months of a device, by destination; `more` adds so many destinations of some days alone."""
    sums: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for pair in np.flatnonzero(traffic.device == device).tolist():
        for day in np.flatnonzero(traffic.totals[pair, :, 0]).tolist():
            sums[destination(pair), iso(day)[:7]][f"f{iso(day)[8:]}"] = int(traffic.totals[pair, day, 0])
    for day, passing in enumerate(traffic.passing[device].tolist()):
        for number in range(passing + (more or {}).get(day, 0)):
            sums[f"198.19.{day}.{number + 1}", iso(day)[:7]][f"f{iso(day)[8:]}"] = 1 + number % 3
    address = source(device)
    return [PairMonth(address, other, month, days) for (other, month), days in sorted(sums.items())]


def findings_of_device(
    traffic: Traffic, device: int, more: dict[int, int] | None = None, day: int | None = None
) -> list[Finding]:
    """Return what stands out of a device, on a day or on all days after the first two weeks."""
    peers = Peers(months_of(traffic, device, more))
    first, last = (ENOUGH, traffic.days - 1) if day is None else (day, day)
    return device_findings(SITE, source(device), peers, iso(first), iso(last))


def _of_devices(traffic: Traffic, rng: np.random.Generator, events: int) -> Iterator[Found]:
    quiet = np.flatnonzero(traffic.passing.sum(axis=1) == 0)
    sizes = (1, *FAN_OUTS)
    for size in sizes:
        for kind, devices in (("quiet", quiet), ("any", np.arange(len(traffic.passing)))):
            for _ in range(max(1, events // 30)):
                device, day = int(rng.choice(devices)), int(rng.integers(max(SETTLING, _CALM), traffic.days))
                said = findings_of_device(traffic, device, {day: size}, day)
                wanted = Kind.NEW_PAIR if size == 1 else Kind.FAN_OUT
                hit = any(each.kind is wanted for each in said)
                yield {"what": "device", "size": size, "of": kind, "found": hit, "findings": len(said)}


def _silent_sites(traffic: Traffic, rng: np.random.Generator, events: int) -> Iterator[Found]:
    flows = {iso(day): int(sent) for day, sent in enumerate(traffic.totals[:, :, 0].sum(axis=0))}
    today = iso(traffic.days)
    for _ in range(max(1, events // 50)):
        missing = iso(int(rng.integers(ENOUGH, traffic.days - 1)))
        sent = sent_days({day: each for day, each in flows.items() if day != missing})
        said = site_findings(SITE, sent, iso(0), today, today)
        yield {"what": "site", "found": missing in {each.day for each in said}, "findings": len(said)}


def _rejects(traffic: Traffic, rng: np.random.Generator, events: int) -> Iterator[Found]:
    counted = traffic.totals[:, :, 0].sum(axis=0).tolist()
    files = [
        FileLines(iso(day), iso(day), rows, int(rng.poisson(_USUALLY_REJECTED * rows)))
        for day, rows in enumerate(counted)
    ]
    for share in REJECTED:
        for _ in range(max(1, events // 50)):
            day = int(rng.integers(ENOUGH, traffic.days))
            bad = FileLines(iso(day), iso(day), counted[day], round(share * counted[day]))
            yield {"what": "rejects", "share": share, "found": _names([*files[:day], bad, *files[day + 1 :]], iso(day))}
    yield {
        "what": "rejects",
        "share": 0.0,
        "files": len(files),
        "findings": len(rejects_findings(SITE, files, iso(0), iso(traffic.days))),
    }


def _names(files: Sequence[FileLines], day: str) -> bool:
    return bool(rejects_findings(SITE, files, day, day))
