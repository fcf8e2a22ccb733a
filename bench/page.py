"""docs/performance.md: an introduction by hand, and below it what each part of the bench found, part by part.

What is about findings stands on a page of its own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from bench.report import markdown, save_plots

if TYPE_CHECKING:
    from bench.report import Section

_DOCS = Path(__file__).parents[1] / "docs"
PAGE = _DOCS / "performance.md"
_OTHER_PAGES = {"findings": _DOCS / "explanation" / "what-stands-out.md"}
_NAME = r"[\w-]+"


def page_of(name: str) -> Path:
    """Return the page that a part is shown on."""
    return _OTHER_PAGES.get(name, PAGE)


def write_part(name: str, section: Section, page: Path = PAGE) -> None:
    """Put what a part found in its place on the page, and its plots beside it."""
    plots = page.stem
    save_plots(section, page.parent / plots)
    page.write_text(with_part(page.read_text(encoding="utf-8"), name, markdown(section, plots)), encoding="utf-8")


def with_part(text: str, name: str, found: str) -> str:
    """Return a page with a part in its place: between its marks, or at the end when it has none yet."""
    begin, end = _marks(name)
    block = f"{begin}\n\n{found.strip()}\n\n{end}\n"
    before, mark, rest = text.partition(begin + "\n")
    if not mark:
        return f"{text.rstrip()}\n\n{block}"
    return before + block + rest.partition(end + "\n")[2]


def parts_of(text: str) -> list[str]:
    """Return the names of the parts on a page, in their order."""
    return re.findall(rf"^<!-- begin ({_NAME}):", text, re.MULTILINE)


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- begin {name}: made by `python -m bench {name} --write` -->", f"<!-- end {name} -->"
