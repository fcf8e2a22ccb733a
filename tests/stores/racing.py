"""What several threads or processes do to one store at once."""

from __future__ import annotations

import multiprocessing
import random
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iotagg.core.contribution import CHUNK, Name
from iotagg.core.pair_month import PairMonth

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from iotagg.core.contribution import Chunk
    from iotagg.stores.protocol import Store

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


def name_of(number: int, site: str = "paris") -> Name:
    """Return the name of a made-up contribution."""
    return Name(site, f"{number:064x}", "0" * 16)


def pair_month(source: str, month: str = "2022-12", destination: str = "192.0.2.1", **sums: int) -> PairMonth:
    """Return a pair's month; without sums, that of a single flow."""
    return PairMonth(source, destination, month, sums or {"flows": 1, "dur": 7, "dur_sq": 49, "f01": 1, "d01": 7})


CHUNKS: list[Chunk] = [
    [pair_month(f"192.168.{number}.{host}") for host in range(CHUNK)] for number in range(3)
]  # of one contribution


def apply_everything(open_store: Callable[[], Store], seed: int, started: Any) -> int:
    """Apply revisions 1 to 3 of all chunks of two contributions in some order; return how often one was news."""
    store = open_store()
    started.wait(START_SECONDS)
    deliveries = [
        (number, revision, chunk) for number in (1, 2) for revision in (1, 2, 3) for chunk in range(len(CHUNKS))
    ]
    random.Random(seed).shuffle(deliveries)  # noqa: S311 (a seeded order, no secret)
    news = sum(store.apply(name_of(number), revision, chunk, CHUNKS[chunk]) for number, revision, chunk in deliveries)
    store.close()
    return news


def apply_in_process(open_store: Callable[[], Store], seed: int, started: Any, news: Any) -> None:
    """Do so in a process of its own."""
    news.put(apply_everything(open_store, seed, started))


def at_once(threads: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(0)`, `work(1)`, … in so many threads that begin together; return what each returned, or raise."""
    began = threading.Barrier(threads)
    results: list[Any] = [None] * threads
    errors: list[BaseException] = []

    def run(number: int) -> None:
        began.wait(START_SECONDS)
        try:
            results[number] = work(number)
        except BaseException as error:  # noqa: BLE001 (raised again below, in the test's own thread)
            errors.append(error)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if errors:
        raise errors[0]
    return results


def processes_at_once(
    monkeypatch: pytest.MonkeyPatch, count: int, target: Callable[..., None], *arguments: Any
) -> list[Any]:
    """Run `target(*arguments, seed, barrier, queue)` in so many new processes; return what each put into the queue."""
    monkeypatch.syspath_prepend(str(ROOT))  # a spawned process imports the target from where this one did
    context = multiprocessing.get_context("spawn")
    started, queue = context.Barrier(count), context.Queue()
    running = [
        context.Process(target=target, args=(*arguments, seed, started, queue), daemon=True) for seed in range(count)
    ]
    for process in running:
        process.start()
    results = [queue.get(timeout=START_SECONDS) for _ in running]
    for process in running:
        process.join()
    queue.close()
    queue.join_thread()
    return results
