"""Lambda: objects that came into the bucket, from the files queue."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from iotagg.jobs.handling import handle
from iotagg.jobs.summarize import summarize_message
from lambda_handlers.wiring import cloud, in_time, message_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="iotagg-summarize")
metrics = Metrics(namespace="iotagg", service="summarize")


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Summarize what the messages of a batch name; return those that failed, for SQS to deliver again."""
    return process_partial_response(
        event,
        record_handler=partial(_summarize, in_time=in_time(context)),
        processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
        context=context,
    )


def _summarize(record: SQSRecord, in_time: Callable[[], bool]) -> None:
    def job() -> bool:
        for outcome in summarize_message(cloud(), record.body, in_time):
            logger.info(outcome.state, **outcome.as_json())
            metrics.add_metric(f"Files {outcome.state}", MetricUnit.Count, 1)
        return True

    handle(cloud().files, message_of(record), job)
