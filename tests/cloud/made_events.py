"""Messages as AWS puts them into the files queue, made up; and how often laws of them are tried."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import settings

from iotagg.aws.events import Arrival
from tests.examples import examples

many = settings(max_examples=examples(300), deadline=None)

BUCKET = "example-drop"
KEY = "incoming/paris/2022/a day+b%20é.csv"
ENCODED = "incoming/paris/2022/a+day%2Bb%2520%C3%A9.csv"
ETAG = "900150983cd24fb0d6963f7d28e17f72"
VERSION = "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"
SEQUENCER = "0055AED6DCD90281E5"
PUT = Arrival(BUCKET, KEY, VERSION, ETAG, 3, SEQUENCER)
TRIAL = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2022-12-15T01:00:00.123Z"})
GONE = Arrival(BUCKET, KEY, VERSION, sequencer=SEQUENCER, removed=True)


def notification(event: str = "ObjectCreated:Put", **item: object) -> dict[str, Any]:
    """Return a record as S3 sends it; what is given replaces fields of its object, None takes one out."""
    known = {"key": ENCODED, "size": 3, "eTag": ETAG, "versionId": VERSION, "sequencer": SEQUENCER} | item
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2022-12-15T01:00:00.123Z",
        "eventName": event,
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "192.0.2.7"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "example"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "files",
            "bucket": {"name": BUCKET, "ownerIdentity": {"principalId": "EXAMPLE"}, "arn": f"arn:aws:s3:::{BUCKET}"},
            "object": {name: value for name, value in known.items() if value is not None},
        },
    }


def bridged(kind: str = "Object Created", **item: object) -> dict[str, Any]:
    """Return an event as EventBridge passes it on; None takes a field out of its object."""
    known = {"key": KEY, "size": 3, "etag": ETAG, "version-id": VERSION, "sequencer": SEQUENCER}
    known |= {name.replace("_", "-"): value for name, value in item.items()}
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": kind,
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2022-12-15T01:00:00Z",
        "region": "eu-west-1",
        "resources": [f"arn:aws:s3:::{BUCKET}"],
        "detail": {
            "version": "0",
            "bucket": {"name": BUCKET},
            "object": {name: value for name, value in known.items() if value is not None},
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "111122223333",
            "source-ip-address": "192.0.2.7",
            "reason": "PutObject",
        },
    }


def records(*found: dict[str, Any]) -> str:
    """Return a message of such records."""
    return json.dumps({"Records": found})


def by_sns(message: str) -> str:
    """Return a message as SNS passes it on."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:eu-west-1:111122223333:files",
            "Subject": "Amazon S3 Notification",
            "Message": message,
            "Timestamp": "2022-12-15T01:00:00.123Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
        }
    )


def without(record: dict[str, Any], way: str) -> dict[str, Any]:
    """Return a copy that lacks the field at the end of a dotted way."""
    changed, part, name = _copied(record, way)
    del part[name]
    return changed


def replaced(record: dict[str, Any], way: str, value: object) -> dict[str, Any]:
    """Return a copy in which the field at the end of a dotted way has another value."""
    changed, part, name = _copied(record, way)
    part[name] = value
    return changed


def _copied(record: dict[str, Any], way: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    changed = part = deepcopy(record)
    *steps, name = way.split(".")
    for step in steps:
        part = part[step]
    return changed, part, name
