"""What was found about growth, as tables and plots."""

from __future__ import annotations

from statistics import mean, median
from typing import TYPE_CHECKING, Any

from bench.report import Plot, Section, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

IOTAGG, CSV = "iotagg", "consolidated CSV"
SQLITE, DYNAMODB = "SQLite", "DynamoDB"
FIRST, BETWEEN, LAST = "first", "between", "last"
TIME_AT_MOST, UNITS_AT_MOST = 1.2, 2.05
_AROUND = 25

Found = dict[str, Any]

_TEXT = """
Does a file cost more when much is stored already? Files of one size (2,000 rows of 200 pairs) are counted into stores
that held 10^3 to 10^6 pairs before the first one. One store is new; another one has got the files of 39 months first.
Then files are counted in turns: those of the first month into the one, those of the 40th month into the other. Beside
them stands the design of earlier implementations, at its best: one consolidated CSV, sorted, read and written anew for
each file, in which only lines that change are looked at; on the disk beside SQLite, in the engine's S3 beside DynamoDB.
Its sums are compared with iotagg's. It keeps no days, counts a file twice that is delivered twice, and stands one
writer only.

Times are medians, CPU is that of the client. A file in the cloud is timed from its message to its last chunk's, both
jobs in one process, one message at a time; the engine works on the same cores. Write units are calculated by the
sizes that DynamoDB documents. More than {most:,} pairs were not loaded into the engine, which takes some 5,000 items
a second.
"""


def section(found: Sequence[Found]) -> Section:
    """Return what was found."""
    files = [each for each in found if "engine" in each]
    units = [each for each in found if "file" in each]
    most = max((each["stored"] for each in files if (each["engine"], each["way"]) == (DYNAMODB, IOTAGG)), default=0)
    return Section(
        "Growth",
        _TEXT.format(most=most) + "\n" + _verdict(files, units),
        tables=[
            Table("Time of a file, in turns", _TIME_HEADER, list(_times(files))),
            Table("What else a file takes", _COUNT_HEADER, list(_counts(files))),
            Table("Write units of a pair-month", _UNITS_HEADER, list(map(_units, units))),
        ],
        plots=[
            Plot(
                "growth-stored",
                "Time of a file by how many pairs are stored",
                lambda figure: _draw_stored(figure, files),
            ),
            Plot("growth-files", "Time of the 1st to the 1,000th file", lambda figure: _draw_files(figure, files)),
        ],
    )


def _verdict(files: Sequence[Found], units: Sequence[Found]) -> str:
    ratios = {key: row[5] for key, row in zip(_places(files), _times(files), strict=True) if key[1] == IOTAGG}
    said = [
        f"{engine}: the last file takes at most {_most(ratios, engine):.2f} times the time of the first."
        for engine in (SQLITE, DYNAMODB)
        if _most(ratios, engine)
    ]
    least = min((each["write_units"] / each["pair_months"] for each in units), default=0)
    said.append(f"Write units of a pair-month, everything a file writes: from {least:.3f} on, without conflicts.")
    return " ".join(said)


def _most(ratios: dict[tuple[str, str, int], Any], engine: str) -> float:
    return max((ratio for (of, _, _), ratio in ratios.items() if of == engine and ratio is not None), default=0)


def _places(files: Iterable[Found]) -> list[tuple[str, str, int]]:
    return list(dict.fromkeys((each["engine"], each["way"], each["stored"]) for each in files))


def _of(files: Iterable[Found], place: tuple[str, str, int], month: str, what: str) -> float | None:
    figures = [
        each[what]
        for each in files
        if (each["engine"], each["way"], each["stored"]) == place and each["month"] == month and what in each
    ]
    middle = mean if what == "bytes_written" else median  # a database file's log is copied back once in a while
    return middle(figures) if figures else None


_TIME_HEADER = ("store, way", "pairs stored", "first month: ms", "40th month: ms", "CPU ms", "ratio", "CPU ratio")


def _times(files: Sequence[Found]) -> Iterator[tuple[object, ...]]:
    for place in _places(files):
        seconds = [_of(files, place, month, "seconds") for month in (FIRST, LAST)]
        cpu = [_of(files, place, month, "cpu") for month in (FIRST, LAST)]
        row = (f"{place[0]}, {place[1]}", place[2], *map(_ms, seconds), _ms(cpu[1]), _ratio(seconds), _ratio(cpu))
        yield row


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _ratio(figures: Sequence[float | None]) -> float | None:
    first, last = figures
    return last / first if first and last else None


_COUNT_HEADER = (
    *("store, way", "pairs stored", "requests (SQLite: statements): first month", "40th"),
    *("write units: first", "40th", "read units: first", "40th", "KB written: first", "40th"),
)


def _counts(files: Sequence[Found]) -> Iterator[tuple[object, ...]]:
    for place in _places(files):
        row: list[object] = [f"{place[0]}, {place[1]}", place[2]]
        for what, scale in (("requests", 1), ("write_units", 1), ("read_units", 1), ("bytes_written", 1000)):
            for month in (FIRST, LAST):
                figure = _of(files, place, month, what)
                row.append(None if figure is None else round(figure / scale))
        yield tuple(row)


_UNITS_HEADER = ("file", "pair-months", "chunks", "of its transactions", "everything it writes", "for each pair-month")


def _units(each: Found) -> tuple[object, ...]:
    transactions, everything = each["transactions"], each["write_units"]
    return (
        each["file"],
        each["pair_months"],
        each["chunks"],
        f"{transactions / each['pair_months']:.3f}",
        everything,
        f"{everything / each['pair_months']:.3f}",
    )


def _draw_stored(figure: Any, files: Sequence[Found]) -> None:
    for axes, engine in zip(figure.subplots(1, 2, sharey=True), (SQLITE, DYNAMODB), strict=True):
        for way, month, look in ((IOTAGG, FIRST, "o-"), (IOTAGG, LAST, "s--"), (CSV, FIRST, "^-"), (CSV, LAST, "v--")):
            points = [
                (place[2], milliseconds)
                for place in _places(files)
                if place[:2] == (engine, way) and (milliseconds := _ms(_of(files, place, month, "seconds"))) is not None
            ]
            axes.plot(*zip(*points, strict=True), look, label=f"{way}, {month} month") if points else None
        axes.set(xscale="log", yscale="log", title=engine, xlabel="pairs stored before")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("ms a file")
    figure.axes[0].legend(fontsize="small")


def _draw_files(figure: Any, files: Sequence[Found]) -> None:
    axes = figure.subplots()
    for place in _places(files):
        curve = [each["seconds"] * 1000 for each in files if each["month"] == BETWEEN and _place(each) == place]
        if place[:2] == (SQLITE, IOTAGG) and curve:
            middles = [median(curve[begin : begin + _AROUND]) for begin in range(0, len(curve), _AROUND)]
            axes.plot(range(1, 1 + len(curve), _AROUND), middles, label=f"{place[2]:,} pairs stored before")
    axes.set(ylim=(0, None), xlabel="file", ylabel="ms a file, median of a month's", title="iotagg, SQLite")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")


def _place(each: Found) -> tuple[str, str, int]:
    return each["engine"], each["way"], each["stored"]
