"""What functions and machines cost, calculated from what was measured, the model's coefficients and the price file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from iotagg.costs.coefficients import of
from iotagg.costs.estimate import Options, estimate, total
from iotagg.costs.prices import read_prices
from iotagg.costs.traffic import HOURS_OF_A_MONTH, Traffic
from iotagg.costs.usage import processor_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY_MB = (256, 512, 1_024, 1_769, 2_048)
INSTANCES = ("t4g.small on demand", "c7g.large spot", "c7g.large on demand")
MONTHS_OF_DEVICES = (15, 150, 1_000, 6_000, 24_000, 240_000, 1_000_000)
_COUNTING = ("Lambda", "EC2", "SQS")
_MOST_DEVICES, _CLOSE = 1e10, 1.01


@dataclass(frozen=True, slots=True)
class Work:
    """What was measured of files: how many, their rows, and for each the processor's seconds in both functions.

    `messages` are those of the chunks queue, for each file.
    """

    files: int
    rows: int
    cpu: float
    messages: float


def functions_at(work: Work, memory_mb: int) -> tuple[float, float, float]:
    """Return the seconds that a file runs in all functions, of them those of a processor, and USD a million rows.

    A function has a share of a processor by its memory, and waits for AWS as its latencies are documented.
    """
    cpu = work.cpu / min(1, memory_mb / of("memory of a vCPU"))
    seconds = cpu + of("waiting of a file") + of("waiting of a message") * work.messages
    usd = seconds * memory_mb / 1024 * read_prices()["lambda arm64"].usd
    return seconds, cpu, usd * work.files / work.rows * 1e6


def model_cpu() -> float:
    """Return the processor's seconds of a sample's file, in both functions, by the model's coefficients."""
    traffic = Traffic.of_devices(of("devices of a site"))
    return processor_seconds(traffic) / traffic.files


def machine_usd(cpu: float, work: Work, instance: str) -> tuple[float, float]:
    """Return USD of a month, idle or not, and a million rows while it is busy; `cpu` is the worker's of all files."""
    prices = read_prices()
    hour = prices[instance].usd
    month = hour * HOURS_OF_A_MONTH + of("GB of a machine's disk") * prices["ebs gp3"].usd
    month += HOURS_OF_A_MONTH * prices["public ipv4"].usd
    busy = cpu / of("vCPU of a machine") / of("busy at most") / 3600 * hour
    return month, busy / work.rows * 1e6


def months() -> Iterator[tuple[float, float, dict[str, tuple[float, float]]]]:
    """Yield files a day, million rows a day, and USD a month by what counts: of the whole stack, and of that alone.

    What counts is functions or machines, and that they ask queues for messages.
    """
    prices, functions = read_prices(), Options()
    machines = {instance: replace(functions, compute="vm", instance=instance) for instance in INSTANCES}
    for devices in MONTHS_OF_DEVICES:
        traffic, usd = Traffic.of_devices(devices), {}
        for way, options in {"functions": functions, **machines}.items():
            items = estimate(traffic, options, prices)
            usd[way] = total(items)[0], total([item for item in items if item.service in _COUNTING])[0]
        yield traffic.files_per_day, traffic.rows_per_day / 1e6, usd


def even(instance: str, *, with_free_tier: bool) -> tuple[float, float, float]:
    """Return files a day, million rows a day and USD a month from which on a machine is cheaper than functions.

    By halving: functions cost more with every device, a machine costs the same until it is full.
    """
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
