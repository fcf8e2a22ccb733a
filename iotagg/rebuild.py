"""The rebuild: all sums recomputed from the kept contributions beside live traffic, put in the place of what differs.

What the files add up to is worked out in a fresh file of its own, as an audit does it. Then consumers are held back,
what was written meanwhile is caught up with, each pair's month is compared, and what differs is replaced on condition
that it is still what was compared: in one transaction on one machine, item by item in a table. So nobody is left with
an old database open, nothing that is counted meanwhile is lost, and whoever is interrupted begins again.
"""

from __future__ import annotations

import time
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iotagg.auditing.devices import mend_devices
from iotagg.auditing.files import Files, Look, look
from iotagg.auditing.findings import Counts, Finding, Note, of_file
from iotagg.auditing.reading import DAMAGE
from iotagg.auditing.spool import Spool
from iotagg.auditing.sums import Comparison
from iotagg.core.ledger import is_in
from iotagg.errors import NotFound
from iotagg.pipeline import settle
from iotagg.sources import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from iotagg.core.contribution import Name
    from iotagg.core.ledger import FileRecord
    from iotagg.pipeline import Bring
    from iotagg.stores.protocol import Store


def rebuild(
    store: Store,
    sites: Iterable[str] = (),
    counts: Counts | None = None,
    *,
    paused: AbstractContextManager[object] | None = None,
    bring: Bring | None = None,
    passed: Callable[[int], object] = no_progress,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Finding]:
    """Put right what differs, at these sites or all; yield what was, and what could not be recomputed.

    `paused` holds consumers back while it is entered; without it, only each item's own condition does. `bring` settles
    files whose chunks were left out, as in the pipeline. `counts`, `passed` and `wait` are as for an audit, which tells
    afterwards what is left. Raises StoreError and CloudError.
    """
    counts = counts or Counts()
    with closing(Spool()) as spool:
        work = _Rebuild(store, spool, tuple(sites), counts, wait)
        for found in work.files.all_examined(work.sites):
            list(found)  # what is wrong there is not for sums to put right
            counts.files += 1
            passed(1)
        with paused or nullcontext():
            yield from work.put_right()
            work.settle(bring)
            yield from mend_devices(store, work.sites)


@dataclass(slots=True)
class _Rebuild:
    store: Store
    spool: Spool
    sites: tuple[str, ...]
    counts: Counts
    wait: Callable[[float], object]
    files: Files = field(init=False)
    mended: dict[Name, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files = Files(self.store, self.spool, self.store.first_month())

    def put_right(self) -> Iterator[Finding]:
        for _, name in self.spool.names():
            yield from self._markers(name)
        comparison = Comparison(self.store, self.spool, self.files, self.sites, self.counts, self.wait, mend=True)
        for found in comparison.findings():
            if isinstance(found, Note):
                yield Finding(
                    found.site, found.text, source=found.source, destination=found.destination, month=found.month
                )
            else:
                yield found

    def _markers(self, name: Name) -> list[Finding]:
        # What is read first and is the same afterwards did not move in between.
        found: list[Finding] = []
        with self.store.atomically():
            try:
                seen = look(self.store, name)
                if not _odd(seen) or look(self.store, name).state() != seen.state():
                    return found
            except DAMAGE:
                return found
            for number, revision in _odd(seen).items():
                marker = seen.markers[number]
                if self.store.put_marker(name, number, marker, revision):
                    self.counts.markers += 1
                    self.mended[name] = None
                    self.spool.add_suspects_of(name, number, 0)
                    text = f"the marker of chunk {number} stood at revision {marker.revision}, and is put at {revision}"
                    found.append(of_file(name, seen.paths, text))
        return found

    def settle(self, bring: Bring | None) -> None:
        """Finish what nobody would finish: files that are on no list of those that are pending."""
        names = {**self.mended, **dict.fromkeys(name for name, _ in self.spool.unsettled())}
        listed = {
            each.name for site in {name.site for name in names} for each in self.store.pending(site) if each.since
        }
        for name in names:
            record = self.store.file(name)
            if name in listed or record is None or record.erased:
                continue
            try:
                settle(self.store, [name], bring)
            except (NotFound, *DAMAGE):
                continue  # what it adds is gone, which the audit says


def _odd(seen: Look) -> dict[int, int]:
    # The markers that cannot stand where they do, and where they are to be put: in or out as they are, if they may be.
    record = seen.record
    if record is not None and record.erased:
        return {}
    return {
        number: revision
        for number, marker in sorted(seen.markers.items())
        if (revision := _sound(record, number, marker.revision)) != marker.revision
        or marker.is_in != is_in(marker.revision)
    }


def _sound(record: FileRecord | None, number: int, revision: int) -> int:
    if record is None or not 0 <= number < record.head.chunks:
        return 0
    if revision <= record.revision:
        return revision
    return record.revision - (is_in(revision) != is_in(record.revision))
