"""Bytes or files, rate and time left of a long job, on a terminal only."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator


class Progress:
    """A bar on stderr that makes room for lines printed meanwhile."""

    def __init__(self, total: int | None, unit: str = "B") -> None:
        from tqdm import tqdm  # noqa: PLC0415 (other commands start faster)

        self._bar = tqdm(total=total, unit=unit, unit_scale=unit == "B", disable=not sys.stderr.isatty(), leave=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def passed(self, count: int) -> None:
        """Tell that so many more bytes, or units, are done with."""
        self._bar.update(count)

    @contextmanager
    def room(self) -> Iterator[None]:
        """Take the bar away while a line is printed."""
        with self._bar.external_write_mode():
            yield
