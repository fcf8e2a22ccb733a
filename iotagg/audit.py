"""The audit: everything recomputed from the kept contributions, compared item by item with what a store holds.

What moves meanwhile is looked at again until it stands still; where it does not, it is said to be in flight and not
judged. Memory does not grow with the store: what is to be compared lies sorted in a temporary file.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from iotagg.auditing.devices import device_findings
from iotagg.auditing.files import Files, is_stored, lacking, look
from iotagg.auditing.findings import Counts, Finding, Note, of_file
from iotagg.auditing.paths import path_faults
from iotagg.auditing.reading import DAMAGE
from iotagg.auditing.spool import Spool
from iotagg.auditing.sums import Comparison
from iotagg.sources import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from iotagg.core.contribution import Name
    from iotagg.stores.protocol import Store

__all__ = ["Counts", "Finding", "Note", "audit"]


def _not_noted(_: Note) -> None:
    pass


def audit(
    store: Store,
    sites: Iterable[str] = (),
    counts: Counts | None = None,
    *,
    noted: Callable[[Note], object] = _not_noted,
    passed: Callable[[int], object] = no_progress,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Finding]:
    """Yield all that differs, at these sites or all; nothing where all agrees.

    `counts` learns how much was compared, `noted` what is explained: pending files, and what is in flight. `passed` is
    told of files as they are read. `wait` waits some seconds before what moves is looked at again. Raises StoreError
    and CloudError where the store cannot be read.
    """
    counts = counts or Counts()
    with closing(Spool()) as spool:
        for found in _Audit(store, spool, tuple(sites), counts, passed, wait).findings():
            if isinstance(found, Note):
                noted(found)
            else:
                counts.findings += 1
                yield found


@dataclass(slots=True)
class _Audit:
    store: Store
    spool: Spool
    sites: tuple[str, ...]
    counts: Counts
    passed: Callable[[int], object]
    wait: Callable[[float], object]

    def findings(self) -> Iterator[Finding | Note]:
        files = Files(self.store, self.spool, self.store.first_month())
        for found in files.all_examined(self.sites):
            yield from found
            self.counts.files += 1
            self.passed(1)
        sites = sorted({*(self.sites or self.store.sites()), *self.spool.sites()})
        for site in sites:
            yield from path_faults(self.store, self.spool, site)
        yield from self._unlisted(sites)
        yield from self._one_sided()
        yield from self._stored_still()
        yield from self._pending(sites)
        yield from Comparison(self.store, self.spool, files, self.sites, self.counts, self.wait).findings()
        yield from device_findings(self.store, self.sites)

    def _unlisted(self, sites: Iterable[str]) -> Iterator[Finding]:
        # A site is put on the list before anything of its files is known.
        for site in sorted(set(sites) - set(self.store.sites())):
            records = (self.store.file(name) for name in self.store.names(site))
            if any(record is not None and not record.erased for record in records) and site not in self.store.sites():
                yield Finding(site, "files of it are kept, and it is not on the list of sites")

    def _one_sided(self) -> Iterator[Finding]:
        for path, name in self.spool.one_sided():
            try:
                before = self.store.path(name.site, path)
                record = self.store.file(name)
                if self.store.path(name.site, path) != before:
                    continue  # it was just moved
            except DAMAGE:
                continue  # that was said already
            names_it = name in before.names
            if record is None and names_it:
                yield of_file(name, frozenset((path,)), "a path refers to it, and nothing is known of it")
            elif record is not None and names_it != (path in record.paths):
                text = (
                    "a path refers to it that it does not know"
                    if names_it
                    else "it names a path that does not refer to it"
                )
                yield of_file(name, frozenset((path,)), text)
            elif record is not None and names_it and path not in self.store.listed_paths(name.site):
                yield of_file(name, frozenset((path,)), "a path refers to it that is not on the list of paths")

    def _stored_still(self) -> Iterator[Finding | Note]:
        # Looked at again at the end: somebody may have been erasing it, or about to put it into the books.
        for name in self.spool.stored_still():
            seen = look(self.store, name)
            if not seen.is_gone or not is_stored(self.store, name):
                continue
            if seen.record is None:  # as who is killed leaves it, before anything refers to it
                yield Note(name.site, "what it adds is stored, and nothing else is known of it", str(name))
            else:
                yield of_file(name, seen.paths, "it was erased, and what is kept of it is there all the same")

    def _pending(self, sites: Iterable[str]) -> Iterator[Finding | Note]:
        for site in sites:
            for each in self.store.pending(site):
                self.spool.add_pending(each.name, each.since)
        for name, state in self.spool.unsettled():
            seen = look(self.store, name)
            since = self.spool.pending_since(name)
            if since:
                self.counts.pending += 1
                yield Note(
                    name.site, f"pending since {_moment(since)}: {lacking(seen)}", str(name), tuple(sorted(seen.paths))
                )
            elif seen.state() == state:
                yield of_file(name, seen.paths, f"{lacking(seen)}, and nobody is at work on it")
            elif seen.is_unsettled:
                self.counts.in_flight += 1
                yield Note(name.site, "it is being written to; not judged", str(name), tuple(sorted(seen.paths)))
        for name, _ in self.spool.pending():
            yield from self._listed_as_pending(name)

    def _listed_as_pending(self, name: Name) -> Iterator[Finding | Note]:
        try:
            seen = look(self.store, name)
        except DAMAGE:
            return  # that was said already
        if seen.record is None:
            yield of_file(name, frozenset(), "it is said to be pending, and nothing is known of it")
        elif not seen.is_unsettled:  # as who is killed leaves it, until the next sweep
            yield Note(name.site, "it is on the list of what is pending, and all of it is counted", str(name))


def _moment(since: int) -> str:
    return datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%d %H:%M:%S")
