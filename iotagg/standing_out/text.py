"""The digest as plain text, for a terminal or a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.judging.words import count
from iotagg.standing_out.telling import footer, headline, sections, sentence, severity_name

if TYPE_CHECKING:
    from iotagg.standing_out.question import Answer
    from iotagg.standing_out.telling import Section

_WIDTH = 6  # of the longest severity


def as_text(answer: Answer) -> str:
    """Return an answer as lines to read, the worst of each day first; "" where nothing stands out."""
    if not answer.findings:
        return ""
    blocks = [headline(answer.findings), *map(section_text, sections(answer.findings))]
    if unsaid := not_told(answer):
        blocks.append(unsaid)
    blocks.append(footer(answer))
    return "\n\n".join(blocks) + "\n"


def section_text(section: Section) -> str:
    """Return a site's day as lines to read."""
    told = (f"  {severity_name(finding.severity):<{_WIDTH}}  {sentence(finding)}" for finding in section.told)
    return "\n".join((section.title, *told))


def not_told(answer: Answer) -> str:
    """Return what an answer leaves out, in a line; "" where that is nothing."""
    hidden = f"{count(answer.hidden, 'finding')} hidden by the allow list" if answer.hidden else ""
    milder = f"{count(answer.milder, 'milder one')} not told" if answer.milder else ""
    return ", ".join(part for part in (hidden, milder) if part)
