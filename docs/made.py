"""Pages that a program makes, or parts of them: written, or compared with what they should be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_or_check(page: Path, text: str, arguments: list[str]) -> int:
    """Write a page; with --check among the arguments, say whether it is up to date, and return 1 if it is not."""
    if "--check" not in arguments:
        page.write_text(text, encoding="utf-8")
        return 0
    if page.read_text(encoding="utf-8") == text:
        return 0
    sys.stdout.write(f"{page.name} is stale: run make docs\n")
    return 1


def with_part(text: str, name: str, made: str) -> str:
    """Return a page with what was made in its place, between the marks `<!-- name: begin -->` and `<!-- name: end -->`.

    Raises ValueError where the page lacks them.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"the page lacks {begin} or {end}")
    return f"{before}{begin}\n\n{made.strip()}\n\n{end}{after}"
