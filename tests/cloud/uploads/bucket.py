"""A versioned bucket to send files to, what is asked of it, and faults on the way there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.config import Config

from iotagg.aws.uploads import Sent, send
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


def written(file: Path, content: bytes) -> Path:
    """Write a file."""
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


def version_of(bucket: Bucket) -> str:
    """Return the version that stands."""
    return bucket.s3.head_object(Bucket=bucket.name, Key=KEY)["VersionId"]
