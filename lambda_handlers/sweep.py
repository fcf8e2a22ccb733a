"""Lambda: the sweep, on a schedule."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from iotagg.jobs.sweep import sweep
from lambda_handlers.wiring import cloud, in_time

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="iotagg-sweep")


def handler(_: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Sweep once, as far as time goes, and return what was done."""
    swept = asdict(sweep(cloud(), in_time=in_time(context)))
    logger.info("swept", **swept)
    return swept
