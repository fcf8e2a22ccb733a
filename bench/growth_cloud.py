"""Ways to count a file in the cloud: iotagg with a deployment, and the consolidated CSV as an object."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bench.consolidated_csv import merged, pair_totals
from bench.file_requests import Till
from bench.growth_ways import Cost, must_be_counted, timed, totals_of_all
from bench.setting import SITE, consolidate_all, deployed, put, summarize_all
from iotagg.aws.clients import client, connect
from iotagg.core.flows import read_flows
from iotagg.jobs.cloud import Cloud
from iotagg.pipeline import Request, upload
from iotagg.stores.dynamodb.pair_items import pair_month_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bench.growth_traffic import GrowthTraffic
    from iotagg.core.pair_month import PairMonth

_TOGETHER = 25  # the most items of one BatchWriteItem
_AT_ONCE = 4
_LOOK_SECONDS = 0.005
_CONSOLIDATED = "consolidated.csv"


class InDynamo:
    """iotagg with a deployment on the engine: both jobs, in this process, one message at a time."""

    def __init__(self) -> None:
        self._stack = deployed()
        self.cloud = Cloud.connected(self._stack)
        self._till: Till | None = None

    def preload(self, traffic: GrowthTraffic) -> None:
        """Store what lies there before the first file, as DynamoDB's own loading does: 25 items a request."""
        items = [_item(row) for chunk in traffic.stored_chunks() for row in chunk]
        dynamodb: Any = client("dynamodb")

        def write(begin: int) -> None:
            together = {self._stack.table: items[begin : begin + _TOGETHER]}
            while together:
                together = dynamodb.batch_write_item(RequestItems=together).get("UnprocessedItems")

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(write, range(0, len(items), _TOGETHER)))

    def take(self, file: Path) -> Cost:
        """Count an object whose event is there: from its message received to its last chunk's deleted."""
        self._put(file)
        cost = Cost()
        with timed(cost):
            (outcome,) = summarize_all(self.cloud)
            consolidate_all(self.cloud)
        must_be_counted(outcome.state.replace("pending", "counted"), file)
        return cost

    def _put(self, file: Path) -> None:
        put(self.cloud, file)
        while not self.cloud.files.depth().waiting:
            time.sleep(_LOOK_SECONDS)

    def closely(self, file: Path) -> Cost:
        """Count an object, and its requests and units."""
        self._till = self._till or Till(self._stack)
        (found,) = self._till.costs([file])
        units = found.read_units.total(), found.write_units.total()
        return Cost(None, None, found.requests.total(), *units, found.head.pair_months if found.head else None)

    def take_all(self, files: Sequence[Path]) -> list[Cost]:
        """Count files without the queues, several at once."""

        def one(file: Path) -> Cost:
            must_be_counted(upload(self.cloud.store, file, Request(SITE)).state, file)
            return Cost()

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(one, files))

    def sums(self) -> Iterable[PairMonth]:
        """Yield all that is stored."""
        return self.cloud.store.scan(SITE)


def _item(row: PairMonth) -> dict[str, Any]:
    return {
        "PutRequest": {
            "Item": pair_month_key(SITE, row) | {name: {"N": str(value)} for name, value in row.sums.items()}
        }
    }


class CsvInBucket:
    """The consolidated CSV as an object: for each message the new one is read, then this, which is put anew."""

    def __init__(self) -> None:
        self._stack = deployed()
        self._cloud = Cloud.connected(self._stack)
        self._s3 = connect().s3
        self._cloud.meter.watch(self._s3)

    def preload(self, traffic: GrowthTraffic) -> None:
        """Store what lies there before the first file."""
        self.write(traffic.consolidated())

    def read(self) -> bytes:
        """Return all of it."""
        return self._s3.get_object(Bucket=self._stack.bucket, Key=_CONSOLIDATED)["Body"].read()

    def write(self, consolidated: bytes) -> None:
        """Put all of it."""
        self._s3.put_object(Bucket=self._stack.bucket, Key=_CONSOLIDATED, Body=consolidated)

    def take(self, file: Path) -> Cost:
        """Merge an object whose event is there: from its message received to its message deleted."""
        put(self._cloud, file)
        while not self._cloud.files.depth().waiting:
            time.sleep(_LOOK_SECONDS)
        cost = Cost()
        before = self._cloud.meter.requests.total()
        with timed(cost):
            (message,) = self._cloud.files.receive(wait_seconds=0)
            totals = pair_totals(read_flows(self._cloud.bucket.open(f"incoming/{SITE}/{file.name}")).days)
            self.write(merged(self.read(), totals))
            self._cloud.files.done(message)
        cost.requests = self._cloud.meter.requests.total() - before + 1  # the upload's
        return cost

    closely = take

    def take_all(self, files: Sequence[Path]) -> list[Cost]:
        """Merge many files at once, which this design cannot do with files that come one by one."""
        self.write(merged(self.read(), totals_of_all(files)))
        return [Cost() for _ in files]
