"""How long one function takes for a very large object, and how much memory: python -m bench.function_memory [MB].

The object is a flow CSV of a sample's rows, over and over. The function is held to 256 MB as Lambda does.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.setting import REGION, SITE, show
from iotagg.aws.clients import connect
from iotagg.aws.provision import provision
from iotagg.aws.uploads import send
from iotagg.jobs.cloud import Cloud
from iotagg.listing import files
from iotagg.sample import SampleOptions, write_sample
from tests.cloud.engine import ENVIRONMENT, running_engine, unique
from tests.cloud.event_sources import EventSource
from tests.cloud.runtime_api import Function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.aws.stack import Stack

MEMORY_MB = 256
TIMEOUT_SECONDS = 900  # the longest that Lambda lets a function run
_ROWS = 30_000
_MB = 1_000_000
_EVENT_SECONDS = 10  # an object's event is in the queue long before


def main() -> None:
    """Measure, and print the figures."""
    size = int(sys.argv[1] if len(sys.argv) > 1 else "1000") * _MB
    with tempfile.TemporaryDirectory(prefix="iotagg-bench-") as folder, _engine_on_disk(Path(folder)):
        stack = provision(connect(), unique("memory"), region=REGION, visibility_seconds=6 * TIMEOUT_SECONDS)
        file = _large_file(Path(folder), size)
        begin = time.monotonic()
        send(connect().s3, stack.bucket, f"incoming/{SITE}/large.csv", file, {})
        uploaded, length = time.monotonic() - begin, file.stat().st_size
        file.unlink()
        seconds, peak_mb = _summarize(stack)
        (outcome,) = files(Cloud.connected(stack).store)
        rate = length / _MB / seconds
        show(
            f"One object of {length / _MB:,.0f} MB, a function of {MEMORY_MB} MB: {outcome.state} {outcome.reason}",
            ("rows", "pairs", "sent s", "summarize s", "MB/s", "peak RSS MB"),
            [(str(outcome.lines.get("counted")), outcome.pairs, uploaded, seconds, rate, peak_mb)],
        )


@contextmanager
def _engine_on_disk(folder: Path) -> Iterator[None]:
    os.environ.update(ENVIRONMENT)
    with running_engine(folder / "engine") as address:
        os.environ["AWS_ENDPOINT_URL"] = address
        yield


def _large_file(folder: Path, size: int) -> Path:
    (sample,) = write_sample(folder, SampleOptions(days=1, rows=_ROWS, sites=(SITE,)))
    header, _, rows = sample.read_bytes().partition(b"\n")
    large = folder / "large.csv"
    with large.open("wb") as out:
        out.write(header + b"\n")
        for _ in range(size // len(rows)):
            out.write(rows)
    return large


def _summarize(stack: Stack) -> tuple[float, float]:
    with Function(
        "lambda_handlers.summarize.handler",
        environment=stack.environment(),
        memory_mb=MEMORY_MB,
        enforce_memory=True,
        timeout_s=TIMEOUT_SECONDS,
    ) as function:
        begin = time.monotonic()
        with EventSource(stack.files_queue_url, [function]) as source:
            _until_it_is_there(source)
            source.drained(2 * TIMEOUT_SECONDS)
            if source.errors:
                raise source.errors[0]
        return time.monotonic() - begin, function.peak_rss_kb * 1024 / _MB


def _until_it_is_there(source: EventSource) -> None:
    until = time.monotonic() + _EVENT_SECONDS
    while not source._busy and time.monotonic() < until:  # noqa: SLF001 (it is what drained() looks at)
        time.sleep(0.01)


if __name__ == "__main__":
    main()
