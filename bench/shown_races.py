"""The figures of races, as tables and plots."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bench.report import Plot, Section, Table
from bench.rivals import DRY, DUCKDB_UPSERT, DUTIES, FLOOR, INFLATE, IOTAGG, POLARS, PURE, SPLIT, UPLOAD
from bench.settings import FORMS, Setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.figures import Figures

_NOT_RIVALS = {IOTAGG, PURE, DRY, FLOOR, "cat", INFLATE}
_MB = 1e6
_Row = tuple[str, str, float | None, float | None, str]
_OURS, _OTHERS = "#d1495b", "#4c78a8"
_TITLES: dict[tuple[object, ...], tuple[str, str]] = {
    ("clean", False, False, "summarize"): ("A file", "From a path, no odd lines."),
    ("clean", False, True, "summarize"): ("From a pipe", "`cat FILE | …`; what is measured is the process that reads."),
    ("clean", True, False, "summarize"): (
        "Compressed by gzip",
        "At level 6. `inflate only` unpacks and does nothing else, with the fastest library that is installed.",
    ),
    ("clean", True, True, "summarize"): ("Compressed, from a pipe", ""),
    ("quotes", False, False, "summarize"): (
        "With quotes",
        "One row of a hundred has a quoted field: an address, or a label with a comma and quotes in it.",
    ),
    ("odd", False, False, "summarize"): (
        "With odd lines",
        """One line of a hundred is odd: a quoted field, a row cut short, a bad number, or blank. iotagg keeps each
rejected line with its number and reason; the others pass them by.""",
    ),
    ("odd", False, True, "summarize"): ("With odd lines, from a pipe", ""),
    ("odd", True, True, "summarize"): ("With odd lines, compressed, from a pipe", ""),
    ("clean", False, False, "upload"): (
        "Into a database",
        """`iotagg upload` into a new SQLite database, beside what it does short of writing (`dry run`), and beside
duckdb doing the same whole job: read, group, add exact sums to those of a new database file, in one transaction.""",
    ),
}


def ours(figures: Figures, setting: Setting) -> str:
    """Return which iotagg the others are held against: with the compiled scanner, where there is one."""
    return IOTAGG if IOTAGG in figures.rounds.get(setting, {}) else PURE


def table(figures: Figures, setting: Setting) -> Table:
    """Return the figures of a setting, the fastest way first."""
    base = ours(figures, setting)
    if setting.task == "upload":
        base = UPLOAD if UPLOAD in figures.rounds[setting] else f"{PURE}, upload"
    rows: list[tuple[object, ...]] = []
    for way in figures.ways(setting):
        wall, cpu, peak = (figures.middle(setting, way, what) or 0.0 for what in ("wall", "cpu", "peak"))
        ratios = figures.ratio(way, base, setting), figures.ratio(way, FLOOR, setting)
        rows.append((way, wall, cpu, round(setting.megabytes / wall), round(peak / _MB), *ratios))
    header = ["way", "wall s", "CPU s", "MB/s", "peak MB", f"of {base}", f"of {FLOOR}"]
    if setting.task == "upload":
        header, rows = header[:-1], [row[:-1] for row in rows]
    return Table(f"{setting.megabytes:,} MB", header, rows)


def section_of(figures: Figures) -> list[Section]:
    """Return a section for each form, with a table for each size, and who is not in it, and why."""
    forms = list(dict.fromkeys(setting.form for setting in figures.settings()))
    order = [Setting(0, **form).form for form in FORMS]
    forms.sort(key=lambda form: order.index(form) if form in order else len(order))
    sections = []
    for form in forms:
        settings = [setting for setting in figures.settings() if setting.form == form]
        title, text = _TITLES.get(form, (str(settings[0]), ""))
        tables = [table(figures, setting) for setting in settings]
        sections.append(Section(title, f"{text}\n\n{_missing(figures, settings)}", tables))
    return sections


def _missing(figures: Figures, settings: Sequence[Setting]) -> str:
    reasons = {way: reason for setting in settings for way, reason in figures.left_out.get(setting, {}).items()}
    return "Not here: " + "; ".join(f"{way} ({reason})" for way, reason in reasons.items()) + "." if reasons else ""


def in_short(figures: Figures) -> list[Table]:
    """Return the ratios that matter most, with what they should be."""
    plain = [setting for setting in figures.settings() if setting.form == Setting(0).form]
    rows: list[_Row] = []
    for setting in plain:
        rows += _of_plain(figures, setting)
    last = plain[-1] if plain else None
    for setting in figures.settings():
        if last and setting.megabytes == last.megabytes and setting != last:
            rows += _of_other(figures, setting, last)
    return [Table("In short", ("ratio", "size", "wall time", "CPU time", "aim"), rows)] if rows else []


def _row(figures: Figures, way: str, than: str, settings: tuple[Setting, Setting], aim: str, *, what: str = "") -> _Row:
    # How many times as much time a way takes as another; without one of them, a row that is left out.
    setting, of_setting = settings
    wall, cpu = (figures.ratio(way, than, setting, of_setting, measure) for measure in ("wall", "cpu"))
    return (what or f"{way} / {than}", f"{setting.megabytes:,} MB", wall, cpu, aim)


def _of_plain(figures: Figures, setting: Setting) -> list[_Row]:
    base, here = ours(figures, setting), (setting, setting)
    others = [way for way in figures.ways(setting) if way not in {*_NOT_RIVALS, SPLIT}]
    rows = [
        _row(figures, POLARS, base, here, "≥ 2 at 1 GB"),
        _row(figures, DUTIES, base, here, ""),
        _row(figures, base, FLOOR, here, "≤ 5 at 1 GB"),
        _row(figures, base, SPLIT, here, "≤ 1.5 at 10 MB"),
    ]
    if others:
        nearest = min(others, key=lambda way: figures.ratio(way, base, setting) or 0.0)
        rows.append(_row(figures, nearest, base, here, "> 1", what=f"the nearest other, {nearest} / {base}"))
    peak = (figures.middle(setting, base, "peak") or 0.0) / _MB
    rows.append((f"{base}: peak memory, MB", f"{setting.megabytes:,} MB", peak, None, "≤ 64 at 1 GB"))
    return [row for row in rows if row[2]]


def _of_other(figures: Figures, setting: Setting, clean: Setting) -> list[_Row]:
    base, here = ours(figures, setting), (setting, setting)
    rows: list[_Row] = []
    if setting.task == "upload":
        whole = UPLOAD if UPLOAD in figures.rounds[setting] else f"{PURE}, upload"
        dry = whole.removesuffix(", upload") + ", dry run"
        rows = [
            _row(figures, whole, dry, here, "≤ 1.25"),
            _row(figures, DUCKDB_UPSERT, whole, here, "≥ 2"),
        ]
    elif setting.form == ("clean", False, True, "summarize"):
        rows = [_row(figures, POLARS, base, here, "≥ 2", what=f"from a pipe: {POLARS} / {base}")]
    elif setting.form == ("clean", True, False, "summarize"):
        rows = [_row(figures, INFLATE, base, here, "≥ 0.8", what=f"gz: {INFLATE} / {base}")]
    elif setting.kind != "clean" and not setting.piped:
        aim = "≤ 1.2" if setting.kind == "odd" else ""
        rows = [_row(figures, base, base, (setting, clean), aim, what=f"{base}: {setting.kind} / clean")]
    return [row for row in rows if row[2]]


def plots(figures: Figures) -> list[Plot]:
    """Return pictures of the clean files: how fast, and how much memory."""
    plain = [setting for setting in figures.settings() if setting.form == Setting(0).form]
    if not plain:
        return []
    height = 0.6 + 0.28 * max(len(figures.ways(setting)) for setting in plain)
    speed = "Megabytes a second, by size and way"
    memory = f"Peak memory at {plain[-1].megabytes:,} MB, by way"
    return [
        Plot("summarize-speed", speed, partial(_draw_speed, figures, plain), (3.2 * len(plain) + 0.8, height)),
        Plot("summarize-memory", memory, partial(_draw_memory, figures, plain[-1]), (6.4, height)),
    ]


def _draw_speed(figures: Figures, settings: Sequence[Setting], figure: Any) -> None:
    for axis, setting in zip(figure.subplots(1, len(settings), squeeze=False)[0], settings, strict=True):
        ways = [way for way in figures.ways(setting)[::-1] if way not in {FLOOR, "cat"}]
        speeds = [setting.megabytes / (figures.middle(setting, way) or 1.0) for way in ways]
        _bars(axis, ways, speeds, f"{setting.megabytes:,} MB: MB/s")


def _draw_memory(figures: Figures, setting: Setting, figure: Any) -> None:
    ways = sorted(
        (way for way in figures.ways(setting) if way not in {FLOOR, "cat"}),
        key=lambda way: -(figures.middle(setting, way, "peak") or 0.0),
    )
    peaks = [(figures.middle(setting, way, "peak") or 0.0) / _MB for way in ways]
    _bars(figure.subplots(), ways, peaks, f"{setting.megabytes:,} MB: peak memory, MB")


def _bars(axis: Any, ways: Sequence[str], lengths: Sequence[float], title: str) -> None:
    colours = [_OURS if way.startswith(IOTAGG) else _OTHERS for way in ways]
    drawn = axis.barh(list(ways), list(lengths), color=colours, height=0.7)
    axis.bar_label(drawn, fmt="{:,.0f}", padding=2, fontsize=8)
    axis.set_title(title, loc="left", fontsize=9)
    axis.spines[["top", "right", "bottom"]].set_visible(False)
    axis.set_xticks([])
    axis.margins(x=0.18)


def sections_of_data(figures: Figures) -> list[Section]:
    """Return what was found over the files of somebody else: what each way took for all those that it reads alike."""
    settings = figures.settings()
    base = ours(figures, settings[0])
    rows: list[tuple[str, int, float, float, int, float | None]] = []
    for way in dict.fromkeys(way for setting in settings for way in figures.ways(setting)):
        over = [setting for setting in settings if figures.middle(setting, way) is not None]
        wall, mine = (sum(figures.middle(setting, who) or 0.0 for setting in over) for who in (way, base))
        cpu = sum(figures.middle(setting, way, "cpu") or 0.0 for setting in over)
        peak = max(figures.middle(setting, way, "peak") or 0.0 for setting in over)
        rows.append((way, len(over), wall, cpu, round(peak / _MB), wall / mine if mine else None))
    rows.sort(key=lambda row: row[-1] or 0.0)
    header = ("way", "files", "wall s", "CPU s", "peak MB", f"of {base}, same files")
    text = (
        f"{len(settings)} files that were given, {sum(setting.megabytes for setting in settings):,} MB, each by itself."
        f" Each way is held against {base} over the files that both read alike.\n\n{_missing(figures, settings)}"
    )
    return [Section("Files of your own", text, [Table("", header, rows)])]
