"""A small file is sent in one request, if it is not there already; a key that is taken keeps what stands."""

from __future__ import annotations

from hashlib import md5, sha256
from typing import TYPE_CHECKING

import pytest

from iotagg.aws.uploads import HASH_ENTRY, Sent, send
from iotagg.errors import KeyTaken
from tests.cloud.engine import unique
from tests.cloud.uploads.bucket import KEY, PART, THREE_PARTS, Bucket, content_of, version_of, written

if TYPE_CHECKING:
    from pathlib import Path


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
