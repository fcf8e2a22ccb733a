"""A server that answers every request with `{}` at once, so that only the client costs anything."""

from __future__ import annotations

import multiprocessing
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

_BLOCK = 1 << 18
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}"
_LENGTH = b"content-length:"


@contextmanager
def running_stub() -> Iterator[str]:
    """Start the server, in a process of its own, and return its address; stop it at the end."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()


def _serve(told: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        told.send(server.getsockname()[1])
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    waiting = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in waiting:
                block = connection.recv(_BLOCK)
                if not block:
                    return
                waiting += block
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            left = _length(head) - len(waiting)
            while left > 0:
                left -= len(connection.recv(_BLOCK))
            waiting = b""
            connection.sendall(_REPLY)


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.removeprefix(_LENGTH)) for line in lines if line.startswith(_LENGTH)), 0)
