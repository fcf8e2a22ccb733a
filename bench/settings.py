"""What is raced over: a file of a size and a kind, packed or not, by its path or by a pipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bench.flow_data import Kind, flow_file
from iotagg.core.dialect import BYTE_ORDER_MARK, ReadingOptions, header_dialect, split_fields
from iotagg.core.lines import Batch, blocks, lines
from iotagg.errors import FileRefused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bench.flow_data import Lines
    from bench.options import Options

Task = Literal["summarize", "upload"]


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """A form of a file, and what is to be done with it; `place` tells files of somebody else apart, 0 for made ones."""

    megabytes: int
    kind: Kind = "clean"
    packed: bool = False
    piped: bool = False
    task: Task = "summarize"
    place: int = 0

    @property
    def form(self) -> tuple[object, ...]:
        """All but the size."""
        return self.kind, self.packed, self.piped, self.task

    def __str__(self) -> str:
        packed, piped = " gz" * self.packed, "from a pipe" if self.piped else "from a path"
        return f"{self.task}, {self.megabytes} MB{packed}, {self.kind}, {piped}"


FORMS: tuple[dict[str, Any], ...] = (
    {},
    {"packed": False, "piped": True},
    {"packed": True, "piped": False},
    {"packed": True, "piped": True},
    {"kind": "quotes"},
    {"kind": "odd"},
    {"kind": "odd", "piped": True},
)
_QUICK: tuple[dict[str, Any], ...] = (FORMS[0], {"kind": "odd", "packed": True, "piped": True}, {"task": "upload"})
_SIZES = (10, 100, 1000)


@dataclass(frozen=True, slots=True)
class Ground:
    """A setting's file, the names of its columns, and the places of those that are used."""

    setting: Setting
    file: Path
    names: tuple[str, ...]
    used: tuple[int, ...]
    lines: Lines | None = None


def grounds(options: Options) -> list[list[Ground]]:
    """Return what is raced over, by size: made files, or those below a folder."""
    if options.data:
        return [[ground] for ground in _found(options.data)]
    if options.quick:
        return [[_made(Setting(1, **form), options) for form in _QUICK]]
    sizes = sorted(options.sizes or _SIZES)
    forms = [[Setting(size, **form) for form in FORMS] for size in sizes]
    forms[-1].append(Setting(sizes[-1], task="upload"))
    return [[_made(setting, options) for setting in settings] for settings in forms]


def _made(setting: Setting, options: Options) -> Ground:
    made = flow_file(options.cache, setting.megabytes, setting.kind, packed=setting.packed)
    names, used = _columns(made.path)
    return Ground(setting, made.path, names, used, made.lines)


def _found(folder: Path) -> Iterable[Ground]:
    # What other people's files hold is not known, so they are taken for odd; those without the columns are passed by.
    files = sorted(file for file in folder.rglob("*") if file.name.lower().endswith((".csv", ".csv.gz")))
    for place, file in enumerate(files, 1):
        try:
            names, used = _columns(file)
        except FileRefused:
            continue
        packed = file.name.lower().endswith(".gz")
        yield Ground(Setting(round(file.stat().st_size / 1e6), "odd", packed=packed, place=place), file, names, used)


def _columns(file: Path) -> tuple[tuple[str, ...], tuple[int, ...]]:
    with file.open("rb") as stream:
        for batch in lines(blocks(stream)):
            found = batch.split()[0] if isinstance(batch, Batch) else []
            first = next((line for line in found if line.strip()), None)
            if first is not None:
                line = first.rstrip(b"\r")
                # As they are written, blanks and all: others know columns by nothing else.
                names = tuple(
                    field.decode(errors="replace") for field in split_fields(line.removeprefix(BYTE_ORDER_MARK))
                )
                return names, header_dialect(line, ReadingOptions()).positions
    raise FileRefused("it is empty")
