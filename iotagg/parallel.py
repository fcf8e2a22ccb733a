"""Many files into one store, on all cores."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from iotagg.pipeline import upload
from iotagg.sources import file_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from iotagg.core.outcome import Outcome
    from iotagg.pipeline import Request
    from iotagg.stores.protocol import Store

_WORTH_A_PROCESS = 8_000_000  # reading so many bytes takes about as long as starting a process


def cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def upload_all(
    open_store: Callable[[], Store],
    files: Sequence[Path],
    request: Request,
    jobs: int,
    passed: Callable[[int], object],
) -> Iterator[Outcome]:
    """Upload files and yield what became of each, in their order; `passed` is told the bytes read since it was last.

    Small jobs run in this process. `open_store` is called in every process that writes, so it must be picklable.
    """
    size = sum(map(file_bytes, files))
    jobs = min(jobs, len(files), 1 + size // _WORTH_A_PROCESS)
    if jobs > 1:
        from iotagg.processes import upload_with  # noqa: PLC0415 (few files are done with before it is loaded)

        yield from upload_with(open_store, files, request, jobs, passed)
        return
    store = open_store()
    try:
        for file in files:
            yield upload(store, file, request, passed)
    finally:
        store.close()
