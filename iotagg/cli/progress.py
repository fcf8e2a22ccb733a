"""Bytes or files, rate and time left of a long job, on a terminal only."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NoReturn, Self

if TYPE_CHECKING:
    from tqdm import tqdm


class Progress:
    """A bar on stderr that makes room for lines printed meanwhile."""

    def __init__(self, total: int | None, unit: str = "B") -> None:
        self._bar = _bar(total, unit) if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def passed(self, count: int) -> None:
        """Tell that so many more bytes, or units, are done with."""
        if self._bar is not None:
            self._bar.update(count)

    def room(self) -> AbstractContextManager[None]:
        """Take the bar away while a line is printed."""
        return nullcontext() if self._bar is None else self._bar.external_write_mode()


def _bar(total: int | None, unit: str) -> tqdm[NoReturn]:
    from tqdm import tqdm  # noqa: PLC0415 (scripts start faster without)

    return tqdm(total=total, unit=unit, unit_scale=unit == "B", leave=False)
