"""One bucket of S3: the versions of its objects, and who is told of new ones.

Rules: Amazon S3 User Guide, "How S3 Versioning works", "Conditional writes" and "Event message structure".
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from tests.simulation.services.answers import Refused

NO_VERSION = "null"
MOST_KEY_BYTES = 1024
MOST_METADATA_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or the marker (`removed`) that says that it was deleted."""

    key: str
    id: str
    body: bytes
    etag: str
    modified: datetime
    metadata: dict[str, str] = field(default_factory=dict)
    removed: bool = False


@dataclass(slots=True)
class SimulatedBucket:
    """A bucket; `told` are the prefixes of keys whose new objects somebody is told of."""

    name: str
    versioned: bool = False
    told: list[str] = field(default_factory=list)
    _versions: dict[str, list[Version]] = field(default_factory=dict)
    _order: list[str] = field(default_factory=list)

    def keys(self, prefix: str = "", behind: str = "", *, from_it: bool = False) -> list[str]:
        """Return the keys of versions, in order, that begin with a prefix and come behind another (or from it)."""
        begin = max(bisect_left(self._order, prefix), bisect_left(self._order, behind))
        end = bisect_left(self._order, True, begin, key=lambda key: not key.startswith(prefix))
        found = self._order[begin:end]
        return found[1:] if found and found[0] == behind and not from_it else found

    def versions(self, key: str) -> list[Version]:
        """Return the versions of an object, oldest first."""
        return self._versions.get(key, [])

    def standing(self, key: str) -> Version | None:
        """Return what stands under a key; a marker is nothing."""
        versions = self._versions.get(key)
        return versions[-1] if versions and not versions[-1].removed else None

    def version(self, key: str, version: str) -> Version | None:
        """Return one version."""
        return next((each for each in self._versions.get(key, ()) if each.id == version), None)

    def add(self, version: Version) -> None:
        """Put a version on top of the others, or in the place of the only one where none are kept."""
        if version.key not in self._versions:
            insort(self._order, version.key)
            self._versions[version.key] = []
        versions = self._versions[version.key]
        versions[:] = [each for each in versions if each.id != version.id]
        versions.append(version)

    def remove(self, key: str, version: str) -> Version | None:
        """Remove one version for good, and return it."""
        found = self.version(key, version)
        if found is not None:
            self._versions[key].remove(found)
            if not self._versions[key]:
                del self._versions[key]
                del self._order[bisect_left(self._order, key)]
        return found

    def check_write(self, key: str, metadata: dict[str, str], if_match: str | None, if_none_match: str | None) -> None:
        """See that an object may be written. Raises Refused."""
        if len(key.encode()) > MOST_KEY_BYTES:
            raise Refused("KeyTooLongError", "Your key is too long")
        if sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items()) > MOST_METADATA_BYTES:
            raise Refused("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
        self.check_conditions(key, if_match, if_none_match)

    def check_conditions(self, key: str, if_match: str | None, if_none_match: str | None) -> None:
        """See that what stands under a key is as a write wants it. Raises Refused."""
        standing = self.standing(key)
        if if_none_match is not None:
            if if_none_match != "*":
                raise NotImplementedError(f"not simulated: to write if none matches {if_none_match}")
            if standing is not None:
                raise failed_condition("If-None-Match")
        if if_match is not None:
            if standing is None:
                raise Refused("NoSuchKey", "The specified key does not exist.", 404)
            if standing.etag != if_match.strip('"'):
                raise failed_condition("If-Match")


def failed_condition(name: str) -> Refused:
    """Return the refusal of a request whose condition does not hold."""
    return Refused("PreconditionFailed", f"At least one of the pre-conditions you specified did not hold: {name}", 412)


def etag_of(body: bytes) -> str:
    """Return the ETag of an object that came in one piece."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def notification(bucket: SimulatedBucket, version: Version, kind: str, number: int) -> str:
    """Return the message that tells of a new object; of two of the same key, the later one has the larger sequencer."""
    described: dict[str, Any] = {
        "key": quote_plus(version.key, safe="/"),
        "size": len(version.body),
        "eTag": version.etag,
        "sequencer": f"{int(version.modified.timestamp()):010X}{number:08X}",
    }
    if bucket.versioned:
        described["versionId"] = version.id
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": version.modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "eventName": f"ObjectCreated:{kind}",
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "incoming",
            "bucket": {"name": bucket.name, "arn": f"arn:aws:s3:::{bucket.name}"},
            "object": described,
        },
    }
    return json.dumps({"Records": [record]})
