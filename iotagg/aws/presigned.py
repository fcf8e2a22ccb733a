"""Addresses under which a browser may put one object into the bucket, for a short while."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from iotagg.aws.problems import explained

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS = 300  # within which an upload has to begin; it may take longer


class Places:
    """Signs addresses in a bucket, with the credentials that are there; nobody is asked for it.

    A caller must be allowed to put objects there, or S3 refuses what is put.
    """

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        # S3 wants this version where a bucket has a key of its own. A checksum would have to be known beforehand. And
        # the address has to name the region: a browser does not follow S3 from one to another.
        config = Config(
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            s3={"addressing_style": "virtual" if "AWS_ENDPOINT_URL" not in os.environ else "auto"},
        )
        with explained(f"bucket {bucket}"):
            self._s3: S3Client = boto3.session.Session().client("s3", config=config)

    def put(self, key: str, seconds: int = SECONDS) -> dict[str, Any]:
        """Return method, address and headers with which an object may be put under a key. Raises CloudError."""
        with explained(f"bucket {self._bucket}"):
            address = self._s3.generate_presigned_url(
                "put_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
            )
        return {"method": "PUT", "url": address, "headers": {}}

    @property
    def origin(self) -> str:
        """The origin that a browser sends to; scheme and host of each address."""
        address = urlsplit(self.put("x")["url"])
        return f"{address.scheme}://{address.netloc}"
