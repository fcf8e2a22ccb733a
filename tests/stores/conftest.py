"""Every test that asks for `store` or `backend` runs over each kind of store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pipeline.csvs import contribution, csv, flow
from tests.stores.backends import BACKENDS, Backend, backend_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iotagg.core.contribution import Name
    from iotagg.stores.protocol import Store


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return backend_of(request, tmp_path)


@pytest.fixture
def store(backend: Backend) -> Iterator[Store]:
    opened = backend.open()
    yield opened
    opened.close()


@pytest.fixture
def kept(store: Store) -> Name:
    return store.keep(contribution(csv(flow()))).name
