"""Lambda: chunks of contributions, from the chunks queue."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response

from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.handling import handle
from lambda_handlers.wiring import NAMESPACE, RELEASE, cloud, failures_told, in_time, message_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="iotagg-consolidate", release=RELEASE)
metrics = Metrics(namespace=NAMESPACE, service="consolidate")


class _Processor(SqsFifoPartialProcessor):
    def __init__(self) -> None:
        super().__init__(skip_group_on_error=True)
        self.raise_on_entire_batch_failure = False


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Consolidate what the messages of a batch name; return those that failed, with what follows in their group."""
    return process_partial_response(
        event,
        record_handler=partial(_consolidate, in_time=in_time(context)),
        processor=_Processor(),
        context=context,
    )


def _consolidate(record: SQSRecord, in_time: Callable[[], bool]) -> None:
    message = message_of(record)

    def job() -> bool:
        return consolidate_message(cloud(), message.body, received=message.received, in_time=in_time)

    with failures_told(logger, metrics, message):
        handled = handle(cloud().chunks, message, job)
    metrics.add_metric(f"Chunk messages {handled.value}", MetricUnit.Count, 1)
