"""Work on blocks of bytes, on a thread beside the one that asks for it.

It pays where the work lets go of the interpreter's lock, as hashing and inflating do. The beginning is worked on by the
asking thread itself, so that small content, which most is, costs no thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from queue import Queue
    from threading import Thread

ALONE = 1 << 21  # bytes before a thread is started
_WAITING = 16  # blocks that one side may be ahead of the other


class Taker:
    """Gives blocks to a function, in order."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._given = 0
        self._queue: Queue[bytes | None] | None = None
        self._thread: Thread | None = None
        self._error: BaseException | None = None

    def give(self, block: bytes) -> None:
        """Have a block taken, now or soon."""
        self._given += len(block)
        if self._given <= ALONE:
            self._take(block)
            return
        if self._queue is None:
            self._queue, self._thread = _started(self._take_all)
        self._queue.put(block)

    def finish(self) -> None:
        """Wait until all blocks are taken. Raises what the function raised."""
        if self._queue is not None and self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._queue = self._thread = None
        if self._error is not None:
            raise self._error

    def _take_all(self, queue: Queue[bytes | None]) -> None:
        while (block := queue.get()) is not None:
            if self._error is None:
                try:
                    self._take(block)
                except BaseException as error:  # noqa: BLE001 (it is raised where it is waited for)
                    self._error = error


def ahead(blocks: Iterable[bytes]) -> Generator[bytes]:
    """Yield blocks that are made ahead of their use. Raises what making them raises."""
    made = iter(blocks)
    given = 0
    for block in made:
        yield block
        given += len(block)
        if given > ALONE:
            yield from _ahead(made)


def _ahead(made: Iterator[bytes]) -> Iterator[bytes]:
    stopped = False
    error: BaseException | None = None

    def make_all(queue: Queue[bytes | None]) -> None:
        nonlocal error
        try:
            for block in made:
                queue.put(block)
                if stopped:
                    break
        except BaseException as found:  # noqa: BLE001 (it is raised where the blocks are used)
            error = found
        queue.put(None)

    queue, thread = _started(make_all)
    block: bytes | None = b""
    try:
        while (block := queue.get()) is not None:
            yield block
    finally:
        stopped = True
        while block is not None:  # the thread may be waiting for room
            block = queue.get()
        thread.join()
    if error is not None:
        raise error


def _started(work: Callable[[Queue[bytes | None]], None]) -> tuple[Queue[bytes | None], Thread]:
    from queue import Queue  # noqa: PLC0415 (small content needs neither, and starts the sooner)
    from threading import Thread  # noqa: PLC0415

    queue: Queue[bytes | None] = Queue(_WAITING)
    thread = Thread(target=work, args=(queue,), daemon=True)
    thread.start()
    return queue, thread
