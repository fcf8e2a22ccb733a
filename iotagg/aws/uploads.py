"""A file's way into a bucket: whole, never over what somebody else put there, and resumed where an earlier try ended.

A small file is one put. A larger one goes in parts, which stay in the bucket when a try breaks off. The parts of an
unfinished upload say nothing of what the whole was to become, and its metadata were fixed when it began; so `send`
puts a label beside the parts, one number past the last: the hash of the content and the metadata. An upload without
the right label is not resumed. Parts that completion does not list, as the label, are discarded by S3.
"""

from __future__ import annotations

import hashlib
import json
import stat
import time
import zlib
from base64 import b64encode
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, as_completed, wait
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from iotagg.aws.web_files import WebFile, fetched, kept
from iotagg.errors import FileUnreadable, KeyTaken
from iotagg.sources import no_progress, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, HeadObjectOutputTypeDef

Source = Path | WebFile

OWN_METADATA = "iotagg-"  # what the names of iotagg's own metadata begin with
HASH_ENTRY = "iotagg-sha256"  # the metadata entry with the SHA-256 of an object's bytes
PART_BYTES = 8 << 20
_MOST_PARTS = 9_999  # S3 takes 10,000, the label among them
_BLOCK = 1 << 20
_TRIES = 5
_PAUSE_SECONDS = 0.2
# Somebody was there first: what stands under the key, or has become of the upload, is to be looked at again.
_OVERTAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchUpload", "NoSuchKey"})
_NOT_THERE = 404


@dataclass(frozen=True, slots=True)
class Sent:
    """An object that holds what was sent: its version ("" where the bucket keeps none) and its ETag without quotes.

    `new` is False when this very content was there already, with the same metadata of iotagg's.
    """

    version: str
    etag: str
    new: bool


def send(
    s3: S3Client,
    bucket: str,
    key: str,
    file: Source,
    metadata: Mapping[str, str],
    *,
    replace_etag: str = "",
    again: bool = False,
    passed: Callable[[int], object] = no_progress,
    part_bytes: int = PART_BYTES,
    threads: int = 4,
) -> Sent:
    """Put a file under a key where nothing stands, or where still stands what `replace_etag` names.

    The object gets the metadata (ASCII), and the SHA-256 of its bytes among them. What is there already, with the same
    metadata as far as they are iotagg's, is not sent another time unless `again` says so. A file of more than
    `part_bytes` (at least 5 MiB) goes in parts, up to `threads` at once; at most `threads` + 1 of them are in memory.
    `passed` is told the bytes that have arrived, resumed ones included; for what was there already, all of them.

    Raises KeyTaken when something else stands there, be it other metadata only, or what was to be replaced no longer
    does; FileUnreadable when the file cannot be read or changes meanwhile. A try that ends with another error is
    resumed by the next.
    """
    with on_disk(file) as local:
        length, digest = _measure(local)
        job = _Job(
            s3=s3,
            bucket=bucket,
            key=key,
            file=local,
            length=length,
            digest=digest,
            metadata={**metadata, HASH_ENTRY: digest},
            expected=replace_etag.strip('"'),
            again=again,
            part_bytes=max(part_bytes, -(-length // _MOST_PARTS)),
            threads=threads,
            progress=_Progress(passed),
        )
        sent = (_settled(job) if job.large or job.expected else None) or _deliver(job, _TRIES)
    job.progress.reach(length)
    return sent


@contextmanager
def on_disk(file: Source) -> Iterator[Path]:
    """Give the name of a file that can be read more than once: a copy of what lies on the web, or in a pipe.

    Raises FileUnreadable.
    """
    if isinstance(file, WebFile):
        with fetched(file) as copy:
            yield copy
    elif _is_pipe(file):
        with kept(_pieces(file, _BLOCK)) as copy:
            yield copy
    else:
        yield file


def _is_pipe(file: Path) -> bool:
    try:
        mode = file.stat().st_mode
    except OSError:
        return False  # the reason is told when it is read
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _pieces(file: Path, size: int) -> Iterator[bytes]:
    # A generator keeps errors apart: those of reading arise in here, those of sending outside (some are OSErrors too).
    with opened(file) as content:
        while piece := content.read(size):
            yield piece


def _measure(file: Path) -> tuple[int, str]:
    length, content = 0, hashlib.sha256()
    for piece in _pieces(file, _BLOCK):
        length += len(piece)
        content.update(piece)
    return length, content.hexdigest()


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class _Progress:
    """Tells how far an upload has come, each byte once, however often parts are tried."""

    def __init__(self, passed: Callable[[int], object]) -> None:
        self._passed = passed
        self._told = 0

    def reach(self, length: int) -> None:
        """So many bytes are there."""
        if length > self._told:
            news, self._told = length - self._told, length
            self._passed(news)


class _Condition(TypedDict, total=False):
    IfMatch: str
    IfNoneMatch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One file to be sent; `expected` is the ETag that stands under the key, "" where nothing should.

    `again` is for what is to be sent although the same stands there.
    """

    s3: S3Client = field(repr=False)
    bucket: str
    key: str
    file: Path
    length: int
    digest: str
    metadata: dict[str, str]
    expected: str
    again: bool
    part_bytes: int
    threads: int
    progress: _Progress

    @property
    def large(self) -> bool:
        return self.length > self.part_bytes

    @property
    def condition(self) -> _Condition:
        return {"IfMatch": f'"{self.expected}"'} if self.expected else {"IfNoneMatch": "*"}

    @property
    def label(self) -> tuple[int, bytes]:
        """The label's part number and what it says."""
        text = json.dumps({"metadata": self.metadata, "part_bytes": self.part_bytes}, sort_keys=True)
        return -(-self.length // self.part_bytes) + 1, text.encode()

    def pieces(self) -> Generator[bytes, None, None]:
        """Yield the parts of the file. Raises FileUnreadable when it is no longer what was hashed."""
        left, content = self.length, hashlib.sha256()
        for piece in _pieces(self.file, self.part_bytes):
            left -= len(piece)
            if left < 0:
                break
            content.update(piece)
            yield piece
        if left or content.hexdigest() != self.digest:
            raise FileUnreadable("it changed while it was sent; upload it again when it is complete")


def _deliver(job: _Job, tries: int) -> Sent:
    try:
        return _multipart(job) if job.large else _put(job)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _OVERTAKEN:
            raise
        there = _settled(job)
        if there is not None:
            _tidy(job)
            return there
        if tries == 1:
            raise
    time.sleep(_PAUSE_SECONDS)
    return _deliver(job, tries - 1)


def _put(job: _Job) -> Sent:
    content = b"".join(job.pieces())
    made = job.s3.put_object(Bucket=job.bucket, Key=job.key, Body=content, Metadata=job.metadata, **job.condition)
    return Sent(made.get("VersionId", ""), made["ETag"].strip('"'), new=True)


def _settled(job: _Job) -> Sent | None:
    # Whether the content is there already, which also tells a success whose reply was lost; None if it may be put.
    head = _standing(job)
    same = head is not None and _is_same(job, head)
    if head is not None and same and not job.again and _says_the_same(job, head):
        return Sent(head.get("VersionId", ""), head["ETag"].strip('"'), new=False)
    etag = head["ETag"].strip('"') if head is not None else ""
    if etag == job.expected:
        return None
    place = f"s3://{job.bucket}/{job.key}"
    if not etag:
        raise KeyTaken(f"what was to be replaced at {place} is no longer there; upload it again", etag) from None
    if same:
        raise KeyTaken(f"the same file stands at {place}; replace it to say something else of it", etag) from None
    raise KeyTaken(f"another file stands at {place}; replace it, or upload this one under another name", etag) from None


def _standing(job: _Job) -> HeadObjectOutputTypeDef | None:
    try:
        return job.s3.head_object(Bucket=job.bucket, Key=job.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == _NOT_THERE:
            return None
        raise


def _is_same(job: _Job, head: HeadObjectOutputTypeDef) -> bool:
    if HASH_ENTRY in head["Metadata"]:
        return head["Metadata"][HASH_ENTRY] == job.digest
    if head["ContentLength"] != job.length:
        return False
    content = hashlib.md5(usedforsecurity=False)
    for piece in _pieces(job.file, _BLOCK):
        content.update(piece)
    return head["ETag"].strip('"') == content.hexdigest()  # never that of an object in parts, which holds a dash


def _says_the_same(job: _Job, head: HeadObjectOutputTypeDef) -> bool:
    # What other programs wrote beside an object is theirs; and the hash has been compared.
    said, wanted = (
        {name: value for name, value in metadata.items() if name.startswith(OWN_METADATA) and name != HASH_ENTRY}
        for metadata in (head["Metadata"], job.metadata)
    )
    return said == wanted


def _multipart(job: _Job) -> Sent:
    upload, there = _unfinished(job) or (_begin(job), {})
    try:
        parts = _send_parts(job, upload, there)
        made = job.s3.complete_multipart_upload(
            Bucket=job.bucket, Key=job.key, UploadId=upload, MultipartUpload={"Parts": parts}, **job.condition
        )
    except FileUnreadable:
        _abort(job, upload)
        raise
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalRequestConflict":
            _abort(job, upload)  # S3 wants the next try to begin anew
        raise
    return Sent(made.get("VersionId", ""), made["ETag"].strip('"'), new=True)


def _unfinished(job: _Job) -> tuple[str, dict[int, str]] | None:
    # The newest unfinished upload with this job's label, and the ETags of its parts by their number.
    number, text = job.label
    pages = job.s3.get_paginator("list_multipart_uploads").paginate(Bucket=job.bucket, Prefix=job.key)
    uploads = [upload for page in pages for upload in page.get("Uploads", []) if upload["Key"] == job.key]
    for upload in sorted(uploads, key=lambda upload: upload["Initiated"], reverse=True):
        parts = _parts(job, upload["UploadId"])
        if parts.get(number) == _md5(text):
            return upload["UploadId"], parts
    return None


def _parts(job: _Job, upload: str) -> dict[int, str]:
    pages = job.s3.get_paginator("list_parts").paginate(Bucket=job.bucket, Key=job.key, UploadId=upload)
    return {part["PartNumber"]: part["ETag"].strip('"') for page in pages for part in page.get("Parts", [])}


def _begin(job: _Job) -> str:
    made = job.s3.create_multipart_upload(
        Bucket=job.bucket, Key=job.key, Metadata=job.metadata, ChecksumAlgorithm="CRC32"
    )
    number, text = job.label
    _send_part(job, made["UploadId"], number, text, "")
    return made["UploadId"]


def _send_parts(job: _Job, upload: str, there: dict[int, str]) -> list[CompletedPartTypeDef]:
    arrived, parts = 0, []
    with closing(_arriving(job, upload, there)) as arriving:
        for length, part in arriving:
            arrived += length
            parts.append(part)
            job.progress.reach(arrived)
    return sorted(parts, key=itemgetter("PartNumber"))


def _arriving(job: _Job, upload: str, there: dict[int, str]) -> Generator[tuple[int, CompletedPartTypeDef], None, None]:
    # Yields each part's length with what completion wants to know of it, as they arrive. While one part is read, at
    # most `threads` are on their way.
    running: set[Future[tuple[int, CompletedPartTypeDef]]] = set()
    with closing(job.pieces()) as pieces, ThreadPoolExecutor(job.threads) as pool:
        for number, piece in enumerate(pieces, 1):
            if len(running) == job.threads:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (part.result() for part in done)
            running.add(pool.submit(_send_part, job, upload, number, piece, there.get(number, "")))
        yield from (part.result() for part in as_completed(running))


def _send_part(job: _Job, upload: str, number: int, piece: bytes, there: str) -> tuple[int, CompletedPartTypeDef]:
    # A part that is there already, with the same MD5, is not sent again. (CRC-32 is checked by S3, part by part.)
    checksum = b64encode(zlib.crc32(piece).to_bytes(4, "big")).decode()
    etag = _md5(piece)
    if there != etag:
        etag = job.s3.upload_part(
            Bucket=job.bucket,
            Key=job.key,
            UploadId=upload,
            PartNumber=number,
            Body=BytesIO(piece),  # which, unlike bytes, is sent without another copy of it
            ChecksumCRC32=checksum,
        )["ETag"].strip('"')
    return len(piece), {"PartNumber": number, "ETag": f'"{etag}"', "ChecksumCRC32": checksum}


def _tidy(job: _Job) -> None:
    # Of two that sent the same content at once, the slower one leaves parts that nobody will ask for.
    with suppress(ClientError, BotoCoreError):
        unfinished = _unfinished(job) if job.large else None
        if unfinished is not None:
            _abort(job, unfinished[0])


def _abort(job: _Job, upload: str) -> None:
    with suppress(ClientError, BotoCoreError):  # what remains is the bucket's lifecycle's to remove
        job.s3.abort_multipart_upload(Bucket=job.bucket, Key=job.key, UploadId=upload)
