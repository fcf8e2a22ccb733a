"""How long it takes to find the largest, how many exact sums are read for it, and how often ranks are written."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bench.machine import about_machine, in_words, load
from bench.options import Disagreement
from bench.processes import Failed, measured
from bench.report import Section, Table
from bench.top_cloud import asked_of_a_table
from bench.top_filling import filled
from bench.top_questions import QUESTIONS
from bench.top_reads import FACTORS, Counting, Made, factor_of, writes_of_a_month
from bench.top_traffic import MONTH
from iotagg.stores.sqlite import SqliteStore
from iotagg.top import top

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.options import Options
    from bench.top_sorted import Told
    from iotagg.stores.protocol import Store
    from iotagg.top import Answer

    Found = dict[str, Any]

PAIRS, QUICK_PAIRS = 1_000_000, 1_000
FEWER_PAIRS, QUICK_FEWER_PAIRS = 20_000, 1_000
_ROUNDS = 5
_MS = 1e3
_AS_PROCESS = ("pairs by duration", "pairs by us-per-packet", "sources by duration")

_TEXT = """
The first ten of {pairs:,} pairs of one site in a month, whose totals are as uneven as real ones (a power law), with the
month before: {megabytes:,.0f} MB of SQLite. An answer is in process, the median of {rounds}; processor time is what it
takes where nothing else runs. The process is `iotagg top` from its start to its end. Each answer was compared with a
full sort of all pairs, and is the same. Exact reads are the months whose sums were read, and ranks looked at are those
that were met on the way; all others were passed over. What sources and destinations add up to is kept in the database,
with ranks of its own, so that they are found as pairs are. Where not all pairs of a device take part, those that do are
looked at. Below, among the classes of ranks, devices are asked of a store that keeps no such totals.
"""
_CLOUD_TEXT = """
{pairs:,} pairs with the month before in a table of DynamoDB, asked by the store that a stack has: the DynamoDB of the
tests, which runs in the same process and does what DynamoDB documents. The sums were put there as they are stored, and
the rank of each of {ranks:,} pair-months by the store, as its workers put it. Each answer is that of a full sort.
Requests and read units are those of one answer, by the documented rules: 4 KB of a pair-month read consistently are a
unit, of the index half a unit. A million read units are some 0.14 USD. Processor time has the engine's in it, which is
most.

The index is sorted by duration: the first pairs by it, and by growth, take a few of its pages. By anything else, and of
sources and destinations, all of the month's index is read (once to bound them, and again for those that may be among
the first; by growth of two months; by µs per packet once more), and the sums of all pairs of the first.
"""
_FACTORS_TEXT = """
What the classes of ranks cost, by the factor from class to class: a finer one reads less and writes more. Exact reads
are of {pairs:,} pairs. Writes are counted while daily files fill a month of as many; a year has twelve times as many. A
rank is written when its month is new, and whenever a day moves any of its four sizes.
"""


def run(options: Options) -> Section:
    """Measure, or take what was kept, and return what it says."""
    if options.again:
        return section(options.kept_results("top"))
    about, before = about_machine(), load()
    pairs = options.pairs or (QUICK_PAIRS if options.quick else PAIRS)
    database, told = filled(pairs, options.cache)
    found: list[Found] = []
    if options.store != "dynamodb":
        found += _of_a_database(database, told, pairs, options.rounds or _ROUNDS)
        found += _classes(QUICK_FEWER_PAIRS if options.quick else FEWER_PAIRS)
    if options.store != "sqlite":
        found += [{"cloud_pairs": pairs}, *asked_of_a_table(database, told)]
    found.append({"machine": about, "before": before, "after": load()})
    options.keep_results("top", found)
    return section(found)


def _of_a_database(database: Path, told: dict[str, Told], pairs: int, rounds: int) -> list[Found]:
    found: list[Found] = [{"pairs": pairs, "bytes": database.stat().st_size, "rounds": rounds}]
    with closing(SqliteStore(database)) as store:
        found += [_answered(store, what, rounds, told[what]) for what in QUESTIONS]
    with tempfile.TemporaryDirectory() as folder:
        found += [_as_process(database, what, Path(folder)) for what in _AS_PROCESS]
    return found


def _classes(pairs: int) -> list[Found]:
    written = writes_of_a_month(pairs)
    writes = [{"factor": factor, "writes": writes, "of": of} for factor, (writes, of) in written.items()]
    return _by_factor(pairs) + writes


def _answered(store: SqliteStore, what: str, rounds: int, expected: Told) -> Found:
    took = []
    for _ in range(rounds):
        began, wall_began = time.process_time(), time.perf_counter()
        answer = top(store, QUESTIONS[what])
        took.append((time.process_time() - began, time.perf_counter() - wall_began))
        _must_be(answer, expected, what)
    cpu, wall = (statistics.median(each) for each in zip(*took, strict=True))
    return {"answer": what, "cpu": cpu, "wall": wall} | _counted(store, what, expected)


def _counted(store: SqliteStore | Made, what: str, expected: Told | None) -> Found:
    counting = Counting(cast("Store", store))
    answer = top(cast("Store", counting), QUESTIONS[what])
    if expected is not None:
        _must_be(answer, expected, what)
    return {"reads": counting.reads, "walked": counting.walked}


def _by_factor(pairs: int) -> list[Found]:
    made, found = Made(pairs), []
    expected = _told(made, 8)
    for factor in FACTORS:
        with factor_of(factor):
            if _told(made, factor) != expected:
                raise Disagreement(f"of factor {factor}: not what is found by another one")
            found += [{"counted": what, "factor": factor, **_counted(made, what, None)} for what in QUESTIONS]
    return found


def _told(made: Made, factor: int) -> Mapping[str, Told]:
    with factor_of(factor):
        return {what: _of_answer(top(cast("Store", made), question)) for what, question in QUESTIONS.items()}


def _must_be(answer: Answer, expected: Told, what: str) -> None:
    if _of_answer(answer) != expected:
        raise Disagreement(f"{what}: not what a full sort finds")


def _of_answer(answer: Answer) -> Told:
    return [[each.source, each.destination, str(each.value)] for each in answer.entries]


def _as_process(database: Path, what: str, folder: Path) -> Found:
    question = QUESTIONS[what]
    asked = ["top", "--by", question.by, "--of", question.of, "--month", MONTH]
    try:
        took = measured([sys.executable, "-m", "iotagg", "--db", os.fspath(database), *asked], folder / "said")
    except Failed as failure:
        raise Disagreement(f"{what}: {failure}") from None
    return {"process": what, "wall": took.wall, "cpu": took.cpu, "peak": took.peak}


def section(found: Sequence[Found]) -> Section:
    """Return what was found; of what was measured more than once, the last."""
    if not any("pairs" in each for each in found):
        return Section("The largest", "", parts=[_on_a_stack(found)])
    about = _last(found, "pairs")
    processes = {each["process"]: each for each in found if "process" in each}
    answers = {each["answer"]: each for each in found if "answer" in each}
    rows = [
        (
            what,
            each["cpu"] * _MS,
            each["wall"] * _MS,
            *(processes[what][time_] * _MS if what in processes else None for time_ in ("cpu", "wall")),
            each["reads"],
            each["walked"],
        )
        for what, each in answers.items()
    ]
    header = (
        "the first ten",
        *("answer: processor ms", "answer: ms", "process: processor ms", "process: ms"),
        *("exact reads", "ranks looked at"),
    )
    text = _TEXT.format(pairs=about["pairs"], megabytes=about["bytes"] / 1e6, rounds=about["rounds"])
    on = next(each for each in found[found.index(about) :] if "machine" in each)
    text += "\n" + in_words(on["machine"], on["before"], on["after"])
    parts = [_on_a_stack(found)] if any("table" in each for each in found) else []
    return Section("The largest", text, tables=[Table("", header, rows)], parts=[*parts, _factors(found)])


def _last(found: Sequence[Found], name: str) -> Found:
    return [each for each in found if name in each][-1]


def _on_a_stack(found: Sequence[Found]) -> Section:
    tables = {each["table"]: each for each in found if "table" in each}
    rows = [(what, each["requests"], each["units"], each["cpu"] * _MS) for what, each in tables.items()]
    header = ("the first ten", "requests", "read units", "processor ms")
    text = _CLOUD_TEXT.format(pairs=_last(found, "cloud_pairs")["cloud_pairs"], ranks=_last(found, "ranked")["ranked"])
    return Section("On a stack", text, tables=[Table("", header, rows)])


def _factors(found: Sequence[Found]) -> Section:
    counted = {(each["counted"], each["factor"]): each["reads"] for each in found if "counted" in each}
    written = {each["factor"]: each for each in found if "writes" in each}
    rows = [(what, *(counted[what, factor] for factor in FACTORS)) for what in QUESTIONS]
    rows.append(("**writes of a pair-month's rank**", *(written[f]["writes"] / written[f]["of"] for f in FACTORS)))
    header = ("exact reads", *(f"factor {factor}" for factor in FACTORS))
    text = _FACTORS_TEXT.format(pairs=next(iter(written.values()))["of"])
    return Section("Classes of ranks", text, tables=[Table("", header, rows)])
