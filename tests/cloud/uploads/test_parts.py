"""A large file is sent in parts, and an upload that broke off goes on with those that are missing."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError

from iotagg.aws import uploads
from iotagg.aws.uploads import HASH_ENTRY, Sent, send
from tests.cloud.uploads.bucket import (
    KEY,
    MIB,
    PART,
    THREE_PARTS,
    Bucket,
    content_of,
    once,
    refusal,
    version_of,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Interrupted(Exception):
    pass


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
