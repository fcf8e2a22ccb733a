"""iotagg's own reading, for its table to be compared with those of the others; what is timed is the command."""

from bench.engines.job import given, write
from iotagg.core.flows import read_flows


def main() -> None:
    """Run."""
    job = given()
    with job.raw() as stream:
        totals = read_flows(stream)
    write(job, [f"{','.join(key)},{','.join(map(str, sums))}\n" for key, sums in totals.days.items()])
