"""Lambda: objects that came into the bucket, from the files queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from iotagg.core.native import reader_in_use
from iotagg.jobs.handling import Handled, handle
from iotagg.jobs.summarize import summarize_message
from lambda_handlers.wiring import NAMESPACE, RELEASE, cloud, failures_told, in_time, message_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="iotagg-summarize", release=RELEASE, reader=reader_in_use())
metrics = Metrics(namespace=NAMESPACE, service="summarize")


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Summarize what the messages of a batch name; return those that failed, for SQS to deliver again."""
    return process_partial_response(
        event,
        record_handler=_Invocation(context).summarize,
        processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
        context=context,
    )


class _LaterError(Exception):
    """Others took the time: the message is for an invocation that has more of it."""


class _Invocation:
    # The messages of a batch, one after the other. The first has a function's whole time, so that what is not read
    # within it never will be; what comes after it may only have come too late.
    def __init__(self, context: LambdaContext) -> None:
        self._in_time = in_time(context)
        self._is_first = True

    def summarize(self, record: SQSRecord) -> None:
        message = message_of(record)
        with failures_told(logger, metrics, message):
            if handle(cloud().files, message, lambda: self._job(message.body)) is Handled.PUT_BACK:
                metrics.add_metric("File messages put back", MetricUnit.Count, 1)

    def _job(self, body: str) -> bool:
        is_first, self._is_first = self._is_first, False
        try:
            for outcome in summarize_message(cloud(), body, self._in_time if is_first else self._in_time_or_later):
                logger.info(outcome.state, **outcome.as_json())
                metrics.add_metric(f"Files {outcome.state}", MetricUnit.Count, 1)
        except _LaterError:
            return False
        return True

    def _in_time_or_later(self) -> bool:
        if not self._in_time():
            raise _LaterError
        return True
