"""A server on this machine: it listens, says where, and ends when it is told to."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from iotagg.errors import InvalidValue, IotaggError
from iotagg.web.changes import MOST
from iotagg.web.event_stream import PATH
from iotagg.web.pages import Assets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI
    from starlette.types import Message

    from iotagg.web.changes import Changes

_ENDS = (signal.SIGINT, signal.SIGTERM)
_KEPT_SECONDS = 15  # a connection on which nothing is asked
_LONGEST_HEAD = 32 * 1024
_WAITING = 1_024  # connections that nobody has taken yet
_GONE_MILLISECONDS = 120_000  # after which somebody who takes nothing of what was sent is not there any more
_MOST_FILES = 16_384
_FLUSH_SECONDS = 1.0


def is_loopback(host: str) -> bool:
    """Say whether this machine alone can reach what listens there. Raises InvalidValue for no address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise InvalidValue(f"{host} is no address to listen on; use 127.0.0.1, or an address of this machine") from None


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; 0 stands for any free port. Raises IotaggError where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay where a socket names its protocol; else each answer would wait 40 ms for a receipt.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections have it from what they came by
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_MILLISECONDS)
        listening.bind((host, port))
        listening.listen(_WAITING)
    except OSError as error:
        listening.close()
        raise IotaggError(f"nothing can listen on {host}, port {port}: {error.strerror}; name another --port") from None
    return listening


def most_listeners() -> int:
    """Return how many may listen to changes: half of what may be open, of which as much is asked for as is needed."""
    try:
        import resource  # noqa: PLC0415 (Windows has no such limit)
    except ImportError:
        return MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _MOST_FILES:
        soft = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(MOST, soft // 2)


def address_of(listening: socket.socket) -> str:
    """Return the address that a browser takes."""
    host, port, *_ = listening.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: FastAPI, listening: socket.socket, began: Callable[[], object] = lambda: None) -> None:
    """Answer until a signal says that it is enough; what is being answered then, is answered first."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",  # what anybody may send is no news
        ws="none",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEPT_SECONDS,
        timeout_graceful_shutdown=_KEPT_SECONDS,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
    )
    asyncio.run(_ready(app))
    began()
    gc.freeze()  # what is loaded by now stays: to look through it again and again took a part of each answer
    EndingServer(config, app.state.changes).run(sockets=[listening])


async def _ready(app: FastAPI) -> None:
    # Routes, and what a page loads, are made when they are first asked for: whoever came first would wait for that.
    for asset in Assets.read().by_name.values():
        _ = asset.packed
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"localhost")], "query_string": b""}

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_: Message) -> None:
        pass

    await app(scope, receive, send)


class EndingServer(uvicorn.Server):
    """Ends streams, which have no end of their own, and waits for all else that is being answered."""

    def __init__(self, config: uvicorn.Config, changes: Changes) -> None:
        super().__init__(config)
        self._changes = changes

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was asked, and nothing more."""
        gc.freeze()  # what thousands of streams leave behind is not worth a look any more
        self._changes.end()
        asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._end_the_last)
        await super().shutdown(sockets)

    def _end_the_last(self) -> None:
        for connection in list(self.server_state.connections):
            if (getattr(connection, "scope", None) or {}).get("path") == PATH:
                connection.transport.abort()  # who does not take the last of what they were sent
            elif not connection.transport.is_closing():
                connection.shutdown()  # who came the moment that all others were told

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let a signal end it."""
        # uvicorn's own sends itself the signal again at the end; to be told to end is no failure.
        before = {each: signal.signal(each, self.handle_exit) for each in _ENDS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
