"""Where a result goes: a file on this machine, or an object in a bucket."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iotagg.extras import aws_extra

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESS = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.*[^/]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """An object to write, such as s3://bucket/pair.csv."""

    address: str

    @property
    def suffix(self) -> str:
        """The ending of its name, which says what kind of file it is."""
        return Path(self.address).suffix

    def __str__(self) -> str:
        return self.address


Place = Path | ObjectPlace


class PlaceType(click.ParamType[Any]):
    """An argument that names a file or an s3:// address."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        """Return what the text names; click prints why it names nothing."""
        if isinstance(value, Path | ObjectPlace):
            return value
        if not str(value).startswith("s3://"):
            file: Path = click.Path(dir_okay=False, path_type=Path).convert(value, param, ctx)
            return file
        if not _ADDRESS.fullmatch(value):
            self.fail(f"'{value}' names no object; write it as s3://bucket/folder/pairs.csv", param, ctx)
        return ObjectPlace(value)


@contextmanager
def delivered(place: Place) -> Iterator[Path]:
    """Give the name of a file to write; after an error, nothing comes where it should have gone.

    Raises MissingExtra and CloudError.
    """
    if isinstance(place, Path):
        yield place
        return
    with aws_extra():
        import tempfile  # noqa: PLC0415 (slow to load, and files are written where they lie)

        from iotagg.aws.delivery import deliver  # noqa: PLC0415 (local commands need nothing of AWS)
    with tempfile.TemporaryDirectory(prefix="iotagg-") as folder:
        file = Path(folder, f"result{place.suffix}")
        yield file
        deliver(file, place.address)
