"""Conflicts that pass are tried again, and a put whose reply was lost is known for one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from iotagg.aws.uploads import Sent, send
from iotagg.errors import KeyTaken
from tests.cloud.engine import unique
from tests.cloud.uploads.bucket import KEY, THREE_PARTS, Bucket, content_of, once, refusal, version_of, written

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client


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
