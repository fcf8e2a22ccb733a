"""An object that came into the bucket: read it once, store what it adds, and hand its chunks over to consolidate."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, BinaryIO, cast

from iotagg.aws.events import arrivals, message_for, site_and_path
from iotagg.aws.queues import Draft
from iotagg.core.cells import printable
from iotagg.core.content import beginning_digest
from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import Origin, Policy, Refusal
from iotagg.core.outcome import Outcome
from iotagg.core.tolerance import Tolerance
from iotagg.errors import FileRefused, FileUnreadable, InvalidValue, NotFound, NumberTooLarge, Unintelligible
from iotagg.jobs.chunk_range import drafts
from iotagg.jobs.raw_files import DEFAULT_SITE
from iotagg.pipeline import Request, count, keep_one_reading, lengths_at, outcome_of, settle, summarize

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.aws.events import Arrival
    from iotagg.aws.objects import ObjectStream, ObjectVersion
    from iotagg.core.contribution import Head
    from iotagg.core.ledger import OnChange, PathRecord
    from iotagg.jobs.cloud import Cloud
    from iotagg.stores.protocol import Store

_SHOWN = 80
_SPOOL = 1 << 20  # up to so many bytes of rejected lines stay in memory

# What an upload says of a file travels with it, as the object's metadata.
READING, ON_CHANGE, AGAIN, MAX_REJECTS = "iotagg-reading", "iotagg-on-change", "iotagg-again", "iotagg-max-rejects"


class OutOfTimeError(Exception):
    """There is not enough time left to read an object to its end."""


def summarize_message(cloud: Cloud, body: str, in_time: Callable[[], bool] = lambda: True) -> list[Outcome]:
    """Do what a message of the files queue asks for, and return what became of each object it names.

    Doing it again changes nothing. `in_time` says whether there is time to read on. Raises Unintelligible, and
    CloudError when AWS is not to be had: the message is to be delivered again then.
    """
    told = [arrival for arrival in arrivals(body) if not arrival.removed]
    return [outcome for arrival in told if (outcome := take_in(cloud, arrival, in_time)) is not None]


def take_in(cloud: Cloud, arrival: Arrival, in_time: Callable[[], bool] = lambda: True) -> Outcome | None:
    """Summarize one object, unless that was done; None for what is no flow file or goes elsewhere.

    Raises Unintelligible for an object of another bucket, which says nothing of one with its name in this one.
    """
    if arrival.bucket != cloud.bucket.name:
        raise Unintelligible(
            f"this message of the files queue is of bucket {printable(arrival.bucket[:_SHOWN])}, not of"
            f" {cloud.bucket.name}; let no other bucket send there"
        )
    try:
        place = site_and_path(arrival.key)
    except InvalidValue as reason:
        return _refused(cloud, DEFAULT_SITE, arrival, str(reason))
    if place is None:
        return None
    record = cloud.store.path(*place)
    if _version(arrival) in record.versions.final:
        return _known_already(cloud, record)
    cloud.arrivals.note(record.site)  # before anything is settled: after that, nobody comes by here again
    return _take_in(cloud, *place, arrival, in_time)


def _take_in(cloud: Cloud, site: str, path: str, arrival: Arrival, in_time: Callable[[], bool]) -> Outcome | None:
    limit = cloud.settings.max_object_bytes
    if limit is not None and (arrival.size or 0) > limit:
        return _elsewhere(cloud, site, arrival, f"{arrival.size:,} bytes, more than a function reads ({limit:,})")
    try:
        outcome = _read_and_count(cloud, site, path, arrival, in_time)
        while outcome is None:
            record = cloud.store.path(site, path)
            if _version(arrival) in record.versions.final:
                return _known_already(cloud, record)
            outcome = _read_and_count(cloud, site, path, arrival, in_time)
    except OutOfTimeError:
        return _elsewhere(cloud, site, arrival, "reading it takes longer than a function may run")
    except (FileRefused, NumberTooLarge, InvalidValue) as reason:
        return _refused(cloud, site, arrival, str(reason))
    return outcome


def _read_and_count(
    cloud: Cloud, site: str, path: str, arrival: Arrival, in_time: Callable[[], bool]
) -> Outcome | None:
    # The object is read again when another one of its path was counted meanwhile: it may have grown from that.
    prefix_lengths = lengths_at(cloud.store, cloud.store.path(site, path))
    with ExitStack() as open_now:

        def new_file() -> BinaryIO:
            return cast("BinaryIO", open_now.enter_context(tempfile.SpooledTemporaryFile(max_size=_SPOOL)))

        try:
            stream = open_now.enter_context(closing(cloud.bucket.open(path, arrival.version, arrival.etag)))
            request = _request(cloud, site, stream)
            summary = summarize(_Timed(stream, in_time), request, prefix_lengths, new_file)
        except NotFound:
            raise FileUnreadable("the object was removed before it was read; upload it again") from None
        origin = Origin(_version(arrival), arrival.sequencer)
        return count(
            cloud.store,
            path,
            summary,
            request,
            origin,
            begins_with=lambda record, head: _begins_with(cloud, record, head),
            bring=hand_over(cloud),
        )


class _Timed:
    # A stream that ends in an error when the time is up.
    def __init__(self, stream: ObjectStream, in_time: Callable[[], bool]) -> None:
        self._stream = stream
        self._in_time = in_time

    def read(self, size: int, /) -> bytes:
        if not self._in_time():
            raise OutOfTimeError
        return self._stream.read(size)


def hand_over(cloud: Cloud) -> Callable[[Store, Head, int], None]:
    """Return what leaves the chunks that a revision has not reached, or that were not assessed, to the chunks queue."""

    def send(store: Store, head: Head, revision: int) -> None:
        missing = set(range(head.chunks)) - store.assessed_chunks(head.name, revision) if revision else set()
        cloud.chunks.send(drafts(head, revision, missing))
        if not missing:
            store.settled(head.name, revision)

    return send


def _version(arrival: Arrival) -> str:
    # A bucket that keeps no versions tells them apart by their etag.
    return arrival.version or f"etag {arrival.etag}"


def _known_already(cloud: Cloud, record: PathRecord) -> Outcome | None:
    outdone = [other for name in record.names for other in keep_one_reading(cloud.store, name)]
    settle(cloud.store, (*record.names, *outdone), bring=hand_over(cloud))
    if not record.names:
        reason = record.refusal.reason if record.refusal else ""
        return Outcome(record.path, record.site, "refused", reason=reason) if reason else None
    return outcome_of(cloud.store, record.path, record.names[-1], "already counted")


def _refused(cloud: Cloud, site: str, arrival: Arrival, reason: str) -> Outcome:
    cloud.store.refuse(site, arrival.key, Refusal(reason), _version(arrival))
    return Outcome(arrival.key, site, "refused", reason=reason)


def _elsewhere(cloud: Cloud, site: str, arrival: Arrival, reason: str) -> Outcome | None:
    # A function's time ends; a worker on a machine has all it needs.
    if cloud.settings.large_files_queue_url:
        cloud.queue(cloud.settings.large_files_queue_url).send([Draft(message_for(arrival))])
        return None
    return _refused(
        cloud,
        site,
        arrival,
        f"{reason}; name a queue of a worker on a machine in IOTAGG_LARGE_FILES_QUEUE_URL, and upload it again",
    )


def _request(cloud: Cloud, site: str, stream: ObjectStream) -> Request:
    said = stream.metadata
    on_change = said.get(ON_CHANGE) or cloud.settings.on_overwrite
    if on_change not in ("refuse", "replace", "add"):
        raise InvalidValue(
            f"its metadata {ON_CHANGE} is '{printable(on_change)}', none of refuse, replace and add;"
            " upload it with iotagg upload"
        )
    return Request(
        site=site,
        reading=_reading(said.get(READING, "")),
        policy=Policy(cast("OnChange", on_change), again=said.get(AGAIN) == "yes"),
        tolerance=Tolerance.parse(said[MAX_REJECTS]) if said.get(MAX_REJECTS) else Tolerance(),
        max_pair_days=cloud.settings.max_pair_days,
    )


def _reading(text: str) -> ReadingOptions:
    try:
        return ReadingOptions.from_json(json.loads(text or "{}"))
    except (TypeError, ValueError, RecursionError):
        raise InvalidValue(f"its metadata {READING} holds no reading options; upload it with iotagg upload") from None


def metadata_for(request: Request) -> dict[str, str]:
    """Return what an upload says of a file as metadata, which any worker reads back; only what is not the default."""
    said = {
        READING: json.dumps(request.reading.as_json()) if request.reading != ReadingOptions() else "",
        ON_CHANGE: request.policy.on_change if request.policy.on_change != "refuse" else "",
        AGAIN: "yes" if request.policy.again else "",
        MAX_REJECTS: request.tolerance.text,
    }
    return {name: value for name, value in said.items() if value}


def _begins_with(cloud: Cloud, record: PathRecord, head: Head) -> bool:
    # Whether what stands at a path begins with a content that was written before it, but read after it.
    longer = [
        file.head
        for name in record.names
        if (file := cloud.store.file(name)) is not None and file.head.length > head.length
    ]
    versions = [
        version
        for version in (cloud.bucket.versions(record.path) if longer else ())
        if version.key == record.path and version.version in record.versions.final
    ]
    return any(_grew_from(cloud, standing, head, versions) for standing in longer)


def _grew_from(cloud: Cloud, standing: Head, head: Head, versions: list[ObjectVersion]) -> bool:
    # Among the versions is also what was refused; one of them holds what stands.
    for version in versions:
        if _beginning(cloud, version, standing.length) == standing.name.content:
            return _beginning(cloud, version, head.length) == head.name.content
    return True  # where no version is left to tell, what stands stays


def _beginning(cloud: Cloud, version: ObjectVersion, length: int) -> str:
    try:
        with closing(cloud.bucket.open(version.key, version.version)) as stream:
            return beginning_digest(stream, length)
    except (NotFound, FileRefused):
        return ""
