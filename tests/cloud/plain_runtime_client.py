"""What AWS's runtime client has compiled, in Python: its requests to the Runtime API, on one connection.

awslambdaric imports it as `runtime_client`. It stands in where the Python is another one than that which the compiled
one was installed for; everything else of awslambdaric stays as it is.
"""

from __future__ import annotations

import os
from http.client import HTTPConnection
from typing import Any

_connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
_INVOCATION = "/2018-06-01/runtime/invocation"


def initialize_client(user_agent: str) -> None:
    """Do nothing: who asks does not matter here."""


def next() -> tuple[bytes, dict[str, Any]]:  # noqa: A001 (it is called so)
    """Wait for an event, and return it with what is said beside it; the deadline is a number there."""
    _connection.request("GET", f"{_INVOCATION}/next")
    reply = _connection.getresponse()
    headers: dict[str, Any] = dict(reply.getheaders())
    headers["Lambda-Runtime-Deadline-Ms"] = int(headers["Lambda-Runtime-Deadline-Ms"])
    return reply.read(), headers


def post_invocation_result(invoke_id: str, result: bytes, content_type: str, _: str | None = None) -> None:
    """Say what the handler has returned."""
    _post(f"{invoke_id}/response", result, {"Content-Type": content_type})


def post_error(invoke_id: str, error: str, fault: str, _: str | None = None) -> None:
    """Say what the handler has raised."""
    _post(f"{invoke_id}/error", error.encode(), {"Lambda-Runtime-Function-XRay-Error-Cause": fault})


def _post(place: str, body: bytes, headers: dict[str, str]) -> None:
    _connection.request("POST", f"{_INVOCATION}/{place}", body, headers)
    _connection.getresponse().read()
