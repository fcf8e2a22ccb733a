"""Contributions that are erased: what they add goes, what is known of them stays."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from iotagg.core.contribution import Head
from iotagg.core.ledger import sealing
from iotagg.stores.dynamodb.table import FILES, FileItem, MarkerItem, file_key, marker_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pynamodb.expressions.update import Action

    from iotagg.core.contribution import Name
    from iotagg.core.ledger import FileRecord
    from iotagg.stores.dynamodb.archive import Archive
    from iotagg.stores.dynamodb.table import Table

    Write = Callable[[Callable[[], object]], bool]

_MARKER_SECONDS = 40 * 24 * 3600  # longer than any message is kept: 14 days in a queue, and as long as a dead letter


def erase(table: Table, archive: Archive, write: Write, item: FileItem, name: Name, *, referred: bool) -> bool:
    """Erase a contribution, given its item, as the protocol of stores says; `write` may be kept out by its condition.

    Each step may be repeated; the object that lists it in the bucket goes last, so that the rest is found again.
    """
    key = file_key(name)
    nothing_refers = None if referred else FileItem.paths.does_not_exist()
    mark = FileItem.erased.set(True)
    if not write(lambda: table.files(*key).update(actions=[mark], condition=nothing_refers)):
        return False
    head = Head.parse(item.head)
    revision = sealing(int(item.revision))
    for number in range(head.chunks if revision else 0):
        _strip(table, write, name, number, revision)
    emptied: list[Action] = [FileItem.head.set(dumped(head.emptied())), FileItem.first_chunk.set(0)]
    write(lambda: table.files(*key).update(actions=emptied, condition=FileItem.erased.exists()))
    archive.remove_rejects(name)
    archive.remove(name)
    return True


def _strip(table: Table, write: Write, name: Name, number: int, revision: int) -> None:
    # The marker says no more than how far it came, or that nothing is to come; it goes when no message can ask for it.
    changes: list[Action] = [
        MarkerItem.revision.set(MarkerItem.revision | revision),
        MarkerItem.is_in.set(MarkerItem.is_in | False),
        MarkerItem.totals.set({}),
        MarkerItem.expires.set(int(time.time()) + _MARKER_SECONDS),
    ]
    write(lambda: table.markers(*marker_key(name, number)).update(actions=changes))


def forgotten_item(table: Table, record: FileRecord) -> FileItem:
    """Return the item of a contribution that was forgotten elsewhere."""
    known = record.forgotten_elsewhere()
    return table.files(
        *file_key(known.name),
        head=dumped(known.head),
        first_chunk=0,
        revision=known.revision,
        retracted=known.retracted,
        erased=True,
    )


def forgotten_items(table: Table) -> Iterator[FileItem]:
    """Yield the items of what was forgotten, at all sites. Nothing lists them, so the whole table is scanned."""
    is_forgotten = FileItem.erased.exists() & FileItem.paths.does_not_exist()
    yield from table.files.scan(FileItem.pk.startswith(FILES) & is_forgotten, consistent_read=True)


def dumped(head: Head) -> str:
    """Return a head as it stands in an item."""
    return json.dumps(head.as_json(), separators=(",", ":"))
