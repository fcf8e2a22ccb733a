"""Lambda: the sweep, on a schedule."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from iotagg.jobs.sweep import sweep
from lambda_handlers.wiring import cloud, in_time

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="iotagg-sweep")
metrics = Metrics(namespace="iotagg", service="sweep")


@metrics.log_metrics
def handler(_: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Sweep once, as far as time goes, and return what was done."""
    metrics.add_metric("Sweeps", MetricUnit.Count, 1)
    quiet_days = cloud().settings.quiet_days
    swept = sweep(cloud(), in_time=in_time(context))
    metrics.add_metric("Files handed over again", MetricUnit.Count, swept.handed_over)
    metrics.add_metric("Objects enqueued", MetricUnit.Count, swept.enqueued)
    metrics.add_metric("Objects removed", MetricUnit.Count, swept.removed)
    if quiet_days:
        metrics.add_metric("SilentSites", MetricUnit.Count, len(swept.silent))
    for site in swept.silent:
        logger.warning("no file for more than %d days from: %s", quiet_days, site, site=site)
    done = asdict(swept)
    logger.info("swept", **done)
    return done
