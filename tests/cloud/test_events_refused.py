"""What is no event of S3 is refused with the reason; whatever comes is read or refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.aws.events import arrivals, message_for
from iotagg.errors import Unintelligible
from tests.cloud.made_events import TRIAL, bridged, by_sns, many, notification, records, replaced, without


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
