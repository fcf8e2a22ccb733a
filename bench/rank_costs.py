"""What it costs to keep what stands out, and to tell it: python -m bench.rank_costs [DAYS] [DEVICES].

Daily sample files of one site are applied for a year, and assessed each, as a stack does; then digests are made. Units
are calculated, by the sizes and rules that DynamoDB documents: a Query is charged for all items of a pair's window
together, a key of BatchGetItem by itself; a rank is a write of its item, and in the index another one for each entry
that is put or removed (Amazon DynamoDB Developer Guide, "Global secondary indexes"). Last, what assessing a full chunk
takes of a processor beside its transaction, in this process, against the engine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.bytes_kept import INDEX_BYTES
from bench.setting import SITE, deployed, engine, full_chunk, middle, show
from bench.write_costs import stored_item
from iotagg.anomalies import anomalies
from iotagg.assess import assess_chunk
from iotagg.aws.clients import connect
from iotagg.core.contribution import Name
from iotagg.core.metrics import FLOWS_LETTER
from iotagg.digest import DAYS as DIGEST_DAYS
from iotagg.pipeline import Request, upload
from iotagg.sample import SampleOptions, write_sample
from iotagg.standing_out.question import Question
from iotagg.stores.dynamodb.pair_items import pair_month_key
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.stores.dynamodb.table import RANK, RANKED_AT, ranks_key
from iotagg.stores.dynamodb.write_units import UNIT_BYTES, item_bytes
from iotagg.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.core.pair_month import PairMonth
    from iotagg.core.ranks import Rank

    Key = tuple[str, str, str]  # source, destination and month

DAYS, DEVICES, ROWS_OF_A_DEVICE = 365, 2, 2_000
_READ_UNIT_BYTES = 4096
_ROUNDS = 9
_KINDS = {"1 or 2 days": range(1, 3), "3 to 19 days": range(3, 20), "20 days or more": range(20, 32)}


class Counted:
    """A store of which is counted what assess and the digest ask and write, in DynamoDB's units.

    By pair-month: `writes` of ranks, and the units of these in the index; `entries` has the bytes of what is there.
    """

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._ranks: dict[Key, Rank | None] = {}
        self.queries = self.query_units = self.write_units = 0
        self.digest_units: Counter[str] = Counter()
        self.writes: Counter[Key] = Counter()
        self.index_units: Counter[Key] = Counter()
        self.entries: dict[Key, int] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def ranked_months(
        self, site: str, source: str, destination: str, first: str, last: str
    ) -> list[tuple[PairMonth, Rank | None]]:
        """Answer, and count a Query."""
        found = self._store.ranked_months(site, source, destination, first, last)
        self.queries += 1
        self.query_units += _units(sum(_size(site, *each) for each in found), _READ_UNIT_BYTES)
        self._ranks |= {_key(month): rank for month, rank in found}
        return found

    def put_rank(self, site: str, month: PairMonth, rank: Rank | None) -> bool:
        """Put it, and count what is written to the table and to the index."""
        key = _key(month)
        before, self._ranks[key] = self._ranks.get(key), rank
        self.writes[key] += 1
        self.write_units += _units(max(_size(site, month, before), _size(site, month, rank)), UNIT_BYTES)
        self.index_units[key] += (before is not None) + (rank is not None)
        self.entries[key] = item_bytes(_entry(site, month, rank)) + INDEX_BYTES
        return self._store.put_rank(site, month, rank)

    def several_months(self, site: str, keys: Iterable[Key]) -> Iterator[PairMonth]:
        """Answer, and count each key, as BatchGetItem is charged."""
        wanted = list(dict.fromkeys(keys))
        self.digest_units["pairs' months, by their keys"] += len(wanted)
        return self._store.several_months(site, wanted)

    def source_months(self, site: str, source: str) -> Iterator[PairMonth]:
        """Answer, and count a Query of all that a device has."""
        found = list(self._store.source_months(site, source))
        self.digest_units["devices' months"] += _units(sum(_size(site, each, None) for each in found), _READ_UNIT_BYTES)
        return iter(found)

    def ranks(self, site: str, month: str, **flags: bool | None) -> Iterator[tuple[str, str, Rank]]:
        """Answer, and count Queries of the index: half of what it would be to read it consistently."""
        found = list(self._store.ranks(site, month, **flags))  # type: ignore[arg-type]  # the flags are no measure
        size = sum(self.entries[source, destination, month] - INDEX_BYTES for source, destination, _ in found)
        self.digest_units["the index"] += _units(size, _READ_UNIT_BYTES) / 2  # type: ignore[assignment]  # halves add up
        return iter(found)


def _key(month: PairMonth) -> Key:
    return month.source, month.destination, month.month


def _entry(site: str, month: PairMonth, rank: Rank | None) -> dict[str, Any]:
    beside = {} if rank is None else {RANKED_AT: {"S": ranks_key(site, month.month)}, RANK: {"S": str(rank)}}
    return pair_month_key(site, month) | beside


def _size(site: str, month: PairMonth, rank: Rank | None) -> int:
    return item_bytes(stored_item(site, month) | _entry(site, month, rank))


def _units(size: int, of: int) -> int:
    return max(1, -(-size // of))


def counted_year(store: Counted, files: Iterable[Path]) -> int:
    """Apply and assess files, in their order; return how many pair-months they touched."""
    touched = 0
    for file in files:
        outcome = upload(store, file, Request(SITE))  # type: ignore[arg-type]  # what it does not count is the store's
        name = Name.parse(SITE, outcome.contribution)
        record = store.file(name)
        for _, chunk in store.chunks(name, range(record.head.chunks)):
            assess_chunk(store, SITE, chunk)  # type: ignore[arg-type]  # as above
            touched += len(chunk)
    return touched


def show_year(store: Counted, touched: int) -> None:
    """Print what assessing took."""
    months = {_key(month): month for month in store.scan(SITE)}
    each = store.writes.total()
    shown: list[tuple[object, ...]] = [
        ("Queries for a pair-month touched", store.queries / touched),
        ("read units for a pair-month touched", store.query_units / touched),
        ("ranks written for a pair-month touched", each / touched),
        ("ranks written for a pair-month, ever", each / len(months)),
        ("their write units in the table", store.write_units / len(months)),
        ("their write units in the index", store.index_units.total() / len(months)),
        ("bytes of an entry of the index, charged", sum(store.entries.values()) / len(store.entries)),
        ("bytes of a rank on its item", sum(_beside(store, months)) / len(store.entries)),
    ]
    show(f"{len(months):,} pair-months, touched {touched:,} times", ("what", "figure"), shown)
    kinds = []
    for kind, days in _KINDS.items():
        of_kind = [key for key, month in months.items() if _observed(month) in days]
        sums = [
            sum(units[key] for key in of_kind) / max(1, len(of_kind)) for units in (store.writes, store.index_units)
        ]
        kinds.append((kind, len(of_kind), *sums))
    show("by their days", ("a pair-month of", "how many", "ranks written", "write units of the index"), kinds)


def _beside(store: Counted, months: dict[Key, PairMonth]) -> Iterator[int]:
    for key, size in store.entries.items():
        yield size - INDEX_BYTES - item_bytes(pair_month_key(SITE, months[key]))


def _observed(month: PairMonth) -> int:
    return sum(1 for name in month.sums if name[0] == FLOWS_LETTER and name[1:].isdigit())


def show_digests(store: Counted, devices: int) -> None:
    """Print what a digest reads: that of the last day, with all that came before."""
    last = max(file.head.last_day for file in store.files(SITE))
    begin = time.process_time()
    answer = anomalies(store, Question(today=last, days=DIGEST_DAYS))  # type: ignore[arg-type]  # as above
    seconds = time.process_time() - begin
    files = sum(1 for _ in store.files(SITE))
    rows: list[tuple[object, ...]] = [*store.digest_units.items(), ("records of files", files)]
    show(f"read units of a digest of {devices} devices, {len(answer.findings)} findings", ("what", "units"), rows)
    print(f"\n  {seconds:.2f} s of a processor, without clients")


def processor_times(days: int) -> tuple[float, float, float]:
    """Return the milliseconds of a transaction of 96 pair-months, of assessing them, and with all ranks moved."""
    clients, stack = connect(), deployed()
    store = DynamoStore(clients, stack.table, stack.bucket)
    chunk = full_chunk(days=days)
    spent: dict[str, list[float]] = {"apply": [], "same": [], "moved": []}
    for number in islice(count(), _ROUNDS):
        name = Name(SITE, f"{number:064x}", "0" * 16)
        begin = time.process_time()
        store.apply(name, 1, 0, chunk)
        applied = time.process_time()
        put = assess_chunk(store, SITE, chunk)
        spent["apply"].append((applied - begin) * 1000)
        if put in {0, len(chunk)}:
            spent["moved" if put else "same"].append((time.process_time() - applied) * 1000)
    return middle(spent["apply"]), middle(spent["same"]), middle(spent["moved"])


def main() -> None:
    """Measure and print."""
    days, devices = [*map(int, sys.argv[1:]), *(DAYS, DEVICES)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as name:
        options = SampleOptions(days=days, devices=devices, rows=devices * ROWS_OF_A_DEVICE, sites=(SITE,))
        files = sorted(write_sample(Path(name), options))
        store = Counted(SqliteStore(Path(name) / "year.db"))
        show_year(store, counted_year(store, files))
        show_digests(store, devices)
        store.close()
    with engine():
        rows = [(f"{each} day(s)", *processor_times(each)) for each in (1, 20)]
    header = ("96 pair-months of", "transaction: CPU ms", "assess, no rank moves", "assess, all move")
    show("client's processor time", header, rows)


if __name__ == "__main__":
    main()
