"""The engine that stands in for AWS, one for each process that runs tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cloud.engine import ENVIRONMENT, SUITE, running_engine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with running_engine() as address:
        yield address


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> str:
    """Let boto3 find the engine, and nothing of the person's own account."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "IOTAGG_"))]:
        if name not in SUITE:
            monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    return endpoint
