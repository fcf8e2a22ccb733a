"""Functions or a machine: what each takes for a whole data set, and what that costs.

Measured on the engine, which works on the same cores: the two functions in Lambda's runtime, one of each, first all
files through the one, then all chunks through the other; a worker of two processes, whose figures are those of all
files less those of a quarter of them, so that the start of its processes is not in them; how long both take to start;
and how long a file takes from its object to all of it counted, one file after the other. Everything else is calculated.
"""

from __future__ import annotations

import importlib.util
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.compute_section import section
from bench.data_set import data_set
from bench.functions_measured import CONSOLIDATE, SUMMARIZE, by_functions, started
from bench.latency import latencies
from bench.report import Section
from bench.setting import SITE, deployed, engine, totals_of
from bench.worker_throughput import Run, by_worker
from iotagg.core.contribution import cut
from iotagg.core.dialect import ReadingOptions
from iotagg.errors import FileRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bench.data_set import DataSet
    from bench.options import Options

    Found = dict[str, Any]

FILES, ROWS, ONE_BY_ONE, STARTS = 60, 30_000, 20, 5
QUICK_FILES, QUICK_ROWS, QUICK_ONE_BY_ONE, QUICK_STARTS = 2, 200, 1, 1
_PROCESSES = 2
_PART = 4


def run(options: Options) -> Section:
    """Measure, or take what was kept, and return what it says."""
    if options.again:
        return section(options.kept_results("compute"))
    if importlib.util.find_spec("awslambdaric") is None:
        return Section("Lambda or a machine", "Not measured: awslambdaric is missing, the runtime of functions.")
    quick = options.quick
    days, rows = (QUICK_FILES, QUICK_ROWS) if quick else (FILES, ROWS)
    with data_set(options.data, days, rows) as files, engine():
        found = [
            _described(files),
            *_starts(QUICK_STARTS if quick else STARTS),
            *_functions(files.files),
            _worker(files.files, files.files[: 0 if quick else len(files.files) // _PART]),
            *_one_by_one(files.files[: 1 + (QUICK_ONE_BY_ONE if quick else ONE_BY_ONE)]),
        ]
    options.keep_results("compute", found)
    return section(found)


def _described(files: DataSet) -> Found:
    chunks = pair_months = 0
    for file in files.files:
        try:
            head = cut(totals_of(file), SITE, ReadingOptions()).head
        except FileRefused:
            continue
        pair_months += head.pair_months
        chunks += len(set(head.buckets))
    figures = {"files": len(files.files), "rows": files.rows, "bytes": files.bytes}
    return {"what": "data set", "name": files.name, **figures, "pair_months": pair_months, "messages": chunks}


def _starts(times: int) -> Iterator[Found]:
    environment = deployed().environment()
    for name, handler in (("summarize", SUMMARIZE), ("consolidate", CONSOLIDATE)):
        each = [started(handler, environment) for _ in range(times)]
        seconds, cpu = median(one.seconds for one in each), median(one.cpu for one in each)
        yield {"what": "start", "way": f"function {name}", "seconds": seconds, "cpu": cpu, "times": times}


def _functions(files: Sequence[Path]) -> Iterator[Found]:
    for name, run in zip(("summarize", "consolidate"), by_functions(files), strict=True):
        yield {"what": "run", "way": f"function {name}", **asdict(run)}


def _worker(files: Sequence[Path], part: Sequence[Path]) -> Found:
    whole = by_worker(files, _PROCESSES)
    less = by_worker(part, _PROCESSES) if part else Run(0, 0, waited=whole.waited)
    share = len(files) / (len(files) - len(part))
    figures = {name: (getattr(whole, name) - getattr(less, name)) * share for name in ("seconds", "cpu", "requests")}
    waited = median((less.waited, whole.waited))
    return {"what": "run", "way": f"worker, {_PROCESSES} processes", **figures, "start_seconds": waited}


def _one_by_one(files: Sequence[Path]) -> Iterator[Found]:
    for way, seconds in latencies(files).items():
        yield {"what": "latency", "way": way, "seconds": seconds}
