"""What storing costs: bytes of items and contributions, write units, and the requests of a file.

Units are calculated, by the sizes that DynamoDB documents (`bench.bill` says the rules), not reported by it: an update
costs by the larger of the item before and after, which is found by replaying a month of files, in their order, into a
store in memory. The requests of a file are counted on the engine (see `bench.file_requests`). Printed are bytes for one
pair-month and pair-day; write units for 1,000 pair-months that files touch; and for one file its requests by step and
operation, with the read and write units that they make.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from bench.file_requests import Till, show_costs
from bench.setting import SITE, engine, middle, sample_files, show, totals_of
from iotagg.core.contribution import cut, read_chunk
from iotagg.core.dialect import ReadingOptions
from iotagg.core.flows import FileTotals
from iotagg.core.judge import LineCounts
from iotagg.core.rejects import RejectLog
from iotagg.stores.dynamodb.pair_items import pair_month_key
from iotagg.stores.dynamodb.transaction import Step, chunk_transaction
from iotagg.stores.dynamodb.write_units import IN_A_TRANSACTION, UNIT_BYTES, item_bytes
from iotagg.stores.memory import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.core.contribution import Contribution
    from iotagg.core.judge import PairDay
    from iotagg.core.pair_month import PairMonth

ROWS = 30_000
_PAIRS = 2_000
# By how many days of a pair's month have flows: flows, microseconds and packets of one such day.
_KINDS = {
    "sparse: 1 day": (1, 3, 1_234_567, 12),
    "typical: 20 days": (20, 118, 14_273_737_369, 9_383),
    "heavy: 31 days, large figures": (31, 1_234_567, 123_456_789_012_345, 1_234_567_890),
}


@dataclass(slots=True)
class Units:
    """Write units of transactions: of markers, and of pair-months; `pair_months` counts those that were touched."""

    transactions: int = 0
    markers: int = 0
    pair_months: int = 0
    updates: int = 0


def pair_days(days: int, flows: int, duration: int, packets: int) -> dict[PairDay, list[int]]:
    """Return what a file says in which 2,000 pairs have flows on so many days of a month."""
    figures = [flows, duration, duration**2 // flows, packets, packets**2 // flows]
    return {
        (f"192.168.{pair // 200}.{pair % 200}", f"203.0.113.{pair % 250}", f"2022-12-{day:02}"): [
            figure + (pair * 7919 + day * 104_729) * figure // 10**9 for figure in figures
        ]
        for pair in range(_PAIRS)
        for day in range(1, days + 1)
    }


def contribution_of(days: dict[PairDay, list[int]]) -> Contribution:
    """Return the contribution of a file that says this."""
    totals = FileTotals("0" * 64, 0, LineCounts(), "", days, RejectLog(BytesIO), {})
    return cut(totals, SITE, ReadingOptions())


def stored_item(site: str, row: PairMonth) -> dict[str, Any]:
    """Return a pair-month's item as it lies in the table."""
    return pair_month_key(site, row) | {name: {"N": str(value)} for name, value in row.sums.items() if value}


def show_sizes(files: list[Path]) -> None:
    """Print the bytes of pair-months and of contributions."""
    items, stored = [], []
    for kind, figures in _KINDS.items():
        contribution = contribution_of(pair_days(*figures))
        sizes = [item_bytes(stored_item(SITE, row)) for member in contribution.members for row in read_chunk(member)]
        items.append((kind, middle(sizes), max(sizes), -(-int(middle(sizes)) // UNIT_BYTES) * IN_A_TRANSACTION))
        stored.append((kind, len(contribution.stored()), contribution.head.pair_days, _each(contribution)))
    samples = [cut(totals_of(file), SITE, ReadingOptions()) for file in files[:4]]
    each = middle([_each(sample) for sample in samples])
    first = samples[0]
    stored.append((f"a sample file of {ROWS:,} rows", len(first.stored()), first.head.pair_days, each))
    header = ("a pair-month's item", "bytes, median", "bytes, most", "write units of an update")
    show("bytes of a pair-month (calculated)", header, items)
    show("bytes of a contribution", ("its pair-months", "bytes", "pair-days", "bytes a pair-day"), stored)


def _each(contribution: Contribution) -> float:
    return len(contribution.stored()) / contribution.head.pair_days


def replayed(contributions: list[Contribution], store: MemoryStore) -> Units:
    """Count contributions, one after the other, and return the write units that their transactions cost."""
    units = Units()
    for contribution in contributions:
        name = contribution.head.name
        for number, member in enumerate(contribution.members):
            chunk = read_chunk(member)
            before = _sizes(store, name.site, chunk)
            store.apply(name, 1, number, chunk)
            after = _sizes(store, name.site, chunk)
            marker = chunk_transaction("", Step(name, number, chunk, 0, 1))[0]["Put"]["Item"]
            units.transactions += 1
            units.markers += _units(item_bytes(marker))
            units.pair_months += len(chunk)
            units.updates += sum(_units(max(sizes)) for sizes in zip(before, after, strict=True))
    return units


def _units(size: int) -> int:
    return IN_A_TRANSACTION * max(1, -(-size // UNIT_BYTES))


def _sizes(store: MemoryStore, site: str, chunk: list[PairMonth]) -> list[int]:
    standing = {(row.source, row.destination, row.month): row for row in store.scan(site)}
    found = [standing.get((row.source, row.destination, row.month)) for row in chunk]
    return [item_bytes(stored_item(site, row)) if row else 0 for row in found]


def show_units(files: list[Path]) -> None:
    """Print the write units of a month of sample files, and of files that hold a month of 96 pairs and more."""
    rows = []
    store = MemoryStore()
    month = [cut(totals_of(file), SITE, ReadingOptions()) for file in files]
    rows.append(_row(f"a month of daily files, {ROWS:,} rows", replayed(month, store)))
    for kind, figures in _KINDS.items():
        rows.append(
            _row(
                f"one file, 2,000 pair-months, {kind}", replayed([contribution_of(pair_days(*figures))], MemoryStore())
            )
        )
    header = ("files", "transactions", "pair-months", "a transaction", "of markers", "of updates", "all")
    show("write units for 1,000 pair-months touched (calculated)", header, rows)


def _row(what: str, units: Units) -> tuple[object, ...]:
    thousands = units.pair_months / 1000
    return (
        what,
        units.transactions,
        units.pair_months,
        units.pair_months / units.transactions,
        units.markers / thousands,
        units.updates / thousands,
        (units.markers + units.updates) / thousands,
    )


def main() -> None:
    """Measure and print."""
    with sample_files(31, ROWS) as files:
        show_sizes(files)
        show_units(files)
        with engine():
            till = Till()
            found = list(till.costs(files[:5]))[1:]
    show_costs(f"requests of a file of {ROWS:,} rows, the mean of {len(found)} (counted; units calculated)", found)
    pair_months = sum(each.head.pair_months for each in found if each.head)
    totals = [
        (what, sum(getattr(each, what.replace(" ", "_")).total() for each in found) / pair_months * 1000)
        for what in ("requests", "read units", "write units")
    ]
    title = f"all of a file's, for 1,000 pair-months touched ({pair_months // len(found)} a file)"
    show(title, ("what", "for 1,000"), totals)


if __name__ == "__main__":
    main()
