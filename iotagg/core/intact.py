"""What was stored, read back: either it is in the form in which it was stored, or it is said to be damaged."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iotagg.core.cells import printable
from iotagg.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterator

# What decompressing, decoding, parsing and taking apart end in, where there is something else than was stored.
SIGNS = (
    *(zlib.error, gzip.BadGzipFile, EOFError, ValueError, LookupError, TypeError, AttributeError),
    *(RecursionError, ArithmeticError),
)
_SHOWN = 100


@contextmanager
def intact(what: str) -> Iterator[None]:
    """Read back what was stored, inside. Raises Damaged, naming what it was, where that fails of its form."""
    try:
        yield
    except SIGNS as error:
        raise damage(what, error) from error


def damage(what: str, error: Exception) -> Damaged:
    """Return the error that says that something is damaged, given one of the signs."""
    why = printable(str(error)[:_SHOWN]) or type(error).__name__
    return Damaged(f"{what} is damaged ({why}); bring it back from a backup, or upload its file again")
