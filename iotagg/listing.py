"""What is in a store: files and what became of them, and how the whole stands."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iotagg.core.contribution import Name
from iotagg.core.outcome import Outcome
from iotagg.errors import InvalidValue, NotFound
from iotagg.pipeline import outcome_of
from iotagg.sources import path_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.core.ledger import PathRecord
    from iotagg.stores.protocol import Store

_PREFIX = re.compile(r"[0-9a-f]{8,64}(-[0-9a-f]*)?")


def known_site(store: Store, site: str) -> str:
    """Return a site that files were uploaded for, or the empty one, which means all. Raises NotFound."""
    sites = store.sites()
    if site and site not in sites:
        raise NotFound(f"no site {site}; there are {', '.join(sites) or 'none'}")
    return site


def files(store: Store, site: str = "", name: str = "") -> Iterator[Outcome]:
    """Yield what became of the files of one site or all, sorted by path, those taken out last.

    `name` leaves only files whose path ends in it, or whose contribution begins with it.
    """
    for each in [site] if site else store.sites():
        for path in store.paths(each):
            yield from (outcome for outcome in _of_path(store, path) if _is_named(outcome, name))
        for record in store.files(each):
            if record.retracted:
                outcome = outcome_of(store, record.retracted, record.name, "retracted")
                if _is_named(outcome, name):
                    yield outcome


def _of_path(store: Store, path: PathRecord) -> Iterator[Outcome]:
    for name in path.names:
        yield outcome_of(store, path.path, name, "counted")
    if path.refusal is not None:
        yield Outcome(
            file=path.path,
            site=path.site,
            state="refused",
            contribution=path.refusal.content,
            lines=path.refusal.lines,
            reason=f"last attempt: {path.refusal.reason}" if path.names else path.refusal.reason,
        )


def _is_named(outcome: Outcome, name: str) -> bool:
    by_content = _PREFIX.fullmatch(name) is not None and outcome.contribution.startswith(name)
    whole = path_text(Path(name)) if name else ""
    return not name or by_content or outcome.file in (name, whole) or outcome.file.endswith((f"/{name}", f"\\{name}"))


def counted_file(store: Store, site: str, name: str) -> tuple[str, str, list[Name]]:
    """Return site, path and contributions of the one file that a path or a contribution's beginning names.

    Contributions that were retracted from that path are among them.

    Raises NotFound when there is none, InvalidValue when there are several.
    """
    found = [outcome for outcome in files(store, site, name) if outcome.state != "refused"]
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


def status(store: Store) -> Status:
    """Return how a store stands, from what is known of its files."""
    sites = store.sites()
    heads = [record.head for site in sites for record in store.files(site) if record.is_in]
    days = [day for head in heads if head.pair_days for day in (head.first_day, head.last_day)]
    return Status(
        sites=sites,
        files=dict(sorted(Counter(outcome.state for outcome in files(store)).items())),
        flows=sum(head.lines["counted"] for head in heads),
        rejected=sum(head.lines["rejected"] for head in heads),
        first_day=min(days, default=""),
        last_day=max(days, default=""),
    )
