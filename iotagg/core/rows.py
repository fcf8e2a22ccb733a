"""What one line of a flow CSV is: blank, a header, the cells of a row, or torn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from iotagg.core import cells
from iotagg.core.dialect import BYTE_ORDER_MARK, header_dialect, repeated_header, split_fields
from iotagg.errors import FileRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.core.dialect import Dialect, ReadingOptions

OVERLONG = "the line is longer than 1 MiB"
NO_LINE_FEED = "no line feed in the first 1 MiB: not a CSV, or its lines end in something else"


class TornRow(ValueError):
    """A line that has no cells to look at; the text is the reason."""


def opening(
    line: bytes, number: int, options: ReadingOptions, shown: Callable[[str], str] = cells.printable
) -> Dialect | None:
    """Return the dialect of a file's header, None for a blank line before it.

    Raises FileRefused for any other line; `shown` says how its names are printed then.
    """
    text = line.rstrip(b"\r")
    if number == 1:
        text = text.removeprefix(BYTE_ORDER_MARK)
    return None if _is_blank(text) else header_dialect(text, options, shown)


def no_header(blank_lines: int) -> FileRefused:
    """Return what a file without a header is refused with."""
    return FileRefused("it holds blank lines only" if blank_lines else "empty: it has no header line")


def row_cells(
    line: bytes, number: int, dialect: Dialect, options: ReadingOptions
) -> list[bytes] | Literal["blank", "header"]:
    """Return the cells of a row below the header, at least as far as they are used, or what else the line is.

    CRs at its end are not part of the line. Raises TornRow, and FileRefused for a header of another dialect.
    """
    if _is_blank(line):
        return "blank"
    if b'"' in line:
        try:
            fields = split_fields(line)
        except ValueError as error:
            raise TornRow(str(error)) from None
        width = len(fields)
    else:
        fields = line.split(b",", max(dialect.positions) + 1)
        width = line.count(b",") + 1
    if _is_header(fields, line, number, dialect, options):
        return "header"
    if width not in (dialect.width, dialect.width + 1):
        raise TornRow(f"{width} fields where the header has {dialect.width}")
    return fields


def _is_header(fields: list[bytes], line: bytes, number: int, dialect: Dialect, options: ReadingOptions) -> bool:
    # A row whose source is an address is none, so the names of most rows are never looked at.
    if dialect.src < len(fields) and cells.is_address(fields[dialect.src]):
        return False
    repeated = repeated_header(line, options)
    if repeated is None:
        return False
    if repeated.positions != dialect.positions:
        raise FileRefused(
            f"line {number}: another header, with other columns than the first; two files were joined here: split them"
        )
    return True


def _is_blank(line: bytes) -> bool:
    return not line.strip(b" \t")
