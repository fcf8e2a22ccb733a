"""How much of each thing that AWS charges for a stack uses in a month."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from iotagg.costs.coefficients import of
from iotagg.costs.digest import digest_reads, digest_seconds, digests, share
from iotagg.costs.page import of_page
from iotagg.costs.traffic import DAYS_OF_A_MONTH, HOURS_OF_A_MONTH

if TYPE_CHECKING:
    from collections.abc import Iterator

from iotagg.costs.traffic import Traffic

Compute = Literal["lambda", "vm", "both"]
Architecture = Literal["arm64", "x86_64"]
Quantity = tuple[str, str, str, float]  # service, what, the price's name, quantity in its unit
GB = 1e9  # for some prices AWS means 2^30, which would be 7 % less of them
_MILLION, _THOUSAND = 1e6, 1e3
_UNSWEPT_DAYS = 20 / 24 / 60  # raw files that are removed have lain for a quarter of an hour, and for a sweep


@dataclass(frozen=True, slots=True)
class Options:
    """What whoever deploys chooses.

    `raw_days` is how long raw files are kept once they are counted (None: for ever); `log_days` how long logs are;
    `kms` a key of one's own; `access_log` a record of every request for an object; `pages`
    a page that five people look at all day.
    """

    compute: Compute = "lambda"
    architecture: Architecture = "arm64"
    memory_mb: int = 512
    instance: str = "c7g.large on demand"
    sweep_minutes: float = 15
    raw_days: float | None = 0
    log_days: float = 30
    backup: bool = True
    kms: bool = False
    access_log: bool = False
    pages: bool = False


def quantities(traffic: Traffic, options: Options) -> Iterator[Quantity]:
    """Yield all that is charged for a month, each in the unit of its price."""
    yield from _of_table(traffic, options)
    yield from _of_bucket(traffic, options)
    yield from _of_queues(traffic, options)
    if options.compute != "vm":
        yield from _of_functions(traffic, options)
    if options.compute != "lambda":
        yield from _of_machines(traffic, options)
    yield from _of_digest(traffic, options)
    yield from _of_watching(traffic, options)
    if options.pages:
        yield from of_page(traffic, options.architecture)


def _of_table(traffic: Traffic, options: Options) -> Iterator[Quantity]:
    updates = traffic.touches * of("writes of a touch")
    others = traffic.chunks * of("writes of a chunk") + traffic.files * of("writes of a file")
    reads = traffic.files * of("reads of a file") + traffic.messages * of("reads of a message")
    items = traffic.new_pair_months * of("bytes of a pair-month")
    items += traffic.chunks * of("bytes of a marker") + traffic.files * of("bytes of a file")
    stored = items * traffic.months_kept / GB
    entries = traffic.new_pair_months * traffic.months_kept * of("bytes of an entry") / GB
    ranks, moves = (traffic.new_pair_months * of(f"{what} of a pair-month") for what in ("ranks", "index writes"))
    assessed = traffic.touches * of("reads of a touch") + traffic.new_pair_months * of("reads again of a pair-month")
    yield "DynamoDB", "pairs' months, updated", "dynamodb writes", updates / _MILLION
    yield "DynamoDB", "markers, records, paths", "dynamodb writes", others / _MILLION
    yield "DynamoDB", "ranks, written", "dynamodb writes", ranks / _MILLION
    yield "DynamoDB", "ranks, their index", "dynamodb writes", moves / _MILLION
    yield "DynamoDB", "reads of summarize and consolidate", "dynamodb reads", reads / _MILLION
    yield "DynamoDB", "reads of assessing", "dynamodb reads", assessed / _MILLION
    yield "DynamoDB", "reads of the digest", "dynamodb reads", digests() * digest_reads(traffic) / _MILLION
    yield "DynamoDB", "reads of the sweep", "dynamodb reads", _sweep_reads(traffic, options) / _MILLION
    yield "DynamoDB", "storage", "dynamodb storage", stored
    yield "DynamoDB", "storage of the index", "dynamodb storage", entries
    yield "DynamoDB", "backup (point in time)", "dynamodb backup", stored * options.backup


def _sweeps(options: Options) -> float:
    return HOURS_OF_A_MONTH * 60 / options.sweep_minutes


def _sweep_reads(traffic: Traffic, options: Options) -> float:
    # Where a raw file of a site lies in the bucket, the paths of the site are read up to its own.
    sweeps = _sweeps(options)
    of_a_file = math.ceil(of("grace of a sweep") / options.sweep_minutes) + 1
    looking = min(sweeps, traffic.files / traffic.sites * of_a_file) if options.raw_days == 0 else sweeps
    paths = traffic.files / traffic.sites * traffic.months_kept * of("bytes of a path") / of("bytes of a read unit")
    always = sweeps * (of("reads of a sweep") + traffic.sites * of("reads of a site in a sweep"))
    return always + looking * traffic.sites * max(1, paths)


def _raw_files(traffic: Traffic, options: Options) -> float:
    # How many lie in the bucket, in the mean.
    days = traffic.months_ahead * DAYS_OF_A_MONTH if options.raw_days is None else options.raw_days
    return traffic.files_per_day * max(days, _UNSWEPT_DAYS)


def _s3_requests(traffic: Traffic) -> tuple[float, float]:
    writes = traffic.files * of("puts of a file")
    return writes, traffic.files * of("gets of a file") + traffic.messages * of("gets of a message")


def _of_bucket(traffic: Traffic, options: Options) -> Iterator[Quantity]:
    writes, reads = _s3_requests(traffic)
    raw = _raw_files(traffic, options)
    listings = _sweeps(options) * max(1, raw / of("keys of a listing"))
    contributions = traffic.files * of("bytes of a contribution") + traffic.touches * of("bytes of a touch")
    raw_bytes = raw * traffic.rows_per_day / traffic.files_per_day * traffic.bytes_per_row
    yield "S3", "files and contributions, written", "s3 writes", writes / _THOUSAND
    yield "S3", "the sweep's listings", "s3 writes", listings / _THOUSAND
    yield "S3", "files and contributions, read", "s3 reads", reads / _THOUSAND
    yield "S3", "contributions, kept", "s3 storage", contributions * traffic.months_kept / GB
    yield "S3", "raw files, kept", "s3 storage", raw_bytes / GB


def _of_queues(traffic: Traffic, options: Options) -> Iterator[Quantity]:
    together = of("messages of a request")
    of_files = traffic.files * of("files queue requests of a file") + _sweeps(options) * of("queue requests of a sweep")
    of_chunks = traffic.messages + 2 * traffic.files * math.ceil(traffic.messages / traffic.files / together)
    pollers = (of("pollers") if options.compute != "vm" else 0) + (
        of("processes of a worker") * _machines(traffic, options) if options.compute != "lambda" else 0
    )
    empty = HOURS_OF_A_MONTH * 3600 / of("seconds of a poll") * pollers
    yield "SQS", "files queue", "sqs standard", of_files / _MILLION
    yield "SQS", "files queue, asked in vain", "sqs standard", empty / _MILLION
    yield "SQS", "chunks queue", "sqs fifo", of_chunks / _MILLION
    yield "SQS", "chunks queue, asked in vain", "sqs fifo", empty / _MILLION


def _invocations(traffic: Traffic) -> float:
    # A file's messages go to one function for each poller, or to more where they are many.
    of_a_file = traffic.messages / traffic.files
    return traffic.files * (1 + min(of_a_file, max(of("pollers"), of_a_file / of("messages of a request"))))


def processor_seconds(traffic: Traffic) -> float:
    """Return the seconds of a processor that functions need in a month, without their starts."""
    summarize = traffic.files * of("seconds of a file") + traffic.rows * of("seconds of a row")
    a_touch = of("seconds of a touch") + of("seconds of an assessment")
    return summarize + traffic.messages * of("seconds of a message") + traffic.touches * a_touch


def function_seconds(traffic: Traffic, memory_mb: float) -> float:
    """Return the seconds that functions run in a month: the less memory, the smaller their share of a processor."""
    waiting = traffic.files * of("waiting of a file") + traffic.messages * of("waiting of a message")
    waiting += traffic.touches * of("waiting of a touch")
    periods = HOURS_OF_A_MONTH * 60 / of("minutes of a warm function")
    starts = min(traffic.files, periods) * (1 + of("pollers")) * of("seconds of a start")
    return processor_seconds(traffic) / share(memory_mb) + waiting + starts


def _of_functions(traffic: Traffic, options: Options) -> Iterator[Quantity]:
    memory_gb = options.memory_mb / 1024
    yield "Lambda", "invocations", "lambda requests", _invocations(traffic) / _MILLION
    yield "Lambda", "sweeps", "lambda requests", _sweeps(options) / _MILLION
    seconds = function_seconds(traffic, options.memory_mb)
    yield "Lambda", "time of functions", f"lambda {options.architecture}", seconds * memory_gb
    swept = _sweeps(options) * of("seconds of a sweep")
    yield "Lambda", "time of sweeps", f"lambda {options.architecture}", swept * memory_gb


def _of_digest(traffic: Traffic, options: Options) -> Iterator[Quantity]:
    # A function sends it, whatever counts.
    yield "Lambda", "digests", "lambda requests", digests() / _MILLION
    seconds = digests() * digest_seconds(traffic, options.memory_mb)
    yield "Lambda", "time of digests", f"lambda {options.architecture}", seconds * options.memory_mb / 1024


def _machines(traffic: Traffic, options: Options) -> int:
    if options.compute == "both":
        return 1  # it takes what is too large for functions
    needed = processor_seconds(traffic) * of("worker's processor time") / HOURS_OF_A_MONTH / 3600
    return math.ceil(needed / of("vCPU of a machine") / of("busy at most"))


def _of_machines(traffic: Traffic, options: Options) -> Iterator[Quantity]:
    count = _machines(traffic, options)
    yield "EC2", "machines", options.instance, count * HOURS_OF_A_MONTH
    yield "EC2", "their disks", "ebs gp3", count * of("GB of a machine's disk")
    yield "EC2", "their addresses", "public ipv4", count * HOURS_OF_A_MONTH


def _of_watching(traffic: Traffic, options: Options) -> Iterator[Quantity]:
    if options.compute != "vm":
        invocations = _invocations(traffic) + _sweeps(options)
        logged = invocations * of("log bytes of an invocation") + traffic.files * of("log bytes of a file")
        kept = logged * options.log_days / DAYS_OF_A_MONTH
        hours = min(1, traffic.files / HOURS_OF_A_MONTH)  # a metric is charged for the hours that it is sent in
        yield "CloudWatch", "logs, taken in", "logs taken in", logged / GB
        yield "CloudWatch", "logs, kept", "logs storage", kept / GB
        yield "CloudWatch", "metrics", "cloudwatch metrics", of("metrics") * hours
    yield "CloudWatch", "alarms", "cloudwatch alarms", of("alarms")
    yield "CloudWatch", "dashboard", "cloudwatch dashboards", of("dashboards")
    if options.kms:
        asked = of("keys' users") * HOURS_OF_A_MONTH * 60 / of("minutes of a data key")
        yield "KMS", "key", "kms keys", 1
        yield "KMS", "requests", "kms requests", asked / 1e4
    if options.access_log:
        events = sum(_s3_requests(traffic)) + traffic.files
        yield "CloudTrail", "requests for objects", "cloudtrail data events", events / 1e5
