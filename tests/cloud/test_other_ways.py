"""Other ways to write sums miscount, under the very faults that ours withstands: why it is as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from iotagg.core.contribution import Name
from tests.cloud.bench import WRITE, Bench
from tests.cloud.faults import lost_reply, wire_to, without_waiting
from tests.stores.racing import pair_month

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cloud.faults import Fault

FILES = 20
DELIVERIES = 2
SENDINGS = FILES * DELIVERIES


@pytest.fixture
def bench(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    without_waiting(monkeypatch)
    bench = Bench(wire_to(endpoint))
    yield bench
    bench.wire.begin()


class _Crash(Exception):
    # The worker ends here; its message comes again.
    pass


class Way:
    """A way to count a file; `crash` is called where a worker may end."""

    def __init__(self, bench: Bench, crash: Callable[[], None]) -> None:
        self.client = bench.wire.clients.dynamodb
        self.table = bench.cloud.store._table.name  # type: ignore[attr-defined]  # a DynamoStore
        self.crash = crash

    def count(self, file: int) -> None:
        raise NotImplementedError

    def add(self) -> None:
        self.client.update_item(
            TableName=self.table,
            Key={"pk": {"S": "P#paris#192.168.1.7"}, "sk": {"S": "192.0.2.1#2022-12"}},
            UpdateExpression="ADD flows :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    def marks(self, file: int, state: str = "done") -> bool:
        """Write a marker unless there is one; say whether there was none."""
        key = {"pk": {"S": f"M#{file}"}, "sk": {"S": state}}
        try:
            self.client.put_item(TableName=self.table, Item=key, ConditionExpression="attribute_not_exists(pk)")
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def is_marked(self, file: int, state: str = "done") -> bool:
        key = {"pk": {"S": f"M#{file}"}, "sk": {"S": state}}
        return "Item" in self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)


class WithoutMarker(Way):
    def count(self, file: int) -> None:  # noqa: ARG002 (which is why it miscounts)
        self.add()
        self.crash()


class MarkerBefore(Way):
    def count(self, file: int) -> None:
        if self.marks(file):
            self.crash()
            self.add()


class MarkerAfter(Way):
    def count(self, file: int) -> None:
        if not self.is_marked(file):
            self.add()
            self.crash()
            self.marks(file)


class ClaimApplyComplete(Way):
    """Whoever finds a claim that was not completed takes it over: its owner may have ended before it added."""

    def count(self, file: int) -> None:
        self.marks(file, "claimed")
        self.crash()
        if not self.is_marked(file):
            self.add()
            self.crash()
            self.marks(file)


class Ours(Way):
    def __init__(self, bench: Bench, crash: Callable[[], None]) -> None:
        super().__init__(bench, crash)
        self.store = bench.store

    def count(self, file: int) -> None:
        self.crash()
        self.store.apply(Name("paris", f"{file:064x}", "0" * 16), 1, 0, [pair_month("192.168.1.7", flows=1)])
        self.crash()


def ratio_counted(bench: Bench, way: type[Way]) -> float:
    """Return what is counted, as a share of what there is, of files that each come twice, under a schedule of faults.

    Every fifth write loses its reply; every third time that a worker may end, it does.
    """
    writes, moments = iter(range(1, 10_000)), iter(range(1, 10_000))

    def plan(call: Any) -> list[Fault]:
        is_sum = call.operation in {"UpdateItem", WRITE}
        return [lost_reply] if is_sum and next(writes) % 5 == 0 else []

    def crash() -> None:
        if next(moments) % 3 == 0:
            raise _Crash

    bench.wire.plan = plan
    worker = way(bench, crash)
    for file in [*range(FILES)] * DELIVERIES:
        for _ in range(SENDINGS):
            try:
                worker.count(file)
            except _Crash:
                continue
            break
    flows: int = sum(row[3]["flows"] for row in bench.rows)
    return flows / FILES


def test_our_way_counts_every_file_once_under_the_schedule(bench: Bench) -> None:
    assert ratio_counted(bench, Ours) == 1


@pytest.mark.parametrize(
    ("way", "expected"), [(WithoutMarker, 3.5), (MarkerBefore, 0.8), (MarkerAfter, 1.7), (ClaimApplyComplete, 1.2)]
)
def test_other_ways_miscount_under_the_same_schedule(bench: Bench, way: type[Way], expected: float) -> None:
    assert ratio_counted(bench, way) == pytest.approx(expected)
