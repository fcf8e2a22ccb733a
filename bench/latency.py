"""From an object put to all of it counted, one file after the other."""

from __future__ import annotations

import tempfile
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bench.setting import SITE, put
from iotagg.worker import Duties
from tests.cloud.processes import crew, functions
from tests.cloud.whole import deployed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from iotagg.jobs.cloud import Cloud
    from tests.cloud.whole import Whole

_LOOK_SECONDS = 0.005
_PROCESSES = 2


def latencies(files: Sequence[Path]) -> dict[str, list[float]]:
    """Return the seconds of each file, the first of which waits for processes to start.

    Once with the worker for a machine, which polls as it does in production, once with functions.
    """
    with tempfile.TemporaryDirectory() as folder:
        log, poll_seconds = Path(folder) / "log", Duties().poll_seconds

        def worker(whole: Whole) -> AbstractContextManager[object]:
            return crew(whole, log, processes=_PROCESSES, poll_seconds=poll_seconds, grace_seconds=1)

        return {
            "functions, one of each": _seconds(files, functions),
            f"worker, {_PROCESSES} processes": _seconds(files, worker),
        }


def _seconds(files: Sequence[Path], running: Callable[[Whole], AbstractContextManager[object]]) -> list[float]:
    whole, seconds = deployed(), []
    with ExitStack() as stack:
        stack.enter_context(running(whole))
        for file in files:
            begin = time.monotonic()
            put(whole.cloud, file)
            while not _is_settled(whole.cloud, SITE, f"incoming/{SITE}/{file.name}"):
                time.sleep(_LOOK_SECONDS)
            seconds.append(time.monotonic() - begin)
    return seconds


def _is_settled(cloud: Cloud, site: str, key: str) -> bool:
    path = cloud.store.path(site, key)
    if not path.versions.final:
        return False
    record = cloud.store.file(path.names[0]) if path.names else None
    if record is None:
        return path.refusal is not None
    return record.is_in and all(each.name != record.name for each in cloud.store.pending(site))
