"""What lies in the bucket beside the incoming files: contributions in their cut, and rejected lines."""

from __future__ import annotations

import tempfile
from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO, cast

from iotagg.core.contribution import Name, chunk_ranges, head_of, read_chunk
from iotagg.core.rejects import stored_rejects
from iotagg.errors import Damaged, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.aws.objects import Bucket, ObjectStream
    from iotagg.core.contribution import Chunk, Contribution, Head
    from iotagg.core.rejects import Reject

CONTRIBUTIONS = "contributions/"
REJECTS = "rejects/"
_SUFFIX = ".ndjson.gz"
_HEAD_BYTES = 1 << 16  # enough for the head of nearly every contribution
_READ_TOGETHER = 64  # chunks, each of some kilobytes
_SPOOL = 1 << 20


class Archive:
    """The objects `contributions/<site>/<name>.ndjson.gz` and `rejects/<site>/<name>.ndjson.gz`, each written once."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def keep(self, contribution: Contribution) -> tuple[Head, int]:
        """Store a contribution if there is none of its name; return the head that stands and where its chunks begin."""
        key = _key(CONTRIBUTIONS, contribution.head.name)
        stored = contribution.stored()
        if self._bucket.put_if_absent(key, stored):
            return contribution.head, len(stored) - sum(contribution.head.chunk_bytes)
        length = _HEAD_BYTES
        while True:
            beginning = self._bucket.beginning(key, length)
            try:
                return head_of(beginning)
            except ValueError:  # the head is longer than what was read of it
                if len(beginning) < length:
                    raise Damaged(
                        f"the head of contribution {contribution.head.name} is damaged (its end is missing);"
                        " bring it back from a backup, or upload its file again"
                    ) from None
                length *= 4

    def chunks(self, head: Head, first_chunk: int, numbers: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        """Yield chunks, each with its number; those that lie together are read together. Raises NotFound."""
        ranges = chunk_ranges(head, first_chunk)
        for together in _runs(numbers):
            begin, end = ranges[together[0]][0], ranges[together[-1]][1]
            content = self._bucket.part(_key(CONTRIBUTIONS, head.name), begin, end)
            for number in together:
                first, last = ranges[number]
                yield number, read_chunk(content[first - begin : last - begin], f"contribution {head.name}")

    def stored(self, name: Name) -> closing[ObjectStream]:
        """Open a contribution's stored form. Raises NotFound."""
        return closing(self._bucket.open(_key(CONTRIBUTIONS, name)))

    def names(self, site: str) -> Iterator[Name]:
        """Yield the names of a site's contributions, sorted."""
        yield from self._names(CONTRIBUTIONS, site)

    def rejected(self, site: str) -> Iterator[Name]:
        """Yield the names under which a site's rejected lines are kept, sorted."""
        yield from self._names(REJECTS, site)

    def _names(self, folder: str, site: str) -> Iterator[Name]:
        prefix = f"{folder}{site}/"
        for key in self._bucket.keys(prefix):
            yield Name.parse(site, key.removeprefix(prefix).removesuffix(_SUFFIX))

    def remove(self, name: Name) -> None:
        """Remove a contribution for good."""
        self._remove(_key(CONTRIBUTIONS, name))

    def remove_rejects(self, name: Name) -> None:
        """Remove the rejected lines of a file for good."""
        self._remove(_key(REJECTS, name))

    def _remove(self, key: str) -> None:
        for version in self._bucket.versions(key):
            if version.key == key:
                self._bucket.remove(key, version.version)

    def keep_rejects(self, name: Name, members: Iterable[bytes]) -> bool:
        """Store the rejected lines of a file, if there are any, and none of its name; say whether it did."""
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
            for member in members:
                spool.write(member)
            if spool.tell():
                spool.seek(0)
                return self._bucket.put_if_absent(_key(REJECTS, name), cast("BinaryIO", spool))
        return False

    def rejects(self, name: Name) -> Iterator[Reject]:
        """Yield the rejected lines of a file."""
        try:
            stream = self._bucket.open(_key(REJECTS, name))
        except NotFound:
            return
        try:
            yield from stored_rejects(stream, f"contribution {name}")
        finally:
            stream.close()


def _key(folder: str, name: Name) -> str:
    return f"{folder}{name.site}/{name}{_SUFFIX}"


def _runs(numbers: Iterable[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for number in numbers:
        if run and (number != run[-1] + 1 or len(run) == _READ_TOGETHER):
            yield run
            run = []
        run.append(number)
    if run:
        yield run
