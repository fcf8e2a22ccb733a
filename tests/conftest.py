"""The engine that stands in for AWS, one for each process that runs tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.cloud.engine import ENVIRONMENT, SUITE, running_engine
from tests.examples import LONG, examples
from tests.order import longest_first
from tests.project.guaranteed import note_outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator


# What passes here passes elsewhere: the same examples each time. IOTAGG_LONG=1 draws others.
settings.register_profile("alike", derandomize=True, max_examples=examples(100))
if not LONG:
    settings.load_profile("alike")


def pytest_configure(config: pytest.Config) -> None:
    note_outcomes(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with running_engine() as address:
        yield address


@pytest.fixture(scope="session")
def models_read_once() -> Iterator[None]:
    """Let all clients of this process share what botocore reads from its files: that is nine tenths of making one."""
    import botocore.session  # noqa: PLC0415 (tests of local work need nothing of AWS)

    made, read = botocore.session.create_loader, dict[Any, Any]()

    def create_loader(path: str | None = None) -> Any:
        loader = made(path)
        loader._cache = read  # type: ignore[attr-defined]  # it is there
        return loader

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", create_loader)
        yield


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, endpoint: str, models_read_once: None) -> str:
    """Let boto3 find the engine, and nothing of the person's own account."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "IOTAGG_"))]:
        if name not in SUITE:
            monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    return endpoint
