"""Messages of both queues that nobody of ours has sent, or that come too late."""

from __future__ import annotations

import json
import logging
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.aws.events import Arrival, arrivals, message_for, site_and_path
from iotagg.core.contribution import Name
from iotagg.crew import log_to_stderr
from iotagg.errors import InvalidValue, NotFound, Unintelligible
from iotagg.jobs.chunk_range import ChunkRange
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.summarize import metadata_for, summarize_message
from iotagg.pipeline import Request, retract
from tests.cloud.desk import KEY, Desk, clean, in_memory, shelf_of
from tests.hostile.messages import CHUNKS, NOTIFICATION
from tests.pipeline.csvs import everything, many_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENT = many_pairs(40)
DEEP = 100_000


@pytest.fixture
def desk() -> Desk:
    return in_memory()


def event(**changes: Any) -> str:
    whole = deepcopy(NOTIFICATION)
    whole["Records"][0]["s3"]["object"].update(changes)
    return json.dumps(whole)


UNINTELLIGIBLE: dict[str, str] = {
    "no JSON": "not json",
    "nothing": "",
    "deeply nested lists": "[" * DEEP,
    "deeply nested objects": '{"a":' * DEEP,
    "a number of a hundred thousand digits": '{"Records":' + "9" * DEEP + "}",
    "the last of two names, which is none": '{"Records": [], "Records": 7}',
    "a key that is no UTF-8": event(key="incoming/paris/%ff.csv"),
    "a key with half a character": event(key="incoming/paris/\ud800.csv"),
    "a key that is longer than any": event(key="incoming/paris/" + "x" * 1024),
    "a version that is longer than any": event(versionId="v" * 1025),
    "an etag that is longer than any": event(eTag="e" * 1025),
    "no key": event(key=""),
    "a size below nothing": event(size=-1),
    "an event of another service": json.dumps(NOTIFICATION).replace("aws:s3", "aws:sqs"),
}


@pytest.mark.parametrize("name", UNINTELLIGIBLE)
def test_a_message_that_s3_would_not_send_is_one_line_and_changes_nothing(desk: Desk, name: str) -> None:
    with pytest.raises(Unintelligible) as said:
        summarize_message(desk.cloud, UNINTELLIGIBLE[name])
    assert str(said.value).isprintable()
    assert len(str(said.value)) < 500
    assert desk.cloud.store.sites() == []


def test_an_event_of_another_bucket_says_nothing_of_this_one(desk: Desk) -> None:
    held = shelf_of(desk).put(KEY, CONTENT)
    with pytest.raises(Unintelligible, match="is of bucket elsewhere, not of shelf"):
        summarize_message(desk.cloud, message_for(held.arrival("elsewhere")))
    assert shelf_of(desk).opened == []
    assert desk.cloud.store.sites() == []


def test_an_event_of_a_version_that_is_not_there_counts_nothing(desk: Desk) -> None:
    (outcome,) = summarize_message(desk.cloud, message_for(Arrival("shelf", KEY, "v999", "e", 3)))
    assert (outcome.state, outcome.reason) == ("refused", "the object was removed before it was read; upload it again")
    assert everything(desk.cloud.store) == {}


KEYS = {
    "incoming/paris/../tokyo/a.csv": "paris",  # a key is no path: nothing is resolved
    "incoming/paris/..%2F..%2Fetc/passwd": "paris",
    "incoming/paris/a\0b\x1b[31m\n.csv": "paris",
    "incoming/paris/=cmd|' /C calc'!A0": "paris",
    "incoming//a.csv": None,
    "incoming/../a.csv": None,
    "incoming/./a.csv": None,
    "incoming/-rf/a.csv": None,
    "incoming/a#b/a.csv": None,
    "incoming/*/a.csv": None,
    "incoming/pa ris/a.csv": None,
    "incoming/p\u0430ris/a.csv": None,
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_counts_for_the_site_of_its_folder_or_for_none(desk: Desk, key: str) -> None:
    held = shelf_of(desk).put(key, CONTENT)
    (outcome,) = summarize_message(desk.cloud, message_for(held.arrival("shelf")))
    if KEYS[key] is None:
        assert (outcome.state, outcome.site) == ("refused", "default")
        assert outcome.reason.isprintable()
        with pytest.raises(InvalidValue):
            site_and_path(key)
    else:
        assert (outcome.state, outcome.site, outcome.file) == ("pending", KEYS[key], key)


@pytest.mark.parametrize(
    "key", ["contributions/paris/x.ndjson.gz", "rejects/paris/a", "incomin/paris/a", "incoming/paris/"]
)
def test_what_lies_elsewhere_in_the_bucket_is_no_file(desk: Desk, key: str) -> None:
    held = shelf_of(desk).put(key, CONTENT)
    assert summarize_message(desk.cloud, message_for(held.arrival("shelf"))) == []


READING = "iotagg-reading"
METADATA: tuple[dict[str, str], ...] = (
    {READING: "["},
    {READING: "[" * 2000},
    {READING: '{"names": [["\\ud800", "x"]]}'},
    {READING: '{"names": [["src", 7, 8]]}'},
    {READING: '{"names": {"src": "x"}}'},
    {READING: '{"pseudonym": "../../key"}'},
    {READING: '{"day_order": ["dmy"]}'},
    {"iotagg-on-change": "\x1b[31mreplace"},
    {"iotagg-max-rejects": "1e9"},
    {"iotagg-max-rejects": "٣"},
)


@pytest.mark.parametrize("metadata", METADATA, ids=str)
def test_metadata_that_makes_no_sense_refuses_its_object(desk: Desk, metadata: dict[str, str]) -> None:
    held = shelf_of(desk).put(KEY, CONTENT, metadata)
    (outcome,) = summarize_message(desk.cloud, message_for(held.arrival("shelf")))
    assert outcome.state == "refused"
    assert outcome.reason.isprintable()
    assert everything(desk.cloud.store) == {}


def test_what_an_upload_says_of_a_file_can_be_written_beside_it() -> None:
    said = metadata_for(Request())
    assert all(text.isascii() and text.isprintable() for text in said.values())


# Messages of the chunks queue.


def summarized(desk: Desk) -> Name:
    desk.summarize(desk.put(CONTENT))
    (record,) = desk.records()
    return record.name


def stale_or_forged(name: Name, last: int) -> dict[str, ChunkRange]:
    right = ChunkRange(name, 1, 0, last)
    return {
        "another contribution": replace(right, name=replace(name, content="f" * 64)),
        "another site": replace(right, name=replace(name, site="tokyo")),
        "other options": replace(right, name=replace(name, options="f" * 16)),
        "more chunks": replace(right, last=last + 1),
        "many chunks": replace(right, last=10**9 - 1),
        "a later revision": replace(right, revision=3),
        "a far later revision": replace(right, revision=999_999_999),
        "a retraction that nobody asked for": replace(right, revision=2),
    }


@pytest.mark.parametrize("kind", stale_or_forged(Name("paris", "a" * 64, "0" * 16), 1))
def test_a_forged_message_changes_nothing_and_says_so(desk: Desk, kind: str) -> None:
    name = summarized(desk)
    (record,) = desk.records()
    forged = stale_or_forged(name, record.head.chunks - 1)[kind]
    with pytest.raises((NotFound, Unintelligible)) as said:
        consolidate_message(desk.cloud, forged.body())
    assert len(str(said.value)) < 300
    assert everything(desk.cloud.store) == {}
    desk.work()
    assert desk.sums() == clean(CONTENT)


def test_a_late_message_of_an_old_revision_brings_nothing_back(desk: Desk) -> None:
    name = summarized(desk)
    (record,) = desk.records()
    old = ChunkRange(name, 1, 0, record.head.chunks - 1).body()
    desk.work()
    retract(desk.cloud.store, "paris", KEY, [name])
    assert consolidate_message(desk.cloud, old)
    assert everything(desk.cloud.store) == {}


def test_messages_that_come_twice_count_once(desk: Desk) -> None:
    name = summarized(desk)
    (record,) = desk.records()
    body = ChunkRange(name, 1, 0, record.head.chunks - 1).body()
    for _ in range(3):
        assert consolidate_message(desk.cloud, body)
    assert desk.sums() == clean(CONTENT)


NO_CHUNKS: dict[str, Callable[[], str]] = {
    "nested": lambda: "[" * DEEP,
    "a huge number": lambda: json.dumps(CHUNKS).replace("[0, 7]", f"[0, {'9' * 4000}]"),
    "a number of too many digits": lambda: json.dumps(CHUNKS).replace("[0, 7]", f"[0, {'9' * 5000}]"),
    "chunks below the first": lambda: json.dumps(CHUNKS | {"chunks": [-1, 7]}),
    "the last before the first": lambda: json.dumps(CHUNKS | {"chunks": [7, 0]}),
    "another revision than any": lambda: json.dumps(CHUNKS | {"revision": 10**9}),
    "bytes in place of chunks": lambda: json.dumps(CHUNKS | {"chunks": "0-7"}),
    "a key of the table for a name": lambda: json.dumps(CHUNKS | {"contribution": f"{'a' * 64}#file-{'0' * 16}"}),
    "a key of the table for a site": lambda: json.dumps(CHUNKS | {"site": "paris#192.0.2.1"}),
    "a way out of the folder": lambda: json.dumps(CHUNKS | {"contribution": f"../{'a' * 61}-{'0' * 16}"}),
    "a version of tomorrow": lambda: json.dumps(CHUNKS | {"version": 2}),
}


@pytest.mark.parametrize("name", NO_CHUNKS)
def test_a_message_that_names_no_chunks_is_one_line(desk: Desk, name: str) -> None:
    with pytest.raises(Unintelligible) as said:
        consolidate_message(desk.cloud, NO_CHUNKS[name]())
    assert str(said.value).isprintable()
    assert len(str(said.value)) < 300


def test_a_duplicate_of_a_name_in_json_is_no_way_around() -> None:
    body = json.dumps(NOTIFICATION)
    twice = body.replace('"key":', '"key": "contributions/paris/x", "key":')
    assert arrivals(twice) == arrivals(body)  # what is looked at is what is used


def test_a_key_cannot_write_a_line_of_the_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    log_to_stderr()
    log = logging.getLogger("iotagg.worker")
    log.info("summarized %s", "incoming/paris/a\nERROR forged \x1b[2J")
    try:
        int("a\x1b[31m")
    except ValueError:
        log.exception("failed")
    first, *others = capsys.readouterr().err.splitlines()
    assert first == r"INFO summarized incoming/paris/a\nERROR forged \x1b[2J"
    assert others[-1].startswith("ValueError: invalid literal")
    assert all(map(str.isprintable, others))
