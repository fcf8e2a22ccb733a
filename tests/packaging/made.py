"""A package that was made, and unpacked."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.packaging.package import Package


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
