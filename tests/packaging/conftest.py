"""The packages, made once for each process that runs tests, and unpacked."""

from __future__ import annotations

import pytest

from iotagg.packaging.package import build_functions, build_worker
from tests.packaging.made import Made, unpacked


@pytest.fixture(scope="session")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("functions")
    return unpacked(build_functions("arm64", folder / "made"), folder / "unpacked")


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("worker")
    return unpacked(build_worker("arm64", folder / "made"), folder / "unpacked")
