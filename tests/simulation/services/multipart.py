"""Objects of S3 that come in parts.

Rules: Amazon S3 User Guide, "Uploading and copying objects using multipart upload" and "multipart upload limits".
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.simulation.services.answers import Refused

if TYPE_CHECKING:
    from datetime import datetime

LEAST_PART_BYTES = 5 << 20  # of all but the last one
MOST_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """A part, as it was sent last."""

    number: int
    body: bytes
    etag: str
    modified: datetime


@dataclass(slots=True)
class Upload:
    """An upload that is not complete."""

    id: str
    key: str
    begun: datetime
    metadata: dict[str, str]
    parts: dict[int, Part] = field(default_factory=dict)

    def put(self, number: int, body: bytes, checksum: str | None, now: datetime) -> Part:
        """Take in a part. Raises Refused."""
        if not 1 <= number <= MOST_PARTS:
            raise Refused("InvalidArgument", f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive")
        check_crc(body, checksum)
        part = Part(number, body, hashlib.md5(body, usedforsecurity=False).hexdigest(), now)
        self.parts[number] = part
        return part

    def whole(self, listed: list[dict[str, Any]]) -> tuple[bytes, str]:
        """Return the content of the parts that are listed, and its ETag. Raises Refused."""
        numbers = [part["PartNumber"] for part in listed]
        if not numbers:
            raise Refused("MalformedXML", "The XML you provided was not well-formed")
        if numbers != sorted(set(numbers)):
            raise Refused("InvalidPartOrder", "The list of parts was not in ascending order.")
        parts = [self._listed(part) for part in listed]
        if any(len(part.body) < LEAST_PART_BYTES for part in parts[:-1]):
            raise Refused("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        digests = b"".join(bytes.fromhex(part.etag) for part in parts)
        etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
        return b"".join(part.body for part in parts), etag

    def _listed(self, asked: dict[str, Any]) -> Part:
        found = self.parts.get(asked["PartNumber"])
        if asked.keys() - {"PartNumber", "ETag", "ChecksumCRC32"}:
            raise NotImplementedError(f"not simulated: a part with {sorted(asked)}")
        if found is None or found.etag != asked["ETag"].strip('"'):
            raise Refused("InvalidPart", "One or more of the specified parts could not be found.")
        check_crc(found.body, asked.get("ChecksumCRC32"), "InvalidPart")
        return found


def check_crc(body: bytes, checksum: str | None, code: str = "BadDigest") -> None:
    """See that a checksum is that of a content. Raises Refused."""
    if checksum is not None and base64.b64decode(checksum) != zlib.crc32(body).to_bytes(4, "big"):
        raise Refused(code, "The CRC32 you specified did not match the calculated checksum.")
