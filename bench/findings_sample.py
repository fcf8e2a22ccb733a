"""The sample's own planted stories, through files and the real reader: what of them is found, and what else is said."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iotagg.core.findings import Kind
from iotagg.core.flows import read_flows
from iotagg.core.history import DayTotal
from iotagg.core.judging.devices import Peers, device_findings
from iotagg.core.judging.folding import folded
from iotagg.core.judging.pairs import Pair, Span, pair_findings
from iotagg.core.pair_month import PairMonth
from iotagg.sample import SampleOptions, write_sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from iotagg.core.findings import Finding

    Found = dict[str, Any]
    Days = dict[tuple[str, str], dict[str, list[int]]]  # of each pair, by ISO day: flows, duration, packets

SEEDS = (2, 3)
SITES = ("paris", "tokyo")
ROWS = 6_000
EVENTS = 30
_FIRST_DAY = date(2022, 12, 1)
_WARM_UP = 7  # days before the first event of the sample
_LATE_BY = 7  # days after an event on which it may still be found: silence takes time


def of_sample(days: int, rows: int = ROWS, events: int = EVENTS) -> Iterator[Found]:
    """Yield for each kind that the sample plants how many there are and are found; then what else is said."""
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    told = others = 0
    for seed in SEEDS:
        options = SampleOptions(days, rows=rows, sites=SITES, anomalies=events, seed=seed, first_day=_FIRST_DAY)
        with tempfile.TemporaryDirectory() as name:
            *files, stories = write_sample(Path(name), options)
            stories_told = list(csv.DictReader(stories.read_text("ascii").splitlines()))
            for site in SITES:
                said = _said(site, _days(file for file in files if file.parent.name == site), days)
                told += len(folded(said))
                of_site = [event for event in stories_told if event["site"] == site]
                planted.update(event["kind"] for event in of_site)
                found.update(event["kind"] for event in of_site if any(_is_about(each, event) for each in said))
                others += sum(not any(_is_about(each, event) for event in of_site) for each in said)
    for kind in planted:
        yield {"what": "sample", "kind": kind, "planted": planted[kind], "found": found[kind]}
    site_days = len(SEEDS) * len(SITES) * (days - _WARM_UP)
    yield {"what": "sample, else", "told": told, "others": others, "site_days": site_days, "days": days}


def _days(files: Iterator[Path]) -> Days:
    pairs: Days = defaultdict(dict)
    for file in files:
        with file.open("rb") as stream:
            of_file = read_flows(stream).days
        for (source, destination, day), (flows, duration, _, packets, _) in of_file.items():
            sums = pairs[source, destination].setdefault(day, [0, 0, 0])
            for place, figure in enumerate((flows, duration, packets)):
                sums[place] += figure
    return pairs


def _said(site: str, pairs: Days, days: int) -> list[Finding]:
    last = (_FIRST_DAY + timedelta(days=days - 1)).isoformat()
    span = Span((_FIRST_DAY + timedelta(days=_WARM_UP)).isoformat(), last, last)
    said: list[Finding] = []
    months: dict[str, list[PairMonth]] = defaultdict(list)
    for (source, destination), by_day in sorted(pairs.items()):
        history = [DayTotal(day, flows, tuple(totals)) for day, (flows, *totals) in sorted(by_day.items())]
        said += pair_findings(Pair(site, source, destination), history, span)
        months[source] += _months(source, destination, by_day)
    for source, of_source in months.items():
        said += device_findings(site, source, Peers(of_source), span.since, last)
    return said


def _months(source: str, destination: str, by_day: Mapping[str, Sequence[int]]) -> Iterator[PairMonth]:
    for month in sorted({day[:7] for day in by_day}):
        yield PairMonth(
            source, destination, month, {f"f{d[8:]}": sums[0] for d, sums in by_day.items() if d[:7] == month}
        )


def _is_about(finding: Finding, event: Mapping[str, str]) -> bool:
    after = (date.fromisoformat(finding.day) - date.fromisoformat(event["day"])).days
    same = finding.source == event["src_ip"] and event["dst_ip"] in {finding.destination, ""}
    if not same or finding.kind != event["kind"]:
        return event["kind"] == Kind.FAN_OUT and same and after == 0
    return 0 <= after <= (_LATE_BY if finding.kind is Kind.SILENT else 0)
