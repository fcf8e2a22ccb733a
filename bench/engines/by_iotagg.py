"""iotagg's own reading, for its table to be compared with those of the others; what is timed is the command."""

from typing import cast

from bench.engines.job import given, write
from iotagg.core.flows import read_flows
from iotagg.core.lines import ByteStream


def main() -> None:
    """Run."""
    job = given()
    with job.raw() as stream:
        totals = read_flows(cast("ByteStream", stream))
    write(job, [f"{','.join(key)},{','.join(map(str, sums))}\n" for key, sums in totals.days.items()])
