"""The packages, made once for each process that runs tests, and unpacked."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from iotagg.deployment.package import Package, build_functions, build_worker

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Made:
    """A package, and the folder that it is unpacked in."""

    package: Package
    folder: Path

    @property
    def places(self) -> list[str]:
        with zipfile.ZipFile(self.package.file) as archive:
            return archive.namelist()

    def read(self, place: str) -> bytes:
        return (self.folder / place).read_bytes()


def unpacked(package: Package, folder: Path) -> Made:
    with zipfile.ZipFile(package.file) as archive:
        archive.extractall(folder)
    return Made(package, folder)


@pytest.fixture(scope="session")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("functions")
    return unpacked(build_functions("arm64", folder / "made"), folder / "unpacked")


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("worker")
    return unpacked(build_worker("arm64", folder / "made"), folder / "unpacked")
