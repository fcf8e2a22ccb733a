"""Clients of botocore, real ones but for the wire: each call goes to a function, and comes back from it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3

from iotagg.aws.clients import Clients, client
from tests.cloud.engine import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Call = Callable[[str, str, dict[str, Any]], dict[str, Any]]

REGION = ENVIRONMENT["AWS_DEFAULT_REGION"]
TOKEN = "token-"  # noqa: S105 (what the names of tokens begin with, no secret)


def simulated_clients(call: Call) -> Clients:
    """Return clients whose calls `call(service, operation, parameters)` answers; they never use a network.

    As botocore does, they give a transaction without a token one of its own: `token-1`, `token-2` and so on.
    """
    tokens = count(1)

    def answer(service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if operation == "TransactWriteItems" and "ClientRequestToken" not in parameters:
            parameters = {**parameters, "ClientRequestToken": f"{TOKEN}{next(tokens)}"}
        return call(service, operation, parameters)

    return Clients(*(_routed(service, answer) for service in ("s3", "sqs", "dynamodb")))


def _routed(service: str, answer: Call) -> Any:
    # A copy of the process's client: making one takes longer than many a simulation.
    model = _made(service)
    copied = object.__new__(type(model))
    copied.__dict__.update(model.__dict__)
    copied._make_api_call = lambda operation, parameters: answer(service, operation, parameters)
    return copied


@cache
def _made(service: str) -> Any:
    with _nobodys_environment():
        return client(service, boto3.session.Session())


@contextmanager
def _nobodys_environment() -> Iterator[None]:
    # What boto3 reads while it makes a client: nothing of the person's own account.
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in before:
        del os.environ[name]
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name in ENVIRONMENT:
            os.environ.pop(name, None)
        os.environ.update(before)
