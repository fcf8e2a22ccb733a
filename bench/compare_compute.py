"""Functions or machines, for the same files, and what each costs: python -m bench.compare_compute [FILES].

Measured on the engine: the two functions in Lambda's runtime, one of each, one after the other; and a worker, whose
figures are those of all files less those of a quarter of them, so that the start of its processes is not in them. The
engine works on the same cores. Calculated from the model's coefficients and the price file: what a million rows cost in
functions of several sizes and on machines, and from which traffic on a machine is cheaper.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from bench.functions_measured import by_functions
from bench.setting import SITE, engine, sample_files, show, totals_of
from bench.worker_throughput import by_worker
from iotagg.core.contribution import cut
from iotagg.core.dialect import ReadingOptions
from iotagg.costs.coefficients import of
from iotagg.costs.estimate import Options, estimate, total
from iotagg.costs.prices import read_prices
from iotagg.costs.traffic import HOURS_OF_A_MONTH, Traffic
from iotagg.costs.usage import function_seconds, processor_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILES, ROWS = 24, (5_000, 30_000)
MEMORY_MB = (256, 512, 1_024, 1_769, 3_008)
INSTANCES = ("c7g.large on demand", "c7g.large spot", "t4g.small on demand")
_PART = 4
_MANY_DEVICES = 150_000  # so many that starts and rounding do not show
_MOST_DEVICES, _CLOSE = 1e10, 1.01


def show_measured(files: Sequence[Path], rows: int) -> None:
    """Print what functions and workers take for the same files."""
    pair_months = sum(cut(totals_of(file), SITE, ReadingOptions()).head.pair_months for file in files)
    millions, thousands = len(files) * rows / 1e6, pair_months / 1000
    table: list[tuple[object, ...]] = []
    for name, run in zip(("summarize", "consolidate"), by_functions(files), strict=True):
        figures = (run.seconds, run.cpu, run.invoked, float(run.requests))
        each = (run.invocations, run.start_cpu, run.log_bytes / len(files))
        table.append((f"function {name}", *figures, run.cpu / millions, run.cpu / thousands, *each))
    part = files[: len(files) // _PART]
    for processes in (1, 2):
        whole, less = by_worker(files, processes), by_worker(part, processes)
        share = len(files) / (len(files) - len(part))
        cpu = (whole.cpu - less.cpu) * share
        requests = (whole.requests - less.requests) * share
        figures = ((whole.seconds - less.seconds) * share, cpu, 0.0, requests)
        name = f"worker, {processes} process{'es'[: 2 * (processes - 1)]}"
        table.append((name, *figures, cpu / millions, cpu / thousands, 0, 0.0, 0.0))
    header = ("way", "s", "CPU s", "billed s", "requests", "CPU s, million rows", "CPU s, 1,000 pair-months")
    title = f"{len(files)} files of {rows:,} rows, {pair_months:,} pair-months (measured)"
    show(title, (*header, "invocations", "CPU s of a start", "log bytes a file"), table)


def show_calculated() -> None:
    """Print what a million rows cost, and from when on a machine is cheaper."""
    prices, traffic = read_prices(), Traffic.of_devices(_MANY_DEVICES)
    millions = traffic.rows / 1e6
    rows: list[tuple[object, ...]] = []
    for memory in MEMORY_MB:
        seconds = function_seconds(traffic, memory)
        usd = seconds * memory / 1024 * prices["lambda arm64"].usd / millions
        rows.append((f"{memory:,} MB", seconds / traffic.files, seconds / millions, f"{usd * 1000:.2f}"))
    header = ("memory", "s a file", "s a million rows", "USD a thousand million rows")
    show("Functions, arm64 (calculated)", header, rows)
    machines: list[tuple[object, ...]] = []
    cpu = processor_seconds(traffic) * of("worker's processor time") / millions
    for instance in INSTANCES:
        hour = prices[instance].usd
        fixed = hour * HOURS_OF_A_MONTH + of("GB of a machine's disk") * prices["ebs gp3"].usd
        fixed += HOURS_OF_A_MONTH * prices["public ipv4"].usd
        busy = cpu / of("vCPU of a machine") / of("busy at most") / 3600 * hour
        machines.append((instance, f"{hour:.4f}", fixed, cpu, f"{busy * 1000:.2f}"))
    columns = ("machine", "USD an hour", "USD a month", "CPU s a million rows", "USD a thousand million rows, busy")
    show("Machines of two vCPU (calculated)", columns, machines)
    evens = [
        (instance, tier, *_even(instance, with_free_tier=free))
        for instance, (tier, free) in product(INSTANCES, (("without", False), ("with", True)))
    ]
    show(
        "From here on a machine is cheaper than functions of 512 MB (calculated)",
        ("machine", "free tier", "files a day", "million rows a day", "USD a month in all"),
        evens,
    )


def _even(instance: str, *, with_free_tier: bool) -> tuple[float, float, float]:
    # By halving: functions cost more with every device, a machine costs the same until it is full.
    prices, functions = read_prices(), Options()
    machine = replace(functions, compute="vm", instance=instance)

    def costs(devices: float) -> tuple[float, float]:
        traffic = Traffic.of_devices(devices)
        return (
            total(estimate(traffic, functions, prices))[with_free_tier],
            total(estimate(traffic, machine, prices))[with_free_tier],
        )

    low, high = 1.0, _MOST_DEVICES
    while high / low > _CLOSE:
        middle = (low * high) ** 0.5
        by_functions_usd, by_machine_usd = costs(middle)
        low, high = (low, middle) if by_functions_usd > by_machine_usd else (middle, high)
    traffic = Traffic.of_devices(high)
    return traffic.files_per_day, traffic.rows_per_day / 1e6, costs(high)[0]


def main() -> None:
    """Measure, calculate and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with engine():
        for rows in ROWS:
            with sample_files(count, rows) as files:
                show_measured(files, rows)
    show_calculated()


if __name__ == "__main__":
    main()
