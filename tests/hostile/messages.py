"""Messages of both queues, and what travels with an object: anybody may have written them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from iotagg.aws.events import INCOMING, arrivals, message_for, site_and_path
from iotagg.core.dialect import ReadingOptions
from iotagg.core.tolerance import Tolerance
from iotagg.core.values import checked_site
from iotagg.errors import InvalidValue, Unintelligible
from iotagg.jobs.chunk_range import ChunkRange
from iotagg.jobs.summarize import _reading
from tests.hostile.drawing import mutated_json, mutated_text, one_line

if TYPE_CHECKING:
    from random import Random

BUCKET = "branches"
_OBJECT = {
    "key": "incoming/paris/2022/flows+1.csv",
    "size": 3,
    "eTag": "0" * 32,
    "versionId": "v1",
    "sequencer": "0A1B",
}
_RECORD = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "eventName": "ObjectCreated:Put",
    "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": BUCKET}, "object": _OBJECT},
}
NOTIFICATION: dict[str, Any] = {"Records": [_RECORD]}
_REMOVED = {"Records": [_RECORD, {**_RECORD, "eventName": "ObjectRemoved:Delete"}]}
BRIDGED: dict[str, Any] = {
    "version": "0",
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": BUCKET}, "object": {"key": "incoming/paris/a.csv", "version-id": "v", "etag": "e"}},
}
_TEST = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}
_SNS = {"Type": "Notification", "Message": json.dumps(NOTIFICATION)}
_EVENTS = (NOTIFICATION, NOTIFICATION, _REMOVED, BRIDGED, _TEST, _SNS)
_KEYS = (
    *("incoming/paris/a.csv", "incoming/a.csv", "incoming/paris/", "incoming//a", "incoming/../a", "incoming/-x/a"),
    *("incoming/p%2Fq/a", "other/a", "incoming/paris/../../a", "incoming/.../a", "incoming/a#b/c", "/incoming/a"),
)
NAME = f"{'a' * 64}-{'0' * 16}"
CHUNKS: dict[str, Any] = {"version": 1, "site": "paris", "contribution": NAME, "revision": 3, "chunks": [0, 7]}
_READING: tuple[dict[str, Any], ...] = (
    {"day_order": "dmy", "duration_unit": "ms", "names": [["src", "client"], ["dst", "server"]]},
    {"day_order": "auto", "duration_unit": "us", "names": [], "pseudonym": "0123abcd"},
    {},
)
_LIMITS = ("1%", "0.5%", "20", "100.0%", "0", " 7 ", "1e3%", "-1", "1.5", "999999999", "٣", "")


def read_event(random: Random) -> None:
    """What a message tells is told again by the message that is made of it."""
    try:
        told = arrivals(mutated_json(random, random.choice(_EVENTS)))
    except Unintelligible as reason:
        one_line(reason)
        return
    for arrival in told:
        (again,) = arrivals(message_for(arrival))
        assert arrivals(message_for(again)) == [again]
        assert again.key == arrival.key
        _check_key(arrival.key)


def read_key(random: Random) -> None:
    """A key names a site, or none; and its path is the key."""
    _check_key(mutated_text(random, random.choice(_KEYS)))


def _check_key(key: str) -> None:
    try:
        place = site_and_path(key)
    except InvalidValue as reason:
        one_line(reason)
        return
    if place is not None:
        assert key.startswith(INCOMING)
        assert checked_site(place[0]) == place[0]
        assert place[1] == key


def read_chunk_message(random: Random) -> None:
    """What a message of the chunks queue says is said again by the message that is made of it."""
    try:
        found = ChunkRange.parse(mutated_json(random, CHUNKS))
    except Unintelligible as reason:
        one_line(reason)
        return
    assert ChunkRange.parse(found.body()) == found
    assert 0 <= found.first <= found.last
    assert found.revision >= 1
    assert "#" not in found.name.site + str(found.name)
    assert len(str(found.name)) == len(NAME)


def read_metadata(random: Random) -> None:
    """Reading options beside an object are those that they are stored as again, or none."""
    try:
        found = _reading(mutated_json(random, random.choice(_READING)))
    except InvalidValue as reason:
        one_line(reason)
        return
    assert ReadingOptions.from_json(json.loads(json.dumps(found.as_json()))) == found
    assert len(found.digest()) == 16


def read_limit(random: Random) -> None:
    """A limit of rejected rows is a number of them, or a share."""
    text = mutated_text(random, random.choice(_LIMITS))
    try:
        found = Tolerance.parse(text)
    except InvalidValue:
        return
    assert found.text.isascii()
    assert (found.rows is None) != (found.share is None)
    assert (found.rows or 0) >= 0
