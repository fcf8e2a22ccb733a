"""The store on AWS, behind the protocol that all stores share.

All reads are strongly consistent: whoever was told that a file is counted finds it in the next export.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactWriteError
from pynamodb.expressions.operand import Path as Attribute
from pynamodb.transactions import TransactWrite

from iotagg.aws.objects import Bucket
from iotagg.aws.patience import Patience
from iotagg.aws.problems import code_of, explained
from iotagg.core.contribution import Head, Name, no_contribution
from iotagg.core.ledger import FileRecord, PathRecord, Pending, Refusal, is_in
from iotagg.errors import CloudBusy, FileRefused, InvalidValue
from iotagg.stores.dynamodb.allow_list import AllowList
from iotagg.stores.dynamodb.archive import Archive
from iotagg.stores.dynamodb.books import Books
from iotagg.stores.dynamodb.corrections import Corrections
from iotagg.stores.dynamodb.erasing import dumped, erase, forgotten_item, forgotten_items
from iotagg.stores.dynamodb.floor import Floor
from iotagg.stores.dynamodb.lookups import Lookups
from iotagg.stores.dynamodb.ranks import Ranks
from iotagg.stores.dynamodb.records import cut, file_record, path_record, stored_refusal
from iotagg.stores.dynamodb.removal import Removal
from iotagg.stores.dynamodb.sums import Sums
from iotagg.stores.dynamodb.table import (
    PENDING,
    SITES,
    FileItem,
    Kind,
    MarkerItem,
    PathItem,
    PendingItem,
    bound,
    content_key,
    file_key,
    marker_key,
    marker_prefix,
    paths_key,
    pending_key,
)
from iotagg.stores.dynamodb.transaction import CONDITION_FAILED
from iotagg.stores.protocol import FIRST_MONTH, LAST_MONTH, NO_PAIR

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from pynamodb.expressions.update import Action

    from iotagg.aws.clients import Clients
    from iotagg.core.books import Held, Marker
    from iotagg.core.contribution import Chunk, Contribution
    from iotagg.core.ledger import Move
    from iotagg.core.lines import ByteStream
    from iotagg.core.pair_month import PairMonth
    from iotagg.core.rejects import Reject

_READ_TOGETHER = 100  # the most items of one BatchGetItem
_CUTS = 64  # so many of them are remembered
MAX_PATH_BYTES = 1024  # the most of a sort key, and of a key in a bucket (Amazon DynamoDB Developer Guide, "Quotas")
_ROUNDS = 50  # so often a path is read again that others change meanwhile


class DynamoStore:
    """A store in a DynamoDB table and a bucket. Threads may share one; processes each need their own.

    With `retention_months`, months that are older are neither counted nor read, and each item of a month is given the
    second at which it expires. Methods raise CloudError where AWS cannot be used, CloudBusy where another try may do
    better.
    """

    def __init__(
        self,
        clients: Clients,
        table: str,
        bucket: str,
        patience: Patience | None = None,
        *,
        retention_months: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = bound(table, clients.dynamodb)
        self._patience = patience or Patience()
        self._archive = Archive(Bucket(clients.s3, bucket))
        self._floor = Floor(self._table, retention_months, clock)
        self._sums = Sums(clients.dynamodb, table, clients.meter, self._patience, self._floor)
        self._books = Books(clients.dynamodb, table)
        self.listed_paths = self._books.listed_paths
        self._corrections = Corrections(clients.dynamodb, table, self._patience, self._floor)
        self._removal = Removal(clients.dynamodb, table, self._patience)
        self._offer(clients)
        self._sites: set[str] = set()
        self._cuts: dict[Name, tuple[Head, int]] = {}  # hardly ever change, and are asked for with each message
        self.meter = clients.meter

    def _offer(self, clients: Clients) -> None:
        lookups = Lookups(clients.dynamodb, self._table.name, self._patience, self._floor)
        ranks = Ranks(clients.dynamodb, self._table.name, clients.meter, self._patience, self._floor)
        allow_list = AllowList(clients.dynamodb, self._table.name, self._patience)
        self.several_months, self.source_months = lookups.several_months, lookups.source_months
        self.ranked_months, self.put_rank, self.ranks = lookups.ranked_months, ranks.put_rank, ranks.ranks
        self.device_sizes, self.device_ranks = ranks.device_sizes, ranks.device_ranks
        self.devices, self.sum_devices = ranks.devices, ranks.sum_devices
        self.device_faults, self.doubt_devices = ranks.device_faults, ranks.doubt_devices
        self.allowances, self.allow, self.disallow = allow_list.allowances, allow_list.allow, allow_list.disallow

    @contextmanager
    def atomically(self, *, keep: bool = True) -> Iterator[None]:
        """Nothing is held together here: every write stands by itself. Raises InvalidValue when it must not be kept."""
        if not keep:
            raise InvalidValue("a dry run needs a database file: what is written to a table stays")
        yield

    def close(self) -> None:
        """Nothing to let go of: the clients belong to whoever made them."""

    def keep(self, contribution: Contribution, *, again: bool = False) -> Head:
        name = contribution.head.name
        standing = self.file(name)
        if standing is not None and not (again and standing.erased):
            return standing.head
        head, first_chunk = self._archive.keep(contribution)
        if standing is not None:
            self._restore(name, head, first_chunk)
            return head
        self._know(name.site)
        item = self._table.files(*file_key(name), head=dumped(head), first_chunk=first_chunk)
        if not self._write(lambda: item.save(Attribute("pk").does_not_exist())) and self._is_erased(name):
            self._archive.remove(name)  # others stored it, and erased it again, before this did
        return head

    def _restore(self, name: Name, head: Head, first_chunk: int) -> None:
        item = self._table.files(*file_key(name))
        stored: list[Action] = [FileItem.head.set(dumped(head)), FileItem.first_chunk.set(first_chunk)]
        is_erased = FileItem.erased.exists()
        self._write(lambda: item.update(actions=[*stored, FileItem.erased.remove()], condition=is_erased))

    def keep_rejects(self, name: Name, members: Iterable[bytes]) -> None:
        # Looked at afterwards: what is erased after that finds them.
        if self._archive.keep_rejects(name, members) and self._is_erased(name):
            self._archive.remove_rejects(name)

    def _is_erased(self, name: Name) -> bool:
        record = self.file(name)
        return record is not None and record.erased

    def chunks(self, name: Name, numbers: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        known = self._cuts.get(name) or cut(self._file(name))
        if known is None:
            raise no_contribution(name)
        yield from self._archive.chunks(*known, numbers)

    def move(self, site: str, move: Move) -> bool:
        self._know(site)
        for tries in range(_ROUNDS):
            item = self._path(site, move.path)
            before = path_record(site, move.path, item)
            if tries and move.applied_to(before) == before:
                return True  # it was this very move that came first: its answer was lost, and it was sent again
            if not move.fits(before):
                return False
            if self._moved(site, move, item):
                return True
            taken = self.file(move.take) if move.take is not None else None
            if taken is not None and taken.is_forgotten:
                return False
            self.meter.add("paths_read_again")
        raise CloudBusy(f"table {self._table.name}: others keep changing {move.path}; try later")

    def _moved(self, site: str, move: Move, item: PathItem | None) -> bool:
        before = path_record(site, move.path, item)
        after = move.applied_to(before)
        if item is not None and after == before:
            return True
        moves = int(item.moves) if item is not None else 0
        is_as_it_was = PathItem.moves == moves if moves else PathItem.moves.does_not_exist()
        with explained(f"table {self._table.name}"):
            return self._write(lambda: self._move(move, before, after, moves + 1, is_as_it_was))

    def _move(self, move: Move, before: PathRecord, after: PathRecord, moves: int, condition: Any) -> None:
        table = self._table
        path = table.paths(paths_key(before.site), before.path)
        changes: list[Action] = [
            PathItem.moves.set(moves),
            PathItem.contributions.set([str(name) for name in after.names]),
            PathItem.first_sequencer.set(after.versions.first),
            PathItem.last_sequencer.set(after.versions.last),
            PathItem.last_rule.set(after.versions.last_rule),
            PathItem.refusal.set(stored_refusal(after.refusal)) if after.refusal else PathItem.refusal.remove(),
        ]
        if move.origin.version:
            changes.append(PathItem.final_versions.add({move.origin.version}))
        file_is_known = FileItem.pk.exists()
        file_may_be_taken = file_is_known & (FileItem.erased.does_not_exist() | FileItem.paths.exists())
        dropped = sorted(set(before.names) - set(after.names))
        taken = [move.take] if move.take is not None else []
        with TransactWrite(connection=table.connection.connection) as together:
            together.update(path, actions=changes, condition=condition)
            leaving: list[Action] = [FileItem.paths.delete({move.path})]
            leaving += [FileItem.retracted.set(move.path)] if move.retracted else []
            coming: list[Action] = [FileItem.paths.add({move.path})]
            for name in dropped:
                together.update(table.files(*file_key(name)), leaving, condition=file_is_known)
            for name in taken:
                together.update(table.files(*file_key(name)), coming, condition=file_may_be_taken)
            for name in (*dropped, *taken):
                # Whoever moves it may end before its revision follows; the sweep then finds it here.
                together.save(self._pending(name, revision=0))

    def refuse(self, site: str, path: str, refusal: Refusal | None, version: str = "") -> None:
        changes: list[Action] = []
        if refusal is not None:
            changes.append(PathItem.refusal.set(stored_refusal(refusal)))
        if version:
            changes.append(PathItem.final_versions.add({version}))
        if changes:
            self._know(site)
            item = self._table.paths(paths_key(site), path)
            self._write(lambda: item.update(actions=changes))

    def advance(
        self, name: Name, expected: int, revision: int, *, retracted: str = "", referred: bool | None = None
    ) -> bool:
        table = self._table
        condition = FileItem.revision == expected
        if referred is not None:
            condition &= FileItem.paths.exists() if referred else FileItem.paths.does_not_exist()
        changes: list[Action] = [FileItem.revision.set(revision), FileItem.retracted.set(retracted)]

        def write() -> None:
            with TransactWrite(connection=table.connection.connection) as together:
                together.update(table.files(*file_key(name)), actions=changes, condition=condition)
                if revision != expected:
                    together.save(self._pending(name, revision))

        return self._write(write)

    def _pending(self, name: Name, revision: int) -> PendingItem:
        return self._table.pending(PENDING, pending_key(name), revision=revision, since=int(time.time()))

    def apply(self, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
        return self._sums.apply(name, revision, number, chunk)

    def applied(self, name: Name, revision: int) -> frozenset[int]:
        return self._chunks_at(name, revision, "revision")

    def assessed_chunks(self, name: Name, revision: int) -> frozenset[int]:
        return self._chunks_at(name, revision, "assessed")

    def _chunks_at(self, name: Name, revision: int, attribute: str) -> frozenset[int]:
        with explained(f"table {self._table.name}"):
            markers = self._table.markers.query(
                content_key(name.site, name.content),
                self._table.markers.sk.startswith(marker_prefix(name)),
                consistent_read=True,
                attributes_to_get=["sk", attribute],
            )
            return frozenset(
                int(marker.sk.rpartition("#")[2]) for marker in markers if (getattr(marker, attribute) or 0) >= revision
            )

    def chunk_assessed(self, name: Name, revision: int, number: int) -> None:
        item, is_there = self._table.markers(*marker_key(name, number)), MarkerItem.revision == revision
        # Who has moved it on since assesses what he changed.
        self._write(lambda: item.update(actions=[MarkerItem.assessed.set(revision)], condition=is_there))

    def pending(self, site: str) -> Iterator[Pending]:
        with explained(f"table {self._table.name}"):
            items = self._table.pending.query(
                PENDING, self._table.pending.sk.startswith(f"{site}#"), consistent_read=True
            )
            for item in items:
                name = Name.parse(site, item.sk.partition("#")[2])
                if not item.revision and self._came_to_nothing(name):
                    self.settled(name, 0)
                else:
                    yield Pending(name, int(item.since))

    def _came_to_nothing(self, name: Name) -> bool:
        # A path took it and dropped it again before anything of it was counted.
        record = self.file(name)
        return record is not None and not record.revision and not record.paths

    def settled(self, name: Name, revision: int) -> None:
        # Not if its revision is yet to follow its paths: somebody may just have moved one.
        table = self._table
        follows = FileItem.paths.exists() if is_in(revision) else FileItem.paths.does_not_exist()
        nothing_is_left = (FileItem.revision == revision) & follows

        def write() -> None:
            with TransactWrite(connection=table.connection.connection) as together:
                together.condition_check(table.files, *file_key(name), condition=nothing_is_left)
                together.delete(table.pending(PENDING, pending_key(name)))

        self._write(write)

    def outstanding(self, site: str) -> Iterator[tuple[Name, int]]:  # noqa: ARG002 (as the protocol has it)
        """Yield nothing: what is to be assessed is pending until it is."""
        return iter(())

    def assessed(self, name: Name, revision: int) -> None:
        """Nothing to do, as there is nothing outstanding."""

    def floor(self) -> str:
        return self._floor.remembered()

    def raise_floor(self, month: str) -> None:
        self._floor.raise_to(month, self._write)

    def floor_lag(self) -> float:
        return self._floor.lag()

    def erase(self, name: Name, *, referred: bool = False) -> bool:
        item = self._file(name)
        if item is None:
            self._archive.remove_rejects(name)
            return True
        erased = erase(self._table, self._archive, self._write, item, name, referred=referred)
        self._cuts.pop(name, None)
        return erased

    def keep_forgotten(self, record: FileRecord) -> None:
        item = forgotten_item(self._table, record)
        self._write(lambda: item.save(Attribute("pk").does_not_exist()))

    def erase_empty(self, site: str = "", device: str = "") -> int:
        return self._removal.empty(site, device)

    def erase_below_floor(self) -> int:
        return self._removal.below(self._floor.remembered())

    def drop_path(self, site: str, path: str) -> bool:
        item = self._path(site, path)
        if item is None:
            return True
        is_as_it_was = PathItem.moves == item.moves if item.moves else PathItem.moves.does_not_exist()
        if item.contributions or self._write(lambda: item.delete(condition=is_as_it_was)):
            return not item.contributions
        return self._path(site, path) is None  # its answer was lost, and it was sent again

    def rejected(self, site: str) -> Iterator[Name]:
        return self._archive.rejected(site)

    def file(self, name: Name) -> FileRecord | None:
        item = self._file(name)
        return None if item is None else file_record(item)

    def _file(self, name: Name) -> FileItem | None:
        item = self._get(lambda: self._table.files.get(*file_key(name), consistent_read=True))
        known = cut(item)
        if known is None:
            self._cuts.pop(name, None)
        else:
            self._cuts[name] = known
            while len(self._cuts) > _CUTS:
                self._cuts.pop(next(iter(self._cuts)), None)
        return item

    def readings(self, site: str, content: str) -> list[FileRecord]:
        # Behind an option's file item lie its markers; each step goes over them to the next options.
        found: list[FileRecord] = []
        before = "g"  # options are hexadecimal
        while True:
            with explained(f"table {self._table.name}"):
                items = self._table.files.query(
                    content_key(site, content),
                    self._table.files.sk < before,
                    consistent_read=True,
                    scan_index_forward=False,
                    limit=1,
                )
                item = next(iter(items), None)
            if item is None:
                return found[::-1]
            before = item.sk.partition("#")[0]
            if item.sk.endswith("#file"):
                found.append(file_record(item))

    def path(self, site: str, path: str) -> PathRecord:
        return path_record(site, path, self._path(site, path))

    def _path(self, site: str, path: str) -> PathItem | None:
        if len(path.encode()) > MAX_PATH_BYTES:
            raise FileRefused(f"its path is longer than the {MAX_PATH_BYTES:,} bytes that a stack can keep")
        return self._get(lambda: self._table.paths.get(paths_key(site), path, consistent_read=True))

    def sites(self) -> list[str]:
        with explained(f"table {self._table.name}"):
            sites = [item.sk for item in self._table.sites.query(SITES, consistent_read=True)]
        return list(filter(self._has_anything, sites))

    def _has_anything(self, site: str) -> bool:
        # A site that was forgotten stays on the list: others may be about to count its next file.
        with explained(f"table {self._table.name}"):
            paths = self._table.paths.query(paths_key(site), consistent_read=True, limit=1)
            return next(paths, None) is not None or next(self._archive.names(site), None) is not None

    def _know(self, site: str) -> None:
        if site not in self._sites:
            item = self._table.sites(SITES, site)
            self._write(lambda: item.save(Attribute("pk").does_not_exist()))  # it may hold more than its name by now
            self._sites.add(site)

    def paths(self, site: str) -> Iterator[PathRecord]:
        with explained(f"table {self._table.name}"):
            for item in self._table.paths.query(paths_key(site), consistent_read=True):
                yield path_record(site, item.sk, item)

    def files(self, site: str) -> Iterator[FileRecord]:
        """Yield a site's contributions, sorted by name, which is how the bucket lists them."""
        waiting: list[Name] = []
        for name in self._archive.names(site):
            waiting.append(name)
            if len(waiting) == _READ_TOGETHER:
                yield from self._files(waiting)
                waiting = []
        yield from self._files(waiting)

    def _files(self, names: list[Name]) -> list[FileRecord]:
        with explained(f"table {self._table.name}"):
            items = self._table.files.batch_get(list(map(file_key, names)), consistent_read=True)
            return sorted(map(file_record, items), key=lambda record: record.name)

    def forgotten(self) -> Iterator[FileRecord]:
        """Yield what was forgotten, in no particular order: the whole table is read."""
        with explained(f"table {self._table.name}"):
            yield from map(file_record, forgotten_items(self._table))

    def rejects(self, name: Name) -> Iterator[Reject]:
        return self._archive.rejects(name)

    def months(
        self, site: str, source: str, destination: str, first: str = FIRST_MONTH, last: str = LAST_MONTH
    ) -> list[PairMonth]:
        return list(self._sums.months(site, source, destination, first, last))

    def scan(self, site: str, after: tuple[str, str] = NO_PAIR) -> Iterator[PairMonth]:
        return self._sums.scan(site, after)

    def first_month(self) -> str:
        return self._floor.first_month()

    def names(self, site: str) -> Iterator[Name]:
        return self._archive.names(site)

    def traces(self, sites: Collection[str] = ()) -> Iterator[Name]:
        return self._books.traces(sites)

    @contextmanager
    def stored(self, name: Name) -> Iterator[tuple[ByteStream, int, int]]:
        item = self._file(name)
        with self._archive.stored(name) as stream:
            yield stream, stream.size, 0 if item is None else int(item.first_chunk)

    def markers(self, name: Name) -> dict[int, Marker]:
        return self._books.markers(name)

    def held(self, sites: Collection[str] = ()) -> Iterator[Held]:
        return self._books.held(sites, self._floor.first_month())

    def held_month(self, site: str, source: str, destination: str, month: str) -> Held | None:
        return self._books.held_month(site, source, destination, month)

    def correct(self, before: Held, sums: dict[str, int]) -> bool:
        return self._corrections.correct(before, sums)

    def put_marker(self, name: Name, number: int, before: Marker, revision: int) -> bool:
        return self._corrections.put_marker(name, number, before, revision)

    def _get(self, read: Callable[[], Kind]) -> Kind | None:
        with explained(f"table {self._table.name}"):
            try:
                return read()
            except DoesNotExist:
                return None

    def _write(self, write: Callable[[], object]) -> bool:
        # Says whether it was written: what its condition keeps out, is no failure.
        with explained(f"table {self._table.name}"):
            try:
                self._patience.spent_on(write, lambda: self.meter.add("writes_tried_again"))
            except PynamoDBException as error:
                if _kept_out(error):
                    return False
                raise
        return True


def _kept_out(error: PynamoDBException) -> bool:
    if code_of(error) == "ConditionalCheckFailedException":
        return True
    reasons = error.cancellation_reasons if isinstance(error, TransactWriteError) else ()
    return any(reason is not None and reason.code == CONDITION_FAILED for reason in reasons)
