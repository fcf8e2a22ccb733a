"""Somebody who listens to changes, on a connection of their own."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from tests.web.sent import begin

if TYPE_CHECKING:
    import socket
    from types import TracebackType

    from tests.web.served import Served

_EVENT = re.compile(rb"event: (\w+)\ndata: (.*)\n\n")
_CHUNK = re.compile(rb"(?:^|\r\n)[0-9a-f]+\r\n")


@dataclass
class Live:
    """A connection to /v1/changes."""

    served: Served
    token: str = ""
    connection: socket.socket = field(init=False)
    head: bytes = field(init=False, default=b"")
    came: bytes = field(init=False, default=b"")
    taken: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.connection = begin(self.served, "GET /v1/changes HTTP/1.1", token=self.token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.connection.close()

    def event(self, seconds: float = 10.0) -> tuple[str, Any] | None:
        """Return the next event, None where there is none for so long, or at the end."""
        self.connection.settimeout(seconds)
        while True:
            found = _EVENT.search(_CHUNK.sub(b"", self.came), self.taken)
            if found is not None:
                self.taken = found.end()
                return found[1].decode(), json.loads(found[2])
            try:
                block = self.connection.recv(65_536)
            except TimeoutError:
                return None
            if not block:
                return None
            self._take(block)

    def _take(self, block: bytes) -> None:
        self.came += block
        if not self.head:
            self.head, _, self.came = self.came.partition(b"\r\n\r\n")

    def is_at_its_end(self, seconds: float = 10.0) -> bool:
        """Say whether the server ends it within so long."""
        self.connection.settimeout(seconds)
        try:
            while self.connection.recv(65_536):
                pass
        except TimeoutError:
            return False
        return True
