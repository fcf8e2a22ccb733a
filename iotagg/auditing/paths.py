"""Each path of a site: what it refers to, and why it was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.auditing.findings import Finding
from iotagg.auditing.reading import DAMAGE, reject_faults, said
from iotagg.core.contribution import Name
from iotagg.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.auditing.spool import Spool
    from iotagg.core.ledger import PathRecord
    from iotagg.stores.protocol import Store


def path_faults(store: Store, spool: Spool, site: str) -> Iterator[Finding]:
    """Put a site's paths into the spool, and yield what is wrong with the lines of those that were refused."""
    seen = ""
    try:
        for record in store.paths(site):
            yield from _path_faults(store, spool, record)
            seen = record.path
    except DAMAGE:
        yield from _one_by_one(store, spool, site, seen)


def _one_by_one(store: Store, spool: Spool, site: str, after: str) -> Iterator[Finding]:
    # One that cannot be read is not to hide those that come behind it.
    for path in store.listed_paths(site):
        if path > after:
            try:
                yield from _path_faults(store, spool, store.path(site, path))
            except DAMAGE as error:
                yield Finding(site, f"what is known of it cannot be read: {said(error)}", paths=(path,))


def _path_faults(store: Store, spool: Spool, record: PathRecord) -> Iterator[Finding]:
    spool.add_path(record)
    yield from (Finding(record.site, fault, paths=(record.path,)) for fault in _refusal_faults(store, record))


def _refusal_faults(store: Store, record: PathRecord) -> Iterator[str]:
    refusal = record.refusal
    if refusal is None or not refusal.lines:
        return
    lines = refusal.lines
    total = sum(value for part, value in lines.items() if part != "lines")
    if total != lines["lines"]:
        yield f"it was refused with {lines['lines']} lines, of which {total} are accounted for"
    try:
        name = Name.parse(record.site, refusal.content)
    except InvalidValue:
        return
    if store.file(name) is None:
        # What was refused for its age, or was forgotten since, keeps none of them.
        yield from reject_faults(store, name, lines["rejected"], lines["lines"], or_none=True)
