"""From an object put to all of it counted, one file after the other: python -m bench.latency [FILES] [ROWS].

Once with the worker for a machine, which polls as it does in production, once with functions.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bench.setting import SITE, engine, put, sample_files, show
from iotagg.worker import Duties
from tests.cloud.processes import crew, functions
from tests.cloud.whole import deployed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from iotagg.jobs.cloud import Cloud
    from tests.cloud.whole import Whole

_LOOK_SECONDS = 0.005
_PROCESSES = 2


def main() -> None:
    """Measure, and print the figures."""
    count, rows = (
        int(sys.argv[place]) if len(sys.argv) > place else default for place, default in ((1, 20), (2, 30_000))
    )
    with tempfile.TemporaryDirectory() as folder, engine(), sample_files(count + 1, rows) as files:
        log = Path(folder) / "log"
        poll_seconds = Duties().poll_seconds

        def worker(whole: Whole) -> AbstractContextManager[object]:
            return crew(whole, log, processes=_PROCESSES, poll_seconds=poll_seconds, grace_seconds=1)

        figures = [
            ("worker, 2 processes", *_percentiles(_seconds(files, worker))),
            ("functions, one of each", *_percentiles(_seconds(files, functions))),
        ]
    show(
        f"Seconds from an object of {rows:,} rows to all of it counted, {count} one after the other",
        ("by", "p50", "p99", "first, cold"),
        figures,
    )


def _seconds(files: Sequence[Path], running: Callable[[Whole], AbstractContextManager[object]]) -> list[float]:
    whole, seconds = deployed(), []
    with ExitStack() as stack:
        stack.enter_context(running(whole))
        for file in files:
            begin = time.monotonic()
            put(whole.cloud, file)
            while not _is_counted(whole.cloud, f"incoming/{SITE}/{file.name}"):
                time.sleep(_LOOK_SECONDS)
            seconds.append(time.monotonic() - begin)
    return seconds


def _is_counted(cloud: Cloud, key: str) -> bool:
    path = cloud.store.path(SITE, key)
    if not (path.names and path.versions.final):
        return False
    record = cloud.store.file(path.names[0])
    return record is not None and record.is_in and all(each.name != path.names[0] for each in cloud.store.pending(SITE))


def _percentiles(seconds: list[float]) -> tuple[float, float, float]:
    # The first file waits for processes to start.
    first, *others = seconds
    others.sort()
    return others[len(others) // 2], others[-(-99 * len(others) // 100) - 1], first


if __name__ == "__main__":
    main()
