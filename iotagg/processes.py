"""Processes that upload files into one store, side by side."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from iotagg.errors import IotaggError
from iotagg.pipeline import Request, upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from iotagg.core.outcome import Outcome
    from iotagg.stores.protocol import Store

_GLANCE = 0.1


def upload_with(
    open_store: Callable[[], Store],
    files: Sequence[Path],
    request: Request,
    jobs: int,
    passed: Callable[[int], object],
) -> Iterator[Outcome]:
    """Upload files by so many processes; as iotagg.parallel.upload_all(), which decides whether that is worth it."""
    # They are spawned, not forked: that is the same on every system, and safe beside threads.
    context = multiprocessing.get_context("spawn")
    read = context.Value("Q", 0)
    with ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(open_store, request, read)) as pool:
        with _interrupts_ignored():  # the processes that begin here leave an interrupt to this one
            futures = [pool.submit(_upload, file) for file in files]
        told = 0
        try:
            for future in futures:
                while (outcome := _glance(future)) is None:
                    told = _tell(passed, read.value, told)
                told = _tell(passed, read.value, told)
                yield outcome
        except BrokenProcessPool:
            raise IotaggError("a worker was killed, perhaps for want of memory; upload the same files again") from None
        except BaseException:
            # Whatever they are in the middle of is one transaction: it is dropped as a whole.
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _glance(future: Future[Outcome]) -> Outcome | None:
    try:
        return future.result(timeout=_GLANCE)
    except TimeoutError:
        return None


def _tell(passed: Callable[[int], object], read: int, told: int) -> int:
    passed(read - told)
    return read


_worker: dict[str, Any] = {}


def _begin(open_store: Callable[[], Store], request: Request, read: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker.update(store=open_store(), request=request, read=read)


def _upload(file: Path) -> Outcome:
    def passed(count: int) -> None:
        with _worker["read"].get_lock():
            _worker["read"].value += count

    return upload(_worker["store"], file, _worker["request"], passed)
