"""Files on their way to a stack's bucket, several at once, with what workers have to know of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iotagg.aws.problems import explained
from iotagg.aws.uploads import Sent, on_disk, send
from iotagg.aws.web_files import kept
from iotagg.core.content import content_digest
from iotagg.core.contribution import Name
from iotagg.core.outcome import Outcome
from iotagg.errors import FileRefused, FileUnreadable, KeyTaken
from iotagg.following import Handed
from iotagg.jobs.summarize import metadata_for
from iotagg.sources import no_progress, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from iotagg.core.pseudonymised import Pseudonymisation
    from iotagg.jobs.cloud import Cloud
    from iotagg.parcels import Parcel
    from iotagg.pipeline import Request

JOBS = 4
_TRIES = 5


def send_all(
    cloud: Cloud,
    parcels: Sequence[Parcel],
    request: Request,
    jobs: int = JOBS,
    passed: Callable[[int], object] = no_progress,
    *,
    followed: bool = False,
) -> Iterator[Handed | Outcome]:
    """Put files into the bucket, `jobs` at once; yield what was handed over, or why not, in their order.

    `passed` is told the bytes that have arrived. Raises CloudError; what was sent until then is there.
    """

    def one(parcel: Parcel) -> Handed | Outcome:
        try:
            return send_one(cloud, parcel, request, passed, followed=followed)
        except (FileRefused, KeyTaken) as reason:
            return Outcome(parcel.file, request.site, "refused", reason=str(reason))

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(one, parcel) for parcel in parcels]
        try:
            for future in futures:
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def send_one(
    cloud: Cloud,
    parcel: Parcel,
    request: Request,
    passed: Callable[[int], object] = no_progress,
    *,
    followed: bool = True,
) -> Handed:
    """Put one file into the bucket, as a further version where something else stands under its key.

    What stands there already is not sent, unless a worker has refused it or a person has taken it out: then it is
    looked at again. Raises FileUnreadable, CloudError, and FileRefused for what cannot be pseudonymised.
    """
    with on_disk(parcel.source) as original, _to_send(original, request, passed) as local:
        name = _name(local, request) if followed else None
        before = cloud.store.file(name) if name is not None else None
        was_in = before is not None and before.is_in
        told = passed if request.pseudonymisation is None else no_progress
        sent = _sent(cloud, parcel, local, request, told)
        if not sent.new:
            name = name or _name(local, request)
            record = cloud.store.path(request.site, parcel.key)
            was_in = was_in or name in record.names
            if _version(sent) in record.versions.final and name not in record.names:
                sent = _sent(cloud, parcel, local, request, again=True)
    return Handed(parcel.file, request.site, parcel.key, _version(sent), name, was_in, sent.new)


@contextmanager
def _to_send(original: Path, request: Request, passed: Callable[[int], object]) -> Iterator[Path]:
    # With pseudonyms, what is sent is a copy without an address; `passed` is told how far the original was read.
    if request.pseudonymisation is None:
        yield original
        return
    with kept(_packed(original, request.pseudonymisation, passed)) as copy:
        yield copy


def _packed(original: Path, how: Pseudonymisation, passed: Callable[[int], object]) -> Iterator[bytes]:
    with opened(original, passed) as content:
        yield from how.packed(content)


def _name(local: Path, request: Request) -> Name | None:
    # What cannot be decompressed has no content to be named by; a worker will say what is wrong with it.
    try:
        with opened(local) as content:
            digest, _ = content_digest(content)
    except FileUnreadable:
        raise
    except FileRefused:
        return None
    return Name(request.site, digest, request.reading.digest())


def _sent(
    cloud: Cloud,
    parcel: Parcel,
    local: Path,
    request: Request,
    passed: Callable[[int], object] = no_progress,
    *,
    again: bool = False,
    etag: str = "",
    tries: int = _TRIES,
) -> Sent:
    # Whether it may replace what stands under its key is for a worker to say, who knows what that is.
    bucket, metadata = cloud.bucket, metadata_for(request)
    try:
        with explained(f"bucket {bucket.name}"):
            return send(
                bucket.s3, bucket.name, parcel.key, local, metadata, replace_etag=etag, again=again, passed=passed
            )
    except KeyTaken as taken:
        if tries == 1:
            raise
        etag = taken.etag
    return _sent(cloud, parcel, local, request, passed, again=again, etag=etag, tries=tries - 1)


def _version(sent: Sent) -> str:
    # As the workers name it: a bucket that keeps no versions tells them apart by their ETag.
    return sent.version or f"etag {sent.etag}"
