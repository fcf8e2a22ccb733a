"""The two functions, each in Lambda's runtime, over files that lie in the bucket: time, requests, logs."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.setting import deployed, put
from iotagg.jobs.cloud import Cloud
from tests.cloud.event_sources import EventSource
from tests.cloud.runtime_api import Function

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MEMORY_MB = 256  # beyond that, its process is killed; its share of a processor is not held to
SUMMARIZE, CONSOLIDATE = (f"bench.functions_measured.{job}_handler" for job in ("summarize", "consolidate"))
_COUNTED = "counted requests: "
_DRAINED_SECONDS = 600
_LOOK_SECONDS = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Invoked:
    """What the invocations of one function took; the start of its process is not in it.

    `invoked` are the seconds of all invocations together, which is what Lambda bills; `log_bytes` what it printed;
    `peak_mb` the most memory that its process ever held (MB of 10^6 bytes).
    """

    seconds: float = 0
    invoked: float = 0
    cpu: float = 0
    invocations: int = 0
    requests: int = 0
    log_bytes: int = 0
    peak_mb: float = 0


@dataclass(frozen=True, slots=True)
class Started:
    """How long a function's process took from nothing to its first answer, by the clock and of a processor."""

    seconds: float
    cpu: float


class _Watched(Function):
    # A function whose invocations are timed.
    def __init__(self, handler: str, environment: Mapping[str, str]) -> None:
        super().__init__(
            handler,
            environment=environment,
            memory_mb=MEMORY_MB,
            enforce_memory=True,
            timeout_s=_DRAINED_SECONDS,
        )
        self.figures = Invoked()

    def invoke(self, event: Mapping[str, Any]) -> Any:
        begin = time.perf_counter()
        try:
            return super().invoke(event)
        finally:
            self.figures.invoked += time.perf_counter() - begin
            self.figures.invocations += 1

    @property
    def cpu(self) -> float:
        """The processor time of its process so far."""
        process = self._running().process
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def by_functions(files: Sequence[Path]) -> tuple[Invoked, Invoked]:
    """Let summarize do all files, then consolidate all their chunks, in a new deployment."""
    stack = deployed()
    cloud = Cloud.connected(stack)
    for file in files:
        put(cloud, file)
    while cloud.files.depth().waiting < len(files):
        time.sleep(_LOOK_SECONDS)
    environment = stack.environment()
    summarized = _drained(stack.files_queue_url, SUMMARIZE, environment)
    consolidated = _drained(stack.chunks_queue_url, CONSOLIDATE, environment)
    if any(True for site in cloud.store.sites() for _ in cloud.store.pending(site)):
        raise RuntimeError("not all files were counted")
    return summarized, consolidated


def started(handler: str, environment: Mapping[str, str]) -> Started:
    """Start a function's process anew and let it answer once, connected to a deployment but with nothing to do."""
    begin = time.perf_counter()
    with _started(handler, environment) as function:
        return Started(time.perf_counter() - begin, function.cpu)


def _drained(queue_url: str, handler: str, environment: Mapping[str, str]) -> Invoked:
    with _started(handler, environment) as function:
        figures, before = function.figures, function.cpu
        begin = time.perf_counter()
        with EventSource(queue_url, [function]) as source:
            source.drained(_DRAINED_SECONDS)
            figures.seconds = time.perf_counter() - begin
            if source.errors:
                raise source.errors[0]
        figures.cpu = function.cpu - before
        figures.peak_mb = function.peak_rss_kb * 1024 / 1e6
        lines = function.log.splitlines(keepends=True)
    figures.log_bytes = sum(len(line.encode()) for line in lines if not line.startswith(_COUNTED))
    figures.requests = max(int(line.removeprefix(_COUNTED)) for line in lines if line.startswith(_COUNTED))
    return figures


@contextmanager
def _started(handler: str, environment: Mapping[str, str]) -> Iterator[_Watched]:
    with _Watched(handler, environment) as function:
        function.invoke({"Records": []} | {"bench": "start"})
        function.figures = Invoked()  # the start is not in it
        yield function


def summarize_handler(event: dict[str, Any], context: Any) -> Any:
    """Be the function that summarizes, and say how many requests it has made."""
    from lambda_handlers.summarize import handler  # noqa: PLC0415 (only a function's process needs it)

    return _counted(handler, event, context)


def consolidate_handler(event: dict[str, Any], context: Any) -> Any:
    """Be the function that consolidates, and say how many requests it has made."""
    from lambda_handlers.consolidate import handler  # noqa: PLC0415 (as above)

    return _counted(handler, event, context)


def _counted(handler: Any, event: dict[str, Any], context: Any) -> Any:
    from lambda_handlers.wiring import cloud  # noqa: PLC0415 (as above)

    if "bench" in event:
        cloud()
        return None
    answer = handler(event, context)
    print(f"{_COUNTED}{cloud().meter.requests.total()}", flush=True)
    return answer
