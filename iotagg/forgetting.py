"""What is to be forgotten: old months, a site, a device. Over the protocol of stores alone, beside working workers.

Everything here may be interrupted anywhere, and repeated: what proves that something is left to be done goes last.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from iotagg.core.ledger import Move
from iotagg.errors import StoreBusy
from iotagg.pipeline import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from iotagg.core.contribution import Name
    from iotagg.core.ledger import FileRecord
    from iotagg.core.pair_month import PairMonth
    from iotagg.stores.protocol import Store

    Remove = Callable[[str], object]

_ROUNDS = 10  # so often a site is gone through again for which files keep coming


@dataclass(frozen=True, slots=True)
class Affected:
    """What is to be forgotten: so many files, or a part of each, and so many pairs, or some of their months."""

    files: int
    pairs: int


def count_pairs(store: Store, sites: Iterable[str], is_affected: Callable[[PairMonth], bool]) -> int:
    """Return how many pairs of some sites have a month that is affected."""
    pairs = 0
    for site in sites:
        for _, months in groupby(store.scan(site), key=lambda row: (row.source, row.destination)):
            pairs += any(map(is_affected, months))
    return pairs


def nothing_raw(_: str) -> None:
    """Remove no raw files: there are none beside the store."""


def forget_before(
    store: Store, month: str, remove: Remove = nothing_raw, wait: Callable[[float], object] = time.sleep
) -> int:
    """Keep nothing from before a month (`2022-12`) any more; return how many files were erased.

    A file goes when its last day lies before that month; of others, the earlier months are no longer read or counted.
    `remove` removes the raw files of a path that are done with. `wait` waits until all workers know.
    """
    store.raise_floor(month)
    files = sum(erase_before(store, month, remove))
    wait(store.floor_lag())
    store.erase_below_floor()
    return files


def affected_before(store: Store, month: str) -> Affected:
    """Return what forget_before() would forget."""
    sites = store.sites()
    files = sum(1 for site in sites for _ in old_files(store, site, month))
    return Affected(files, count_pairs(store, sites, lambda row: row.month < month))


def erase_before(store: Store, month: str, remove: Remove = nothing_raw) -> Iterator[bool]:
    """Erase what is from before a month, file by file; yield after each whether it was one that counted."""
    for site in store.sites():
        for record in old_files(store, site, month):
            for path in sorted(record.paths):
                remove(path)
            store.erase(record.name, referred=True)
            yield True
        for name, path in _refused_before(store, site, month):
            remove(path)
            store.erase(name)
            yield False


def _refused_before(store: Store, site: str, month: str) -> Iterator[tuple[Name, str]]:
    # Of refused files, rejected lines are kept under a name of which nothing else is known.
    refused = {
        record.refusal.content: record.path
        for record in store.paths(site)
        if record.refusal is not None and _is_before(record.refusal.last_day, month)
    }
    for name in store.rejected(site) if refused else ():
        if str(name) in refused and store.file(name) is None:
            yield name, refused[str(name)]


def old_files(store: Store, site: str, month: str) -> Iterator[FileRecord]:
    """Yield the contributions of a site whose last day lies before a month, and what was left half erased."""
    return (record for record in store.files(site) if record.erased or _is_before(record.head.last_day, month))


def _is_before(day: str, month: str) -> bool:
    return bool(day) and day < month  # a day compares with a month as text


def forget_site(store: Store, site: str, remove: Callable[[], object] = lambda: None) -> int:
    """Forget a site: its files, their paths, its pairs; return how many files were erased.

    `remove` removes all raw files of the site. Raises StoreBusy where files keep coming for it.
    """
    files = 0
    for _ in range(_ROUNDS):
        with store.atomically():
            files += _erase_site(store, site)
            remove()
            store.erase_empty(site)
            store.erase_below_floor()
            disallow(store, site)
            still_there = [path for path in store.paths(site) if not store.drop_path(site, path.path)]
            if not still_there and site not in store.sites():
                return files
    raise StoreBusy(f"files for site {site} keep coming; stop uploading them, then forget it again")


def disallow(store: Store, site: str = "", device: str = "") -> None:
    """Take off the allow list what names a site, or a device by its address; with both, a device of that site alone."""
    for allowance in store.allowances():
        names_device = device in {allowance.source, allowance.destination}
        if (not site or allowance.site == site) and (not device or names_device):
            store.disallow(allowance.id)


def affected_at(store: Store, site: str) -> Affected:
    """Return what forget_site() would forget."""
    return Affected(sum(1 for _ in store.files(site)), count_pairs(store, [site], lambda _: True))


def _erase_site(store: Store, site: str) -> int:
    for path in store.paths(site):
        if path.names:
            store.move(site, Move(path.path, drop=path.names))
    files = 0
    for record in store.files(site):
        settle(store, [record.name])
        files += store.erase(record.name)
    for name in store.rejected(site):
        store.erase(name)
    return files
