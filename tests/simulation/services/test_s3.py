"""S3, simulated: the same stories as in the engine, and what AWS documents beyond what the engine does.

The pages: Amazon S3 API Reference, of each operation; User Guide, "Conditional writes", "Event message structure",
"Multipart upload limits", "Creating object key names".
"""

from __future__ import annotations

import base64
import json
import zlib
from itertools import pairwise, starmap
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.aws.events import Arrival, arrivals
from iotagg.aws.objects import Bucket
from iotagg.aws.uploads import send
from iotagg.core.ledger import is_older
from tests.cloud.engine import unique
from tests.simulation.services.both import Both, Failed, Simulation, asked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PART = 5 << 20
REGION = {"LocationConstraint": "eu-west-1"}


class Story:
    """A bucket that keeps versions, told the same in each service; its ids are noted by their order."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name
        self.ids: dict[str, str] = {}
        self.answers: list[Any] = []
        client.create_bucket(Bucket=name, CreateBucketConfiguration=REGION)
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def ask(self, operation: str, /, **parameters: Any) -> Any:
        """Ask for the bucket, and note the answer with ids in the order in which they came."""
        answer = asked(self.client, operation, Bucket=self.name, **parameters)
        if operation == "PutObject" and isinstance(answer, dict):
            answer.pop("Size", None)  # AWS tells it of directory buckets only
        self.answers.append((operation, self._noted(answer)))
        return answer

    def _noted(self, answer: Any) -> Any:
        if isinstance(answer, dict):
            named = ("VersionId", "UploadId", "NextVersionIdMarker", "NextUploadIdMarker", "DeleteMarkerVersionId")
            left = (
                "Name",
                "Bucket",
                "Prefix",
                "MaxKeys",
                "MaxParts",
                "MaxUploads",
                "KeyCount",
                "NextContinuationToken",
            )
            return {
                name: self.ids.setdefault(value, f"id {len(self.ids)}") if name in named else self._noted(value)
                for name, value in answer.items()
                if name not in (*left, "NextPartNumberMarker", "PartNumberMarker", "KeyMarker", "UploadIdMarker")
            }
        return [self._noted(each) for each in answer] if isinstance(answer, list) else answer

    def put(self, key: str, body: bytes = b"", **more: Any) -> Any:
        return self.ask("PutObject", Key=key, Body=body, **more)


def objects(story: Story) -> None:
    story.put("a", b"hello", Metadata={"iotagg-One": "1"})
    story.ask("GetObject", Key="a")
    story.ask("HeadObject", Key="a")
    story.ask("GetObject", Key="nobody")
    story.ask("HeadObject", Key="nobody")
    story.put("empty")
    story.ask("GetObject", Key="empty")


def conditions(story: Story) -> None:
    story.put("a", b"1", IfNoneMatch="*")
    story.put("a", b"2", IfNoneMatch="*")
    etag = story.ask("HeadObject", Key="a")["ETag"]
    story.put("a", b"3", IfMatch=etag)
    story.put("a", b"4", IfMatch=etag)
    story.ask("GetObject", Key="a", IfMatch=etag)
    story.put("nobody", b"5", IfMatch=etag)
    story.ask("DeleteObject", Key="a")
    story.put("a", b"6", IfNoneMatch="*")
    story.ask("GetObject", Key="a")


def versions(story: Story) -> None:
    first = story.put("a", b"1")["VersionId"]
    story.put("a", b"2")
    story.ask("GetObject", Key="a", VersionId=first)
    marker = story.ask("DeleteObject", Key="a")["VersionId"]
    story.ask("GetObject", Key="a")
    story.ask("HeadObject", Key="a")
    story.ask("ListObjectsV2")
    story.ask("ListObjectVersions")
    story.ask("DeleteObject", Key="a", VersionId=marker)
    story.ask("GetObject", Key="a")
    story.ask("DeleteObject", Key="a", VersionId=first)
    story.ask("DeleteObject", Key="a", VersionId=first)
    story.ask("ListObjectVersions")


def ranges(story: Story) -> None:
    story.put("a", b"0123456789")
    for wanted in ("bytes=0-0", "bytes=2-4", "bytes=8-20", "bytes=9-"):
        story.ask("GetObject", Key="a", Range=wanted)
    story.ask("GetObject", Key="a", Range="bytes=10-")


def lists(story: Story) -> None:
    for key in ("b/2", "b/1", "a", "b/é", "c", "b/\U0001f600", "b/\uffee"):
        story.put(key, key.encode())
        story.put(key, b"again")
    for prefix in ("", "b/", "nobody"):
        story.ask("ListObjectsV2", Prefix=prefix)
        story.ask("ListObjectVersions", Prefix=prefix)


def parts(story: Story) -> None:
    upload = story.ask("CreateMultipartUpload", Key="a", Metadata={"one": "1"})["UploadId"]
    of_it = {"Key": "a", "UploadId": upload}
    story.ask("ListMultipartUploads")
    first = story.ask("UploadPart", **of_it, PartNumber=1, Body=b"x" * PART)["ETag"]
    second = story.ask("UploadPart", **of_it, PartNumber=2, Body=b"y")["ETag"]
    story.ask("UploadPart", **of_it, PartNumber=3, Body=b"a label")
    story.ask("ListParts", **of_it)
    listed = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
    story.ask("CompleteMultipartUpload", **of_it, MultipartUpload={"Parts": listed[:1] * 2})
    story.ask("CompleteMultipartUpload", **of_it, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": second}]})
    story.ask("CompleteMultipartUpload", **of_it, MultipartUpload={"Parts": listed}, IfNoneMatch="*")
    story.ask("HeadObject", Key="a")
    story.ask("ListParts", **of_it)
    story.ask("ListMultipartUploads")
    story.ask("AbortMultipartUpload", **of_it)


def an_upload_that_is_given_up(story: Story) -> None:
    upload = story.ask("CreateMultipartUpload", Key="a")["UploadId"]
    story.ask("AbortMultipartUpload", Key="a", UploadId=upload)
    story.ask("UploadPart", Key="a", UploadId=upload, PartNumber=1, Body=b"x")
    story.ask("GetObject", Key="a")


@pytest.mark.parametrize("tell", [objects, conditions, versions, ranges, lists, parts, an_upload_that_is_given_up])
def test_a_bucket_does_as_that_of_the_engine(aws: str, tell: Callable[[Story], None]) -> None:
    both = Both(aws, lambda clients: clients.s3)
    expected, found = (Story(client, unique("bucket")) for client in (both.engine, both.simulated))
    for story in (expected, found):
        tell(story)
    assert found.answers == expected.answers


# What AWS documents.


@pytest.fixture
def story(simulation: Simulation) -> Story:
    return Story(simulation.clients.s3, "bucket")


@pytest.fixture
def bucket(story: Story) -> Bucket:
    return Bucket(story.client, story.name)


def tell_of_incoming(story: Story) -> None:
    rules = [{"Name": "prefix", "Value": "incoming/"}]
    wanted = {"QueueArn": "arn", "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    story.client.put_bucket_notification_configuration(
        Bucket=story.name, NotificationConfiguration={"QueueConfigurations": [wanted]}
    )


def test_a_new_object_is_told_of_in_the_words_that_the_program_reads(simulation: Simulation, story: Story) -> None:
    tell_of_incoming(story)
    key = "incoming/paris/a b+é&c.csv"
    stored = story.put(key, b"hello")
    story.put("contributions/paris/x", b"hello")
    (body,) = simulation.events
    (arrival,) = arrivals(body)
    etag = stored["ETag"].strip('"')
    assert arrival == Arrival("bucket", key, stored["VersionId"], etag, 5, arrival.sequencer)
    described = json.loads(body)["Records"][0]
    assert described["s3"]["object"]["key"] == "incoming/paris/a+b%2B%C3%A9%26c.csv"
    assert described["eventName"] == "ObjectCreated:Put"


def test_a_later_version_has_a_larger_sequencer(simulation: Simulation, story: Story) -> None:
    tell_of_incoming(story)
    for number in range(20):
        story.put("incoming/a", b"%d" % number)
        simulation.clock.advance(number % 3)
    sequencers = [arrivals(body)[0].sequencer for body in simulation.events]
    assert all(starmap(is_older, pairwise(sequencers)))


def test_a_large_file_of_the_uploader_comes_in_parts_and_is_told_of_once(
    simulation: Simulation, story: Story, tmp_path: Path
) -> None:
    tell_of_incoming(story)
    file = tmp_path / "flows.csv"
    file.write_bytes(bytes(range(256)) * (PART // 100))
    sent = send(story.client, story.name, "incoming/a", file, {"iotagg-x": "1"}, part_bytes=PART, threads=2)
    again = send(story.client, story.name, "incoming/a", file, {"iotagg-x": "1"}, part_bytes=PART, threads=2)
    assert (sent.new, again.new, again.version) == (True, False, sent.version)
    (arrival,) = arrivals(simulation.events[0])
    assert len(simulation.events) == 1
    assert (arrival.etag, arrival.version, arrival.size) == (sent.etag, sent.version, file.stat().st_size)
    assert story.ask("GetObject", Key="incoming/a")["Body"] == file.read_bytes()


def test_lists_come_in_pages(bucket: Bucket, story: Story) -> None:
    keys = [f"{letter}/{number:02}" for letter in "ab" for number in range(7)]
    for key in keys:
        story.put(key, b"1")
        story.put(key, b"2")
    pages: dict[str, list[Any]] = {}
    for name, found in (("list_objects_v2", "Contents"), ("list_object_versions", "Versions")):
        paginator = story.client.get_paginator(name)
        listed = paginator.paginate(Bucket=story.name, Prefix="b", PaginationConfig={"PageSize": 3})
        pages[name] = [each for page in listed for each in page.get(found, ())]
    assert [each["Key"] for each in pages["list_objects_v2"]] == keys[7:]
    assert [each["Key"] for each in pages["list_object_versions"]] == [key for key in keys[7:] for _ in range(2)]
    assert [each["IsLatest"] for each in pages["list_object_versions"]] == [True, False] * 7
    assert list(bucket.keys("b")) == keys[7:]


def test_a_list_holds_a_thousand(bucket: Bucket, story: Story) -> None:
    for number in range(1001):
        story.put(f"{number:04}")
    page = story.ask("ListObjectsV2", MaxKeys=5000)
    assert (len(page["Contents"]), page["IsTruncated"]) == (1000, True)
    assert len(list(bucket.keys(""))) == 1001
    assert len(list(bucket.versions(""))) == 1001


def test_parts_and_uploads_come_in_pages(story: Story) -> None:
    uploads = [story.ask("CreateMultipartUpload", Key=key)["UploadId"] for key in ("a", "a", "b")]
    for number in range(1, 8):
        story.ask("UploadPart", Key="a", UploadId=uploads[0], PartNumber=number, Body=b"x")
    few = {"PageSize": 2}
    pages = story.client.get_paginator("list_parts").paginate(
        Bucket=story.name, Key="a", UploadId=uploads[0], PaginationConfig=few
    )
    assert [part["PartNumber"] for page in pages for part in page["Parts"]] == list(range(1, 8))
    pages = story.client.get_paginator("list_multipart_uploads").paginate(Bucket=story.name, PaginationConfig=few)
    assert sorted(each["UploadId"] for page in pages for each in page["Uploads"]) == sorted(uploads)


@pytest.mark.parametrize(
    ("key", "metadata", "code"),
    [
        ("é" * 512, {}, None),
        ("é" * 512 + "x", {}, "KeyTooLongError"),
        ("a", {"n": "v" * 2047}, None),
        ("a", {"n": "v" * 2048}, "MetadataTooLarge"),
    ],
)
def test_a_key_has_1024_bytes_and_metadata_2_kilobytes(
    story: Story, key: str, metadata: dict[str, str], code: str | None
) -> None:
    for operation in ("PutObject", "CreateMultipartUpload"):
        assert getattr(story.ask(operation, Key=key, Metadata=metadata), "code", None) == code


@pytest.mark.parametrize(("size", "code"), [(PART, None), (PART - 1, "EntityTooSmall")])
def test_a_part_but_the_last_has_5_mebibytes(story: Story, size: int, code: str | None) -> None:
    of_it = {"Key": "a", "UploadId": story.ask("CreateMultipartUpload", Key="a")["UploadId"]}
    etags = [
        story.ask("UploadPart", **of_it, PartNumber=number, Body=b"x" * length)["ETag"]
        for number, length in ((1, size), (10_000, 1))
    ]
    listed = [{"PartNumber": number, "ETag": etag} for number, etag in zip((1, 10_000), etags, strict=True)]
    found = story.ask("CompleteMultipartUpload", **of_it, MultipartUpload={"Parts": listed})
    assert getattr(found, "code", None) == code
    if code is None:
        assert found["ETag"].endswith('-2"')


@pytest.mark.parametrize("number", [0, 10_001])
def test_an_upload_has_10000_parts(story: Story, number: int) -> None:
    of_it = {"Key": "a", "UploadId": story.ask("CreateMultipartUpload", Key="a")["UploadId"]}
    assert story.ask("UploadPart", **of_it, PartNumber=number, Body=b"x") == Failed("InvalidArgument", 400)


def test_what_arrives_otherwise_than_its_checksum_says_is_refused(story: Story) -> None:
    right = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()
    assert story.put("a", b"hello", ChecksumCRC32=right)["ETag"]
    assert story.put("a", b"hellO", ChecksumCRC32=right) == Failed("BadDigest", 400)


def test_a_marker_is_no_object(story: Story) -> None:
    story.put("a", b"1")
    marker = story.ask("DeleteObject", Key="a")["VersionId"]
    assert story.ask("GetObject", Key="a") == Failed("NoSuchKey", 404)
    assert story.ask("GetObject", Key="a", VersionId=marker) == Failed("MethodNotAllowed", 405)
    assert story.ask("HeadObject", Key="a", VersionId=marker) == Failed("405", 405)


def test_many_versions_are_deleted_together_a_thousand_at_most(story: Story) -> None:
    first, second = (story.put("a", body)["VersionId"] for body in (b"1", b"2"))
    wanted = [{"Key": "a", "VersionId": first}, {"Key": "b"}]
    assert story.ask("DeleteObjects", Delete={"Objects": wanted})["Deleted"][0] == wanted[0]
    assert [each["VersionId"] for each in story.ask("ListObjectVersions")["Versions"]] == [second]
    assert story.ask("DeleteObjects", Delete={"Objects": [{"Key": "b"}] * 1000, "Quiet": True}) == {}
    assert story.ask("DeleteObjects", Delete={"Objects": [{"Key": "b"}] * 1001}) == Failed("MalformedXML", 400)


def test_a_bucket_without_versions_keeps_one_object_a_key(simulation: Simulation) -> None:
    simulation.s3.make_bucket("plain", versioned=False)
    bucket = Bucket(simulation.clients.s3, "plain")
    for body in (b"1", b"2"):
        simulation.clients.s3.put_object(Bucket="plain", Key="a", Body=body)
    (version,) = bucket.versions("")
    assert (version.version, version.size, bucket.beginning("a", 5)) == ("null", 1, b"2")
    simulation.clients.s3.delete_object(Bucket="plain", Key="a")
    assert list(bucket.versions("")) == []


def test_a_bucket_that_is_not_there_is_not_found(simulation: Simulation) -> None:
    found = asked(simulation.clients.s3, "ListObjectsV2", Bucket="nobody")
    assert found == Failed("NoSuchBucket", 404)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CopyObject", {"Key": "a"}),
        ("PutObject", {"Key": "a", "Tagging": "x"}),
        ("ListObjectsV2", {"Delimiter": "/"}),
        ("GetObject", {"Key": "a", "Range": "bytes=-5"}),
    ],
)
def test_what_is_not_simulated_is_said(story: Story, operation: str, parameters: dict[str, Any]) -> None:
    story.put("a", b"hello")
    with pytest.raises(NotImplementedError, match="not simulated"):
        story.ask(operation, **parameters)
