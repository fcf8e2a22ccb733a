"""Work on blocks of bytes, on a thread beside the one that asks for it.

It pays where the work lets go of the interpreter's lock, as hashing and inflating do. The beginning is worked on by the
asking thread itself, so that small content, which most is, costs no thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from queue import SimpleQueue
    from threading import Thread

ALONE = 1 << 21  # bytes before a thread is started
_WAITING = 16  # blocks that one side may be ahead of the other


class _Channel:
    # Blocks on their way from thread to thread. queue.Queue would do, but takes six times as long for each of them.

    def __init__(self) -> None:
        from queue import SimpleQueue  # noqa: PLC0415 (small content needs none, and starts the sooner)

        self._blocks: SimpleQueue[bytes | None] = SimpleQueue()
        self._room: SimpleQueue[None] = SimpleQueue()
        for _ in range(_WAITING):
            self._room.put(None)

    def put(self, block: bytes | None) -> None:
        self._room.get()
        self._blocks.put(block)

    def get(self) -> bytes | None:
        block = self._blocks.get()
        self._room.put(None)
        return block


class Taker:
    """Gives blocks to a function, in order."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._given = 0
        self._channel: _Channel | None = None
        self._thread: Thread | None = None
        self._error: BaseException | None = None

    def give(self, block: bytes) -> None:
        """Have a block taken, now or soon."""
        self._given += len(block)
        if self._given <= ALONE:
            self._take(block)
            return
        if self._channel is None:
            self._channel, self._thread = _started(self._take_all)
        self._channel.put(block)

    def finish(self) -> None:
        """Wait until all blocks are taken. Raises what the function raised."""
        if self._channel is not None and self._thread is not None:
            self._channel.put(None)
            self._thread.join()
            self._channel = self._thread = None
        if self._error is not None:
            raise self._error

    def _take_all(self, channel: _Channel) -> None:
        while (block := channel.get()) is not None:
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

    def make_all(channel: _Channel) -> None:
        nonlocal error
        try:
            for block in made:
                channel.put(block)
                if stopped:
                    break
        except BaseException as found:  # noqa: BLE001 (it is raised where the blocks are used)
            error = found
        channel.put(None)

    channel, thread = _started(make_all)
    block: bytes | None = b""
    try:
        while (block := channel.get()) is not None:
            yield block
    finally:
        stopped = True
        while block is not None:  # the thread may be waiting for room
            block = channel.get()
        thread.join()
    if error is not None:
        raise error


def _started(work: Callable[[_Channel], None]) -> tuple[_Channel, Thread]:
    from threading import Thread  # noqa: PLC0415 (as above)

    channel = _Channel()
    thread = Thread(target=work, args=(channel,), daemon=True)
    thread.start()
    return channel, thread
