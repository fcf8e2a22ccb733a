"""A server as a person starts it, and whoever asks it."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def body(self) -> Any:
        """What the JSON says."""
        return json.loads(self.content)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs, over a database."""

    port: int
    database: Path

    def ask(self, path: str, token: str = "", method: str = "GET", headers: Any = None, **query: Any) -> Answer:
        """Ask, and return the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_SECONDS)
        try:
            sent = {"Authorization": f"Bearer {token}"} if token else {}
            connection.request(method, f"{path}?{urlencode(query)}" if query else path, headers=sent | (headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def items(self, path: str, **query: Any) -> list[Any]:
        """Return the items of all pages."""
        found, cursor = [], ""
        while True:
            answer = self.ask(path, **query, **({"cursor": cursor} if cursor else {}))
            assert answer.status == 200, answer.content
            found += answer.body["items"]
            cursor = answer.body["next"]
            if cursor is None:
                return found


@contextmanager
def serving(database: Path, *options: str, port: int = 0, quiet: bool = True) -> Iterator[Served]:
    """Run `iotagg serve` over a database, on a port or a free one; it has to end well, and to say nothing meanwhile."""
    command = [sys.executable, "-m", "iotagg", "--db", str(database), "serve", "--port", str(port), *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IOTAGG_")}
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert server.stderr is not None
    try:
        said = server.stderr.readline()
        found = re.search(r"http://[^ ]*:(\d+) answers", said)
        assert found is not None, said + server.stderr.read()
        yield Served(int(found[1]), database)
        server.terminate()
        assert server.wait(_SECONDS) == 0
        assert not quiet or server.stderr.read() == ""
    finally:
        server.kill()
        server.wait()
        server.stderr.close()
