"""Make a bucket, queues and a table by hand, where no CloudFormation does: on an engine that stands in for AWS."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from iotagg.aws.clients import connect
from iotagg.aws.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import KeySchemaElementTypeDef

    from iotagg.aws.clients import Clients

RECEIVES = 5  # how often a message is tried before it goes to the dead letters
RETENTION_SECONDS = 14 * 24 * 3600  # the longest that SQS keeps a message


def provision(clients: Clients, name: str, *, region: str, visibility_seconds: int = 120, fifo: bool = True) -> Stack:
    """Make everything that a deployment needs, under names that begin with `name`, and return what it is called.

    `fifo` false makes the chunks queue a standard one: for comparison only, see docs/explanation.
    """
    files_queue_url, files_queue_arn = _queue(clients, f"{name}-files", visibility_seconds)
    chunks_queue_url, _ = _queue(clients, f"{name}-chunks" + (".fifo" if fifo else ""), visibility_seconds)
    bucket = provision_store(clients, name, region=region)
    clients.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": files_queue_arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "incoming/"}]}},
                }
            ]
        },
    )
    return Stack(bucket, name, files_queue_url, chunks_queue_url)


def provision_store(clients: Clients, name: str, *, region: str) -> str:
    """Make what a store alone needs: a table that is called `name`, and a bucket, whose name is returned."""
    bucket = f"{name}-files"
    clients.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]  # any region, not those of the list only
    clients.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    clients.dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "at", "rank")],
        GlobalSecondaryIndexes=[
            {"IndexName": "ranks", "KeySchema": _keys("at", "rank"), "Projection": {"ProjectionType": "KEYS_ONLY"}}
        ],
    )
    clients.dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    clients.dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    return bucket


def _keys(partition: str, sort: str) -> list[KeySchemaElementTypeDef]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _queue(clients: Clients, name: str, visibility_seconds: int) -> tuple[str, str]:
    stem, dot, suffix = name.partition(".")
    fifo = {"FifoQueue": "true"} if dot else {}
    common = {"MessageRetentionPeriod": str(RETENTION_SECONDS)} | fifo
    dead = clients.sqs.create_queue(QueueName=f"{stem}-dead{dot}{suffix}", Attributes=common)["QueueUrl"]  # type: ignore[arg-type]  # names and texts, as SQS wants them
    redrive = json.dumps({"deadLetterTargetArn": _arn(clients, dead), "maxReceiveCount": RECEIVES})
    if dot:
        fifo |= {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    attributes = common | fifo | {"VisibilityTimeout": str(visibility_seconds), "RedrivePolicy": redrive}
    url = clients.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # names and texts, as SQS wants them
    return url, _arn(clients, url)


def _arn(clients: Clients, url: str) -> str:
    return clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def main() -> None:
    """Provision under the name that is given, and print what lets iotagg's commands find it."""
    stack = provision(connect(), sys.argv[1], region=os.environ["AWS_DEFAULT_REGION"])
    for name, value in stack.environment().items():
        print(f"export {name}={value}")  # noqa: T201 (for the shell to read)


if __name__ == "__main__":
    main()
