"""What stands is replaced by a further version, and only if it is what the sender knew of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.aws.uploads import Sent
from iotagg.errors import KeyTaken
from tests.cloud.uploads.bucket import THREE_PARTS, Bucket, content_of, once, version_of, written

if TYPE_CHECKING:
    from pathlib import Path


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
