"""The events that engines send are understood, on each way that one can take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3

from iotagg.aws.events import Arrival, arrivals
from iotagg.core.ledger import is_older
from tests.cloud.engine import unique
from tests.cloud.made_events import ETAG, KEY

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import NotificationConfigurationTypeDef
    from mypy_boto3_sqs import SQSClient


def files_queue(queues: SQSClient) -> tuple[str, str]:
    url = queues.create_queue(QueueName=unique("files"))["QueueUrl"]
    return url, queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def bodies(queues: SQSClient, url: str, wait: int = 0) -> list[str]:
    """Receive some of what a queue holds, and delete it there."""
    messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait).get("Messages", [])
    for message in messages:
        queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in messages]


def versioned_bucket(objects: S3Client) -> str:
    bucket = unique("drop")
    objects.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    objects.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def test_an_engine_that_sends_events_is_understood(endpoint: str) -> None:
    objects, queues = boto3.client("s3"), boto3.client("sqs")
    bucket, (url, arn) = versioned_bucket(objects), files_queue(queues)
    objects.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]
        },
    )
    put = objects.put_object(Bucket=bucket, Key=KEY, Body=b"abc")
    gone = objects.delete_object(Bucket=bucket, Key=KEY)
    found: list[Arrival] = []
    for _ in range(20):
        found += [arrival for body in bodies(queues, url, wait=1) for arrival in arrivals(body)]
        if len(found) >= 2:
            break
    came, left = sorted(found, key=lambda arrival: arrival.removed)
    assert came == Arrival(bucket, KEY, put["VersionId"], ETAG, 3, came.sequencer)
    assert left == Arrival(bucket, KEY, gone["VersionId"], sequencer=left.sequencer, removed=True)
    assert is_older(came.sequencer, than=left.sequencer)
    assert objects.get_object(Bucket=came.bucket, Key=came.key, VersionId=came.version)["Body"].read() == b"abc"


def test_another_engine_is_understood_on_each_way_that_an_event_can_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")  # moto answers in this process, and only for the addresses of AWS itself
    from moto import mock_aws  # noqa: PLC0415 (it takes a second to load)

    with mock_aws():
        objects, queues = boto3.client("s3"), boto3.client("sqs")
        bucket, (url, arn) = versioned_bucket(objects), files_queue(queues)
        ways: list[tuple[NotificationConfigurationTypeDef, int]] = [
            ({"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}, 1),
            ({"TopicConfigurations": [{"TopicArn": topic_to(arn), "Events": ["s3:ObjectCreated:*"]}]}, 1),
            ({"EventBridgeConfiguration": bridge_to(arn)}, 0),
        ]
        for way, trials in ways:
            objects.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=way)
            assert [arrivals(body) for body in bodies(queues, url)] == [[]] * trials
            objects.put_object(Bucket=bucket, Key=KEY, Body=b"abc")
            found = [arrival for body in bodies(queues, url) for arrival in arrivals(body)]
            assert [(arrival.bucket, arrival.key, arrival.size) for arrival in found] == [(bucket, KEY, 3)]


def topic_to(queue: str) -> str:
    topics = boto3.client("sns")
    topic = topics.create_topic(Name="files")["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    return str(topic)


def bridge_to(queue: str) -> dict[str, object]:
    bridge = boto3.client("events")
    bridge.put_rule(Name="files", EventPattern=json.dumps({"source": ["aws.s3"]}))
    bridge.put_targets(Rule="files", Targets=[{"Id": "files", "Arn": queue}])
    return {}
