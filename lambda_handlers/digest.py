"""Lambda: the digest of what stands out, on a schedule."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from iotagg.aws.topics import Topic
from iotagg.digest import send_digest
from iotagg.errors import CloudBusy, IotaggError
from lambda_handlers.wiring import RELEASE, cloud

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="iotagg-digest", release=RELEASE)


def handler(_: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send what was not told yet, and return how much that was.

    AWS invokes it again after a failure, as the same request. What will not get better by itself is told instead of
    the digest: nobody would miss a digest that does not come.
    """
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    topic = Topic(cloud().settings.digest_topic_arn)
    try:
        sent = send_digest(cloud().store, cloud().digests, topic, today, context.aws_request_id)
    except CloudBusy:
        raise
    except IotaggError as reason:
        logger.error(str(reason))  # noqa: TRY400 (the reason says it all)
        topic.publish("iotagg: the digest could not be made", f"{reason}\n")
        return {"failed": str(reason)}
    logger.info("told", **asdict(sent))
    return asdict(sent)
