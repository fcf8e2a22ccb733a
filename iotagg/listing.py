"""What is in a store: files and what became of them, and how the whole stands."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from iotagg.core.contribution import Name
from iotagg.core.outcome import Outcome
from iotagg.errors import InvalidValue, NotFound
from iotagg.pipeline import described, is_pending, outcome_of
from iotagg.sources import path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.core.ledger import FileRecord, PathRecord
    from iotagg.core.outcome import State
    from iotagg.stores.protocol import Store

_LOOKS = 2
_PREFIX = re.compile(r"[0-9a-f]{8,64}(-[0-9a-f]*)?")


def known_site(store: Store, site: str) -> str:
    """Return a site that files were uploaded for, or the empty one, which means all. Raises NotFound."""
    sites = store.sites()
    if site and site not in sites:
        raise NotFound(f"no site {site}; there are {', '.join(sites) or 'none'}")
    return site


def key_at(store: Store, site: str) -> str | None:
    """Return the fingerprint of the key of a site's pseudonyms, empty where its addresses are real, None without files.

    Of the files, the first by its path speaks for all: asking each of them would cost as much as listing them.
    """
    name = next((name for path in store.paths(site) for name in path.names), None)
    record = store.file(name) if name is not None else None
    return str(record.head.reading.get("pseudonym", "")) if record is not None else None


def mixed_keys(store: Store, site: str, own: str) -> str:
    """Return what is to be said where a site's files are under another key than `own`, or under none; else "".

    `own` is the fingerprint of the key of what comes, empty for real addresses.
    """
    there = key_at(store, site)
    if there is None or there == own:
        return ""
    return f"site {site} holds files {_told(there)}, and these come {_told(own)}: the same device is two there"


def _told(key: str) -> str:
    return f"with pseudonyms under key {key}" if key else "with real addresses"


class _Books:
    # What is known of all files, each site's loaded once: many questions about single files would cost far more.
    def __init__(self, store: Store, sites: Iterable[str]) -> None:
        self._store = store
        self.records: dict[str, dict[Name, FileRecord]] = {
            site: {record.name: record for record in store.files(site)} for site in sites
        }
        self._pending = {pending.name for site in self.records for pending in store.pending(site)}
        self._sites_of: dict[str, set[str]] = defaultdict(set)
        for site, records in self.records.items():
            for record in records.values():
                if record.is_in:
                    self._sites_of[record.name.content].add(site)

    def files(self, site: str, name: str) -> Iterator[Outcome]:
        for path in self._store.paths(site):
            yield from self._of_path(path, name)
        for record in self.records.get(site, {}).values():
            if record.is_retracted and _is_named(record.retracted, str(record.name), name):
                yield self._outcome(record.retracted, record.name, "retracted")

    def _of_path(self, path: PathRecord, name: str) -> Iterator[Outcome]:
        for each in path.names:
            if _is_named(path.path, str(each), name):
                yield self._outcome(path.path, each, "counted")
        if path.refusal is not None and _is_named(path.path, path.refusal.content, name):
            yield Outcome(
                file=path.path,
                site=path.site,
                state="refused",
                contribution=path.refusal.content,
                lines=path.refusal.lines,
                reason=f"last attempt: {path.refusal.reason}" if path.names else path.refusal.reason,
            )

    def _outcome(self, path: str, name: Name, state: State) -> Outcome:
        record = self.records[name.site].get(name)
        if record is None:
            return outcome_of(self._store, path, name, state)  # it came after the others were loaded
        # One that was never counted is on no list; and a list may name one too many.
        suspect = name in self._pending or not record.revision
        pending = suspect and is_pending(self._store, record)
        elsewhere = sorted(self._sites_of[name.content] - {name.site})
        return replace(described(path, record.head, "pending" if pending else state), also_at=tuple(elsewhere))


def files(store: Store, site: str = "", name: str = "") -> Iterator[Outcome]:
    """Yield what became of the files of one site or all, sorted by path, those taken out last.

    `name` leaves only files whose path ends in it, or whose contribution begins with it.
    """
    every = store.sites()
    yield from files_at(store, [site] if site else every, name, known=every)


def files_at(
    store: Store, sites: Iterable[str], name: str = "", *, known: Iterable[str] | None = None
) -> Iterator[Outcome]:
    """Yield what files() does, of some sites; `also_at` names no sites but those that are `known`, or these."""
    sites = list(sites)
    books = _Books(store, sites if known is None else known)
    for each in sites:
        yield from books.files(each, name)


def _is_named(file: str, contribution: str, name: str) -> bool:
    by_content = _PREFIX.fullmatch(name) is not None and contribution.startswith(name)
    whole = path_text(Path(name)) if name else ""
    return not name or by_content or file in (name, whole) or file.endswith((f"/{name}", f"\\{name}"))


def counted_file(store: Store, site: str, name: str) -> tuple[str, str, list[Name]]:
    """Return site, path and contributions of the one file that a path or a contribution's beginning names.

    Contributions that were retracted from that path are among them.

    Raises NotFound when there is none, InvalidValue when there are several.
    """
    # One that somebody else takes out this moment may have left its path already, and not be known as taken out yet.
    looks = ([outcome for outcome in files(store, site, name) if outcome.state != "refused"] for _ in range(_LOOKS))
    found = next(filter(None, looks), [])
    if not found:
        raise NotFound(f"no counted file is named {name}; iotagg files lists them")
    places = {(outcome.site, outcome.file) for outcome in found}
    if len({place for _, place in places}) == 1 and len(places) > 1:
        raise InvalidValue(
            f"{name} was counted for {' and '.join(sorted(at for at, _ in places))}; name one with --site"
        )
    if len(places) > 1:
        listed = ", ".join(f"{path} ({at})" for at, path in sorted(places)[:3])
        raise InvalidValue(f"{name} names {len(places)} files: {listed}; give the whole path")
    ((at, path),) = places
    return at, path, [Name.parse(at, outcome.contribution) for outcome in found]


@dataclass(frozen=True, slots=True)
class Status:
    """How a store stands: its sites, its files by state, and what those that are in add up to."""

    sites: list[str]
    files: dict[str, int]
    flows: int
    rejected: int
    first_day: str
    last_day: str


def status(store: Store, sites: Iterable[str] | None = None) -> Status:
    """Return how a store stands at these sites or all, from what is known of its files."""
    books = _Books(store, store.sites() if sites is None else sites)
    heads = [record.head for records in books.records.values() for record in records.values() if record.is_in]
    days = [day for head in heads if head.pair_days for day in (head.first_day, head.last_day)]
    states = Counter(outcome.state for site in books.records for outcome in books.files(site, ""))
    return Status(
        sites=list(books.records),
        files=dict(sorted(states.items())),
        flows=sum(head.lines["counted"] for head in heads),
        rejected=sum(head.lines["rejected"] for head in heads),
        first_day=min(days, default=""),
        last_day=max(days, default=""),
    )
