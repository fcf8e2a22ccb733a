"""A pair's days as a picture: a bar for each day's total, their mean, and a band of one deviation around it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from iotagg.core.metrics import METRICS, Metric
from iotagg.errors import MissingExtra
from iotagg.whole_file import part_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from iotagg.core.history import History

FORMATS = (".svg", ".png")
_MARGIN, _WEEK = timedelta(days=1), timedelta(days=7)
_HEADROOM = 1.15  # the legend stands above the bars
_BAR, _MEAN = "#4c78a8", "#d1495b"
_TIMES = ((86_400_000_000, "days"), (3_600_000_000, "hours"), (60_000_000, "minutes"), (1_000_000, "seconds"))


def draw(pairs: Sequence[History], file: Path) -> None:
    """Draw a pair as SVG or PNG, by the file's ending: a row of pictures for each site that knows it.

    Raises MissingExtra without matplotlib.
    """
    figure = _figure(pairs)
    with part_of(file) as part:
        # Neither a date nor random identifiers go into the file: the same days make the same bytes.
        figure.savefig(part, format=file.suffix[1:].lower(), metadata={} if _is_png(file) else {"Date": None}, dpi=150)


def _is_png(file: Path) -> bool:
    return file.suffix.lower() == ".png"


def _figure(pairs: Sequence[History]) -> Any:
    try:
        import matplotlib as mpl  # noqa: PLC0415 (an extra, and slow to load)
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise MissingExtra("drawing needs matplotlib: pip install 'iotagg[plot]'") from None
    mpl.rcParams.update({"svg.hashsalt": "iotagg", "svg.fonttype": "none", "font.size": 9})
    figure = Figure(figsize=(11, 2.9 * len(pairs) + 0.4), layout="constrained")
    axes = figure.subplots(len(pairs), len(METRICS), squeeze=False)
    for row, pair in zip(axes, pairs, strict=True):
        for place, metric in enumerate(METRICS):
            _draw_days(row[place], pair, place, metric)
    figure.suptitle(f"{pairs[0].source} → {pairs[0].destination}")
    return figure


def _draw_days(axis: Any, pair: History, place: int, metric: Metric) -> None:
    scale, unit = _readable(metric, max(day.totals[place] for day in pair.days))
    days = [date.fromisoformat(day.day) for day in pair.days]
    axis.bar(days, [day.totals[place] / scale for day in pair.days], color=_BAR, width=0.8)
    daily = pair.daily(place)
    mean, stddev = (daily.mean() or 0.0) / scale, (daily.stddev() or 0.0) / scale
    axis.axhline(mean, color=_MEAN, linewidth=1.2, label=f"mean of {len(days)} day{'s' if len(days) > 1 else ''}")
    if len(days) > 1:
        band = (max(0.0, mean - stddev), mean + stddev)
        axis.axhspan(*band, color=_MEAN, alpha=0.15, linewidth=0, label="± 1 deviation")
    # A week at least, so that no axis is divided into hours, of which nothing is known.
    axis.set_xlim(days[0] - _MARGIN, max(days[-1], days[0] + _WEEK) + _MARGIN)
    axis.set_title(f"{pair.site}: {metric.role} per day", loc="left")
    axis.set_ylabel(unit)
    axis.set_ylim(0, _HEADROOM * axis.get_ylim()[1])
    axis.yaxis.set_major_formatter("{x:,.10g}")
    axis.spines[["top", "right"]].set_visible(False)
    locator = axis.xaxis.get_major_locator()
    axis.xaxis.set_major_formatter(_concise(locator))
    axis.legend(frameon=False, ncols=2, loc="upper right", fontsize=8)


def _concise(locator: Any) -> Any:
    from matplotlib.dates import ConciseDateFormatter  # noqa: PLC0415

    return ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]  # matplotlib leaves it untyped


def _readable(metric: Metric, largest: int) -> tuple[int, str]:
    if metric.kind == "duration":
        for scale, unit in _TIMES:
            if largest >= scale:
                return scale, unit
    return 1, metric.unit
