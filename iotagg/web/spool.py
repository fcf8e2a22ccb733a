"""A long answer on its way: a thread writes it as fast as it can, a client reads it as slowly as it likes.

What lies between is a file without a name, so that memory does not grow, and a client that is slow keeps neither the
store nor a thread waiting. How many there are at once is bounded.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from iotagg.errors import StoreBusy, StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

log = logging.getLogger(__name__)

Item = TypeVar("Item")

MOST = 4  # each takes a thread while it is written, and room on the disk until it is sent
_PIECE = 64 * 1024
_NOTICED_AFTER = 1.0  # seconds in which a client may have gone


class AbandonedError(Exception):
    """Nobody wants it any more."""


class Spool:
    """A file that grows. It is written by one thread, and read by the loop that it was made in."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed by close())
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._abandoned = threading.Event()
        self._waiting: list[str] = []
        self._letters = self._writes = self._size = 0
        self._error: Exception | None = None
        self._done = False

    def write(self, text: str) -> None:
        """Add a line. Raises AbandonedError."""
        self._waiting.append(text)
        self._letters += len(text)
        self._writes += 1
        # Whoever asks sees at once that there is something: names of columns, and the first row.
        if self._letters >= _PIECE or self._writes == 2:  # noqa: PLR2004 (as said)
            self._flush()

    def _flush(self) -> None:
        if self._abandoned.is_set():
            raise AbandonedError
        content = "".join(self._waiting).encode()
        self._waiting.clear()
        self._letters = 0
        view = memoryview(content)
        while view:
            view = view[self._file.write(view) or 0 :]
        self._size += len(content)
        self._tell()

    def watched(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield items for as long as anybody wants it. Raises AbandonedError."""
        for item in items:
            if self._abandoned.is_set():
                raise AbandonedError
            yield item

    def fill(self, work: Callable[[Spool], object]) -> None:
        """Let work write all of it, and note how that ends."""
        try:
            work(self)
            self._flush()
        except AbandonedError:
            self._error = StoreError("nobody waits for it any more")
        except OSError as error:
            self._error = StoreError(f"{tempfile.gettempdir()} has no room for an export: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 (it is raised where it is read)
            self._error = error
        self._done = True
        self._tell()

    def _tell(self) -> None:
        self._loop.call_soon_threadsafe(self._changed.set)

    async def begun(self, is_wanted: Callable[[], Awaitable[bool]]) -> None:
        """Wait until there is something to read. Raises what went wrong before that."""
        while not (self._size or self._done):
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), _NOTICED_AFTER)
            except TimeoutError:
                if not await is_wanted():
                    self.abandon()
        if self._error is not None and not self._size:
            raise self._error

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield all of it. Raises what went wrong."""
        place = 0
        while True:
            self._changed.clear()
            done, size = self._done, self._size
            while place < size:
                piece = await asyncio.to_thread(os.pread, self._file.fileno(), min(_PIECE, size - place), place)
                place += len(piece)
                yield piece
            if done:
                break
            await self._changed.wait()
        if self._error is not None:
            log.warning("an export ended early: %s", self._error)
            raise self._error

    def abandon(self) -> None:
        """Let whoever writes it end that."""
        self._abandoned.set()

    def close(self) -> None:
        """Let go of the file, once nobody writes it any more."""
        self._file.close()


class Spools:
    """Those that are on their way, each written by a thread of its own: no other question waits for them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST, "iotagg-export")
        self._places = threading.BoundedSemaphore(MOST)
        self._open: dict[Spool, Future[None]] = {}

    def open(self, work: Callable[[Spool], object]) -> Spool:
        """Return one that work begins to write. Raises StoreBusy where there are too many."""
        if not self._places.acquire(blocking=False):
            raise StoreBusy(f"{MOST} exports are on their way already; ask again in a moment")
        spool = Spool()
        self._open[spool] = self._threads.submit(spool.fill, work)
        return spool

    def release(self, spool: Spool) -> None:
        """End it: nobody reads it any more."""
        spool.abandon()
        # Its file may be closed when its thread is done with it only.
        self._open.pop(spool).add_done_callback(lambda _: self._let_go(spool))

    def _let_go(self, spool: Spool) -> None:
        spool.close()
        self._places.release()

    def close(self) -> None:
        """End all, and wait for it."""
        for spool in list(self._open):
            self.release(spool)
        self._threads.shutdown()
