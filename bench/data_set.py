"""A whole data set: some months of a gateway's daily files, or the flow files of a folder."""

from __future__ import annotations

import gzip
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.setting import SITE
from iotagg.sample import SampleOptions, write_sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SUFFIXES = (".csv", ".csv.gz")
ODD_LINE = b"not,a,flow\n"


@dataclass(frozen=True, slots=True)
class DataSet:
    """Flow files, each in a folder named for its site; `rows` is the lines of their content, headers left out."""

    name: str
    files: Sequence[Path]
    rows: int

    @property
    def bytes(self) -> int:
        """All bytes on the disk."""
        return sum(file.stat().st_size for file in self.files)


@contextmanager
def data_set(
    data: Path | None, days: int, rows: int, sites: Sequence[str] = (SITE,), odd: int = 0
) -> Iterator[DataSet]:
    """Yield the files of a folder, or sample files of 15 devices with so many odd lines each, removed at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if data is not None:
            yield _of_folder(data, folder / SITE)
            return
        written = list(write_sample(folder, SampleOptions(days=days, rows=rows, sites=tuple(sites))))
        for file in written:
            with file.open("ab") as out:
                out.write(ODD_LINE * odd)
        files = sorted(written, key=lambda file: (file.name, file.parent.name))
        told = f"{len(files)} daily files of {rows:,} rows, of {len(sites)} site{'s'[: len(sites) - 1]} of 15 devices"
        yield DataSet(told, files, len(files) * (rows + odd))


def _of_folder(data: Path, folder: Path) -> DataSet:
    # As links of distinct names, since an object's key has no folders below its site.
    folder.mkdir()
    found = sorted(file for file in data.rglob("*") if file.is_file() and file.name.endswith(_SUFFIXES))
    files = []
    for number, file in enumerate(found):
        files.append(folder / f"{number:04}-{file.name}")
        files[-1].symlink_to(file.resolve())
    return DataSet(f"{len(files)} files of {data.name}", files, sum(map(_lines, files)))


def _lines(file: Path) -> int:
    with gzip.open(file, "rb") if file.name.endswith(".gz") else file.open("rb") as stream:
        return max(sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b"")) - 1, 0)
