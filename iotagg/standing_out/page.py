"""The digest as one page of HTML that needs nothing else, for browsers and mail programs."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from iotagg.core.cells import printable
from iotagg.standing_out.telling import about, footer, headline, kind_name, sections, severity_name
from iotagg.standing_out.text import not_told

if TYPE_CHECKING:
    from iotagg.core.findings import Finding
    from iotagg.standing_out.question import Answer
    from iotagg.standing_out.telling import Section

# Mail programs drop what they do not know: without the style sheet it is black on white, and still in order.
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; color: #1f2328; background: #ffffff; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.8rem 0 0.4rem; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid #d1d9e0; padding: 0.4rem 0.8rem 0.4rem 0; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
.mark { font-weight: 600; white-space: nowrap; }
.high { color: #b42318; } .medium { color: #8a5300; } .low, .rest { color: #59636e; }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117; } td { border-color: #3d444d; }
  .high { color: #ff8a80; } .medium { color: #f0b429; } .low, .rest { color: #9198a1; }
}
@media (max-width: 40rem) { td { display: block; border: 0; padding: 0; } tr { display: block; padding: 0.4rem 0; } }
""".strip()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_page(answer: Answer) -> str:
    """Return an answer as a page; "" where nothing stands out. Whatever comes from outside is escaped."""
    if not answer.findings:
        return ""
    title = escape(headline(answer.findings))
    rest = not_told(answer)
    body = [f"<h1>{title}</h1>", *map(_section, sections(answer.findings))]
    if rest:
        body.append(f'<p class="rest">{escape(rest)}</p>')
    body.append(f'<p class="rest">{escape(footer(answer))}</p>')
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{title}</title>",
        f"<style>\n{_STYLE}\n</style>",
    ]
    return "\n".join(
        ['<!DOCTYPE html>\n<html lang="en">\n<head>', *head, "</head>\n<body>", *body, "</body>\n</html>\n"]
    )


def _section(section: Section) -> str:
    rows = "\n".join(map(_row, section.told))
    return f"<h2>{escape(section.title)}</h2>\n<table>\n{rows}\n</table>"


def _row(finding: Finding) -> str:
    severity = severity_name(finding.severity)
    texts = (kind_name(finding), about(finding), printable(finding.reason))
    cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
    return f'<tr><td class="mark {severity}">{severity}</td>{cells}</tr>'
