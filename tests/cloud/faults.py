"""What a network and a busy service do to requests, done on purpose: below the clients, where their retries see it.

A `Wire` stands between three clients and their engine. Each request that a client makes (a call, with however many
attempts) is asked about: the answer is a list of faults, one for each attempt, and what has none is passed on.
"""

from __future__ import annotations

import ast
import json
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import botocore.endpoint
import botocore.session
from botocore import xform_name
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError
from urllib3.exceptions import ProtocolError

import iotagg
import iotagg.aws.objects
from iotagg.aws.clients import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    import pytest

    from iotagg.aws.clients import Clients

    Fault = Callable[["Sending"], AWSResponse]

PACKAGE = Path(iotagg.__file__).parent


# Call sites: where in iotagg's source a client is called.


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """A place in iotagg's source: a file of the package, a function in it, and the operation that it asks for."""

    file: str
    function: str
    operation: str

    def __str__(self) -> str:
        return f"{self.file}:{self.function}:{self.operation}"


_CLIENTS = frozenset(("s3", "_s3", "sqs", "_sqs", "dynamodb", "_dynamodb", "client", "_client"))
_OF_ITEMS = {
    "get": "GetItem",
    "save": "PutItem",
    "update": "UpdateItem",
    "delete": "DeleteItem",
    "query": "Query",
    "scan": "Scan",
    "count": "Query",
    "batch_get": "BatchGetItem",
    "batch_write": "BatchWriteItem",
    "refresh": "GetItem",
    "exists": "DescribeTable",
}
_TRANSACTIONS = {"TransactWrite": "TransactWriteItems", "TransactGet": "TransactGetItems"}
_OF_CLIENTS_THEMSELVES = frozenset(("generate_presigned_url", "get_paginator", "get_waiter", "meta"))


@cache
def call_sites(file: str) -> frozenset[Site]:
    """Return the places in a file of the package where a client is called, as its text shows them."""
    tree = ast.parse((PACKAGE / file).read_text())
    return frozenset(Site(file, function, operation) for function, operation in _calls(tree, file, ""))


def _calls(node: ast.AST, file: str, function: str) -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        inside = function
        if isinstance(child, ast.ClassDef):
            inside = f"{function}{child.name}."
        elif isinstance(child, ast.FunctionDef) and (not function or function.endswith(".")):
            inside = f"{function}{child.name}"
        operation = _operation(child, file)
        if operation:
            yield function, operation
        yield from _calls(child, file, inside)


def _operation(node: ast.AST, file: str) -> str:
    # What a piece of the text asks a client for, "" for nothing.
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_client(node.func.value):
        if node.func.attr in ("get_paginator", "get_waiter") and isinstance(node.args[0], ast.Constant):
            return _pascal(str(node.args[0].value))
        return "" if node.func.attr in _OF_CLIENTS_THEMSELVES else _pascal(node.func.attr)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _TRANSACTIONS.get(node.func.id, "")
    if isinstance(node, ast.Attribute) and file.startswith("stores/dynamodb/") and _is_item(node.value):
        return _OF_ITEMS.get(node.attr, "")
    return ""


def _is_client(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in _CLIENTS


def _is_item(node: ast.expr) -> bool:
    # An item is called so, or comes from the table: `self._table.files`, `table.paths(…)`. `FileItem.paths` is neither.
    if isinstance(node, ast.Call):
        node = node.func
    text = ast.unparse(node)
    return text == "item" or "table." in text


def _pascal(name: str) -> str:
    return _method_names().get(name, name)


@cache
def _method_names() -> dict[str, str]:
    session = botocore.session.get_session()
    models = [session.get_service_model(service) for service in ("s3", "sqs", "dynamodb")]
    return {xform_name(name): name for model in models for name in model.operation_names}


def _calling_site(operation: str) -> Site | None:
    # The innermost function of the package whose text asks for this operation.
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(str(PACKAGE)):
            file = str(Path(code.co_filename).relative_to(PACKAGE))
            site = Site(file, code.co_qualname.partition(".<locals>")[0], operation)
            if site in call_sites(file):
                return site
        frame = frame.f_back
    return None


# Faults.


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a client, however often it is sent: its operation and place, and its number there, from 1."""

    operation: str
    site: Site | None
    number: int
    params: dict[str, Any] = field(compare=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sending:
    """One attempt of a call, on its way; `unread` are the requests that were done, and the answers nobody got."""

    request: Any
    pass_on: Callable[[], AWSResponse]
    unread: list[tuple[bytes, bytes]] = field(default_factory=list)


def lost_request(sending: Sending) -> AWSResponse:
    """It never arrives."""
    raise ConnectTimeoutError(endpoint_url=sending.request.url)


def lost_reply(sending: Sending) -> AWSResponse:
    """It is done, and nobody learns of it."""
    sending.unread.append((sending.request.body or b"", sending.pass_on().content))
    raise ConnectionClosedError(endpoint_url=sending.request.url)


def answered(status: int, code: str = "", message: str = "M", **fields: Any) -> Fault:
    """It is not done, and answered with an error, in JSON as DynamoDB and SQS or in XML as S3 write it."""

    def answer(sending: Sending) -> AWSResponse:
        if "x-amz-target" in {name.lower() for name in sending.request.headers}:
            body = json.dumps({"__type": f"com.amazonaws#{code}", "message": message, **fields})
        else:
            body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>" if code else ""
        return reply(sending, status, body)

    return answer


server_error = answered(500, "InternalServerError")
slow_down = answered(503, "SlowDown")
throttled = answered(400, "ThrottlingException")
over_capacity = answered(400, "ProvisionedThroughputExceededException")


def cancelled(*reasons: str | dict[str, Any]) -> Fault:
    """A transaction is not done, for these reasons, one for each of its actions."""
    told = [reason if isinstance(reason, dict) else {"Code": reason} for reason in reasons]
    return answered(400, "TransactionCanceledException", CancellationReasons=told)


def reply(sending: Sending, status: int, body: str) -> AWSResponse:
    """Return an answer that nobody gave."""
    raw: Any = SimpleNamespace(stream=lambda **_: iter([body.encode()]), read=lambda *_: body.encode())
    headers: Any = HeadersDict({"content-type": "application/x-amz-json-1.0", "content-length": str(len(body))})
    return AWSResponse(sending.request.url, status, headers, raw)


def breaking_after(length: int, error: Callable[[], Exception] | None = None) -> Fault:
    """The answer's body breaks after so many bytes: with an error, or without one in an early end."""

    def answer(sending: Sending) -> AWSResponse:
        response = sending.pass_on()
        response.raw = _Breaking(response.raw, length, error)
        return response

    return answer


def connection_broken() -> Exception:
    """Return what urllib3 raises in the middle of a body."""
    return ProtocolError("Connection broken", ConnectionResetError())


class _Breaking:
    # A body that ends too early.
    def __init__(self, raw: Any, length: int, error: Callable[[], Exception] | None) -> None:
        self._raw = raw
        self._left = length
        self._error = error

    def read(self, amt: int | None = None, **_: Any) -> bytes:
        if self._left <= 0:
            if self._error is not None:
                raise self._error()
            return b""
        block: bytes = self._raw.read(self._left if amt is None else min(amt, self._left))
        self._left -= len(block)
        return block

    def stream(self, **_: Any) -> Iterator[bytes]:
        while block := self.read(1 << 16):
            yield block

    def close(self) -> None:
        self._raw.close()

    release_conn = close


def retries_end(first: Fault) -> list[Fault]:
    """Return the faults of a call whose client does not get further: none of its other attempts arrives."""
    return [first, *[lost_request] * 9]


class Wire:
    """What passes between three clients and their engine, counted by call site, with faults where they are planned.

    `plan` is asked about each call. It is set while the clients are in use; threads may share them meanwhile.
    """

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self._calls = threading.local()
        self._lock = threading.Lock()
        self._numbers: Counter[tuple[Site | None, str]] = Counter()
        self.plan: Callable[[Call], Iterable[Fault]] = lambda _: ()
        self.calls: list[Call] = []
        self.faults = 0
        self.unread: list[tuple[bytes, bytes]] = []
        for client in (clients.s3, clients.sqs, clients.dynamodb):
            client.meta.events.register_first("before-call", self._called)
            below: Any = client
            endpoint = below._endpoint
            endpoint.http_session = _Session(endpoint.http_session, self._send)

    def begin(self) -> None:
        """Forget what passed, and the plan."""
        self._numbers.clear()
        self.calls.clear()
        self.unread.clear()
        self.faults = 0
        self.plan = lambda _: ()

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Let this thread's calls pass inside, uncounted: they are the test's own."""
        self._calls.undisturbed = True
        try:
            yield
        finally:
            self._calls.undisturbed = False

    def _called(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        self._calls.faults = iter(())
        if getattr(self._calls, "undisturbed", False):
            return
        site = _calling_site(model.name)
        with self._lock:
            self._numbers[site, model.name] += 1
            call = Call(model.name, site, self._numbers[site, model.name], params)
            self.calls.append(call)
        self._calls.faults = iter(self.plan(call))

    def _send(self, request: Any, pass_on: Callable[[Any], AWSResponse]) -> AWSResponse:
        fault = next(self._calls.faults, None)
        if fault is None:
            return pass_on(request)
        self.faults += 1
        answer: AWSResponse = fault(Sending(request, lambda: pass_on(request), self.unread))
        return answer


@cache
def wire_to(_: str) -> Wire:
    """Return this process's wire to an engine: making clients takes longer than most tests."""
    return Wire(connect())


class _Session:
    # A client's HTTP session, with somebody in between.
    def __init__(self, session: Any, send: Callable[[Any, Callable[[Any], AWSResponse]], AWSResponse]) -> None:
        self._session = session
        self._send = send

    def send(self, request: Any) -> AWSResponse:
        return self._send(request, self._session.send)

    def close(self) -> None:
        self._session.close()


def at(site: Site | str, *faults: Fault, number: int | None = None) -> Any:
    """Return a plan: these faults at a call site, or at an operation wherever it is asked for; at one call, or all."""

    def plan(call: Call) -> Iterable[Fault]:
        is_here = call.operation == site if isinstance(site, str) else call.site == site
        return faults if is_here and number in (None, call.number) else ()

    return plan


def without_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let neither clients nor buckets wait before another try; return the list of the waits, as it grows."""
    waits: list[float] = []
    for module in (botocore.endpoint, iotagg.aws.objects):
        clock = SimpleNamespace(sleep=waits.append)
        monkeypatch.setattr(module, "time", clock)
    return waits


# Small pages.


@contextmanager
def small_pages(clients: Clients, size: int) -> Iterator[None]:
    """Let whatever comes in pages come in small ones, and batches of reads be answered in part."""

    def shorten(name: str) -> Callable[..., None]:
        def handler(params: dict[str, Any], **_: Any) -> None:
            params[name] = min(size, params.get(name, size))

        return handler

    def answer_in_part(parsed: dict[str, Any], **_: Any) -> None:
        for table, items in parsed.get("Responses", {}).items():
            left = [{key: item[key] for key in ("pk", "sk")} for item in items[size:]]
            del items[size:]
            if left:
                parsed.setdefault("UnprocessedKeys", {})[table] = {"Keys": left, "ConsistentRead": True}

    handlers: list[tuple[Any, str, Callable[..., None]]] = [
        (clients.dynamodb, "before-parameter-build.dynamodb.Query", shorten("Limit")),
        (clients.dynamodb, "before-parameter-build.dynamodb.Scan", shorten("Limit")),
        (clients.dynamodb, "after-call.dynamodb.BatchGetItem", answer_in_part),
        (clients.s3, "before-parameter-build.s3.ListObjectsV2", shorten("MaxKeys")),
        (clients.s3, "before-parameter-build.s3.ListObjectVersions", shorten("MaxKeys")),
    ]
    for client, event, handler in handlers:
        client.meta.events.register(event, handler)
    try:
        yield
    finally:
        for client, event, handler in handlers:
            client.meta.events.unregister(event, handler)
