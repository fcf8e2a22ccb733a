"""Messages of the files queue: every shape that AWS gives them, and the one that iotagg gives its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iotagg.aws.events import Arrival, arrivals, message_for
from tests.cloud.made_events import (
    BUCKET,
    ENCODED,
    ETAG,
    GONE,
    KEY,
    PUT,
    SEQUENCER,
    TRIAL,
    VERSION,
    bridged,
    by_sns,
    many,
    notification,
    records,
    without,
)

if TYPE_CHECKING:
    from collections.abc import Callable


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
