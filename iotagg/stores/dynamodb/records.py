"""Items of the table, as the records that all stores speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from iotagg.core.contribution import Head, Name
from iotagg.core.ledger import FileRecord, PathRecord, Refusal, Versions

if TYPE_CHECKING:
    from iotagg.core.ledger import OnChange
    from iotagg.stores.dynamodb.table import FileItem, PathItem


def _head(item: FileItem) -> Head:
    return Head.parse(item.head)


def cut(item: FileItem | None) -> tuple[Head, int] | None:
    """Return the head that says which chunks there are, and where they begin; None for what is stored no longer."""
    return None if item is None or item.erased else (_head(item), int(item.first_chunk))


def stored_refusal(refusal: Refusal) -> list[object]:
    """Return a refusal in the form in which it is stored."""
    return [refusal.reason, refusal.content, refusal.lines, refusal.last_day]


def file_record(item: FileItem) -> FileRecord:
    """Return what is known of a contribution."""
    head = _head(item)
    return FileRecord(
        head.emptied() if item.erased else head,
        int(item.revision),
        item.retracted,
        frozenset(item.paths or ()),
        erased=bool(item.erased),
    )


def path_record(site: str, path: str, item: PathItem | None) -> PathRecord:
    """Return what is known of a path; without an item, that is nothing."""
    if item is None:
        return PathRecord(site, path)
    return PathRecord(
        site,
        path,
        names=tuple(Name.parse(site, text) for text in item.contributions),
        refusal=None if item.refusal is None else Refusal(*item.refusal),
        versions=Versions(
            frozenset(item.final_versions or ()),
            item.first_sequencer,
            item.last_sequencer,
            cast("OnChange", item.last_rule),
        ),
        moves=int(item.moves),
    )
