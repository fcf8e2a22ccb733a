"""A flow file, summed up by source, destination and day: iotagg beside others that do the same, whole processes.

`run` races them (`bench.race`), keeps each result, and makes a section of the figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.figures import Figures
from bench.machine import about_machine, in_words, load
from bench.race import run_races
from bench.report import Section
from bench.settings import grounds
from bench.shown_races import in_short, plots, section_of, sections_of_data

if TYPE_CHECKING:
    from bench.options import Options

PART = "summarize"
_ROUNDS = 5
_TEXT = """\
Each way is a whole process, from its start to its end, start of the interpreter and import included. Its result is the
table `src,dst,day,flows` with the sums and the sums of squares of duration and forward packets, exact: before anything
is timed, and in every round, the tables of all ways are compared, and the run fails where one differs. All ways take
turns in each round, so that whatever else the machine does falls upon all of them alike. Figures of time are medians
over the rounds; ratios are medians of the ratios within a round, and are what to look at: 3 in the column `of iotagg`
means three times its time.

**iotagg** is its own reading (`iotagg.core.flows`), which does more than the table: it takes the SHA-256 that tells
whether a file is counted already, counts every line as header, blank, counted or rejected with its reason, and judges
dates. It is there with its compiled scanner and without (`pure Python`). `iotagg upload --dry-run` is the command,
which also cuts what would be stored, and looks into the database. **polars** is its
fastest correct form: a lazy scan of five columns, squares in 128 bits; from a pipe, pieces of 8 MiB that end at a
line's end, because it would read a stream into memory whole. `same duties` takes the SHA-256 beside it, in a thread,
and counts lines, as far as polars lets one tell what became of them. **duckdb** has its types declared: finding them
out takes it longer, and it swaps day and month. **pyarrow** and **pandas** sum squares in halves that fit 64 bits;
Miller and awk, which count in doubles, do so in parts that fit 53. `bare split loop` is Python with a `split` at the
first commas and a dictionary; it knows no quotes and no odd lines. `wc -l` and `cat` are the floor: reading alone; of
gz content, behind `gzip -dc`.

`peak` is the largest memory of the process as the kernel counts it (`ru_maxrss`); for ways that map a file it includes
pages of the file. `CPU` is user and system time of the process, all its threads. MB are 10^6 bytes (of gz: of what it
holds). A way that needs more than 8 s has one turn only.
"""


def run(options: Options) -> Section:
    """Race, and return what was found. Raises Disagreement."""
    results = options.kept_results(PART) if options.again else _results(options)
    return section(results)


def _results(options: Options) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = [{"about": about_machine(), "before": load()}]
    options.keep_results(PART, results)
    for same_size in grounds(options):
        for result in run_races(same_size, options.rounds or (1 if options.quick else _ROUNDS)):
            options.keep_results(PART, [result])
            results.append(result)
    results.append({"after": load()})
    options.keep_results(PART, results[-1:])
    return results


def section(results: list[dict[str, Any]]) -> Section:
    """Return what results say."""
    figures = Figures.of(results)
    about = [result for result in results if "about" in result][-1]
    after = [result["after"] for result in results if "after" in result][-1:] or [about["before"]]
    text = f"{_TEXT}\n{in_words(about['about'], about['before'], after[0])}"
    if any(setting.place for setting in figures.settings()):
        return Section("Summing up a file", text, parts=sections_of_data(figures))
    return Section("Summing up a file", text, in_short(figures), plots(figures), section_of(figures))
