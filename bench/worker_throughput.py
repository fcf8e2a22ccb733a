"""How fast a worker counts files on the engine, with one and two processes, beside the same files into SQLite.

The files lie in the bucket and their events in the queue when the worker starts. Its time runs from the first message
taken to the last one done, so that the start of its processes is not in it; SQLite's runs from start to end, processes
included. The engine works on the same cores as the worker, which slows it as no service would: `worker CPU` is the
processor time of the worker's processes alone (their start included), and what a machine of its own would need at
least. Printed is the median of several turns; `ratio` is the files a second against SQLite in one process.

`python -m bench.worker_throughput 10 1` takes 10 files instead of 30, and one turn instead of three.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.setting import SITE, deployed, engine, middle, put, sample_files, show, totals_of
from iotagg.core.contribution import cut
from iotagg.core.dialect import ReadingOptions
from iotagg.crew import Crew
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.parallel import upload_all
from iotagg.pipeline import Request
from iotagg.stores.sqlite import SqliteStore
from iotagg.worker import Duties

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES = 30
ROWS = (5_000, 30_000)
PROCESSES = (1, 2)
TURNS = 3
_LOOK_SECONDS = 0.1
_DUTIES = Duties(poll_seconds=1, sweep_seconds=0, idle_seconds=2)


@dataclass(frozen=True, slots=True)
class Run:
    """How long it took by the clock and of the processor, how many transactions were written, and all requests."""

    seconds: float
    cpu: float
    transactions: int = 0
    requests: int = 0
    waited: float = 0  # seconds from the start of its processes to the first message that was taken


class Watch(threading.Thread):
    """Looks at both queues from outside: when the first message is taken, and when there are none any more."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self._cloud = cloud
        self.begin = self.end = 0.0

    def run(self) -> None:
        """Look until all is done."""
        while not self._cloud.files.depth().in_flight:
            time.sleep(_LOOK_SECONDS / 5)
        self.begin = time.perf_counter()
        while self._cloud.files.depth().total or self._cloud.chunks.depth().total:
            time.sleep(_LOOK_SECONDS)
        self.end = time.perf_counter()


def by_worker(files: Sequence[Path], processes: int) -> Run:
    """Let a worker count the files in a new deployment."""
    stack = deployed()
    cloud = Cloud.connected(stack)
    for file in files:
        put(cloud, file)
    while cloud.files.depth().waiting < len(files):
        time.sleep(_LOOK_SECONDS)
    watch = Watch(cloud)
    cpu = _children()
    watch.start()
    begin = time.perf_counter()
    counts = Crew(stack, Settings(), _DUTIES, processes).run()
    watch.join()
    if sum(counts[f"files {state}"] for state in ("counted", "pending", "already counted", "refused")) < len(files):
        raise RuntimeError(f"not all files were counted: {counts}")
    cpu, waited = _children() - cpu, watch.begin - begin
    return Run(watch.end - watch.begin, cpu, counts["transactions"], counts["requests"], waited)


def by_sqlite(files: Sequence[Path], processes: int) -> Run:
    """Upload the files into a new database."""
    with tempfile.TemporaryDirectory() as folder:
        begin, cpu = time.perf_counter(), time.process_time() + _children()
        open_store = partial(SqliteStore, Path(folder) / "iotagg.db")
        outcomes = list(upload_all(open_store, files, Request(SITE), processes, lambda _: None))
        assert all(outcome.state == "counted" for outcome in outcomes), outcomes  # noqa: S101 (a measurement of nothing)
        return Run(time.perf_counter() - begin, time.process_time() + _children() - cpu)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(files: Sequence[Path], turns: int) -> dict[str, Run]:
    """Return the median of each way, in turns."""
    ways = {
        f"{name}, {count} process{'es'[: 2 * (count - 1)]}": partial(run, files, count)
        for name, run in (("SQLite", by_sqlite), ("worker on the engine", by_worker))
        for count in PROCESSES
    }
    found: dict[str, list[Run]] = {way: [] for way in ways}
    order = list(ways)
    for _ in range(turns):
        order.append(order.pop(0))
        for way in order:
            found[way].append(ways[way]())
    return {
        way: Run(middle([run.seconds for run in runs]), middle([run.cpu for run in runs]), runs[0].transactions)
        for way, runs in found.items()
    }


def main() -> None:
    """Measure and print."""
    number, turns = [*map(int, sys.argv[1:]), *(FILES, TURNS)[len(sys.argv) - 1 :]]
    header = ("way", "s", "files/s", "rows/s", "pair-months/s", "transactions/s", "CPU ms a file", "ratio")
    with engine():
        for rows in ROWS:
            with sample_files(number, rows) as files:
                pair_months = sum(cut(totals_of(file), SITE, ReadingOptions()).head.pair_months for file in files)
                figures = measured(files, turns)
            first = next(iter(figures.values())).seconds
            table = [
                (
                    way,
                    run.seconds,
                    number / run.seconds,
                    number * rows / run.seconds,
                    pair_months / run.seconds,
                    run.transactions / run.seconds,
                    run.cpu / number * 1000,
                    first / run.seconds,
                )
                for way, run in figures.items()
            ]
            show(f"{number} files of {rows:,} rows, {pair_months:,} pair-months in all", header, table)


if __name__ == "__main__":
    main()
