"""Who looks at the store is told when it changes: one watcher asks it, for all of them."""

from __future__ import annotations

import asyncio
import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from iotagg.errors import IotaggError, NotFound, StoreBusy

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 4_000
_LOOK_SECONDS = 0.25
_INSTEAD = "ask /v1/status now and then, with its ETag"


class Version(Protocol):
    """What tells that a store has changed."""

    def read(self) -> str:
        """Return another text than before where it has, or may have. Raises StoreError."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...


@dataclass(slots=True, eq=False)
class Listener:
    """Somebody who is told, and what they know."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False
    version: str = ""
    trouble: str = ""

    def end(self) -> None:
        """Tell them nothing more."""
        self.ended = True
        self.woken.set()


class Changes:
    """Watches a store while somebody listens, at most so many at a time; without a version, nobody can.

    Nothing piles up for anybody: what is known is compared with what a listener was told last.
    """

    def __init__(self, version: Version | None, check: Callable[[], object], most: int = MOST) -> None:
        self._source = version
        self._check = check
        self._most = most
        self._listeners: set[Listener] = set()
        self._thread = ThreadPoolExecutor(1, "iotagg-changes")
        self._watching: asyncio.Task[None] | None = None
        self._run = secrets.token_hex(4)  # versions that two servers tell do not compare
        self._recoveries = 0
        self._version = ""
        self._trouble = ""
        self._ended = False

    def listener(self) -> Listener:
        """Return somebody new, who is told from now on. Raises NotFound, and StoreBusy where too many listen."""
        if self._source is None:
            raise NotFound(f"nothing tells of changes here; {_INSTEAD}")
        if self._ended or len(self._listeners) >= self._most:
            raise StoreBusy(f"{self._most:,} listen already; {_INSTEAD}")
        found = Listener()
        self._listeners.add(found)
        if self._watching is None:
            # Nothing is told before the store was asked: what comes after that is a change.
            self._version = self._trouble = ""
            self._watching = asyncio.create_task(self._watch(self._source))
        return found

    def leave(self, listener: Listener) -> None:
        """Tell somebody nothing any more."""
        self._listeners.discard(listener)

    def news(self, listener: Listener) -> bytes:
        """Return the events of what somebody was not told yet."""
        told = b""
        if listener.version != self._version != "":
            told += _event("changed" if listener.version else "now", version=self._version)
            listener.version = self._version
        if listener.trouble != self._trouble:
            told += _event("trouble", reason=self._trouble) if self._trouble else b""
            listener.trouble = self._trouble
        return told

    def end(self) -> None:
        """Let all of them go, and nobody in."""
        self._ended = True
        self._end_listeners()

    def close(self) -> None:
        """Let go of the store."""
        self.end()
        self._thread.shutdown(cancel_futures=True)
        if self._source is not None:
            self._source.close()

    def _end_listeners(self) -> None:
        for listener in self._listeners:
            listener.end()

    async def _watch(self, source: Version) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._listeners and not self._ended:
                version, trouble = await loop.run_in_executor(self._thread, self._look, source)
                self._learn(version, trouble)
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._watching = None
            self._end_listeners()  # those who came this moment, or all where it cannot go on; they may come again

    def _look(self, source: Version) -> tuple[str, str]:
        try:
            self._check()
            return source.read(), ""
        except IotaggError as error:
            return "", str(error)

    def _learn(self, version: str, trouble: str) -> None:
        if self._trouble and not trouble:
            self._recoveries += 1  # who was told of trouble is to hear that it is over
        told = f"{self._run}.{self._recoveries}.{version}" if version else self._version
        if (told, trouble) == (self._version, self._trouble):
            return
        self._version, self._trouble = told, trouble
        for listener in self._listeners:
            listener.woken.set()


def _event(kind: str, **said: str) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(said)}\n\n".encode()
