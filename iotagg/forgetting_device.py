"""A device that is to be forgotten: each file that knows it gives way to what remains of it without the device."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from iotagg.assess import assess_chunk
from iotagg.core.contribution import Name
from iotagg.core.ledger import Move, is_in
from iotagg.core.mentions import masked, mentions
from iotagg.core.rejects import packed_rejects
from iotagg.core.remainder import ERASED, is_of, remainder, without_mention
from iotagg.errors import NotFound
from iotagg.forgetting import Affected, count_pairs, disallow, nothing_raw
from iotagg.pipeline import apply_missing, consolidate, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.core.contribution import Chunk, Head
    from iotagg.core.ledger import FileRecord, Refusal
    from iotagg.core.rejects import Reject
    from iotagg.forgetting import Remove
    from iotagg.stores.protocol import Store

_DIGITS = 16


def forget_device(store: Store, device: str, site: str = "", remove: Remove = nothing_raw) -> int:
    """Forget a device, given by its canonical address, at one site or all; return how many files knew it.

    Its rows are taken out of all files, in the sums and in what is kept of the files, and so is each rejected line that
    mentions it. `remove` removes the raw files of a path that are done with.
    """
    files = 0
    for at in [site] if site else store.sites():
        _finish(store, at)
        coming: list[Name] = []
        for record in store.files(at):
            if record.erased:
                store.erase(record.name)  # an earlier attempt was interrupted
            elif knows(store, record, device):
                files += 1
                if _may_be_coming(record):
                    coming.append(record.name)
                else:
                    _take_out(store, record.name, device, remove)
        files += _forget_refused(store, at, device, remove)
        for name in coming:
            _take_out(store, name, device, remove)
    store.erase_empty(site, device)
    store.erase_below_floor()
    disallow(store, site, device)
    return files


def affected_of(store: Store, device: str, site: str = "") -> Affected:
    """Return what forget_device() would forget."""
    sites = [site] if site else store.sites()
    files = sum(knows(store, record, device) for at in sites for record in store.files(at))
    refused = sum(1 for at in sites for _ in _refused(store, at, device))
    return Affected(files + refused, count_pairs(store, sites, lambda row: is_of(row, device)))


def _may_be_coming(record: FileRecord) -> bool:
    # It was stored, and no path refers to it yet: somebody may be about to move one. Or whoever was, ended.
    return not record.revision and not record.paths and not record.retracted


def knows(store: Store, record: FileRecord, device: str) -> bool:
    """Say whether a contribution has pair-months of a device, or rejected lines that mention it."""
    try:
        if any(is_of(row, device) for chunk in _chunks(store, record) for row in chunk):
            return True
    except NotFound:  # it was erased meanwhile
        return False
    return bool(record.head.lines["rejected"]) and _is_mentioned(store, record.name, device)


def _chunks(store: Store, record: FileRecord) -> Iterator[Chunk]:
    return (chunk for _, chunk in store.chunks(record.name, range(record.head.chunks)))


def _is_mentioned(store: Store, name: Name, device: str) -> bool:
    return any(without_mention(reject, device) is not reject for reject in store.rejects(name))


def _finish(store: Store, site: str) -> None:
    # An earlier attempt may have ended between a path's move and what follows it.
    for pending in store.pending(site):
        record = store.file(pending.name)
        if record is not None and ERASED in record.head.reading:
            settle(store, [record.name], _brought_assessed)


def _brought_assessed(store: Store, head: Head, revision: int) -> None:
    # Others may have assessed pairs while the file was out and its remainder not in yet. A store that derives what is
    # to be assessed leaves it to the next one who asks.
    if not is_in(revision):
        consolidate(store, head, revision)
        return
    left = set(range(head.chunks)) - store.assessed_chunks(head.name, revision)
    apply_missing(store, head.name, revision, sorted(left))
    left -= store.assessed_chunks(head.name, revision)
    with suppress(NotFound):  # it was erased meanwhile
        for number, chunk in store.chunks(head.name, sorted(left)):
            assess_chunk(store, head.name.site, chunk)
            store.chunk_assessed(head.name, revision, number)
    store.settled(head.name, revision)


def _take_out(store: Store, name: Name, device: str, remove: Remove) -> None:
    # Whoever uploads the same meanwhile may let a path refer to it again: then that path is moved, too.
    erased = False
    while not erased:
        with store.atomically():
            record = store.file(name)
            if record is None or record.erased:
                return
            settled = [name]
            if record.paths:
                settled.append(_keep_remainder(store, record, device))
            for path in sorted(record.paths):
                remove(path)
                store.move(name.site, Move(path, take=settled[-1], drop=(name,), in_place=True))
            settle(store, settled, _brought_assessed)
            erased = store.erase(name)


def _keep_remainder(store: Store, record: FileRecord, device: str) -> Name:
    rest = remainder(record.head, _chunks(store, record), device, store.rejects(record.name))
    store.keep(rest, again=True)
    store.keep_rejects(rest.head.name, packed_rejects(_rejects_without(store, record.name, device)))
    return rest.head.name


def _rejects_without(store: Store, name: Name, device: str) -> Iterator[Reject]:
    return (without_mention(reject, device) for reject in store.rejects(name))


# Refused files: nothing is kept of them but their rejected lines, and why they were refused.


def _forget_refused(store: Store, site: str, device: str, remove: Remove) -> int:
    refused = list(_refused(store, site, device))
    renamed = {str(name): _rename(store, name, device) for name in _rejected(store, site, device)}
    for path, refusal in refused:
        remove(path)
        content = renamed.get(refusal.content, refusal.content)
        store.refuse(site, path, replace(refusal, reason=masked(refusal.reason, device), content=content))
    for name in renamed:
        store.erase(Name.parse(site, name))
    return len(refused)


def _rejected(store: Store, site: str, device: str) -> list[Name]:
    return [name for name in store.rejected(site) if store.file(name) is None and _is_mentioned(store, name, device)]


def _refused(store: Store, site: str, device: str) -> Iterator[tuple[str, Refusal]]:
    mentioning = set(map(str, _rejected(store, site, device)))
    for path in store.paths(site):
        refusal = path.refusal
        if refusal is not None and (refusal.content in mentioning or mentions(refusal.reason, device)):
            yield path.path, refusal


def _rename(store: Store, name: Name, device: str) -> str:
    members = list(packed_rejects(_rejects_without(store, name, device)))
    digest = hashlib.sha256(b"".join(members)).hexdigest()[:_DIGITS]
    other = replace(name, options=digest)
    store.keep_rejects(other, members)
    return str(other)
