"""Files sent to a server, and what is said on a bare connection."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from tests.web.served import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.web.served import Served

_SECONDS = 30


def send(  # noqa: PLR0917 (what a request has, in its order)
    served: Served,
    method: str,
    path: str,
    body: bytes | Iterable[bytes] = b"",
    token: str = "",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send a body, and return the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=_SECONDS)
    try:
        who = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, path, body, who | (headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def send_json(served: Served, path: str, said: Any, token: str = "", **headers: str) -> Answer:
    """Send JSON with POST."""
    return send(served, "POST", path, json.dumps(said).encode(), token, {"Content-Type": "application/json"} | headers)


def put_file(
    served: Served, site: str, name: str, content: bytes | Iterable[bytes], token: str = "", **query: Any
) -> Answer:
    """Send a flow file."""
    return send(served, "PUT", f"/v1/sites/{quote(site)}/files?{urlencode({'name': name} | query)}", content, token)


def begin(served: Served, *lines: str, token: str = "") -> socket.socket:
    """Send a head and nothing behind it; return the connection."""
    connection = socket.create_connection(("127.0.0.1", served.port), timeout=_SECONDS)
    who = [f"Authorization: Bearer {token}"] if token else []
    connection.sendall("\r\n".join([*lines[:1], "Host: 127.0.0.1", *who, *lines[1:], "", ""]).encode())
    return connection
