"""Chunks of a contribution, brought to the revision that a message names: each in a transaction of its own.

What is applied is assessed before the message is done with, and before the file is taken off the list of those that are
pending. So whoever dies in between leaves it to the next one who gets the message, or to the sweep.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from iotagg.assess import assess_chunk
from iotagg.core.ledger import Move, Refusal
from iotagg.errors import NotFound, NumberTooLarge, Unintelligible
from iotagg.jobs.chunk_range import ChunkRange
from iotagg.jobs.summarize import hand_over
from iotagg.pipeline import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from concurrent.futures import Future

    from iotagg.core.contribution import Chunk, Head, Name
    from iotagg.core.ledger import FileRecord
    from iotagg.jobs.cloud import Cloud
    from iotagg.stores.protocol import Store

IN_FLIGHT = 4  # transactions at once: a client needs some 3 ms of processor time for one, and waits longer for it


def consolidate_message(
    cloud: Cloud, body: str, *, received: int = 1, in_time: Callable[[], bool] = lambda: True
) -> bool:
    """Do what a message of the chunks queue asks for; say whether all of it is done, or time ran out.

    Doing it again changes nothing; from the second time it is `received`, only what is missing is applied. Raises
    Unintelligible, NotFound for an unknown contribution, and CloudError when AWS is not to be had. Of what was erased,
    nothing is left to be done.
    """
    work = ChunkRange.parse(body)
    record = cloud.store.file(work.name)
    if record is not None and record.erased:
        return True
    if record is None or work.last >= record.head.chunks:
        raise NotFound(f"no chunks {work.first} to {work.last} of contribution {work.name} at site {work.name.site}")
    if work.revision > record.revision:
        # Its markers would stand above all that is still to come: what a person takes out would stay in.
        raise Unintelligible(
            f"this message of the chunks queue is forged: contribution {work.name} at site {work.name.site} has reached"
            f" revision {record.revision}, and it names {work.revision}; let nothing else send there"
        )
    done, assessed = frozenset[int](), frozenset[int]()
    if received > 1:
        done = cloud.store.applied(work.name, work.revision)
        assessed = cloud.store.assessed_chunks(work.name, work.revision)
    try:
        left = [number for number in work.numbers if number not in assessed]
        finished = apply_all(cloud.store, work.name, work.revision, left, in_time, done)
    except NumberTooLarge as reason:
        _take_out(cloud, record, str(reason))
        return True
    except NotFound:
        if _is_erased(cloud.store, work.name):  # meanwhile
            return True
        raise
    if len(cloud.store.assessed_chunks(work.name, work.revision)) == record.head.chunks:
        cloud.store.settled(work.name, work.revision)
    return finished


def _is_erased(store: Store, name: Name) -> bool:
    record = store.file(name)
    return record is not None and record.erased


def apply_all(  # noqa: PLR0917 (three parts name a revision's chunks)
    store: Store,
    name: Name,
    revision: int,
    numbers: Iterable[int],
    in_time: Callable[[], bool] = lambda: True,
    done: Collection[int] = (),
) -> bool:
    """Bring chunks to a revision and assess their pairs, a few at a time; say whether all were begun in time.

    Those that are `done` are assessed alone. Chunks of one contribution never share a pair's month, so that they cannot
    be in each other's way.
    """
    begun: set[Future[None]] = set()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        for number, chunk in store.chunks(name, numbers):
            if not in_time():
                break
            if len(begun) == IN_FLIGHT:
                ended, begun = wait(begun, return_when=FIRST_COMPLETED)
                _raise_first(ended)
            begun.add(pool.submit(_apply if number not in done else _assess, store, name, revision, number, chunk))
        else:
            _raise_first(begun)
            return True
        _raise_first(begun)
        return False


def consolidate_here(store: Store, head: Head, revision: int) -> None:
    """Bring a contribution to a revision in this process, a few chunks at once, instead of handing it over.

    Of what was erased, nothing is left to be done.
    """
    missing = set(range(head.chunks)) - store.assessed_chunks(head.name, revision) if revision else set()
    try:
        apply_all(store, head.name, revision, sorted(missing))
    except NotFound:
        if not _is_erased(store, head.name):
            raise
    store.settled(head.name, revision)


def _apply(store: Store, name: Name, revision: int, number: int, chunk: Chunk) -> None:
    store.apply(name, revision, number, chunk)
    _assess(store, name, revision, number, chunk)


def _assess(store: Store, name: Name, revision: int, number: int, chunk: Chunk) -> None:
    assess_chunk(store, name.site, chunk)
    store.chunk_assessed(name, revision, number)


def _raise_first(futures: Iterable[Future[None]]) -> None:
    for future in futures:
        future.result()


def _take_out(cloud: Cloud, record: FileRecord, reason: str) -> None:
    # A file counts as a whole or not at all: what is in of it goes out again, and all who uploaded it learn why.
    name = record.name
    refusal = Refusal(reason, str(name), record.head.lines)
    moves = [Move(path, drop=(name,), refusal=refusal) for path in sorted(record.paths)]
    carry_out(cloud.store, name.site, moves, also=[name], bring=hand_over(cloud))
