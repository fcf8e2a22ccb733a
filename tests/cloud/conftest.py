"""Every test here may talk to the engine that stands in for AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cloud.desk import in_memory, on_the_engine
from tests.examples import long_only

if TYPE_CHECKING:
    from tests.cloud.desk import Desk


@pytest.fixture(autouse=True)
def _on_the_engine(aws: str) -> None:
    pass


@pytest.fixture(params=[in_memory, on_the_engine], ids=["in memory", "on the engine"])
def desk(request: pytest.FixtureRequest) -> Desk:
    made: Desk = request.param()
    return made


# What has thousands of requests takes half a minute on the engine.
@pytest.fixture(params=[in_memory, pytest.param(on_the_engine, marks=long_only)], ids=["in memory", "on the engine"])
def long_desk(request: pytest.FixtureRequest) -> Desk:
    made: Desk = request.param()
    return made


@pytest.fixture
def memory() -> Desk:
    return in_memory()


@pytest.fixture
def engine() -> Desk:
    return on_the_engine()
