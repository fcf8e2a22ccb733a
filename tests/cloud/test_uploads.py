from __future__ import annotations

import os
import threading
import tracemalloc
from datetime import UTC, datetime
from hashlib import md5, sha256
from typing import TYPE_CHECKING, Any, Self

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from iotagg.aws import uploads
from iotagg.aws.uploads import HASH_ENTRY, Sent, send
from iotagg.errors import FileUnreadable, KeyTaken
from tests.cloud.engine import unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

MIB = 1 << 20
PART = 5 * MIB  # the least that S3 takes
KEY = "incoming/paris/flows.csv"
THREE_PARTS = 2 * PART + 3


class Bucket:
    """A versioned bucket, what is asked of it, and faults on the way there."""

    def __init__(self) -> None:
        self.name = unique("uploads")
        self.s3: S3Client = boto3.client("s3", config=Config(retries={"total_max_attempts": 2}))
        self.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        self.asked: list[str] = []
        self.before("*", lambda model, **_: self.asked.append(model.name))
        self.before("CompleteMultipartUpload", self._condition)

    def before(self, operation: str, do: Callable[..., Any]) -> None:
        self.s3.meta.events.register(f"before-call.s3.{operation}", do)

    def _condition(self, params: dict[str, Any], **_: Any) -> Any:
        # The engine honours conditions of a put, but not yet of a completion.
        standing = [f'"{etag}"' for etag in self.etags()[:1]]
        headers = params["headers"]
        if "If-None-Match" in headers and standing:
            return refusal(412, "PreconditionFailed")
        if "If-Match" in headers and standing != [headers["If-Match"]]:
            return refusal(412, "PreconditionFailed") if standing else refusal(404, "NoSuchKey")
        return None

    def send(self, file: Path, metadata: Mapping[str, str] | None = None, key: str = KEY, **options: Any) -> Sent:
        return send(self.s3, self.name, key, file, metadata or {}, part_bytes=PART, **options)

    def put(self, content: bytes, key: str = KEY, **metadata: str) -> str:
        return self.s3.put_object(Bucket=self.name, Key=key, Body=content, Metadata=metadata)["ETag"].strip('"')

    def remove(self) -> None:
        self.s3.delete_object(Bucket=self.name, Key=KEY)

    def abort(self, upload: str) -> None:
        self.s3.abort_multipart_upload(Bucket=self.name, Key=KEY, UploadId=upload)

    def content(self, key: str = KEY) -> bytes:
        return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()

    def metadata(self, key: str = KEY) -> dict[str, str]:
        return self.s3.head_object(Bucket=self.name, Key=key)["Metadata"]

    def etags(self, key: str = KEY) -> list[str]:
        """Return the ETags of all versions, newest first."""
        versions = self.s3.list_object_versions(Bucket=self.name, Prefix=key).get("Versions", [])
        return [version["ETag"].strip('"') for version in versions]

    def unfinished(self) -> list[str]:
        uploads = self.s3.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return [upload["UploadId"] for upload in uploads]

    def parts_sent(self) -> int:
        return self.asked.count("UploadPart")


def refusal(status: int, code: str) -> tuple[Any, dict[str, Any]]:
    """Return what a handler answers in the place of AWS."""
    reply = {"Error": {"Code": code, "Message": "made up"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return AWSResponse("", status, HTTPHeaders(), None), reply


class Interrupted(Exception):
    pass


@pytest.fixture
def bucket(aws: str) -> Bucket:
    return Bucket()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_PAUSE_SECONDS", 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "flows.csv", b"Src IP,Dst IP\n")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    return written(tmp_path / "large.csv", content_of(THREE_PARTS))


def written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def content_of(length: int, first: bytes = b"") -> bytes:
    """Return so many bytes, each MiB of them different."""
    blocks = (first + number.to_bytes(4, "big") * (MIB // 4) for number in range(-(-length // MIB)))
    return b"".join(blocks)[:length]


def once(do: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler that does this at the first call only."""
    calls: Iterator[bool] = iter([True])
    return lambda **given: do(**given) if next(calls, False) else None


# Small files


@pytest.mark.parametrize("content", [b"", b"one line\n", content_of(PART)])
def test_a_small_file_is_one_put(bucket: Bucket, tmp_path: Path, content: bytes) -> None:
    sent = bucket.send(written(tmp_path / "flows.csv", content), {"site": "paris"})
    assert bucket.asked == ["PutObject"]
    head = bucket.s3.head_object(Bucket=bucket.name, Key=KEY)
    assert sent == Sent(head["VersionId"], md5(content, usedforsecurity=False).hexdigest(), new=True)
    assert bucket.content() == content
    assert bucket.metadata() == {"site": "paris", HASH_ENTRY: sha256(content).hexdigest()}


def test_a_bucket_without_versions_gives_none(bucket: Bucket, file: Path) -> None:
    plain = unique("plain")
    bucket.s3.create_bucket(Bucket=plain, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert send(bucket.s3, plain, KEY, file, {}).version == ""


@pytest.mark.parametrize("length", [3, THREE_PARTS])
def test_the_same_content_is_there_already(bucket: Bucket, tmp_path: Path, length: int) -> None:
    file = written(tmp_path / "flows.csv", content_of(length))
    first = bucket.send(file)
    assert bucket.send(file) == Sent(first.version, first.etag, new=False)
    assert bucket.etags() == [first.etag]


def test_large_content_that_is_there_already_is_not_sent(bucket: Bucket, large: Path) -> None:
    bucket.send(large)
    bucket.asked.clear()
    told: list[int] = []
    assert not bucket.send(large, passed=told.append).new
    assert bucket.asked == ["HeadObject"]
    assert sum(told) == THREE_PARTS


@pytest.mark.parametrize("length", [3, THREE_PARTS])
def test_a_taken_key_keeps_what_stands(bucket: Bucket, tmp_path: Path, length: int) -> None:
    etag = bucket.put(b"somebody else's")
    with pytest.raises(KeyTaken, match=f"^another file stands at s3://{bucket.name}/{KEY}; ") as taken:
        bucket.send(written(tmp_path / "flows.csv", content_of(length)))
    assert taken.value.etag == etag
    assert bucket.etags() == [etag]
    assert bucket.parts_sent() == 0


def test_content_that_another_program_put_is_known_by_its_etag(bucket: Bucket, file: Path) -> None:
    etag = bucket.put(file.read_bytes())
    assert bucket.send(file) == Sent(version_of(bucket), etag, new=False)


def test_a_stated_hash_counts_more_than_the_etag(bucket: Bucket, file: Path) -> None:
    bucket.put(file.read_bytes(), **{HASH_ENTRY: "0" * 64})
    with pytest.raises(KeyTaken):
        bucket.send(file)


def test_content_in_parts_without_a_hash_cannot_be_told(bucket: Bucket, large: Path) -> None:
    upload = bucket.s3.create_multipart_upload(Bucket=bucket.name, Key=KEY)["UploadId"]
    etag = bucket.s3.upload_part(Bucket=bucket.name, Key=KEY, UploadId=upload, PartNumber=1, Body=large.read_bytes())[
        "ETag"
    ]
    bucket.s3.complete_multipart_upload(
        Bucket=bucket.name,
        Key=KEY,
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]},
    )
    with pytest.raises(KeyTaken):
        bucket.send(large)


def version_of(bucket: Bucket) -> str:
    return bucket.s3.head_object(Bucket=bucket.name, Key=KEY)["VersionId"]


# Replacing


@pytest.mark.parametrize("length", [3, THREE_PARTS])
@pytest.mark.parametrize("quote", ["", '"'])
def test_replacing_adds_a_version(bucket: Bucket, tmp_path: Path, length: int, quote: str) -> None:
    old = bucket.put(b"old")
    content = content_of(length)
    sent = bucket.send(written(tmp_path / "flows.csv", content), replace_etag=f"{quote}{old}{quote}")
    assert sent.new
    assert bucket.etags() == [sent.etag, old]
    assert bucket.content() == content


@pytest.mark.parametrize("operation", ["PutObject", "CompleteMultipartUpload"])
def test_what_came_in_between_is_not_replaced(bucket: Bucket, tmp_path: Path, operation: str) -> None:
    length = 3 if operation == "PutObject" else THREE_PARTS
    old = bucket.put(b"old")
    file = written(tmp_path / "flows.csv", content_of(length))
    other = Bucket.put  # by another client, between the look and the put
    theirs: list[str] = []
    bucket.s3.meta.events.register_first(
        f"before-parameter-build.s3.{operation}",
        once(lambda **_: theirs.append(other(bucket, b"theirs"))),
    )
    with pytest.raises(KeyTaken) as taken:
        bucket.send(file, replace_etag=old)
    assert [taken.value.etag] == theirs
    assert bucket.etags() == [*theirs, old]


@pytest.mark.parametrize("length", [3, THREE_PARTS])
def test_what_is_gone_cannot_be_replaced(bucket: Bucket, tmp_path: Path, length: int) -> None:
    with pytest.raises(KeyTaken, match=r"^what was to be replaced .* is no longer there; upload it again$") as gone:
        bucket.send(written(tmp_path / "flows.csv", content_of(length)), replace_etag="0" * 32)
    assert gone.value.etag == ""


def test_what_goes_while_it_is_replaced_is_told(bucket: Bucket, file: Path) -> None:
    old = bucket.put(b"old")
    bucket.before("PutObject", once(lambda **_: bucket.remove()))
    with pytest.raises(KeyTaken) as gone:
        bucket.send(file, replace_etag=old)
    assert gone.value.etag == ""


def test_replacing_content_by_itself_adds_no_version(bucket: Bucket, file: Path) -> None:
    first = bucket.send(file)
    assert bucket.send(file, replace_etag=first.etag) == Sent(first.version, first.etag, new=False)
    assert bucket.etags() == [first.etag]


def test_the_same_content_said_to_be_something_else_is_sent_as_a_version(bucket: Bucket, file: Path) -> None:
    first = bucket.send(file, {"iotagg-again": "yes"})
    with pytest.raises(KeyTaken, match=r"^the same file stands at .*; replace it to say") as taken:
        bucket.send(file)
    assert taken.value.etag == first.etag
    second = bucket.send(file, replace_etag=first.etag)
    assert (second.new, second.version == first.version) == (True, False)
    assert "iotagg-again" not in bucket.metadata()


def test_what_other_programs_say_of_the_same_content_does_not_matter(bucket: Bucket, file: Path) -> None:
    etag = bucket.put(file.read_bytes(), owner="somebody")
    assert bucket.send(file) == Sent(version_of(bucket), etag, new=False)


@pytest.mark.parametrize("length", [3, THREE_PARTS])
def test_the_same_can_be_sent_again(bucket: Bucket, tmp_path: Path, length: int) -> None:
    file = written(tmp_path / "flows.csv", content_of(length))
    first = bucket.send(file)
    with pytest.raises(KeyTaken):
        bucket.send(file, again=True)
    second = bucket.send(file, again=True, replace_etag=first.etag)
    assert (second.new, second.version == first.version) == (True, False)
    assert len(bucket.etags()) == 2


# Conflicts and lost replies


def test_a_conflict_that_passes_is_tried_again(bucket: Bucket, file: Path) -> None:
    bucket.before("PutObject", once(lambda **_: refusal(409, "ConditionalRequestConflict")))
    assert bucket.send(file).new
    assert bucket.asked == ["PutObject", "HeadObject", "PutObject"]


def test_a_conflict_at_completion_begins_anew(bucket: Bucket, large: Path) -> None:
    bucket.before("CompleteMultipartUpload", once(lambda **_: refusal(409, "ConditionalRequestConflict")))
    told: list[int] = []
    assert bucket.send(large, passed=told.append).new
    assert bucket.content() == large.read_bytes()
    assert bucket.asked.count("CreateMultipartUpload") == 2
    assert bucket.unfinished() == []
    assert sum(told) == THREE_PARTS


def test_a_conflict_that_lasts_is_let_through(bucket: Bucket, file: Path) -> None:
    bucket.before("PutObject", lambda **_: refusal(409, "ConditionalRequestConflict"))
    with pytest.raises(ClientError, match="ConditionalRequestConflict"):
        bucket.send(file)
    assert bucket.asked.count("PutObject") == 5


def test_a_conflict_that_somebody_won_is_a_taken_key(bucket: Bucket, file: Path) -> None:
    bucket.before("PutObject", once(lambda **_: bucket.put(b"theirs") and refusal(409, "ConditionalRequestConflict")))
    with pytest.raises(KeyTaken):
        bucket.send(file)
    assert bucket.content() == b"theirs"


def test_other_errors_are_let_through(bucket: Bucket, file: Path) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        send(bucket.s3, unique("nowhere"), KEY, file, {})


@pytest.mark.parametrize(("length", "operation"), [(3, "PutObject"), (THREE_PARTS, "CompleteMultipartUpload")])
def test_a_put_whose_reply_is_lost_is_a_success(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int, operation: str
) -> None:
    content = content_of(length)
    with LostReply(bucket.s3, operation) as lost:
        sent = bucket.send(written(tmp_path / "flows.csv", content))
    assert lost.replies == 1
    assert sent == Sent(version_of(bucket), bucket.etags()[0], new=False)
    assert bucket.content() == content
    assert len(bucket.etags()) == 1


class LostReply:
    """The first request of a kind reaches the engine, but its reply does not come back."""

    def __init__(self, s3: S3Client, operation: str) -> None:
        self._session: Any = s3._endpoint.http_session  # type: ignore[attr-defined]  # below the client, which retries
        self._send = self._session.send
        self._lose = False
        self.replies = 0
        s3.meta.events.register(f"before-call.s3.{operation}", once(self._prepare))

    def _prepare(self, **_: Any) -> None:
        self._lose = True

    def __enter__(self) -> Self:
        self._session.send = self._sent
        return self

    def __exit__(self, *_: object) -> None:
        self._session.send = self._send

    def _sent(self, request: Any) -> Any:
        reply = self._send(request)
        if self._lose:
            self._lose = False
            self.replies += 1
            raise ConnectionClosedError(endpoint_url=request.url)
        return reply


# Large files


@pytest.mark.parametrize("length", [PART + 1, 2 * PART, THREE_PARTS])
@pytest.mark.parametrize("threads", [1, 4])
def test_a_large_file_goes_in_parts(bucket: Bucket, tmp_path: Path, length: int, threads: int) -> None:
    content = content_of(length)
    told: list[int] = []
    file = written(tmp_path / "flows.csv", content)
    sent = bucket.send(file, {"site": "paris"}, passed=told.append, threads=threads)
    parts = -(-length // PART)
    assert sent == Sent(version_of(bucket), bucket.etags()[0], new=True)
    assert sent.etag.endswith(f"-{parts}")
    assert bucket.content() == content
    assert bucket.metadata() == {"site": "paris", HASH_ENTRY: sha256(content).hexdigest()}
    assert (len(told), sum(told)) == (parts, length)
    assert bucket.unfinished() == []


REQUESTS = ["CreateMultipartUpload", *["UploadPart"] * 4, "CompleteMultipartUpload"]  # the label is a part


@pytest.mark.parametrize("stop", range(len(REQUESTS)))
@pytest.mark.parametrize("replace", [False, True])
def test_an_upload_is_resumed_where_it_was_interrupted(bucket: Bucket, large: Path, stop: int, replace: bool) -> None:
    etag = bucket.put(b"old") if replace else ""
    interrupt(bucket, REQUESTS[stop], REQUESTS[:stop].count(REQUESTS[stop]))
    with pytest.raises(Interrupted):
        bucket.send(large, replace_etag=etag, threads=1)
    bucket.asked.clear()
    told: list[int] = []
    assert bucket.send(large, replace_etag=etag, threads=1, passed=told.append).new
    missing = REQUESTS[stop:] if stop > 1 else REQUESTS  # without its label, an upload is nobody's
    assert bucket.parts_sent() == missing.count("UploadPart")
    assert bucket.content() == large.read_bytes()
    assert sum(told) == THREE_PARTS
    assert len(bucket.unfinished()) == (stop == 1)


def interrupt(bucket: Bucket, operation: str, after: int) -> None:
    """Let so many requests of a kind pass, and the next one end the upload."""
    turns = iter([None] * after + [Interrupted()])

    def stop(**_: Any) -> None:
        turn = next(turns, None)
        if turn is not None:
            raise turn

    bucket.before(operation, stop)


def half_sent(bucket: Bucket, file: Path, metadata: Mapping[str, str] | None = None) -> str:
    """Send a file up to its second part, and return the unfinished upload."""
    known = set(bucket.unfinished())
    interrupt(bucket, "UploadPart", 2)
    with pytest.raises(Interrupted):
        bucket.send(file, metadata, threads=1)
    bucket.asked.clear()
    (upload,) = set(bucket.unfinished()) - known
    return upload


def test_listings_in_many_pages_are_read_to_their_end(bucket: Bucket, large: Path) -> None:
    interrupt(bucket, "CompleteMultipartUpload", 0)
    for number in range(3):
        bucket.s3.create_multipart_upload(Bucket=bucket.name, Key=f"{KEY}{number}")
    with pytest.raises(Interrupted):
        bucket.send(large)
    for operation, limit in (("ListParts", "MaxParts"), ("ListMultipartUploads", "MaxUploads")):
        bucket.s3.meta.events.register(
            f"before-parameter-build.s3.{operation}", lambda params, limit=limit, **_: params.update({limit: 1})
        )
    bucket.asked.clear()
    assert bucket.send(large).new
    assert bucket.parts_sent() == 0
    assert bucket.asked.count("ListParts") == 4
    assert bucket.asked.count("ListMultipartUploads") == 4


def test_a_part_that_arrived_otherwise_is_sent_again(bucket: Bucket, large: Path) -> None:
    upload = half_sent(bucket, large)
    bucket.s3.upload_part(Bucket=bucket.name, Key=KEY, UploadId=upload, PartNumber=1, Body=bytes(PART))
    bucket.asked.clear()
    assert bucket.send(large).new
    assert bucket.parts_sent() == 3
    assert bucket.content() == large.read_bytes()


def test_other_content_does_not_resume(bucket: Bucket, tmp_path: Path, large: Path) -> None:
    upload = half_sent(bucket, large)
    content = large.read_bytes()[:-1] + b"!"  # as long, and with the same first parts
    bucket.send(written(tmp_path / "other.csv", content))
    assert bucket.parts_sent() == 4
    assert bucket.metadata() == {HASH_ENTRY: sha256(content).hexdigest()}
    assert bucket.unfinished() == [upload]


def test_other_metadata_do_not_resume(bucket: Bucket, large: Path) -> None:
    half_sent(bucket, large, {"day-order": "dmy"})
    bucket.send(large, {"day-order": "mdy"})
    assert bucket.metadata()["day-order"] == "mdy"


def test_other_part_sizes_do_not_resume(bucket: Bucket, large: Path) -> None:
    half_sent(bucket, large)
    send(bucket.s3, bucket.name, KEY, large, {}, part_bytes=PART + 1)
    assert bucket.parts_sent() == 4
    assert bucket.content() == large.read_bytes()


def test_the_newest_of_several_is_resumed_and_the_others_left(
    bucket: Bucket, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as blind:
        blind.setattr(uploads, "_unfinished", lambda _: None)
        older, newer = half_sent(bucket, large), half_sent(bucket, large)

    def date(parsed: dict[str, Any], **_: Any) -> None:
        for upload in parsed.get("Uploads", []):
            upload["Initiated"] = datetime(2022, 12, 14 + (upload["UploadId"] == newer), tzinfo=UTC)

    bucket.s3.meta.events.register("after-call.s3.ListMultipartUploads", date)
    assert bucket.send(large).new
    assert bucket.unfinished() == [older]


def test_an_upload_of_a_key_that_only_begins_alike_is_not_resumed(bucket: Bucket, large: Path) -> None:
    interrupt(bucket, "UploadPart", 2)
    with pytest.raises(Interrupted):
        bucket.send(large, key=f"{KEY}.old", threads=1)
    assert bucket.send(large).new
    assert len(bucket.unfinished()) == 1


def test_two_senders_of_the_same_file_share_its_parts(bucket: Bucket, large: Path) -> None:
    theirs: list[Sent] = []
    bucket.before("CompleteMultipartUpload", once(lambda **_: theirs.append(bucket.send(large))))
    assert bucket.send(large) == Sent(theirs[0].version, theirs[0].etag, new=False)
    assert theirs[0].new
    assert bucket.parts_sent() == 4
    assert bucket.etags() == [theirs[0].etag]


def test_who_comes_second_with_the_same_parts_leaves_none(bucket: Bucket, large: Path) -> None:
    bucket.before("CompleteMultipartUpload", once(lambda **_: put_meanwhile(bucket, large)))
    assert not bucket.send(large).new
    assert bucket.unfinished() == []


def put_meanwhile(bucket: Bucket, file: Path) -> Any:
    content = file.read_bytes()
    bucket.put(content, **{HASH_ENTRY: sha256(content).hexdigest()})
    return refusal(412, "PreconditionFailed")


def test_an_upload_that_somebody_removed_begins_anew(bucket: Bucket, large: Path) -> None:
    upload = half_sent(bucket, large)
    bucket.before("UploadPart", once(lambda **_: bucket.abort(upload)))
    assert bucket.send(large).new
    assert bucket.content() == large.read_bytes()


def test_a_network_that_fails_is_no_unreadable_file(bucket: Bucket, large: Path) -> None:
    # botocore's timeouts are OSErrors, as those of reading a file are.
    def fail(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://192.0.2.1")

    bucket.before("CompleteMultipartUpload", fail)
    with pytest.raises(ReadTimeoutError):
        bucket.send(large)
    assert len(bucket.unfinished()) == 1


def test_parts_grow_until_so_many_are_enough(bucket: Bucket, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_MOST_PARTS", 2)
    assert bucket.send(large).etag.endswith("-2")
    assert bucket.content() == large.read_bytes()


def test_memory_holds_a_few_parts_only(bucket: Bucket, tmp_path: Path) -> None:
    threads, length = 3, 200 * MIB
    file = tmp_path / "sparse.csv"
    with file.open("wb") as out:
        for number in range(40):
            out.seek(number * PART)
            out.write(number.to_bytes(4, "big"))
        out.truncate(length)
    tracemalloc.start()
    try:
        sent = bucket.send(file, threads=threads)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent.etag.endswith("-40")
    assert peak < (threads + 2) * PART
    bucket.s3.delete_object(Bucket=bucket.name, Key=KEY, VersionId=sent.version)  # the engine keeps it in memory


# Files that change or cannot be read


@pytest.mark.parametrize("change", [b"more\n", b""])
def test_a_large_file_that_changes_is_refused_and_leaves_nothing(bucket: Bucket, large: Path, change: bytes) -> None:
    changed = large.read_bytes() + change if change else large.read_bytes()[:-1]

    def write(**_: Any) -> None:
        written(large, changed)

    bucket.before("UploadPart", once(write))
    with pytest.raises(FileUnreadable, match=r"^it changed while it was"):
        bucket.send(large, threads=1)
    assert bucket.etags() == []
    assert bucket.unfinished() == []


@pytest.mark.parametrize("length", [3, THREE_PARTS])
def test_a_change_that_size_and_time_do_not_show_is_refused(bucket: Bucket, tmp_path: Path, length: int) -> None:
    file = written(tmp_path / "flows.csv", content_of(length))
    old = bucket.put(b"old")
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)

    def change(**_: Any) -> None:
        written(file, content_of(length, b"!"))
        os.utime(file, ns=times)

    bucket.before("HeadObject", change)  # after it was hashed, before it is sent
    with pytest.raises(FileUnreadable, match=r"^it changed while it was sent; upload it again when it is complete$"):
        bucket.send(file, replace_etag=old)
    assert bucket.etags() == [old]
    assert bucket.unfinished() == []


def test_a_file_that_grows_without_end_is_refused(bucket: Bucket, large: Path) -> None:
    def grow(**_: Any) -> None:
        with large.open("ab") as out:
            out.write(bytes(PART))

    bucket.before("UploadPart", grow)
    with pytest.raises(FileUnreadable, match=r"^it changed while it was"):
        bucket.send(large, threads=1)
    assert bucket.unfinished() == []


def test_no_more_parts_are_sent_than_were_hashed(bucket: Bucket, large: Path) -> None:
    def grow(**_: Any) -> None:
        written(large, content_of(5 * PART))

    bucket.before("HeadObject", grow)
    with pytest.raises(FileUnreadable, match=r"^it changed while it was sent"):
        bucket.send(large, threads=1)
    assert bucket.parts_sent() <= 4  # one more would take the label's place


@pytest.mark.parametrize(("name", "reason"), [("nothing.csv", "no such file"), ("", "a folder, not a file")])
def test_what_cannot_be_read_is_not_sent(bucket: Bucket, tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(FileUnreadable, match=f"^{reason}$"):
        bucket.send(tmp_path / name)
    assert bucket.asked == []


def test_what_can_be_read_only_once_is_sent(bucket: Bucket, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[b"through a pipe\n"])
    writer.start()
    assert bucket.send(pipe).new
    writer.join(10)
    assert bucket.content() == b"through a pipe\n"
