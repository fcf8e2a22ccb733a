"""Pages that a program makes: written, or compared with what they should be."""

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
