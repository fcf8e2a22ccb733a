"""What a digest reads of a stack, and how long that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.costs.coefficients import of
from iotagg.costs.traffic import DAYS_OF_A_MONTH

if TYPE_CHECKING:
    from iotagg.costs.traffic import Traffic

_INDEX_BYTES = 100  # charged with each item that is kept, and not read


def digests() -> float:
    """Return how many there are in a month."""
    return DAYS_OF_A_MONTH * of("digests")


def digest_reads(traffic: Traffic) -> float:
    """Return the read units of one digest.

    All that is kept of a device with a new peer is read, so they grow with the months.
    """
    in_index = traffic.new_pair_months * of("reads of a digest for a pair-month")
    history = traffic.new_pair_months * traffic.months_kept * (of("bytes of a pair-month") - _INDEX_BYTES)
    of_devices = history * of("read by a digest") / of("bytes of a read unit")
    return in_index + of_devices + traffic.files * traffic.months_kept * of("reads of a digest for a file")


def digest_seconds(traffic: Traffic, memory_mb: float) -> float:
    """Return the seconds that one digest runs, until it is ended where it takes too long."""
    needed = digest_reads(traffic) * of("seconds of a digest's read") / share(memory_mb)
    return min(needed, of("seconds of a digest"))


def share(memory_mb: float) -> float:
    """Return which part of a processor a function has."""
    return min(1, memory_mb / of("memory of a vCPU"))
