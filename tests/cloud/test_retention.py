"""How long a table keeps its months: when items expire, what a worker's own clock says, and who knows the floor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.aws.clients import connect
from iotagg.aws.meter import Meter
from iotagg.aws.provision import provision
from iotagg.core.moments import MAX_SUM
from iotagg.errors import NumberTooLarge
from iotagg.forgetting import forget_before
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.stores.dynamodb.floor import CACHED_SECONDS, LAG_SECONDS
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.stores.dynamodb.table import EXPIRES, bound
from iotagg.stores.dynamodb.transaction import Step, chunk_transaction, least_write_units
from tests.cloud.engine import unique
from tests.pipeline.csvs import contribution, many_pairs, shown
from tests.stores.racing import CHUNKS, name_of, pair_month

if TYPE_CHECKING:
    from iotagg.aws.clients import Clients
    from iotagg.aws.stack import Stack

ONE, OTHER = name_of(1), name_of(2)
NOVEMBER, DECEMBER, JANUARY = (pair_month("192.168.1.7", month) for month in ("2098-11", "2098-12", "2099-01"))
# So far ahead that the engine removes nothing by its own clock.
NEW_YEAR = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


@dataclass
class Table:
    """A deployment's table, and the time that its stores' clocks show."""

    clients: Clients
    stack: Stack
    now: float = NEW_YEAR - 1

    def store(self, retention_months: int = 0) -> DynamoStore:
        return DynamoStore(
            self.clients,
            self.stack.table,
            self.stack.bucket,
            retention_months=retention_months,
            clock=lambda: self.now,
        )

    def items(self, prefix: str = "P#") -> dict[str, dict[str, Any]]:
        found = self.clients.dynamodb.scan(TableName=self.stack.table, ConsistentRead=True)["Items"]
        return {f"{item['pk']['S']} {item['sk']['S']}": item for item in found if item["pk"]["S"].startswith(prefix)}

    def let_expire(self) -> int:
        """Remove what has expired, as DynamoDB does some time later; return how many items."""
        expired = [
            item for item in self.items().values() if "expires" in item and int(item["expires"]["N"]) <= self.now
        ]
        for item in expired:
            self.clients.dynamodb.delete_item(TableName=self.stack.table, Key={"pk": item["pk"], "sk": item["sk"]})
        return len(expired)


@pytest.fixture
def table(aws: str) -> Table:
    clients = connect()
    return Table(clients, provision(clients, unique("retention"), region="eu-west-1"))


# When items expire.


def test_with_a_retention_each_month_is_given_the_second_at_which_it_expires(table: Table) -> None:
    table.store(12).apply(ONE, 1, 0, [DECEMBER, JANUARY])
    months = {key[-7:]: item["expires"] for key, item in table.items().items()}
    assert months == {"2098-12": {"N": "4102444800"}, "2099-01": {"N": "4105123200"}}
    assert int(NEW_YEAR) == 4102444800


def test_the_table_removes_what_has_expired(table: Table) -> None:
    found = table.clients.dynamodb.describe_time_to_live(TableName=table.stack.table)["TimeToLiveDescription"]
    assert (found["TimeToLiveStatus"], found["AttributeName"]) == ("ENABLED", EXPIRES)


def test_without_a_retention_nothing_expires(table: Table) -> None:
    table.store().apply(ONE, 1, 0, [DECEMBER])
    assert not any("expires" in item for item in table.items().values())
    assert not any("expires" in item for item in table.items("F#").values())


def test_the_last_word_on_when_a_month_expires_is_that_of_who_wrote_it_last(table: Table) -> None:
    table.store(12).apply(ONE, 1, 0, [DECEMBER])
    table.store(24).apply(OTHER, 1, 0, [DECEMBER])
    table.store().apply(name_of(3), 1, 0, [DECEMBER])
    ((_, item),) = table.items().items()
    assert item["expires"] == {"N": str(int(datetime(2101, 1, 1, tzinfo=UTC).timestamp()))}
    assert item["flows"] == {"N": "3"}
    tripled = DECEMBER.with_sums({name: 3 * value for name, value in DECEMBER.sums.items()})
    assert shown(table.store(24).scan("paris")) == shown([tripled])


def test_when_a_month_expires_is_part_of_what_its_write_costs(table: Table) -> None:
    full = {f"{letter}{day:02}": 10**29 + 1 for letter in "fd" for day in range(1, 27)} | {"d26": 10**9 + 1}
    chunk = [DECEMBER.with_sums(full)]
    plain, expiring = Step(ONE, 0, chunk, 0, 1), Step(ONE, 0, chunk, 0, 1, lambda _: int(NEW_YEAR))
    sizes = [least_write_units(chunk_transaction("table", step)) for step in (plain, expiring)]
    assert sizes == [4, 6]
    small = Step(ONE, 0, CHUNKS[0], 0, 1, lambda _: int(NEW_YEAR))
    assert least_write_units(chunk_transaction("table", small)) == 2 * (len(CHUNKS[0]) + 1)


def test_a_sum_that_is_too_large_is_still_told_where_months_expire(table: Table) -> None:
    store = table.store(12)
    store.apply(ONE, 1, 0, [pair_month("192.168.1.7", "2099-01", flows=1, dur_sq=MAX_SUM)])
    with pytest.raises(NumberTooLarge, match=r"'dur_sq' of the traffic from 192.168.1.7"):
        store.apply(OTHER, 1, 0, [NOVEMBER, pair_month("192.168.1.7", "2099-01", flows=1, dur_sq=2)])


# What a worker's own clock says.


def test_a_month_is_counted_until_the_second_at_which_it_expires(table: Table) -> None:
    store = table.store(12)
    store.apply(ONE, 1, 0, [NOVEMBER, DECEMBER, JANUARY])
    assert [row.month for row in store.scan("paris")] == ["2098-12", "2099-01"]
    table.now = NEW_YEAR
    store.apply(OTHER, 1, 0, [NOVEMBER, DECEMBER, JANUARY])
    assert [row.month for row in store.scan("paris")] == ["2099-01"]
    assert [row.month for row in store.months("paris", "192.168.1.7", "192.0.2.1")] == ["2099-01"]
    assert {key[-7:]: item["flows"]["N"] for key, item in table.items().items()} == {"2098-12": "1", "2099-01": "2"}
    assert store.floor() == ""


def test_nothing_is_taken_away_from_a_month_that_has_expired(table: Table) -> None:
    store = table.store(12)
    store.apply(ONE, 1, 0, [DECEMBER, JANUARY])
    table.now = NEW_YEAR
    assert table.let_expire() == 1
    assert store.apply(ONE, 2, 0, [DECEMBER, JANUARY]) is True
    assert list(table.items()) == ["P#paris#192.168.1.7 192.0.2.1#2099-01"]
    assert table.let_expire() == 0
    assert list(store.scan("paris")) == []


def test_a_marker_says_nothing_of_months_that_were_left_out(table: Table) -> None:
    table.store(12).apply(ONE, 1, 0, [NOVEMBER, JANUARY])
    (marker,) = table.items("F#").values()
    assert set(marker["totals"]["M"]) == {"2099-01"}


def test_a_deployment_is_connected_to_with_its_retention(aws: str, table: Table) -> None:
    long_ago = pair_month("192.168.1.7", "2020-01")
    cloud = Cloud.connected(table.stack, Settings(retention_months=1))
    cloud.store.apply(ONE, 1, 0, [long_ago])
    assert table.items() == {}
    Cloud.connected(table.stack).store.apply(OTHER, 1, 0, [long_ago])
    assert len(table.items()) == 1


# Who knows the floor.


def test_a_floor_is_known_to_every_worker_within_a_minute(table: Table) -> None:
    worker = table.store()
    worker.apply(ONE, 1, 0, [DECEMBER])
    table.store().raise_floor("2099-01")
    table.now += CACHED_SECONDS - 1
    worker.apply(OTHER, 1, 0, [DECEMBER])
    ((_, item),) = table.items().items()
    assert item["flows"] == {"N": "2"}
    table.now += 1
    worker.apply(OTHER, 2, 0, [DECEMBER])
    assert table.items() == {"P#paris#192.168.1.7 192.0.2.1#2098-12": item}
    assert worker.floor() == "2099-01"


def test_the_floor_is_asked_for_once_a_minute_only(table: Table) -> None:
    meter = Meter()
    meter.watch(table.clients.dynamodb)
    store = table.store()
    for revision in range(1, 6):
        store.apply(ONE, revision, 0, [DECEMBER])
    assert meter.requests["dynamodb.GetItem"] == 1
    table.now += CACHED_SECONDS
    store.apply(ONE, 6, 0, [DECEMBER])
    assert meter.requests["dynamodb.GetItem"] == 2


def test_what_others_may_still_count_is_waited_for_before_months_are_erased(table: Table) -> None:
    store, worker = table.store(), table.store()
    worker.apply(ONE, 1, 0, [DECEMBER])
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        worker.apply(OTHER, 1, 0, [DECEMBER])  # it has not heard of the floor yet
        table.now += seconds

    forget_before(store, "2099-01", wait=wait)
    assert waited == [LAG_SECONDS]
    assert table.items() == {}
    assert store.floor_lag() == 0
    worker.apply(OTHER, 2, 0, [DECEMBER])
    assert table.items() == {}
    forget_before(store, "2098-12", wait=waited.append)
    assert waited == [LAG_SECONDS, 0]


def test_a_clock_that_is_behind_makes_nobody_wait_longer(table: Table) -> None:
    table.store().raise_floor("2099-01")
    table.now -= 3600
    assert table.store().floor_lag() == LAG_SECONDS


# What is erased.


def test_of_an_erased_contribution_the_table_keeps_what_late_messages_need_and_for_how_long(table: Table) -> None:
    store = table.store()
    name = store.keep(contribution(many_pairs(100))).name
    store.advance(name, 0, 1)
    ((number, chunk),) = list(store.chunks(name, [0]))
    store.apply(name, 1, number, chunk)
    store.erase(name)
    file, *markers = sorted(table.items("F#").values(), key=lambda item: "head" not in item)
    assert file["erased"] == {"BOOL": True}
    assert {marker["revision"]["N"] for marker in markers} == {"1", "2"}
    assert [marker["in"]["BOOL"] for marker in markers].count(True) == 1
    assert all(marker["totals"] == {"M": {}} and "expires" in marker for marker in markers)
    kinds = bound(table.stack.table, table.clients.dynamodb)
    assert [item.erased for item in kinds.files.scan(kinds.files.head.exists())] == [True]
