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
from bench.setting import SITE
from bench.top_reads import FACTORS, Counting, factor_of, writes_of_a_month
from bench.top_sorted import first_of_all
from bench.top_traffic import BEFORE, MONTH, traffic
from iotagg.core.books import Held
from iotagg.core.networks import Network
from iotagg.core.ranks import rank_of, totals_of
from iotagg.core.spans import Span
from iotagg.stores.sqlite import SqliteStore
from iotagg.top import By, Of, Question, top

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.options import Options
    from bench.top_reads import Totals
    from bench.top_sorted import Told
    from iotagg.stores.protocol import Store
    from iotagg.top import Answer

    Found = dict[str, Any]

PAIRS, QUICK_PAIRS = 1_000_000, 2_000
WRITTEN_PAIRS, QUICK_WRITTEN_PAIRS = 100_000, 500
_ROUNDS = 5
_SPAN = Span.of_months(MONTH, MONTH)
_MS = 1e3

QUESTIONS = {
    **{f"pairs by {by}": Question(by, Of.PAIRS, _SPAN) for by in By},
    "pairs by duration, of two months": Question(By.DURATION, Of.PAIRS, Span.of_months(BEFORE, MONTH)),
    "pairs by duration, of ten days": Question(By.DURATION, Of.PAIRS, Span(f"{MONTH}-11", f"{MONTH}-20")),
    "pairs by duration, to a 256th of the addresses": Question(
        By.DURATION, Of.PAIRS, _SPAN, destination=Network.parse("198.18.7.0/24")
    ),
    "destinations of one source": Question(By.DURATION, Of.DESTINATIONS, _SPAN, source=Network.parse("10.0.0.0")),
    **{
        f"{of} by {by}": Question(by, of, _SPAN)
        for of in (Of.SOURCES, Of.DESTINATIONS)
        for by in (By.DURATION, By.PACE)
    },
}

_TEXT = """
The first ten of {pairs:,} pairs of one site in a month, whose totals are as uneven as real ones (a power law), with the
month before: {months:,} pair-months, {megabytes:,.0f} MB of SQLite. An answer is in process, the median of {rounds};
the process is `iotagg top` from its start to its end. Each answer was compared with a full sort of all pairs. Exact
reads are the pair-months whose sums were read; the others were passed over by their ranks. Pairs are looked for from
the largest down; sources and destinations have no rank of their own, so that all ranks of the month are gone through.
"""
_FACTORS_TEXT = """
What the classes of ranks cost, by the factor from class to class: a finer one reads less and writes more. Writes are
counted while daily files fill a month, of {written:,} such pair-months; a year has twelve times as many. A rank is
written when its month is new, and whenever a day moves any of its four sizes.
"""


def run(options: Options) -> Section:
    """Measure, or take what was kept, and return what it says."""
    if options.again:
        return section(options.kept_results("top"))
    about, before = about_machine(), load()
    found = _measure(QUICK_PAIRS if options.quick else PAIRS, options.rounds or _ROUNDS)
    written = writes_of_a_month(QUICK_WRITTEN_PAIRS if options.quick else WRITTEN_PAIRS)
    found += [{"factor": factor, "writes": writes, "of": of} for factor, (writes, of) in written.items()]
    found.append({"machine": about, "before": before, "after": load()})
    options.keep_results("top", found)
    return section(found)


def _measure(pairs: int, rounds: int) -> list[Found]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "iotagg.db"
        with closing(SqliteStore(database)) as store:
            began = time.perf_counter()
            totals = _filled(store, pairs)
            about: Found = {
                "pairs": pairs,
                "months": sum(map(len, totals.values())),
                "filled": time.perf_counter() - began,
            }
            about |= {"bytes": database.stat().st_size, "rounds": rounds}
            expected = first_of_all(pairs, QUESTIONS)
            found = [about, *(_answered(store, what, rounds, expected[what]) for what in QUESTIONS)]
            for factor in FACTORS:
                with factor_of(factor):
                    found += [_counted(Counting(store, totals), what, factor, expected[what]) for what in QUESTIONS]
        for what in ("pairs by duration", "pairs by us-per-packet", "sources by duration"):
            found.append(_as_process(database, what, folder))
        return found


def _filled(store: Store, pairs: int) -> Totals:
    totals: Totals = {MONTH: [], BEFORE: []}
    store.refuse(SITE, "known.csv", None)
    with store.atomically():
        for month, before in traffic(pairs):
            for row in filter(None, (before, month)):
                store.correct(Held(SITE, row.source, row.destination, row.month, {}), row.sums)
                store.put_rank(SITE, row, rank_of(row, stands_out=False, steady=False))
                totals[row.month].append((row.source, row.destination, totals_of(row)))
    return totals


def _answered(store: Store, what: str, rounds: int, expected: Told) -> Found:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = top(store, QUESTIONS[what])
        took.append(time.perf_counter() - began)
        _must_be(answer, expected, what)
    return {"answer": what, "seconds": statistics.median(took)}


def _counted(counting: Counting, what: str, factor: int, expected: Told) -> Found:
    _must_be(top(cast("Store", counting), QUESTIONS[what]), expected, f"{what}, factor {factor}")
    return {"counted": what, "factor": factor, "reads": counting.reads, "walked": counting.walked}


def _must_be(answer: Answer, expected: Told, what: str) -> None:
    if [[each.source, each.destination, str(each.value)] for each in answer.entries] != expected:
        raise Disagreement(f"{what}: not what a full sort finds")


def _as_process(database: Path, what: str, folder: Path) -> Found:
    question = QUESTIONS[what]
    command = [
        sys.executable,
        "-m",
        "iotagg",
        "--db",
        os.fspath(database),
        "top",
        "--by",
        question.by,
        "--of",
        question.of,
    ]
    try:
        took = measured([*command, "--month", MONTH], folder / "said")
    except Failed as failure:
        raise Disagreement(f"{what}: {failure}") from None
    return {"process": what, "wall": took.wall, "cpu": took.cpu, "peak": took.peak}


def section(found: Sequence[Found]) -> Section:
    """Return what was found."""
    about, on = found[0], found[-1]
    seconds = {each["answer"]: each["seconds"] for each in found if "answer" in each}
    walls = {each["process"]: each for each in found if "process" in each}
    counted = {(each["counted"], each["factor"]): each for each in found if "counted" in each}
    written = [each for each in found if "writes" in each]
    rows = [
        (
            what,
            seconds[what] * _MS,
            walls[what]["wall"] * _MS if what in walls else None,
            counted[what, 8]["reads"],
            counted[what, 8]["walked"],
        )
        for what in seconds
    ]
    header = ("the first ten", "answer ms", "process ms", "exact reads", "ranks looked at")
    text = _TEXT.format(
        pairs=about["pairs"], months=about["months"], megabytes=about["bytes"] / 1e6, rounds=about["rounds"]
    )
    text += "\n" + in_words(on["machine"], on["before"], on["after"])
    reads = [(what, *(counted[what, factor]["reads"] for factor in FACTORS)) for what in seconds]
    reads.append(("**writes of a pair-month's rank**", *(each["writes"] / each["of"] for each in written)))
    factors = Section(
        "Classes of ranks",
        _FACTORS_TEXT.format(written=written[0]["of"]),
        tables=[Table("", ("exact reads", *(f"factor {factor}" for factor in FACTORS)), reads)],
    )
    return Section("The largest", text, tables=[Table("", header, rows)], parts=[factors])
