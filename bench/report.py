"""What a part of the bench has to say: sections of text, tables and plots, written as Markdown and SVG."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_DECIMALS_BELOW = 100
_THREE_BELOW = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the first column is text, the others are figures. A title of "" shows none."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture: `draw` draws on an empty matplotlib Figure; its file is `name`.svg, `says` what it shows."""

    name: str
    says: str
    draw: Callable[[Any], None]
    inches: tuple[float, float] = (8.0, 3.6)


@dataclass(frozen=True, slots=True)
class Section:
    """What was measured: a text that says how and what it means, its tables, its plots, and sections below it."""

    title: str
    text: str
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    parts: Sequence[Section] = field(default_factory=tuple)

    def all_plots(self) -> Iterator[Plot]:
        """Yield its plots, and those of the sections below it."""
        yield from self.plots
        for part in self.parts:
            yield from part.all_plots()


def markdown(section: Section, plots: str, level: int = 2) -> str:
    """Return a section as Markdown; `plots` is the folder of its pictures, seen from the page."""
    blocks = [f"{'#' * level} {section.title}"]
    blocks += [section.text.strip()] if section.text.strip() else []
    for table in section.tables:
        blocks += [f"**{table.title}**"] if table.title else []
        blocks.append(_table(table))
    blocks += [f"![{plot.says}]({plots}/{plot.name}.svg)" for plot in section.plots]
    blocks += [markdown(part, plots, level + 1).rstrip("\n") for part in section.parts]
    return "\n\n".join(blocks) + "\n"


def _table(table: Table) -> str:
    rows = [table.header, *[[shown(cell) for cell in row] for row in table.rows]]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "| --- |" + " ---: |" * (len(table.header) - 1))
    return "\n".join(lines)


def shown(cell: object) -> str:
    """Return a cell as it stands in a table: figures with as many decimals as they mean something; none as a dash."""
    match cell:
        case None:
            return "-"
        case bool() | str():
            return str(cell)
        case int():
            return f"{cell:,}"
        case float():
            decimals = 3 if abs(cell) < _THREE_BELOW else 2 if abs(cell) < _DECIMALS_BELOW else 0
            return f"{cell:,.{decimals}f}"
    return str(cell)


def save_plots(section: Section, folder: Path) -> None:
    """Draw all plots of a section into a folder, as SVG; the same figures make the same bytes. Needs matplotlib."""
    import matplotlib as mpl  # noqa: PLC0415 (an extra, and slow to load)
    from matplotlib.figure import Figure  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    mpl.rcParams.update({"svg.hashsalt": "iotagg", "svg.fonttype": "none", "font.size": 9})
    for plot in section.all_plots():
        figure = Figure(figsize=plot.inches, layout="constrained")
        plot.draw(figure)
        figure.savefig(folder / f"{plot.name}.svg", format="svg", metadata={"Date": None})
