"""What the handlers share: the deployment that the environment names, and how much time is left."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import Metrics, MetricUnit

from iotagg.aws.queues import Message
from iotagg.aws.stack import Stack
from iotagg.errors import IotaggError
from iotagg.jobs.cloud import Cloud, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "iotagg")  # one for each stack of an account
RELEASE_NAME = "IOTAGG_RELEASE"
RELEASE = os.environ.get(RELEASE_NAME)  # while a new version takes over, logs tell it from the old one
SPARE_MILLISECONDS = 15_000  # for one more transaction with all its tries, and for the answer


@cache
def cloud() -> Cloud:
    """Return the deployment, connected to once for all invocations of this environment."""
    return Cloud.connected(Stack.named_by(), Settings.named_by())


def in_time(context: LambdaContext) -> Callable[[], bool]:
    """Return what says whether there is time to begin something more."""
    return lambda: context.get_remaining_time_in_millis() > SPARE_MILLISECONDS


def message_of(record: SQSRecord) -> Message:
    """Return a record of an SQS event as the message that it is."""
    attributes = record.attributes
    return Message(
        id=record.message_id,
        body=record.body,
        receipt=record.receipt_handle,
        group=attributes.message_group_id or "",
        received=int(attributes.approximate_receive_count),
    )


@contextmanager
def failures_told(logger: Logger, metrics: Metrics, message: Message) -> Iterator[None]:
    """Log and count it when a message fails, in a line where iotagg knows the reason; the others go on."""
    metrics.add_metric("Messages", MetricUnit.Count, 1)
    try:
        yield
    except IotaggError as reason:
        metrics.add_metric("Messages failed", MetricUnit.Count, 1)
        logger.error(str(reason), message_id=message.id, received=message.received)  # noqa: TRY400 (the reason says it all)
        raise
    except Exception:
        metrics.add_metric("Messages failed", MetricUnit.Count, 1)
        logger.exception("a message failed", message_id=message.id, received=message.received)
        raise
