"""iotagg's own reading, with the content's hash and the counts of its lines, for the table that others leave too."""

import sys

from bench.engines.job import given, write
from iotagg.core.flows import read_flows


def main() -> None:
    """Run."""
    job = given()
    with job.raw() as stream:
        totals = read_flows(stream)
    write(job, [f"{','.join(key)},{','.join(map(str, sums))}\n" for key, sums in totals.days.items()])
    sys.stdout.write(f"{totals.content} {totals.lines}\n")
