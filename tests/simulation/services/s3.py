"""S3: buckets with versions, objects in one piece or in parts, and what is told of them.

Limits and errors: Amazon S3 API Reference, of each operation, and "Error responses".
"""

from __future__ import annotations

import hashlib
import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.response import StreamingBody

from tests.simulation.services.answers import Refused, Service, metadata, operation
from tests.simulation.services.bucket import (
    NO_VERSION,
    SimulatedBucket,
    Version,
    etag_of,
    failed_condition,
    notification,
)
from tests.simulation.services.multipart import Upload, check_crc

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.services.clock import Clock

MOST_LISTED = 1000
_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
_PUT = "Bucket Key Metadata ContentType"


class SimulatedS3(Service):
    """S3 with no buckets at first; `on_event` is given the message of each event that somebody wants to be told of."""

    HOLDS = ("buckets", "_uploads", "_last_number")

    def __init__(self, clock: Clock, on_event: Callable[[str], object]) -> None:
        self._clock = clock
        self._on_event = on_event
        self._last_number = 0
        self.buckets: dict[str, SimulatedBucket] = {}
        self._uploads: dict[str, dict[str, Upload]] = {}
        super().__init__(
            {
                "CreateBucket": operation(self._create_bucket, "Bucket CreateBucketConfiguration"),
                "PutBucketVersioning": operation(self._put_versioning, "Bucket VersioningConfiguration"),
                "PutBucketNotificationConfiguration": operation(
                    self._put_notification, "Bucket NotificationConfiguration"
                ),
                "PutObject": operation(self._put_object, f"{_PUT} Body IfMatch IfNoneMatch ChecksumCRC32"),
                "GetObject": operation(self._get_object, "Bucket Key VersionId Range IfMatch"),
                "HeadObject": operation(self._head_object, "Bucket Key VersionId IfMatch"),
                "DeleteObject": operation(self._delete_object, "Bucket Key VersionId"),
                "DeleteObjects": operation(self._delete_objects, "Bucket Delete"),
                "ListObjectsV2": operation(self._list_objects, "Bucket Prefix MaxKeys ContinuationToken StartAfter"),
                "ListObjectVersions": operation(self._list_versions, "Bucket Prefix MaxKeys KeyMarker VersionIdMarker"),
                "CreateMultipartUpload": operation(self._begin_upload, f"{_PUT} ChecksumAlgorithm"),
                "UploadPart": operation(self._upload_part, "Bucket Key UploadId PartNumber Body ChecksumCRC32"),
                "CompleteMultipartUpload": operation(
                    self._complete_upload, "Bucket Key UploadId MultipartUpload IfMatch IfNoneMatch"
                ),
                "AbortMultipartUpload": operation(self._abort_upload, "Bucket Key UploadId"),
                "ListParts": operation(self._list_parts, "Bucket Key UploadId MaxParts PartNumberMarker"),
                "ListMultipartUploads": operation(
                    self._list_uploads, "Bucket Prefix MaxUploads KeyMarker UploadIdMarker"
                ),
            }
        )

    def make_bucket(
        self, name: str, *, versioned: bool = True, told: tuple[str, ...] = ("incoming/",)
    ) -> SimulatedBucket:
        """Make a bucket that tells of new objects whose keys begin with one of the prefixes `told`."""
        self.buckets[name] = SimulatedBucket(name, versioned, list(told))
        self._uploads[name] = {}
        return self.buckets[name]

    def _bucket(self, request: dict[str, Any]) -> SimulatedBucket:
        found = self.buckets.get(request["Bucket"])
        if found is None:
            raise Refused("NoSuchBucket", "The specified bucket does not exist", 404)
        return found

    def _identifier(self) -> str:
        return hashlib.sha256(b"%d" % self._number()).hexdigest()[:32]

    def _number(self) -> int:
        self._last_number += 1
        return self._last_number

    # Buckets.

    def _create_bucket(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["Bucket"] in self.buckets:
            raise Refused("BucketAlreadyOwnedByYou", "Your previous request to create the bucket succeeded", 409)
        self.make_bucket(request["Bucket"], versioned=False, told=())
        return {"Location": f"http://{request['Bucket']}.s3.amazonaws.com/"}

    def _put_versioning(self, request: dict[str, Any]) -> dict[str, Any]:
        bucket = self._bucket(request)
        if request["VersioningConfiguration"] != {"Status": "Enabled"}:
            raise NotImplementedError(f"not simulated: {request['VersioningConfiguration']}")
        bucket.versioned = True
        return {}

    def _put_notification(self, request: dict[str, Any]) -> dict[str, Any]:
        prefixes = []
        for wanted in request["NotificationConfiguration"]["QueueConfigurations"]:
            rules = wanted["Filter"]["Key"]["FilterRules"]
            if wanted["Events"] != ["s3:ObjectCreated:*"] or [rule["Name"] for rule in rules] != ["prefix"]:
                raise NotImplementedError(f"not simulated: to be told of {wanted}")
            prefixes.append(rules[0]["Value"])
        self._bucket(request).told = prefixes
        return {}

    # Objects.

    def _put_object(self, request: dict[str, Any]) -> dict[str, Any]:
        bucket, key, said = self._bucket(request), request["Key"], _metadata(request)
        body = _bytes(request.get("Body", b""))
        check_crc(body, request.get("ChecksumCRC32"))
        bucket.check_write(key, said, request.get("IfMatch"), request.get("IfNoneMatch"))
        return self._store(bucket, self._version(bucket, key, body, etag_of(body), said), "Put")

    def _version(self, bucket: SimulatedBucket, key: str, body: bytes, etag: str, said: dict[str, str]) -> Version:
        number = self._identifier() if bucket.versioned else NO_VERSION
        return Version(key, number, body, etag, self._clock.moment().replace(microsecond=0), said)

    def _store(self, bucket: SimulatedBucket, made: Version, kind: str) -> dict[str, Any]:
        bucket.add(made)
        if made.key.startswith(tuple(bucket.told)):
            self._on_event(notification(bucket, made, kind, self._number()))
        return {"ETag": f'"{made.etag}"', **_shown_version(bucket, made)}

    def _found(self, request: dict[str, Any]) -> tuple[SimulatedBucket, Version]:
        bucket, key, wanted = self._bucket(request), request["Key"], request.get("VersionId")
        found = bucket.version(key, wanted) if wanted is not None else bucket.standing(key)
        if found is None:
            if wanted is not None:
                raise Refused("NoSuchVersion", "The specified version does not exist.", 404, VersionId=wanted)
            raise Refused("NoSuchKey", "The specified key does not exist.", 404)
        if found.removed:
            raise Refused("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
        if "IfMatch" in request and request["IfMatch"].strip('"') != found.etag:
            raise failed_condition("If-Match")
        return bucket, found

    def _get_object(self, request: dict[str, Any]) -> dict[str, Any]:
        bucket, found = self._found(request)
        body, more = found.body, {}
        if "Range" in request:
            begin, end = _range(request["Range"], len(body))
            more = {
                "ContentRange": f"bytes {begin}-{end - 1}/{len(body)}",
                "ResponseMetadata": metadata(206),
            }
            body = body[begin:end]
        stream = StreamingBody(BytesIO(body), len(body))
        return {**_described(bucket, found), "ContentLength": len(body), **more, "Body": stream}

    def _head_object(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            bucket, found = self._found(request)
        except Refused as refused:
            # An answer without a body: botocore knows no more than its status.
            words = {404: "Not Found", 405: "Method Not Allowed", 412: "Precondition Failed"}
            raise Refused(str(refused.status), words[refused.status], refused.status) from None
        return {**_described(bucket, found), "ContentLength": len(found.body)}

    def _delete_object(self, request: dict[str, Any]) -> dict[str, Any]:
        bucket, key = self._bucket(request), request["Key"]
        answer: dict[str, Any] = {"ResponseMetadata": metadata(204)}
        if "VersionId" in request:
            removed = bucket.remove(key, request["VersionId"])
            marker = {"DeleteMarker": True} if removed is not None and removed.removed else {}
            return {**answer, **marker, "VersionId": request["VersionId"]}
        if not bucket.versioned:
            bucket.remove(key, NO_VERSION)
            return answer
        marked = Version(key, self._identifier(), b"", "", self._clock.moment().replace(microsecond=0), removed=True)
        bucket.add(marked)
        return {**answer, "DeleteMarker": True, "VersionId": marked.id}

    def _delete_objects(self, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request["Delete"]
        if not 1 <= len(wanted["Objects"]) <= MOST_LISTED:
            raise Refused("MalformedXML", "The XML you provided was not well-formed")
        deleted = []
        for each in wanted["Objects"]:
            answer = self._delete_object({"Bucket": request["Bucket"], **each})
            del answer["ResponseMetadata"]
            deleted.append({**each, **({} if "VersionId" in each else _marker_named(answer))})
        return {} if wanted.get("Quiet") else {"Deleted": deleted}

    # Lists.

    def _list_objects(self, request: dict[str, Any]) -> dict[str, Any]:
        bucket, prefix, most = self._bucket(request), request.get("Prefix", ""), _most(request, "MaxKeys")
        behind = request.get("ContinuationToken", request.get("StartAfter", ""))
        standing = [found for key in bucket.keys(prefix, behind) if (found := bucket.standing(key)) is not None]
        shown = standing[:most]
        answer: dict[str, Any] = {"IsTruncated": len(standing) > most, "KeyCount": len(shown), "MaxKeys": most}
        if shown:
            answer["Contents"] = [_listed(found) for found in shown]
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = shown[-1].key
        return {**answer, "Name": bucket.name, "Prefix": prefix}

    def _list_versions(self, request: dict[str, Any]) -> dict[str, Any]:
        bucket, prefix, most = self._bucket(request), request.get("Prefix", ""), _most(request, "MaxKeys")
        key, version = request.get("KeyMarker", ""), request.get("VersionIdMarker", "")
        found = []
        for each in bucket.keys(prefix, key, from_it=bool(version)):
            newest_first = bucket.versions(each)[::-1]
            if each == key and version:
                ids = [one.id for one in newest_first]
                newest_first = newest_first[ids.index(version) + 1 :] if version in ids else []
            found += newest_first
        shown = found[:most]
        answer: dict[str, Any] = {
            "IsTruncated": len(found) > most,
            "MaxKeys": most,
            "Name": bucket.name,
            "Prefix": prefix,
        }
        for name, removed in (("Versions", False), ("DeleteMarkers", True)):
            listed = [_listed_version(bucket, each) for each in shown if each.removed is removed]
            if listed:
                answer[name] = listed
        if answer["IsTruncated"]:
            answer |= {"NextKeyMarker": shown[-1].key, "NextVersionIdMarker": shown[-1].id}
        return answer

    # Objects in parts.

    def _upload(self, request: dict[str, Any]) -> Upload:
        found = self._uploads[self._bucket(request).name].get(request["UploadId"])
        if found is None or found.key != request["Key"]:
            raise Refused("NoSuchUpload", "The specified upload does not exist.", 404)
        return found

    def _begin_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("ChecksumAlgorithm", "CRC32") != "CRC32":
            raise NotImplementedError(f"not simulated: the checksum {request['ChecksumAlgorithm']}")
        bucket, key, said = self._bucket(request), request["Key"], _metadata(request)
        bucket.check_write(key, said, None, None)
        made = Upload(self._identifier(), key, self._clock.moment(), said)
        self._uploads[bucket.name][made.id] = made
        return {"Bucket": bucket.name, "Key": key, "UploadId": made.id}

    def _upload_part(self, request: dict[str, Any]) -> dict[str, Any]:
        upload, body = self._upload(request), _bytes(request["Body"])
        part = upload.put(request["PartNumber"], body, request.get("ChecksumCRC32"), self._clock.moment())
        return {"ETag": f'"{part.etag}"'}

    def _complete_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        bucket, upload = self._bucket(request), self._upload(request)
        body, etag = upload.whole(request["MultipartUpload"]["Parts"])
        bucket.check_conditions(upload.key, request.get("IfMatch"), request.get("IfNoneMatch"))
        del self._uploads[bucket.name][upload.id]
        made = self._version(bucket, upload.key, body, etag, upload.metadata)
        stored = self._store(bucket, made, "CompleteMultipartUpload")
        return {"Bucket": bucket.name, "Key": upload.key, **stored}

    def _abort_upload(self, request: dict[str, Any]) -> dict[str, Any]:
        upload = self._upload(request)
        del self._uploads[request["Bucket"]][upload.id]
        return {"ResponseMetadata": metadata(204)}

    def _list_parts(self, request: dict[str, Any]) -> dict[str, Any]:
        upload, most = self._upload(request), _most(request, "MaxParts")
        behind = int(request.get("PartNumberMarker", 0))
        numbers = sorted(number for number in upload.parts if number > behind)
        answer: dict[str, Any] = {"IsTruncated": len(numbers) > most, "MaxParts": most, "UploadId": upload.id}
        answer |= {"Bucket": request["Bucket"], "Key": upload.key}
        if numbers:
            shown = [upload.parts[number] for number in numbers[:most]]
            answer["Parts"] = [
                {
                    "PartNumber": part.number,
                    "ETag": f'"{part.etag}"',
                    "Size": len(part.body),
                    "LastModified": part.modified,
                }
                for part in shown
            ]
            answer["NextPartNumberMarker"] = shown[-1].number
        return answer

    def _list_uploads(self, request: dict[str, Any]) -> dict[str, Any]:
        bucket, prefix, most = self._bucket(request), request.get("Prefix", ""), _most(request, "MaxUploads")
        behind = request.get("KeyMarker", ""), request.get("UploadIdMarker", "\U0010ffff")
        uploads = sorted(self._uploads[bucket.name].values(), key=lambda upload: (upload.key, upload.id))
        found = [each for each in uploads if each.key.startswith(prefix) and (each.key, each.id) > behind]
        shown = found[:most]
        answer: dict[str, Any] = {"IsTruncated": len(found) > most, "MaxUploads": most, "Bucket": bucket.name}
        if shown:
            answer["Uploads"] = [{"Key": each.key, "UploadId": each.id, "Initiated": each.begun} for each in shown]
        if answer["IsTruncated"]:
            answer |= {"NextKeyMarker": shown[-1].key, "NextUploadIdMarker": shown[-1].id}
        return answer


def _bytes(body: Any) -> bytes:
    content = body if isinstance(body, bytes | bytearray) else body.read()
    if not isinstance(content, bytes | bytearray):
        raise NotImplementedError(f"not simulated: a body that gives {type(content)}")
    return bytes(content)


def _metadata(request: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in request.get("Metadata", {}).items()}


def _range(text: str, length: int) -> tuple[int, int]:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise NotImplementedError(f"not simulated: the range {text}")
    begin, end = int(found[1]), min(int(found[2] or length), length - 1) + 1
    if begin >= end:
        raise Refused("InvalidRange", "The requested range is not satisfiable", 416)
    return begin, end


def _most(request: dict[str, Any], name: str) -> int:
    return min(int(request.get(name, MOST_LISTED)), MOST_LISTED)


def _shown_version(bucket: SimulatedBucket, version: Version) -> dict[str, Any]:
    return {"VersionId": version.id} if bucket.versioned else {}


def _described(bucket: SimulatedBucket, version: Version) -> dict[str, Any]:
    return {
        "ETag": f'"{version.etag}"',
        "LastModified": version.modified,
        "Metadata": dict(version.metadata),
        **_shown_version(bucket, version),
    }


def _listed(version: Version) -> dict[str, Any]:
    return {
        "Key": version.key,
        "LastModified": version.modified,
        "ETag": f'"{version.etag}"',
        "Size": len(version.body),
        "StorageClass": "STANDARD",
    }


def _listed_version(bucket: SimulatedBucket, version: Version) -> dict[str, Any]:
    latest = {"VersionId": version.id, "IsLatest": bucket.versions(version.key)[-1] is version}
    if version.removed:
        return {"Key": version.key, "LastModified": version.modified, **latest}
    return {**_listed(version), **latest}


def _marker_named(answer: dict[str, Any]) -> dict[str, Any]:
    return {"DeleteMarker": True, "DeleteMarkerVersionId": answer["VersionId"]} if "DeleteMarker" in answer else {}
