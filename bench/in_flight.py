"""How many transactions at once are worth while, where each reply takes some milliseconds.

Transactions of full chunks (96 pair-months) and of small ones (8) are sent as consolidate does, 1, 2, 4 and 8 at once,
in turns, with a sleep of 5 or 10 ms below the client in place of the way to the service and back. `stub` answers at
once, so that the client has the processor; `engine` works on the same cores. Printed are transactions a second (the
median of several rounds), and as a ratio to 1 at once. `CPU ms` is the client's processor time for one transaction; a
part of a processor makes it as much longer, which the last table continues by calculation: the most transactions a
second that a share of a processor can send, and how many in flight suffice for that.
"""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from bench.setting import deployed, engine, full_chunk, middle, show
from bench.stub import running_stub
from iotagg.aws.clients import connect
from iotagg.core.contribution import Name
from iotagg.jobs import consolidate
from iotagg.jobs.consolidate import apply_all
from iotagg.stores.dynamodb.store import DynamoStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.core.contribution import Chunk
    from iotagg.stores.protocol import Store

AT_ONCE = (1, 2, 4, 8)
DELAYS = (0.005, 0.010)
ROUNDS = 5
TRANSACTIONS = 24
_SHARES = {"1 vCPU": 1.0, "half a vCPU": 0.5, "0.29 vCPU (512 of 1,769 MB)": 512 / 1769}


class Chunks:
    """A store on the engine, of which every contribution holds the same chunk many times, each pair its own."""

    def __init__(self, table: str, bucket: str, pairs: int) -> None:
        clients = connect()
        clients.dynamodb.meta.events.register("before-send.dynamodb.TransactWriteItems", self._delayed)
        self._store = DynamoStore(clients, table, bucket)
        self._chunks = [full_chunk(first=pairs * number, pairs=pairs) for number in range(TRANSACTIONS)]
        self.delay = 0.0

    def _delayed(self, **_: Any) -> None:
        time.sleep(self.delay)

    def chunks(self, _: Name, numbers: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        """Yield the chunks of these numbers."""
        return ((number, self._chunks[number]) for number in numbers)

    def apply(self, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
        """Write one."""
        return self._store.apply(name, revision, number, chunk)


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock and of the processor, for one transaction."""

    wall: float
    cpu: float


def once(store: Chunks, at_once: int) -> Spent:
    """Send all chunks of a new contribution."""
    consolidate.IN_FLIGHT = at_once
    name = Name("paris", uuid.uuid4().hex * 2, "0" * 16)
    wall, cpu = time.perf_counter(), time.process_time()
    apply_all(cast("Store", store), name, 1, range(TRANSACTIONS))
    return Spent((time.perf_counter() - wall) / TRANSACTIONS, (time.process_time() - cpu) / TRANSACTIONS)


def measured(store: Chunks, delay: float) -> dict[int, list[Spent]]:
    """Return what a transaction took, for each number at once, in turns."""
    store.delay = delay
    found: dict[int, list[Spent]] = {at_once: [] for at_once in AT_ONCE}
    once(store, max(AT_ONCE))
    for turn in range(ROUNDS):
        for place in range(len(AT_ONCE)):
            at_once = AT_ONCE[(place + turn) % len(AT_ONCE)]
            found[at_once].append(once(store, at_once))
    return found


def main() -> None:
    """Measure and print."""
    rows: list[tuple[object, ...]] = []
    cpu: dict[int, float] = {}
    with engine() as address:
        stack = deployed()
        with running_stub() as stub:
            for where, at in (("stub", stub), ("engine", address)):
                os.environ["AWS_ENDPOINT_URL"] = at
                for pairs in (96, 8):
                    store = Chunks(stack.table, stack.bucket, pairs)
                    for delay in DELAYS:
                        found = measured(store, delay)
                        rates = [1 / middle([each.wall for each in found[at_once]]) for at_once in AT_ONCE]
                        spent = middle([each.cpu for each in found[1]])
                        cpu.setdefault(pairs, spent)
                        what = f"{where}, {pairs} pair-months, {delay * 1000:.0f} ms"
                        rows.append((what, *rates, *(rate / rates[0] for rate in rates[1:]), spent * 1000))
    header = ("transactions a second", *(f"{n} at once" for n in AT_ONCE), *(f"{n}:1" for n in AT_ONCE[1:]), "CPU ms")
    show("transactions a second", header, rows)
    show_shares(cpu)


def show_shares(cpu: dict[int, float]) -> None:
    """Print what a share of a processor could do, calculated from the processor time that was measured."""
    rows = [
        (f"{pairs} pair-months, {name}", share / spent, *(1 + delay * share / spent for delay in DELAYS))
        for pairs, spent in cpu.items()
        for name, share in _SHARES.items()
    ]
    header = ("calculated", "most a second", *(f"in flight for it, {delay * 1000:.0f} ms" for delay in DELAYS))
    show("with a share of a processor", header, rows)


if __name__ == "__main__":
    main()
