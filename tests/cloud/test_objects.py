"""Objects that are read to their end and written once, whatever becomes of the connection."""

from __future__ import annotations

import gzip
import hashlib
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from urllib3.exceptions import IncompleteRead, ReadTimeoutError

from iotagg.aws.objects import Bucket, ObjectStream
from iotagg.errors import CloudBusy, CloudError, FileUnreadable, NotFound
from tests.cloud.engine import unique
from tests.cloud.faults import (
    Wire,
    answered,
    at,
    breaking_after,
    connection_broken,
    lost_reply,
    lost_request,
    server_error,
    slow_down,
    small_pages,
    wire_to,
    without_waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cloud.faults import Call, Fault

KEY = "incoming/paris/flows.csv"
CONTENT = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(4_000))
BLOCK = 10_000
TRIES = 9  # the first, and eight reconnections


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return without_waiting(monkeypatch)


@pytest.fixture
def wire(endpoint: str, waits: list[float]) -> Iterator[Wire]:
    wire = wire_to(endpoint)
    wire.begin()
    yield wire
    wire.begin()


@pytest.fixture
def bucket(wire: Wire) -> Bucket:
    return made(wire, versioned=True)


def made(wire: Wire, *, versioned: bool) -> Bucket:
    bucket = Bucket(wire.clients.s3, unique("objects"))
    with wire.undisturbed():
        bucket.s3.create_bucket(Bucket=bucket.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        if versioned:
            bucket.s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
        put(bucket, CONTENT)
    return bucket


def put(bucket: Bucket, content: bytes, key: str = KEY) -> str:
    return bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=content).get("VersionId", "")


def read(stream: ObjectStream, size: int = BLOCK) -> bytes:
    with closing(stream):
        return b"".join(iter(lambda: stream.read(size), b""))


def breaking(faults: Callable[[int], Fault | None]) -> Callable[[Call], list[Fault]]:
    """Return a plan: what becomes of each GetObject, by its number."""

    def plan(call: Call) -> list[Fault]:
        fault = faults(call.number) if call.operation == "GetObject" else None
        return [fault] if fault else []

    return plan


# A body that breaks.

BREAKS: dict[str, Callable[[], Exception] | None] = {
    "an early end": None,
    "a broken connection": connection_broken,
    "too few bytes": lambda: IncompleteRead(10, 20),
    "silence": lambda: ReadTimeoutError(None, None, "silence"),  # type: ignore[arg-type]  # nobody asks for its pool
    "a reset": ConnectionResetError,
}


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("length", [0, 1, BLOCK - 1, BLOCK, len(CONTENT) - 1])
def test_a_body_that_breaks_once_is_read_on_from_where_it_broke(
    wire: Wire, bucket: Bucket, kind: str, length: int
) -> None:
    wire.plan = breaking(lambda number: breaking_after(length, BREAKS[kind]) if number == 1 else None)
    assert read(bucket.open(KEY)) == CONTENT
    assert [call.params["headers"].get("Range") for call in wire.calls] == [None, f"bytes={length}-"]


@pytest.mark.parametrize("kind", BREAKS)
def test_a_body_that_breaks_every_time_and_gets_on_is_read_to_its_end(wire: Wire, bucket: Bucket, kind: str) -> None:
    wire.plan = breaking(lambda _: breaking_after(3 * BLOCK + 7, BREAKS[kind]))
    assert read(bucket.open(KEY)) == CONTENT
    assert len(wire.calls) == 1 + len(CONTENT) // (3 * BLOCK + 7)


@pytest.mark.parametrize("kind", BREAKS)
def test_a_body_that_does_not_get_on_is_busy_and_never_short(
    wire: Wire, bucket: Bucket, waits: list[float], kind: str
) -> None:
    wire.plan = breaking(lambda number: breaking_after(BLOCK if number == 1 else 0, BREAKS[kind]))
    with closing(bucket.open(KEY)) as stream:
        assert stream.read(BLOCK) == CONTENT[:BLOCK]
        with pytest.raises(CloudBusy, match="again and again"):
            stream.read(BLOCK)
    assert len(wire.calls) == TRIES
    assert waits == sorted(set(waits))


def test_a_body_that_breaks_where_nobody_answers_any_more_is_busy(wire: Wire, bucket: Bucket) -> None:
    stream = bucket.open(KEY)
    wire.plan = at("GetObject", *[lost_request] * 4)
    stream._body._raw_stream = BytesIO()  # type: ignore[attr-defined]  # which ends early
    with closing(stream), pytest.raises(CloudBusy):
        stream.read(BLOCK)


def test_a_gzip_file_that_breaks_is_unpacked_whole(wire: Wire, bucket: Bucket) -> None:
    put(bucket, gzip.compress(CONTENT), "packed.csv.gz")
    wire.begin()
    wire.plan = breaking(lambda _: breaking_after(5_000, connection_broken))
    stream: Any = bucket.open("packed.csv.gz")
    with closing(stream), gzip.GzipFile(fileobj=stream) as unpacked:
        assert unpacked.read() == CONTENT


def test_an_empty_object_has_an_end_at_once(wire: Wire, bucket: Bucket) -> None:
    put(bucket, b"", "empty.csv")
    assert read(bucket.open("empty.csv")) == b""


# Whichever object is there by then.


@pytest.mark.parametrize("named", [True, False], ids=["by its version", "by its etag"])
def test_another_version_that_comes_meanwhile_is_never_mixed_in(wire: Wire, bucket: Bucket, named: bool) -> None:
    version = next(bucket.versions(KEY)).version if named else ""
    stream = bucket.open(KEY, version)
    beginning = stream.read(BLOCK)
    put(bucket, bytes(len(CONTENT)))
    stream._body._raw_stream = BytesIO()  # type: ignore[attr-defined]  # which ends early
    if named:
        assert beginning + read(stream) == CONTENT
    else:
        with closing(stream), pytest.raises(FileUnreadable, match="changed"):
            stream.read(BLOCK)


def test_an_object_that_changed_before_it_is_opened_is_not_taken_for_the_one_that_is_meant(
    wire: Wire, bucket: Bucket
) -> None:
    etag = next(bucket.versions(KEY)).etag
    assert read(bucket.open(KEY, etag=etag)) == CONTENT
    put(bucket, b"other")
    with pytest.raises(FileUnreadable):
        bucket.open(KEY, etag=etag)


def test_an_object_that_is_removed_meanwhile_is_not_found(wire: Wire, bucket: Bucket) -> None:
    version = next(bucket.versions(KEY)).version
    stream = bucket.open(KEY, version)
    bucket.remove(KEY, version)
    stream._body._raw_stream = BytesIO()  # type: ignore[attr-defined]  # which ends early
    with closing(stream), pytest.raises(NotFound):
        stream.read(BLOCK)


def test_what_was_never_there_is_not_found(bucket: Bucket) -> None:
    with pytest.raises(NotFound):
        bucket.open("nothing.csv")
    with pytest.raises(NotFound):
        bucket.open(KEY, "0" * 32)


def test_a_server_that_sends_another_range_than_was_asked_for_is_not_believed(wire: Wire, bucket: Bucket) -> None:
    def ignores_the_range(sending: Any) -> Any:
        sending.request.headers.pop("Range", None)
        return sending.pass_on()

    wire.plan = breaking(lambda number: breaking_after(BLOCK) if number == 1 else ignores_the_range)
    with closing(bucket.open(KEY)) as stream:
        assert stream.read(BLOCK) == CONTENT[:BLOCK]
        with pytest.raises(CloudBusy):
            stream.read(BLOCK)


# A part and a beginning.


@pytest.mark.parametrize("kind", BREAKS)
def test_a_part_that_breaks_is_asked_for_again(wire: Wire, bucket: Bucket, kind: str) -> None:
    wire.plan = breaking(lambda number: breaking_after(5, BREAKS[kind]) if number < 3 else None)
    assert bucket.part(KEY, 100, 200) == CONTENT[100:200]
    assert len(wire.calls) == 3


@pytest.mark.parametrize("kind", BREAKS)
def test_a_part_that_never_arrives_is_busy(wire: Wire, bucket: Bucket, waits: list[float], kind: str) -> None:
    wire.plan = breaking(lambda _: breaking_after(5, BREAKS[kind]))
    with pytest.raises(CloudBusy):
        bucket.part(KEY, 100, 200)
    assert len(wire.calls) == TRIES - 1
    assert waits == sorted(set(waits))


def test_a_part_of_what_is_not_there_is_not_found(bucket: Bucket) -> None:
    with pytest.raises(NotFound):
        bucket.part("nothing", 0, 1)


def test_a_beginning_is_whole_also_when_it_breaks(wire: Wire, bucket: Bucket) -> None:
    wire.plan = breaking(lambda number: breaking_after(5, connection_broken) if number == 1 else None)
    assert bucket.beginning(KEY, 100) == CONTENT[:100]
    assert len(wire.calls) == 2
    assert bucket.beginning(KEY, len(CONTENT) + 1) == CONTENT


# Put once.


def bodies() -> list[Any]:
    return [b"mine", BytesIO(b"mine")]


@pytest.mark.parametrize("body", bodies(), ids=["bytes", "a file"])
@pytest.mark.parametrize("fault", [lost_request, lost_reply, server_error, slow_down])
def test_what_is_put_stands_whatever_happens_on_the_way(wire: Wire, bucket: Bucket, body: Any, fault: Fault) -> None:
    wire.plan = at("PutObject", fault, fault)
    assert bucket.put_if_absent("new", body) is (fault is not lost_reply)
    assert read(bucket.open("new")) == b"mine"
    assert len(list(bucket.versions("new"))) == 1


def test_what_stands_is_not_put_again(bucket: Bucket) -> None:
    assert bucket.put_if_absent(KEY, b"other") is False
    assert read(bucket.open(KEY)) == CONTENT


@pytest.mark.parametrize("body", bodies(), ids=["bytes", "a file"])
def test_a_put_that_meets_another_is_tried_again(wire: Wire, bucket: Bucket, waits: list[float], body: Any) -> None:
    conflict = answered(409, "ConditionalRequestConflict")
    wire.plan = lambda call: [conflict] if call.number <= 2 else []
    assert bucket.put_if_absent("new", body) is True
    wire.plan = lambda _: ()
    assert read(bucket.open("new")) == b"mine"
    assert len(waits) == 2


def test_a_put_that_always_meets_others_is_busy(wire: Wire, bucket: Bucket) -> None:
    wire.plan = at("PutObject", answered(409, "ConditionalRequestConflict"))
    with pytest.raises(CloudBusy, match="new"):
        bucket.put_if_absent("new", b"mine")


def test_a_put_that_is_not_allowed_says_so(wire: Wire, bucket: Bucket) -> None:
    wire.plan = at("PutObject", answered(403, "AccessDenied"))
    with pytest.raises(CloudError, match="PutObject"):
        bucket.put_if_absent("new", b"mine")


@pytest.mark.parametrize("fault", [lost_request, server_error, slow_down])
def test_what_fails_for_longer_than_the_clients_retries_is_busy(wire: Wire, bucket: Bucket, fault: Fault) -> None:
    wire.plan = lambda _: [fault] * 4
    for ask in (
        lambda: bucket.open(KEY),
        lambda: bucket.part(KEY, 0, 1),
        lambda: bucket.put_if_absent("new", b"mine"),
        lambda: list(bucket.keys("")),
        lambda: list(bucket.versions("")),
        lambda: bucket.remove(KEY, "0" * 32),
    ):
        with pytest.raises(CloudBusy):
            ask()


# Listings.


@pytest.mark.parametrize("size", [1, 2, 3])
def test_listings_are_the_same_in_pages_of_any_size(wire: Wire, bucket: Bucket, size: int) -> None:
    for number in range(7):
        put(bucket, b"x", f"many/{number}")
        put(bucket, b"y", f"many/{number}")
    keys, versions = list(bucket.keys("many/")), list(bucket.versions("many/"))
    assert keys == [f"many/{number}" for number in range(7)]
    assert [(version.key, version.latest) for version in versions] == [
        (key, latest) for key in keys for latest in (True, False)
    ]
    with small_pages(wire.clients, size):
        assert list(bucket.keys("many/")) == keys
        assert list(bucket.versions("many/")) == versions


def test_an_object_without_versions_is_read_and_removed_too(wire: Wire) -> None:
    bucket = made(wire, versioned=False)
    (version,) = bucket.versions(KEY)
    wire.begin()
    wire.plan = breaking(lambda _: breaking_after(3 * BLOCK, connection_broken))
    assert read(bucket.open(KEY)) == CONTENT
    bucket.remove(version.key, version.version)
    bucket.remove(version.key, version.version)
    assert list(bucket.versions("")) == []
