"""How many rejected rows a file may have before it is refused as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iotagg.core.cells import printable
from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from fractions import Fraction

    from iotagg.core.judge import LineCounts
    from iotagg.core.rejects import RejectLog

_LIMIT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(%?)")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The most rejected rows that a file may have: a number of them, or a share of all rows; without either, any.

    A file with rejected rows and no counted one is always refused.
    """

    text: str = ""
    rows: int | None = None
    share: Fraction | None = None

    @classmethod
    def parse(cls, text: str) -> Tolerance:
        """Return the tolerance that `1%`, `0.5%` or `20` (rows) says. Raises InvalidValue."""
        match = _LIMIT.fullmatch(text.strip())
        if match is None or (not match[2] and "." in match[1]):
            raise InvalidValue(
                f"'{printable(text)}' is neither a number of rows, such as 20, nor a share of them, such as 1%"
            )
        if match[2]:
            from fractions import Fraction  # noqa: PLC0415 (most programs start without, and so without decimals)

            return cls(match[0], share=Fraction(match[1]) / 100)
        return cls(match[0], rows=int(match[1]))

    def refusal(self, lines: LineCounts, rejects: RejectLog) -> str:
        """Return why a file with these counts is refused, or nothing."""
        rows = lines.counted + lines.rejected
        if not lines.rejected:
            return ""
        if not lines.counted:
            return f"none of its {rows:,} rows can be counted; {_first(rejects)}"
        allowed = self.share * rows if self.share is not None else self.rows
        if allowed is None or lines.rejected <= allowed:
            return ""
        return (
            f"{lines.rejected:,} of its {rows:,} rows were rejected, more than --max-rejects {self.text};"
            f" {_first(rejects)}"
        )


def _first(rejects: RejectLog) -> str:
    first = next(iter(rejects))
    return f"the first, line {first.line}: {first.reason}"
