"""A bucket: objects that are written once, and read to their end whatever happens to the connection."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from urllib3.exceptions import HTTPError

from iotagg.aws.problems import code_of, explained
from iotagg.errors import CloudBusy, FileUnreadable, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import BinaryIO

    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

NO_VERSION = "null"  # what S3 calls the only version of an object in a bucket that keeps none
_GONE = frozenset(("NoSuchKey", "NoSuchVersion", "404"))
_TAKEN = frozenset(("PreconditionFailed", "412"))
_AT_ONCE = "ConditionalRequestConflict"  # somebody else writes the key this moment
_BROKEN = (HTTPClientError, IncompleteReadError, HTTPError, OSError)
_RECONNECTS = 8
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an object, as a listing shows it; `version` is NO_VERSION where the bucket keeps none."""

    key: str
    version: str
    size: int
    etag: str
    modified: datetime
    latest: bool


class Bucket:
    """The bucket that holds incoming files, contributions and rejected lines."""

    def __init__(self, s3: S3Client, name: str) -> None:
        self._s3 = s3
        self.name = name

    @property
    def s3(self) -> S3Client:
        """The client behind it."""
        return self._s3

    def put_if_absent(self, key: str, body: bytes | BinaryIO) -> bool:
        """Store an object unless its key is taken; say whether it was stored.

        After a reply that was lost it says no although it was: what stands is the same.
        """
        with explained(f"bucket {self.name}"):
            for _ in range(_RECONNECTS):
                if not isinstance(body, bytes):
                    body.seek(0)
                try:
                    self._s3.put_object(Bucket=self.name, Key=key, Body=body, IfNoneMatch="*")
                except ClientError as error:
                    if code_of(error) in _TAKEN:
                        return False
                    if code_of(error) != _AT_ONCE:
                        raise
                    time.sleep(_PAUSE_SECONDS)
                else:
                    return True
        raise CloudBusy(f"bucket {self.name}: others keep writing {key}; try later")

    def beginning(self, key: str, length: int) -> bytes:
        """Return the first bytes of an object, all of them where it is shorter. Raises NotFound."""
        stream = self.open(key)
        try:
            return b"".join(iter(lambda: stream.read(length - stream.length), b""))
        finally:
            stream.close()

    def part(self, key: str, begin: int, end: int) -> bytes:
        """Return the bytes of an object from `begin` to before `end`. Raises NotFound and CloudBusy."""
        for attempt in range(_RECONNECTS):
            time.sleep(_PAUSE_SECONDS * attempt)
            body = self.stream(Key=key, Range=f"bytes={begin}-{end - 1}")["Body"]
            try:
                found: bytes = body.read()
            except _BROKEN:
                continue
            if len(found) == end - begin:
                return found
        raise CloudBusy(f"bucket {self.name}: bytes {begin} to {end} of {key} do not arrive; try later")

    def open(self, key: str, version: str = "", etag: str = "") -> ObjectStream:
        """Open a version of an object, or what has an etag now, for reading to its end. Raises NotFound."""
        return ObjectStream(self, key, version, etag)

    def stream(self, **parameters: Any) -> dict[str, Any]:
        """Return S3's answer to a GetObject. Raises NotFound."""
        with explained(f"bucket {self.name}"):
            try:
                return dict(self._s3.get_object(Bucket=self.name, **parameters))
            except ClientError as error:
                if code_of(error) in _GONE:
                    raise NotFound(f"no object {parameters['Key']} in bucket {self.name}") from None
                if code_of(error) in _TAKEN:
                    raise FileUnreadable("the object changed before it was read; its new version is read") from None
                raise

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a prefix, in the order of their UTF-8 bytes."""
        with explained(f"bucket {self.name}"):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
                yield from (found["Key"] for found in page.get("Contents", ()))

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Yield the versions of the objects below a prefix, by key, the newest of each first."""
        with explained(f"bucket {self.name}"):
            for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=prefix):
                for found in page.get("Versions", ()):
                    yield ObjectVersion(
                        key=found["Key"],
                        version=found["VersionId"],
                        size=found["Size"],
                        etag=found["ETag"].strip('"'),
                        modified=found["LastModified"],
                        latest=found["IsLatest"],
                    )

    def remove(self, key: str, version: str) -> None:
        """Remove one version of an object for good; one that is not there is no error."""
        with explained(f"bucket {self.name}"):
            self._s3.delete_object(Bucket=self.name, Key=key, VersionId=version)


class ObjectStream:
    """One version of an object, read from its first byte to its last; a lost connection is taken up where it broke.

    `size` is its length, `metadata` what its uploader wrote beside it. Raises NotFound when it is gone, also meanwhile.
    """

    def __init__(
        self, bucket: Bucket, key: str, version: str = "", etag: str = "", passed: Callable[[int], object] | None = None
    ) -> None:
        self._bucket = bucket
        self._key = key
        self._passed = passed
        self._pinned: dict[str, str] = {"VersionId": version} if version else {"IfMatch": etag} if etag else {}
        self._reconnects = 0
        self.length = 0
        reply = self._request()
        self.size: int = reply["ContentLength"]
        self.metadata: dict[str, str] = reply["Metadata"]
        self._pinned = {"VersionId": version} if version else {"IfMatch": reply["ETag"]}
        self._body: StreamingBody = reply["Body"]

    def _request(self, **extra: str) -> dict[str, Any]:
        return self._bucket.stream(Key=self._key, **self._pinned, **extra)

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and none at the end only. Raises FileUnreadable and CloudBusy."""
        if not size or self.length >= self.size:
            return b""
        while True:
            try:
                block: bytes = self._body.read(min(size, self.size - self.length))
            except _BROKEN:
                block = b""
            if block:
                self.length += len(block)
                self._reconnects = 0
                if self._passed is not None:
                    self._passed(len(block))
                return block
            self._reconnect()  # an early end is never taken for the end

    def _reconnect(self) -> None:
        self.close()
        self._reconnects += 1
        if self._reconnects > _RECONNECTS:
            raise CloudBusy(f"bucket {self._bucket.name}: the connection breaks again and again; try later")
        time.sleep(_PAUSE_SECONDS * self._reconnects)
        reply = self._request(Range=f"bytes={self.length}-")
        self._body = reply["Body"]
        if reply["ContentLength"] != self.size - self.length:
            self._reconnect()  # it is not what was asked for: a server in between may not know ranges

    def close(self) -> None:
        """Give the connection back."""
        self._body.close()
