"""Files that come over HTTP: each lies on disk whole before it is counted, or is forgotten."""

from __future__ import annotations

import asyncio
import errno
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

from iotagg.errors import InvalidValue, NoRoom, StoreBusy, StoreError, UploadTooLarge, UploadTooSlow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import IO

    from starlette.requests import Request

    from iotagg.core.pseudonym import Pseudonyms

Result = TypeVar("Result")

_MOST_BYTES = 1 << 30
_MOST_AT_ONCE = 8
_COUNTING = 2  # a small file does not wait for a large one; more would only share the same processor
_WRITING = 2
_TOGETHER = 1 << 20  # bytes that are written at once
_SILENT_SECONDS = 30.0
_LEAST_PER_SECOND = 1_024  # on average; whoever sends less would keep others out for days
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms files are taken: of so many bytes at most, under these pseudonyms if any."""

    most_bytes: int = _MOST_BYTES
    pseudonyms: Pseudonyms | None = None


class Reception:
    """Takes a few files at a time; nobody who sends slowly keeps a thread waiting."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._under_way = 0
        self._writing = ThreadPoolExecutor(_WRITING, "iotagg-receiving")
        self._counting = ThreadPoolExecutor(_COUNTING, "iotagg-counting")
        self._folder: TemporaryDirectory[str] | None = None

    @asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[Path]:
        """Give what a request sends, as a file that is there for so long.

        Raises StoreBusy where too many come at once, UploadTooLarge, UploadTooSlow, NoRoom, and InvalidValue where it
        stops half way.
        """
        with self._place():
            expected = self._expected(request)
            with self._room(), NamedTemporaryFile(dir=self._new_folder(), buffering=0) as file:
                came = await self._take(request, file.file)
                if expected is not None and came != expected:
                    raise InvalidValue(f"only {came:,} of {expected:,} bytes came; send it again")
                yield Path(file.name)

    async def count(self, work: Callable[[], Result]) -> Result:
        """Return what is worked out in a thread of those that count."""
        return await asyncio.get_running_loop().run_in_executor(self._counting, work)

    def close(self) -> None:
        """Wait for what is being counted, and forget what came."""
        for threads in (self._writing, self._counting):
            threads.shutdown(cancel_futures=True)
        if self._folder is not None:
            self._folder.cleanup()

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._under_way >= _MOST_AT_ONCE:
            raise StoreBusy(f"{_MOST_AT_ONCE} files are on their way already; send it again in a moment")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def _expected(self, request: Request) -> int | None:
        length = request.headers.get("content-length")
        if length is None:
            return None
        if int(length) > self.terms.most_bytes:
            raise self._too_large()
        if int(length) > shutil.disk_usage(gettempdir()).free:
            raise _no_room()
        return int(length)

    def _too_large(self) -> UploadTooLarge:
        return UploadTooLarge(f"a file may have {self.terms.most_bytes:,} bytes here; --most-upload says how many")

    def _new_folder(self) -> str:
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="iotagg-uploads-")
        return self._folder.name

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise _no_room() from None
            raise StoreError(f"nothing can be written in {gettempdir()}: {error.strerror or error}") from error

    async def _take(self, request: Request, file: IO[bytes]) -> int:
        loop = asyncio.get_running_loop()
        waiting, came, began = bytearray(), 0, loop.time()
        async for block in _blocks(request):
            came += len(block)
            if came > self.terms.most_bytes:
                raise self._too_large()
            if came < _LEAST_PER_SECOND * (loop.time() - began - _SILENT_SECONDS):
                raise _too_slow()
            waiting += block
            if len(waiting) >= _TOGETHER:
                await loop.run_in_executor(self._writing, _write, file, bytes(waiting))
                waiting.clear()
        await loop.run_in_executor(self._writing, _write, file, bytes(waiting))
        return came


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    stream: Any = request.stream()
    while True:
        try:
            async with asyncio.timeout(_SILENT_SECONDS):
                block = await anext(stream, None)
        except TimeoutError:
            raise _too_slow() from None
        except ClientDisconnect:
            raise InvalidValue("it stopped half way; send it again") from None
        if block is None:
            return
        yield block


def _write(file: IO[bytes], content: bytes) -> None:
    rest = memoryview(content)
    while rest:  # what has no buffer may write less than it is given
        rest = rest[file.write(rest) :]


def _too_slow() -> UploadTooSlow:
    return UploadTooSlow(f"nothing came for {_SILENT_SECONDS:g} s, or too little for long; send it again")


def _no_room() -> NoRoom:
    return NoRoom(f"no room for it in {gettempdir()}; make some there, or name another folder with TMPDIR")
