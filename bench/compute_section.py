"""What was found about functions and machines, as tables and plots; each figure says whether it was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.compute_costs import INSTANCES, MEMORY_MB, Work, even, functions_at, machine_usd, model_cpu, months
from bench.report import Plot, Section, Table
from iotagg.costs.coefficients import of
from iotagg.costs.prices import read_prices

if TYPE_CHECKING:
    from collections.abc import Sequence

    Found = dict[str, Any]

_WORKER = "worker, 2 processes"
_TEXT = """
The same files through functions and through a worker on a machine: {name}, {rows:,} rows, {megabytes:,.0f} MB,
{pair_months:,} pair-months touched.

*Measured*: on one machine, where the engine that stands in for AWS works on the same cores, so seconds by the clock are
longer than they would be; processor time is that of the functions or the worker alone. Functions run in Lambda's
runtime, one of each, and are killed beyond 256 MB. *Modelled*: a function's share of a processor by its memory
(1,769 MB are one vCPU), waiting for AWS by documented latencies (10 ms a request, 100 ms one to S3), traffic, and what
all of that costs, by `iotagg cost`. {note}
"""


def section(found: Sequence[Found]) -> Section:
    """Return what was found."""
    (of_set,) = (each for each in found if each["what"] == "data set")
    starts, runs, latency = ([each for each in found if each["what"] == what] for what in ("start", "run", "latency"))
    functions = [run for run in runs if run["way"] != _WORKER]
    (worker,) = (run for run in runs if run["way"] == _WORKER)
    cpu = sum(run["cpu"] for run in functions) / of_set["files"]
    work = Work(of_set["files"], of_set["rows"], cpu, of_set["messages"] / of_set["files"])
    return Section(
        "Lambda or a machine",
        _TEXT.format(**of_set, megabytes=of_set["bytes"] / 1e6, note=f"{read_prices().note}."),
        parts=[
            _of_starts(starts, worker),
            _of_throughput(of_set, runs),
            _of_latency(latency),
            _of_memory(work, starts, functions),
            _of_costs(work, worker),
            _of_months(),
        ],
    )


def _of_starts(starts: Sequence[Found], worker: Found) -> Section:
    rows: list[tuple[object, ...]] = [(each["way"], each["times"], each["seconds"], each["cpu"]) for each in starts]
    rows.append(("worker: to its first message", 2, worker["start_seconds"], None))
    bars = [(each["way"], each["seconds"]) for each in starts] + [("worker", worker["start_seconds"])]
    text = (
        "From nothing to an answer with nothing to do (median): the interpreter, imports, clients. A warm one has none."
    )
    table = Table("Measured", ("start of", "times", "seconds", "CPU s"), rows)
    plot = Plot("compute-starts", "Cold starts in seconds", lambda figure: _bars(figure, bars, "s"))
    return Section("Cold start", text, [table], [plot])


def _of_throughput(of_set: Found, runs: Sequence[Found]) -> Section:
    header = ("way", "s", "rows/s", "MB/s", "CPU s a million rows", "CPU ms a file", "requests a file", "peak MB")
    millions = of_set["rows"] / 1e6
    rows = [
        (
            run["way"],
            run["seconds"],
            round(of_set["rows"] / run["seconds"]),
            of_set["bytes"] / 1e6 / run["seconds"],
            run["cpu"] / millions,
            run["cpu"] / of_set["files"] * 1000,
            run["requests"] / of_set["files"],
            run.get("peak_mb"),
        )
        for run in runs
    ]
    text = "All files at once in the bucket, processes warm. One of each function: Lambda would start more of them."
    bars = [(run["way"], of_set["rows"] / run["seconds"]) for run in runs]
    plot = Plot("compute-throughput", "Rows a second", lambda figure: _bars(figure, bars, "rows/s"))
    return Section("Throughput", text, [Table("Measured", header, rows)], [plot])


def _of_latency(latency: Sequence[Found]) -> Section:
    rows = []
    for each in latency:
        first, *others = each["seconds"]
        others.sort()
        rows.append((each["way"], len(others), _percentile(others, 50), _percentile(others, 99), max(others), first))
    header = ("way", "files", "p50 s", "p99 s", "longest s", "first, cold, s")
    text = (
        "From the put of an object until all of it is counted, one after the other, with long polling as in production."
    )
    plot = Plot(
        "compute-latency",
        "Seconds from object to counted, of so many of the files",
        lambda f: _draw_latency(f, latency),
    )
    return Section("From an object to counted", text, [Table("Measured", header, rows)], [plot])


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[-(-percent * len(ordered) // 100) - 1]


def _of_memory(work: Work, starts: Sequence[Found], functions: Sequence[Found]) -> Section:
    rows, start = [], sum(each["cpu"] for each in starts)
    for memory in MEMORY_MB:
        seconds, cpu, usd = functions_at(work, memory)
        share = min(1, memory / of("memory of a vCPU"))
        rows.append((f"{memory:,} MB", share, cpu, seconds, start, f"{usd:.6f}"))
    header = ("memory", "of a vCPU", "CPU part, s a file", "all, s a file", "starts of both, s", "USD a million rows")
    peak = max(run["peak_mb"] for run in functions)
    measured, model = f"{work.cpu * 1000:.0f} ms", f"{model_cpu() * 1000:.0f} ms"
    text = f"""
Processor time as measured ({measured} a file; the model of `iotagg cost` takes {model} for one of 30,000 rows),
stretched by the share of a processor; waiting for AWS comes on top. Starts run on a whole processor. Peak memory is
measured: {peak:.0f} MB, in functions held to 256 MB."""
    table = Table("Modelled, from measured processor time; arm64", header, rows)
    plot = Plot("compute-memory", "Seconds and cost by a function's memory", lambda figure: _draw_memory(figure, work))
    return Section("Memory and processor of functions", text, [table], [plot])


def _of_costs(work: Work, worker: Found) -> Section:
    rows: list[tuple[object, ...]] = [
        (f"functions of {memory:,} MB", f"{functions_at(work, memory)[2]:.6f}", None) for memory in MEMORY_MB
    ]
    for instance in INSTANCES:
        month, busy = machine_usd(worker["cpu"], work, instance)
        rows.append((f"{instance}, 70 % busy", f"{busy:.6f}", month))
    text = "What counting takes, without the table, which costs more than either. A machine is paid for when idle too."
    table = Table(
        "Modelled, from measured processor time", ("by", "USD a million rows", "USD a month, idle or not"), rows
    )
    bars = [(str(row[0]), float(str(row[1])) * 1e3) for row in rows]
    plot = Plot(
        "compute-costs",
        "USD a thousand million rows",
        lambda figure: _bars(figure, bars, "USD a thousand million rows"),
    )
    return Section("Cost of a million rows", text, [table], [plot])


def _of_months() -> Section:
    points = list(months())
    ways = list(points[0][2])
    rows = [(f"{files:,.0f}", millions, *(whole for whole, _ in usd.values())) for files, millions, usd in points]
    evens = [
        (instance, tier, *map(round, even(instance, with_free_tier=free)))
        for instance in INSTANCES
        for tier, free in (("without", False), ("with", True))
    ]
    text = "The whole stack, table included, by files a day of 30,000 rows each; functions have 512 MB."
    return Section(
        "Cost of a month, and the break-even",
        text,
        [
            Table("Modelled: USD a month", ("files a day", "million rows a day", *ways), rows),
            Table(
                "Modelled: from here on a machine is cheaper than functions",
                ("machine", "free tier", "files a day", "million rows a day", "USD a month in all"),
                evens,
            ),
        ],
        [
            Plot(
                "compute-months",
                "USD a month by files a day: functions or machines, and queues",
                lambda figure: _draw_months(figure, points),
            )
        ],
    )


def _bars(figure: Any, bars: Sequence[tuple[str, float]], unit: str) -> None:
    axes = figure.subplots()
    axes.barh([name for name, _ in bars], [value for _, value in bars])
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.grid(axis="x", alpha=0.3)


def _draw_latency(figure: Any, latency: Sequence[Found]) -> None:
    axes = figure.subplots()
    for each in latency:
        ordered = sorted(each["seconds"][1:])
        axes.step(
            ordered,
            [100 * (place + 1) / len(ordered) for place in range(len(ordered))],
            where="post",
            label=each["way"],
        )
    axes.set(xlabel="s from object to counted", ylabel="% of files", xlim=(0, None), ylim=(0, 101))
    axes.grid(alpha=0.3)
    axes.legend()


def _draw_memory(figure: Any, work: Work) -> None:
    left, right = figure.subplots(1, 2)
    figures = [functions_at(work, memory) for memory in MEMORY_MB]
    left.plot(MEMORY_MB, [seconds for seconds, _, _ in figures], "o-", label="all")
    left.plot(MEMORY_MB, [cpu for _, cpu, _ in figures], "s--", label="its processor's part")
    left.set(xlabel="MB", ylabel="s a file", ylim=(0, None))
    left.legend()
    right.plot(MEMORY_MB, [usd * 1e3 for _, _, usd in figures], "o-")
    right.set(xlabel="MB", ylabel="USD a thousand million rows", ylim=(0, None))
    for axes in (left, right):
        axes.grid(alpha=0.3)


def _draw_months(figure: Any, points: Sequence[tuple[float, float, dict[str, tuple[float, float]]]]) -> None:
    axes = figure.subplots()
    for way in points[0][2]:
        axes.plot([files for files, _, _ in points], [usd[way][1] for _, _, usd in points], "o-", label=way)
    axes.set(xscale="log", yscale="log", xlabel="files a day", ylabel="USD a month, without table and bucket")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
