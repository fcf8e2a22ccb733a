"""Lambda: the sweep, on a schedule."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from iotagg.jobs.sweep import sweep
from lambda_handlers.wiring import NAMESPACE, RELEASE, cloud, in_time

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="iotagg-sweep", release=RELEASE)
metrics = Metrics(namespace=NAMESPACE, service="sweep")


def handler(_: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Sweep once, as far as time goes, and return what was done."""
    swept = sweep(cloud(), in_time=in_time(context))
    counts = {
        "Files handed over again": swept.handed_over,
        "Objects enqueued": swept.enqueued,
        "Objects removed": swept.removed,
        "Files forgotten": swept.forgotten,
        "SilentSites": len(swept.silent),
    }
    for name, count in counts.items():
        if count:  # a metric is paid for each hour in which it is sent
            metrics.add_metric(name, MetricUnit.Count, count)
    if any(counts.values()):
        metrics.flush_metrics()
    for site in swept.silent:
        logger.warning("no file for more than %d days from: %s", cloud().settings.quiet_days, site, site=site)
    done = asdict(swept)
    logger.info("swept", **done)
    return done
