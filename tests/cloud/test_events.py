"""Messages of the files queue: every shape that AWS gives them, and what is none of them."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import boto3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iotagg.aws.events import INCOMING, Arrival, arrivals, message_for, site_and_path
from iotagg.core.ledger import is_older
from iotagg.errors import InvalidValue, Unintelligible
from tests.cloud.engine import unique
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import NotificationConfigurationTypeDef
    from mypy_boto3_sqs import SQSClient

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
    return json.dumps({"Records": found})


def by_sns(message: str) -> str:
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


def plain(message: str) -> str:
    return message


routes = pytest.mark.parametrize("route", [plain, by_sns])


@routes
def test_a_notification_of_s3_tells_what_came(route: Callable[[str], str]) -> None:
    assert arrivals(route(records(notification()))) == [PUT]


@routes
def test_an_event_of_eventbridge_tells_what_came_and_its_key_is_not_encoded(route: Callable[[str], str]) -> None:
    assert arrivals(route(json.dumps(bridged()))) == [PUT]
    assert arrivals(json.dumps(bridged(key=ENCODED)))[0].key == ENCODED


@routes
def test_every_record_of_a_message_is_told_in_its_order(route: Callable[[str], str]) -> None:
    keys = [f"incoming/paris/{number}.csv" for number in (3, 1, 2)]
    assert [found.key for found in arrivals(route(records(*(notification(key=key) for key in keys))))] == keys


@routes
def test_the_message_that_tries_a_new_notification_tells_nothing(route: Callable[[str], str]) -> None:
    assert arrivals(route(TRIAL)) == []


@pytest.mark.parametrize("kind", ["Put", "Post", "Copy", "CompleteMultipartUpload"])
def test_every_kind_of_creation_tells_what_came(kind: str) -> None:
    assert arrivals(records(notification(f"ObjectCreated:{kind}"))) == [PUT]
    assert arrivals(records(notification(f"s3:ObjectCreated:{kind}"))) == [PUT]


@pytest.mark.parametrize("event", ["ObjectRemoved", "LifecycleExpiration"])
@pytest.mark.parametrize("kind", ["Delete", "DeleteMarkerCreated"])
def test_every_kind_of_removal_tells_what_left_though_not_its_size(event: str, kind: str) -> None:
    assert arrivals(records(notification(f"{event}:{kind}", size=None, eTag=None))) == [GONE]


def test_eventbridge_tells_what_left() -> None:
    assert arrivals(json.dumps(bridged("Object Deleted", size=None, etag=None))) == [GONE]


@pytest.mark.parametrize(
    "event",
    [
        *("ObjectRestore:Post", "ObjectRestore:Completed", "ObjectRestore:Delete", "ReducedRedundancyLostObject"),
        *("ObjectTagging:Put", "ObjectTagging:Delete", "ObjectAcl:Put", "LifecycleTransition", "IntelligentTiering"),
        *("Replication:OperationFailedReplication", "Replication:OperationNotTracked"),
    ],
)
def test_events_that_neither_bring_nor_remove_an_object_tell_nothing(event: str) -> None:
    assert arrivals(records(notification(event), notification())) == [PUT]


@pytest.mark.parametrize(
    "kind",
    [
        *("Object Restore Initiated", "Object Restore Completed", "Object Restore Expired", "Object ACL Updated"),
        *("Object Storage Class Changed", "Object Access Tier Changed", "Object Tags Added", "Object Tags Deleted"),
    ],
)
def test_events_of_eventbridge_that_neither_bring_nor_remove_an_object_tell_nothing(kind: str) -> None:
    assert arrivals(json.dumps(bridged(kind))) == []


def test_what_an_event_does_not_tell_is_unknown() -> None:
    unknown = Arrival(BUCKET, KEY)
    assert arrivals(records(notification(size=None, eTag=None, versionId=None, sequencer=None))) == [unknown]
    assert arrivals(json.dumps(bridged(size=None, etag=None, version_id=None, sequencer=None))) == [unknown]
    written_null = notification()
    written_null["s3"]["object"] |= dict.fromkeys(["size", "eTag", "versionId", "sequencer"])
    assert arrivals(records(written_null)) == [unknown]


def test_an_empty_file_has_a_size() -> None:
    assert arrivals(records(notification(size=0)))[0].size == 0


def test_an_etag_is_told_without_its_quotes() -> None:
    assert arrivals(records(notification(eTag=f'"{ETAG}-2"')))[0].etag == f"{ETAG}-2"


def test_a_record_need_not_tell_the_version_of_its_form() -> None:
    assert arrivals(records(without(notification(), "eventVersion"))) == [PUT]


def test_fields_that_later_versions_add_do_not_matter() -> None:
    assert arrivals(records(notification() | {"eventVersion": "2.9", "awsGeneratedTags": {}})) == [PUT]


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


@pytest.mark.parametrize("way", ["eventSource", "eventName", "s3", "s3.bucket", "s3.bucket.name", "s3.object.key"])
def test_a_record_of_s3_without_what_it_must_have_is_refused_by_the_name_of_the_field(way: str) -> None:
    assert_refused(records(notification(), without(notification(), way)), f"Records[1].{way} is missing")


@pytest.mark.parametrize("way", ["source", "detail", "detail.bucket", "detail.bucket.name", "detail.object.key"])
def test_an_event_of_eventbridge_without_what_it_must_have_is_refused_by_the_name_of_the_field(way: str) -> None:
    assert_refused(json.dumps(without(bridged(), way)), f"{way} is missing")
    assert_refused(by_sns(json.dumps(without(bridged(), way))), f"Message.{way} is missing")


def assert_refused(body: str, reason: str) -> None:
    with pytest.raises(Unintelligible) as refused:
        arrivals(body)
    assert f": {reason}; it begins '" in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("way", "value", "reason"),
    [
        ("eventSource", "minio:s3", "is 'minio:s3', not 'aws:s3'"),
        ("eventSource", "aws:sqs", "is 'aws:sqs', not 'aws:s3'"),
        ("eventVersion", "3.0", "is '3.0', not 2.x"),
        ("eventVersion", 2.1, "is no text"),
        ("eventName", 7, "is no text"),
        ("eventName", "", "is empty"),
        ("s3", [], "is no object"),
        ("s3.bucket.name", None, "is no text"),
        ("s3.bucket.name", "", "is empty"),
        ("s3.object", "x", "is no object"),
        ("s3.object.key", "", "is empty"),
        ("s3.object.key", ["x"], "is no text"),
        ("s3.object.key", "incoming/%E9.csv", "is not UTF-8"),
        ("s3.object.key", "incoming/\ud800.csv", "is no text"),
        ("s3.object.size", "3", "is no number of bytes"),
        ("s3.object.size", 3.0, "is no number of bytes"),
        ("s3.object.size", True, "is no number of bytes"),
        ("s3.object.size", -1, "is no number of bytes"),
        ("s3.object.size", float("nan"), "is no number of bytes"),
        ("s3.object.eTag", 9, "is no text"),
        ("s3.object.versionId", {}, "is no text"),
        ("s3.object.sequencer", "0x55", "is not hexadecimal"),
        ("s3.object.sequencer", 55, "is no text"),
    ],
)
def test_a_field_that_is_not_as_s3_writes_it_is_refused(way: str, value: object, reason: str) -> None:
    assert_refused(records(replaced(notification(), way, value)), f"Records[0].{way} {reason}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "it is no JSON"),
        ("incoming/paris/flows.csv", "it is no JSON"),
        ("\ufeff" + TRIAL, "it is no JSON"),
        ("[" * 200_000, "it is no JSON"),
        ("9" * 5_000, "it is no JSON"),  # more digits than Python turns into a number
        ("null", "it is no object"),
        ("[]", "it is no object"),
        ('"Records"', "it is no object"),
        ("{}", "Event is missing"),
        ('{"Event": "s3:OtherEvent"}', "Event is 's3:OtherEvent', not 's3:TestEvent'"),
        ('{"Records": {}}', "Records is no list"),
        ('{"Records": null}', "Records is no list"),
        ('{"Records": ["x"]}', "Records[0] is no object"),
        (json.dumps({"Type": "Notification"}), "Message is missing"),
        (json.dumps({"Type": "Notification", "Message": {}}), "Message is no text"),
        (by_sns("hello"), "Message is no JSON"),
        (by_sns("[]"), "Message is no object"),
        (by_sns(by_sns(TRIAL)), "Message.Event is missing"),
        (
            json.dumps({"Type": "SubscriptionConfirmation", "Message": "You have chosen to subscribe"}),
            "Type is 'SubscriptionConfirmation', not 'Notification'",
        ),
        (json.dumps(bridged() | {"source": "aws.ec2"}), "source is 'aws.ec2', not 'aws.s3'"),
        (
            json.dumps(bridged("AWS API Call via CloudTrail")),
            "detail-type is 'AWS API Call via CloudTrail', not 'Object Created' or the like",
        ),
    ],
    ids=lambda text: str(text)[:40],
)
def test_what_is_no_event_of_s3_is_refused_with_the_reason(body: str, reason: str) -> None:
    assert_refused(body, reason)


def test_one_bad_record_refuses_the_message_as_a_whole() -> None:
    assert_refused(records(notification(), {}), "Records[1].eventSource is missing")


def test_a_refusal_shows_how_the_message_begins_on_one_line_and_not_more() -> None:
    with pytest.raises(Unintelligible, match=r"it begins '\\x1b\[2J\\nx{70}…'$"):
        arrivals("\x1b[2J\n" + "x" * 1_000)
    with pytest.raises(Unintelligible, match=r"it begins 'x{80}'$"):
        arrivals("x" * 80)
    with pytest.raises(Unintelligible, match=r"it begins 'x{79}…'$"):
        arrivals("x" * 81)


keys = st.text(min_size=1) | st.text("%+ /\"'\n\r\t\0&=?#~é\u2028😀2Bb", min_size=1)


@st.composite
def told(draw: st.DrawFn) -> Arrival:
    """Draw an arrival, with and without what an event need not tell."""
    return Arrival(
        bucket=draw(st.text(min_size=1)),
        key=draw(keys),
        version=draw(st.sampled_from(["", "null", VERSION])),
        etag=draw(st.sampled_from(["", ETAG, f"{ETAG}-12"])),
        size=draw(st.none() | st.integers(0, 1 << 60)),
        sequencer=draw(st.sampled_from(["", "0", SEQUENCER, SEQUENCER.lower()])),
        removed=draw(st.booleans()),
    )


@many
@given(told())
@example(PUT)
@example(GONE)
@example(Arrival(BUCKET, KEY, size=0))
def test_a_message_that_iotagg_sends_itself_reads_back_as_what_it_was_made_for(arrival: Arrival) -> None:
    message = message_for(arrival)
    assert message.isascii()
    assert message.isprintable()
    assert arrivals(message) == [arrival]
    assert arrivals(by_sns(message)) == [arrival]


def test_a_message_that_iotagg_sends_itself_writes_the_key_as_s3_does() -> None:
    assert f'"key":"{ENCODED}"' in message_for(PUT)


@many
@given(keys)
def test_a_key_comes_out_of_every_encoding_as_it_went_in(key: str) -> None:
    for encoded in (quote_plus(key, safe="/"), quote_plus(key), quote(key), quote_plus(key, safe="/*!'()")):
        assert [found.key for found in arrivals(records(notification(key=encoded)))] == [key]
    assert [found.key for found in arrivals(json.dumps(bridged(key=key)))] == [key]


scraps = st.sampled_from(
    [
        *("Records", "Type", "Message", "detail-type", "detail", "source", "Event", "s3", "object", "bucket", "key"),
        *("eventSource", "eventName", "size", "sequencer", "name", "aws:s3", "aws.s3", "ObjectCreated:Put", "\ud800"),
        *("Object Created", "Notification", "s3:TestEvent", "{}", "[]", "%", "%ff"),
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | scraps,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scraps | st.text(max_size=3), inner, max_size=6),
    max_leaves=20,
)


def assert_read_or_refused(body: str) -> None:
    found, refusal = [], ""
    try:
        found = arrivals(body)
    except Unintelligible as reason:
        refusal = str(reason)
    assert refusal.isprintable()
    assert [arrivals(message_for(arrival)) for arrival in found] == [[arrival] for arrival in found]


@many
@given(values)
def test_any_json_is_read_or_refused(value: object) -> None:
    assert_read_or_refused(json.dumps(value))
    assert_read_or_refused(by_sns(json.dumps(value)))


WAYS = ["eventSource", "eventName", "eventVersion", "s3", "s3.bucket", "s3.bucket.name", "s3.object"] + [
    f"s3.object.{name}" for name in ("key", "size", "eTag", "versionId", "sequencer")
]
BRIDGED_WAYS = ["source", "detail-type", "detail", "detail.bucket", "detail.bucket.name", "detail.object"] + [
    f"detail.object.{name}" for name in ("key", "size", "etag", "version-id", "sequencer")
]


@many
@given(st.sampled_from(WAYS), st.sampled_from(BRIDGED_WAYS), values)
def test_an_event_with_anything_in_one_of_its_fields_is_read_or_refused(way: str, other: str, value: object) -> None:
    assert_read_or_refused(records(replaced(notification(), way, value)))
    assert_read_or_refused(json.dumps(replaced(bridged(), other, value)))


@many
@given(st.text(st.characters()))
def test_any_text_is_read_or_refused(body: str) -> None:
    assert_read_or_refused(body)
    assert_read_or_refused(by_sns(body))


def test_a_message_that_was_cut_short_is_refused() -> None:
    whole = by_sns(records(notification()))
    for length in range(len(whole)):
        assert_refused(whole[:length], "it is no JSON")


@pytest.mark.parametrize(
    ("key", "site"),
    [
        ("incoming/paris/flows.csv", "paris"),
        ("incoming/paris/2022/12/flows.csv", "paris"),
        ("incoming/paris//flows.csv", "paris"),
        ("incoming/Site_1.a-b/é +%20.csv", "Site_1.a-b"),
        ("incoming/flows.csv", "default"),
        ("incoming/no site.csv", "default"),
    ],
)
def test_a_key_names_its_site_and_is_the_path(key: str, site: str) -> None:
    assert key.startswith(INCOMING)
    assert site_and_path(key) == (site, key)


@pytest.mark.parametrize(
    "key",
    [
        *("", "flows.csv", "incoming", "incoming/", "incoming/paris/", "incoming/paris/2022/", "incoming//"),
        *("Incoming/paris/flows.csv", "/incoming/paris/flows.csv", "incomings/paris/flows.csv"),
        *("contributions/paris/x.ndjson.gz", "rejects/incoming/flows.csv"),
    ],
)
def test_a_key_outside_of_incoming_or_of_a_folder_is_no_file(key: str) -> None:
    assert site_and_path(key) is None


@pytest.mark.parametrize("site", ["", "new york", "é", "x" * 65, "a%20b", "par\nis", "\x1b[2J"])
def test_a_folder_that_cannot_be_a_site_is_refused_on_one_line(site: str) -> None:
    with pytest.raises(InvalidValue, match=r"^'.*' is no site: ") as refused:
        site_and_path(f"incoming/{site}/flows.csv")
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("0055AED6DCD90281E4", "0055AED6DCD90281E5"),
        ("0055AED6DCD90281E5", "0055AED6DCD90281E501"),  # padded on its right, the shorter one ends in 00
        ("0055AED6DCD90281E501", "0055AED6DCD90281E6"),  # which is the later one, although it is shorter
        ("0055aed6dcd90281e4", "0055AED6DCD90281E5"),
        ("0055AED6DCD90281E4", "0055aed6dcd90281e5"),
        ("9", "a"),
    ],
)
def test_the_smaller_sequencer_is_the_older(first: str, second: str) -> None:
    assert is_older(first, than=second)
    assert not is_older(second, than=first)


@pytest.mark.parametrize(("first", "second"), [("", ""), ("", "1"), ("1", ""), ("1", "1"), ("1", "10"), ("ab", "AB00")])
def test_without_a_sequencer_and_with_the_same_none_is_older(first: str, second: str) -> None:
    assert not is_older(first, than=second)
    assert not is_older(second, than=first)


sequencers = st.text("01aAfF", max_size=6)


@many
@given(sequencers, sequencers, sequencers)
def test_being_older_is_a_strict_order(first: str, second: str, third: str) -> None:
    assert not is_older(first, first)
    assert not (is_older(first, second) and is_older(second, first))
    if is_older(first, second) and is_older(second, third):
        assert is_older(first, third)
    if first and second:
        differ = first.lower().rstrip("0") != second.lower().rstrip("0")
        assert (is_older(first, second) or is_older(second, first)) == differ


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
