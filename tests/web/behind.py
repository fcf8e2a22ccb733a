"""The function of a stack's page, as a process of its own, and API Gateway's part in asking it."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from tests.web.served import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping


class Function(Protocol):
    """What is asked."""

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Return its answer."""


HOST = "abcdefghij.execute-api.eu-west-1.amazonaws.com"


def event_of(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """Return a request as API Gateway hands it over, in the payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": HOST, "x-forwarded-proto": "https", "x-forwarded-port": "443"} | headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": HOST.partition(".")[0],
            "domainName": HOST,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": int(time.time() * 1_000),
        },
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


@dataclass(frozen=True)
class Behind:
    """A function behind an HTTP API: it is asked as a server is."""

    function: Function

    def ask(
        self, path: str, token: str = "", method: str = "GET", headers: Any = None, body: bytes = b"", **query: Any
    ) -> Answer:
        """Ask, and return the answer."""
        sent = {"authorization": f"Bearer {token}"} if token else {}
        event = event_of(method, path, urlencode(query), sent | (headers or {}), body)
        answer = self.function.invoke(event)
        assert answer.keys() <= {"statusCode", "headers", "body", "isBase64Encoded", "cookies"}
        content = answer["body"].encode()
        told = HTTPMessage()
        for name, value in answer["headers"].items():
            told[name] = value
        return Answer(answer["statusCode"], told, base64.b64decode(content) if answer["isBase64Encoded"] else content)

    def post(self, path: str, token: str, body: Any, **headers: str) -> Answer:
        """Send JSON, and return the answer."""
        sent = {"content-type": "application/json"} | headers
        return self.ask(path, token, "POST", sent, json.dumps(body).encode())
