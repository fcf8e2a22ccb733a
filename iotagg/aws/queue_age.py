"""How old a queue's oldest message is: SQS tells nobody but CloudWatch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from iotagg.aws.clients import client
from iotagg.aws.problems import explained
from iotagg.errors import CloudError

_SPAN = timedelta(minutes=10)
_PERIOD_SECONDS = 60


def oldest_message_seconds(queue_name: str) -> float | None:
    """Return the age of a queue's oldest message, a minute or two ago; None where CloudWatch does not say."""
    now = datetime.now(UTC)
    try:
        with explained("CloudWatch"):
            reply = client("cloudwatch").get_metric_statistics(
                Namespace="AWS/SQS",
                MetricName="ApproximateAgeOfOldestMessage",
                Dimensions=[{"Name": "QueueName", "Value": queue_name}],
                StartTime=now - _SPAN,
                EndTime=now,
                Period=_PERIOD_SECONDS,
                Statistics=["Maximum"],
            )
    except CloudError:
        return None  # not permitted, or an engine without it: the rest of the answer is worth having
    points = sorted(reply.get("Datapoints", ()), key=lambda point: point["Timestamp"])
    return float(points[-1]["Maximum"]) if points else None
