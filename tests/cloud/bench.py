"""A store behind a wire on which the answers to its transactions are chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from iotagg.aws.meter import Meter
from iotagg.aws.patience import Patience
from iotagg.stores.dynamodb.store import DynamoStore
from tests.cloud.scenario import deployed
from tests.pipeline.csvs import shown
from tests.stores.racing import name_of, pair_month

if TYPE_CHECKING:
    from iotagg.core.pair_month import PairMonth
    from tests.cloud.faults import Fault, Wire

WRITE = "TransactWriteItems"
ONE = name_of(1)
SINGLE = [pair_month("192.168.1.7", flows=2, dur=30, dur_sq=500, f01=1, d01=10, f31=1, d31=20)]


class Bench:
    """A store in a deployment of its own, behind a wire."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.waits: list[float] = []
        with wire.undisturbed():
            self.cloud = deployed(wire.clients)
        wire.begin()
        self.store = self.patient(Patience(sleep=self.waits.append))

    def patient(self, patience: Patience) -> DynamoStore:
        """Return the same store with other patience, and a meter of its own."""
        clients = replace(self.wire.clients, meter=Meter())
        return DynamoStore(clients, self.cloud.store._table.name, self.cloud.bucket.name, patience)  # type: ignore[attr-defined]  # a DynamoStore

    def apply(self, revision: int = 1, chunk: list[PairMonth] = SINGLE) -> bool:
        return self.store.apply(ONE, revision, 0, chunk)

    def answers(self, *faults: Fault) -> None:
        """Let the first transactions be answered so, one fault each, and those after them go through."""
        left = iter(faults)

        def plan(call: Any) -> list[Fault]:
            fault = next(left, None) if call.operation == WRITE else None
            return [fault] if fault is not None else []

        self.wire.plan = plan

    @property
    def rows(self) -> list[Any]:
        with self.wire.undisturbed():
            return shown(self.store.scan("paris"))

    @property
    def transactions(self) -> int:
        return sum(call.operation == WRITE for call in self.wire.calls)
