"""What the measurements share: the engine, a deployment on it, files, messages worked off, figures shown."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from iotagg.aws.clients import connect
from iotagg.aws.provision import provision
from iotagg.core.flows import read_flows
from iotagg.core.pair_month import PairMonth
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.handling import Handled, handle
from iotagg.jobs.summarize import summarize_message
from iotagg.sample import SampleOptions, write_sample
from tests.cloud.engine import ENVIRONMENT, SUITE, running_engine, unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from iotagg.aws.queues import Message
    from iotagg.aws.stack import Stack
    from iotagg.core.contribution import Chunk
    from iotagg.core.flows import FileTotals
    from iotagg.core.outcome import Outcome
    from iotagg.jobs.cloud import Cloud

REGION = "eu-west-1"
SITE = "paris"
_DECIMALS_BELOW = 100
_EVENT_SECONDS = 2  # an object's event is in the queue long before


@contextmanager
def engine() -> Iterator[str]:
    """Start the engine, let boto3 find it and nothing of the person's own account, and return its address."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "IOTAGG_"))]:
        if name not in SUITE:
            del os.environ[name]
    os.environ.update(ENVIRONMENT)
    with running_engine() as address:
        os.environ["AWS_ENDPOINT_URL"] = address
        yield address


def deployed() -> Stack:
    """Make a new deployment on the engine."""
    return provision(connect(), unique("bench"), region=REGION)


@contextmanager
def sample_files(days: int, rows: int, sites: Sequence[str] = (SITE,)) -> Iterator[list[Path]]:
    """Write sample files, one a day for each site, and remove them at the end."""
    with tempfile.TemporaryDirectory() as folder:
        options = SampleOptions(days=days, rows=rows, sites=tuple(sites))
        yield sorted(write_sample(Path(folder), options), key=lambda file: (file.name, file.parent.name))


def totals_of(file: Path) -> FileTotals:
    """Read a flow CSV."""
    with file.open("rb") as stream:
        return read_flows(stream)


def put(cloud: Cloud, file: Path, site: str = SITE) -> None:
    """Put a file where an upload puts it, for its event to be sent."""
    cloud.bucket.put_if_absent(f"incoming/{site}/{file.name}", file.read_bytes())


def summarize_all(cloud: Cloud) -> list[Outcome]:
    """Do what the messages of the files queue ask for, until there are none, and return what became of the files.

    The last request for messages is answered with none.
    """
    outcomes: list[Outcome] = []
    wait_seconds = _EVENT_SECONDS
    while messages := cloud.files.receive(wait_seconds=wait_seconds):
        wait_seconds = 0
        for message in messages:
            outcomes += summarize_message(cloud, message.body)
            cloud.files.done(message)
    return outcomes


def consolidate_all(cloud: Cloud) -> None:
    """Do what the messages of the chunks queue ask for, until there are none.

    The last request for messages is answered with none.
    """
    while messages := cloud.chunks.receive(wait_seconds=0):
        for message in messages:
            _consolidate(cloud, message)


def _consolidate(cloud: Cloud, message: Message) -> None:
    def job() -> bool:
        return consolidate_message(cloud, message.body, received=message.received)

    if handle(cloud.chunks, message, job) is Handled.DONE:
        cloud.chunks.done(message)


def full_chunk(*, days: int = 1, first: int = 0, pairs: int = 96) -> Chunk:
    """Return a chunk of pair-months that each have so many days, with figures of a usual size."""

    def sums(pair: int) -> dict[str, int]:
        flows, duration, packets = 118 + pair, 14_273_737_369 + pair, 9_383 + pair
        running = {"flows": flows, "dur": duration, "dur_sq": duration**2 // flows}
        running |= {"pkt": packets, "pkt_sq": packets**2 // flows}
        for day in range(1, days + 1):
            running |= {f"f{day:02}": flows, f"d{day:02}": duration // days, f"p{day:02}": packets // days}
        return running

    return [
        PairMonth(f"192.168.{place // 250}.{place % 250}", f"203.0.113.{place % 250}", "2022-12", sums(place))
        for place in range(first, first + pairs)
    ]


def show(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: texts to the left, figures to the right."""
    shown = [[_shown(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *shown, strict=True)]
    print(f"\n{title}\n")
    for row in (list(header), *shown):
        first, *others = zip(row, widths, strict=True)
        print("  ".join(["  " + first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]))
    sys.stdout.flush()


def _shown(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.2f}" if abs(cell) < _DECIMALS_BELOW else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def middle(figures: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(figures)
