"""Every test here may talk to the engine that stands in for AWS."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _on_the_engine(aws: str) -> None:
    pass
