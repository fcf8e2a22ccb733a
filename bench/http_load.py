"""A server under load: questions at a steady rate, whatever it takes to answer, or as fast as a few connections can.

How long an answer takes is counted from the moment at which it was due to be asked, so that who waits because others
do is counted too.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONNECTIONS = 16
_FINE = b"200"


@dataclass(slots=True)
class Answered:
    """How long each answer took (seconds), in order, and how many were none."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def percentile(self, share: float) -> float:
        """Return what such a share of the answers took at most."""
        return sorted(self.seconds)[min(int(share * len(self.seconds)), len(self.seconds) - 1)]


def at_a_rate(port: int, paths: Sequence[str], per_second: int, seconds: float) -> Answered:
    """Ask so often, in turn, for so long."""
    return asyncio.run(_asked(port, paths, int(per_second * seconds), 1 / per_second))


def as_fast_as_it_can(port: int, paths: Sequence[str], times: int) -> Answered:
    """Ask so often, each connection again once it is answered."""
    return asyncio.run(_asked(port, paths, times, 0.0))


async def _asked(port: int, paths: Sequence[str], times: int, apart: float) -> Answered:
    answered, due = Answered(), _due(times, apart)
    await asyncio.gather(*(_connection(port, paths, due, answered) for _ in range(CONNECTIONS)))
    return answered


def _due(times: int, apart: float) -> Iterator[tuple[int, float]]:
    begin = time.perf_counter()
    for number in range(times):
        moment = begin + number * apart if apart else time.perf_counter()
        yield number, moment


async def _connection(port: int, paths: Sequence[str], due: Iterator[tuple[int, float]], answered: Answered) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, moment in due:
        await asyncio.sleep(max(moment - time.perf_counter(), 0.0))
        path = paths[number % len(paths)]
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await reader.readexactly(int(lengths[0].partition(b":")[2]))
        answered.seconds.append(time.perf_counter() - moment)
        answered.failed += head.split(b" ", 2)[1] != _FINE
    writer.close()
