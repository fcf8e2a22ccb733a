"""Which requests one file costs, from its upload to its last chunk: counted by the clients, on the engine.

The jobs are those of the program, called one after the other in this process; one message is worked on at a time. A
first file is not counted: it is what makes the site known. Requests for messages that are answered with none are left
out. On Lambda, messages are received and deleted by the service, as often as here at most.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.bill import Bill
from bench.setting import SITE, consolidate_all, deployed, put, show, summarize_all
from iotagg.aws.clients import client, connect
from iotagg.aws.objects import Bucket
from iotagg.aws.queues import Queue
from iotagg.core.contribution import Name
from iotagg.jobs.chunk_range import drafts
from iotagg.jobs.cloud import Cloud
from iotagg.stores.dynamodb.access_log import AccessLog
from iotagg.stores.dynamodb.arrivals import Arrivals
from iotagg.stores.dynamodb.digests import Digests
from iotagg.stores.dynamodb.store import DynamoStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iotagg.aws.stack import Stack
    from iotagg.core.contribution import Head
    from iotagg.core.outcome import Outcome

SUMMARIZE, CONSOLIDATE = "summarize", "consolidate"


@dataclass(frozen=True, slots=True)
class FileCost:
    """What became of a file, its head if it was counted, and its requests by step and operation."""

    outcome: Outcome
    head: Head | None
    requests: Counter[tuple[str, str]]
    read_units: Counter[tuple[str, str]]
    write_units: Counter[tuple[str, str]]

    @property
    def messages(self) -> int:
        """How many messages brought its chunks."""
        return sum(1 for _ in drafts(self.head, 1, range(self.head.chunks))) if self.head else 0


class Till:
    """One deployment, and what each file costs there."""

    def __init__(self, stack: Stack | None = None) -> None:
        clients = connect()
        stack = stack or deployed()
        self.bill = Bill(clients.dynamodb, client("dynamodb"))
        self.cloud = Cloud(
            store=DynamoStore(clients, stack.table, stack.bucket),
            bucket=Bucket(clients.s3, stack.bucket),
            files=Queue(clients.sqs, stack.files_queue_url),
            chunks=Queue(clients.sqs, stack.chunks_queue_url),
            meter=clients.meter,
            arrivals=Arrivals(clients.dynamodb, stack.table),
            access_log=AccessLog(clients.dynamodb, stack.table),
            digests=Digests(clients.dynamodb, stack.table),
        )

    def costs(self, files: list[Path], site: str = SITE) -> Iterator[FileCost]:
        """Yield what each file costs, one after the other."""
        for file in files:
            before = self._counted()
            put(self.cloud, file, site)
            uploaded = self._counted()
            (outcome,) = summarize_all(self.cloud)
            summarized = self._counted()
            consolidate_all(self.cloud)
            after = self._counted()
            phases = {"upload": (before, uploaded), SUMMARIZE: (uploaded, summarized), CONSOLIDATE: (summarized, after)}
            requests, read_units, write_units = (
                Counter(
                    {
                        (phase, operation): count
                        for phase, (begin, end) in phases.items()
                        for operation, count in (end[kind] - begin[kind]).items()
                    }
                )
                for kind in range(3)
            )
            for phase in (SUMMARIZE, CONSOLIDATE):
                requests[phase, "sqs.ReceiveMessage"] -= 1
            yield FileCost(outcome, self._head(site, outcome), +requests, read_units, write_units)

    def _counted(self) -> tuple[Counter[str], Counter[str], Counter[str]]:
        return self.cloud.meter.requests.copy(), _named(self.bill.read_units), _named(self.bill.write_units)

    def _head(self, site: str, outcome: Outcome) -> Head | None:
        requests = self.cloud.meter.requests.copy()
        record = self.cloud.store.file(Name.parse(site, outcome.contribution)) if outcome.contribution else None
        self.cloud.meter.requests = requests
        return record.head if record is not None else None


def _named(units: Counter[str]) -> Counter[str]:
    return Counter({f"dynamodb.{operation}": count for operation, count in units.items()})


def show_costs(title: str, found: list[FileCost]) -> None:
    """Print the operations of files, in the mean, with what DynamoDB would charge for them."""
    requests, read_units, write_units = (
        sum((+getattr(each, kind) for each in found), Counter[tuple[str, str]]())
        for kind in ("requests", "read_units", "write_units")
    )
    order = ("upload", SUMMARIZE, CONSOLIDATE)
    keys = sorted(requests.keys() | write_units.keys(), key=lambda key: (order.index(key[0]), key[1]))
    rows: list[tuple[object, ...]] = [
        (" ".join(key), *(units[key] / len(found) for units in (requests, read_units, write_units))) for key in keys
    ]
    totals = [units.total() / len(found) for units in (requests, read_units, write_units)]
    show(title, ("step and operation", "requests", "read units", "write units"), [*rows, ("all", *totals)])
