"""A file that is there whole, put into a bucket as somebody's result: s3://bucket/key."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from iotagg.aws.clients import client
from iotagg.aws.problems import explained

if TYPE_CHECKING:
    from pathlib import Path

_TYPES = {
    ".csv": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


def deliver(file: Path, address: str) -> None:
    """Put a file where an address says, over what stands there. Raises CloudError."""
    bucket, key = urlsplit(address).netloc, address.split("/", 3)[3]
    kind = _TYPES.get(file.suffix.lower(), "application/octet-stream")
    with explained(address):
        client("s3").upload_file(str(file), bucket, key, ExtraArgs={"ContentType": kind})
