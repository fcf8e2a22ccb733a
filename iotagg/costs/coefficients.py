"""What a stack does for given traffic, in figures: each with its unit and where it comes from.

`bench.…` and `bench …` name what measures it in this repository (python -m …); a test holds what files cost in
requests and units against a run. Figures of time are those of one machine and move by ±40 %; Lambda's share of a
processor and waiting are documented by AWS or taken from documented latencies. "template" is what the stack's
template has.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A figure of the model."""

    value: float
    unit: str
    source: str


# Pairs' months that a day of a site's traffic touches, by the files that it comes in, of those that one file touches.
TOUCHES_BY_FILES = ((1 / 31, 0.56), (1, 1.0), (2, 1.73), (4, 2.77), (8, 4.28), (24, 7.84), (96, 15.39))  # traffic_shape

_SHAPE, _FILES, _KEPT, _TIME = "bench.traffic_shape", "bench.write_costs", "bench storage", "bench compute"
_SCALING = "AWS Lambda Developer Guide, scaling of SQS event source mappings"
_MEMORY = "AWS Lambda Developer Guide, memory and computing power"
_RANKS = "bench.rank_costs: daily files of a year"
_SWEEP = "tests/cloud/test_costs_measured.py"

COEFFICIENTS = {
    # Traffic, as the sample has it.
    "devices of a site": Coefficient(15, "devices", "iotagg sample: --devices"),
    "rows of a device": Coefficient(2_000, "rows a day", "iotagg sample: 30,000 rows of 15 devices"),
    "pair-days of a device": Coefficient(42, "pair-days a day", _SHAPE),
    "touches of a pair-day": Coefficient(1.2, "pair-months touched for a pair-day", _SHAPE),
    "new months of a pair-day": Coefficient(0.68, "items for a pair-day", _SHAPE),
    "bytes of a row": Coefficient(568, "bytes", _SHAPE),
    # Requests and units.
    "buckets": Coefficient(16, "buckets that pairs are spread over", "iotagg.core.contribution.BUCKETS"),
    "pair-months of a chunk": Coefficient(96, "pair-months at most", "iotagg.core.contribution.CHUNK"),
    "writes of a touch": Coefficient(2, "write units: an item below 1 KB, in a transaction", _FILES),
    "writes of a chunk": Coefficient(2, "write units: its marker", _FILES),
    "writes of a file": Coefficient(16, "write units: records, path, pending", _FILES),
    "reads of a file": Coefficient(15, "read units", _FILES),
    "reads of a message": Coefficient(2, "read units", _FILES),
    "puts of a file": Coefficient(2, "requests: the file, its contribution", _FILES),
    "gets of a file": Coefficient(1, "requests", _FILES),
    "gets of a message": Coefficient(1, "requests: a range of the contribution", _FILES),
    "files queue requests of a file": Coefficient(3, "requests: S3's event, received, deleted", _FILES),
    "messages of a request": Coefficient(10, "messages sent or received at once", "Amazon SQS quotas"),
    # What stands out.
    "reads of a touch": Coefficient(1, "read units: a Query of the pair's window, below 4 KB", _RANKS),
    "reads again of a pair-month": Coefficient(0.98, "read units: once more where a flag changed", _RANKS),
    "ranks of a pair-month": Coefficient(1.17, "write units, ever; 5.8 where the pair talks every day", _RANKS),
    "index writes of a pair-month": Coefficient(1.34, "write units, ever; 10.5 where it talks every day", _RANKS),
    "digests": Coefficient(1, "a day", "template"),
    "reads of a digest for a pair-month": Coefficient(0.033, "read units, by a month's: index and candidates", _RANKS),
    "read by a digest": Coefficient(0.71, "of what pairs' months have: devices with a new peer, all months", _RANKS),
    "reads of a digest for a file": Coefficient(1, "read units: its record", _RANKS),
    "seconds of a digest's read": Coefficient(1e-3, "seconds of a processor; half was seen, without clients", _RANKS),
    "seconds of a digest": Coefficient(900, "seconds at most", "template"),
    # The sweep.
    "reads of a sweep": Coefficient(1, "read units: the list of sites", _SWEEP),
    "reads of a site in a sweep": Coefficient(2, "read units: whether it is one, and what is pending", _SWEEP),
    "queue requests of a sweep": Coefficient(2, "requests: depths of both queues", _SWEEP),
    "keys of a listing": Coefficient(1_000, "versions in an answer of S3", "Amazon S3 API, ListObjectVersions"),
    "grace of a sweep": Coefficient(15, "minutes", "iotagg.jobs.sweep.GRACE_SECONDS"),
    "bytes of a read unit": Coefficient(4_096, "bytes", "Amazon DynamoDB Developer Guide, read consistency"),
    # What is kept.
    "bytes of a pair-month": Coefficient(120 + 37 + 100, "bytes, with its rank and the index", _KEPT),
    "bytes of an entry": Coefficient(83 + 100, "bytes of a rank in its index", _RANKS),
    "bytes of a marker": Coefficient(162 + 100, "bytes, with the index", _KEPT),
    "bytes of a file": Coefficient(806 + 100 + 255 + 100, "bytes of its record and path, with the index", _KEPT),
    "bytes of a path": Coefficient(255, "bytes", _KEPT),
    "bytes of a contribution": Coefficient(3_100, "bytes of its head, and of a gzip member for each chunk", _KEPT),
    "bytes of a touch": Coefficient(43.3, "bytes of the contribution", _KEPT),
    # Polling.
    "pollers": Coefficient(5, "of a queue; not fewer, as a maximum concurrency is set", _SCALING),
    "seconds of a poll": Coefficient(
        20, "seconds: 15 empty answers a minute are seen", "github.com/getlift/lift/issues/132"
    ),
    "processes of a worker": Coefficient(2, "processes, each polls both queues", "iotagg worker: one for each core"),
    # Time.
    "memory of a vCPU": Coefficient(1_769, "MB", _MEMORY),
    "seconds of a file": Coefficient(0.04, "seconds of a processor, summarize", _TIME),
    "seconds of a row": Coefficient(4e-6, "seconds of a processor, summarize", _TIME),
    "seconds of a message": Coefficient(0.010, "seconds of a processor, consolidate", _TIME),
    "seconds of a touch": Coefficient(5e-5, "seconds of a processor, consolidate", _TIME),
    "seconds of an assessment": Coefficient(2.5e-3, "seconds of a processor, a touch: 1.5 Queries, 0.6 writes", _RANKS),
    "seconds of a start": Coefficient(0.6, "seconds of a processor, whole in a start", _TIME),
    "seconds of a sweep": Coefficient(0.5, "seconds", "taken: five requests and little else"),
    "waiting of a file": Coefficient(0.4, "seconds: 20 requests of 10 ms, two of S3 of 100 ms", "Amazon S3 User Guide"),
    "waiting of a message": Coefficient(0.14, "seconds: 4 requests of 10 ms, one of S3 of 100 ms", "as above"),
    "waiting of a touch": Coefficient(0.02, "seconds: two requests of 10 ms, one after the other", "as above"),
    "minutes of a warm function": Coefficient(10, "minutes until it has to start again", "taken; AWS promises none"),
    "worker's processor time": Coefficient(1.2, "of that of functions; 0.9 to 1.5 were seen", _TIME),
    "vCPU of a machine": Coefficient(2, "vCPU", "Amazon EC2 instance types: c7g.large"),
    "busy at most": Coefficient(0.7, "of its processors", "taken, so that bursts have room"),
    "GB of a machine's disk": Coefficient(8, "GB", "template"),
    # The page.
    "people of a page": Coefficient(5, "people who sign in", "taken"),
    "hours of a page": Coefficient(176, "hours a month that one keeps it open in front: 22 days of 8", "taken"),
    "seconds of asking again": Coefficient(10, "seconds", "iotagg/web/page/live.js"),
    "requests of asking again": Coefficient(2, "requests: changes, status", "iotagg/web/page/live.js"),
    "seconds of a status": Coefficient(20, "seconds for which it is remembered", "iotagg.web.on_stack"),
    "seconds of a page's request": Coefficient(0.05, "seconds, with waiting for DynamoDB", "taken; 0.02 were seen"),
    # Watching.
    "log bytes of a file": Coefficient(460, "bytes", _TIME),
    "log bytes of an invocation": Coefficient(350 + 330, "bytes: metrics; START, END, REPORT", _TIME),
    "metrics": Coefficient(4, "that are sent as long as nothing fails", "lambda_handlers"),
    "alarms": Coefficient(12, "alarms", "template"),
    "dashboards": Coefficient(1, "dashboards", "template"),
    "keys' users": Coefficient(8, "bucket, table and queues, each asked for by two", "template"),
    "minutes of a data key": Coefficient(5, "minutes until it is asked for again", "Amazon SQS Developer Guide"),
}


def of(name: str) -> float:
    """Return a figure of the model."""
    return COEFFICIENTS[name].value
