"""What a gzip file holds, by the quickest library that there is: isal where it is installed, else Python's own."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, cast

from iotagg.errors import FileRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.core.lines import ByteStream


def inflated(stream: ByteStream, size: int) -> Iterator[bytes]:
    """Yield what a gzip file of one or more members holds, in blocks of at most `size` bytes.

    Raises FileRefused when it is damaged or ends early.
    """
    opened, damages = _library()
    # A gzip file reads members one after the other and gives out no more than is asked for, however well it compressed.
    with opened(fileobj=stream, mode="rb") as content:  # type: ignore[call-overload]  # it only reads
        while True:
            try:
                block = content.read(size)
            except EOFError:
                raise FileRefused("the gzip content ends early: the file was cut; fetch it again") from None
            except damages as error:
                raise FileRefused(f"the gzip content is damaged ({error}); fetch it again") from None
            if not block:
                return
            yield block


def library_in_use() -> str:
    """Name what inflates here, for people: "isal" or "Python"."""
    return "Python" if _library()[0] is gzip.GzipFile else "isal"


def _library() -> tuple[type[gzip.GzipFile], tuple[type[Exception], ...]]:
    try:
        from isal import igzip, igzip_lib  # noqa: PLC0415 (most files are not compressed)
    except ImportError:
        return gzip.GzipFile, (gzip.BadGzipFile, zlib.error)
    # A member's own header that is longer than its buffer overflows it.
    return igzip.IGzipFile, (gzip.BadGzipFile, OverflowError, cast("type[Exception]", igzip_lib.IsalError))
