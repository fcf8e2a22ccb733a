"""The sweep: what was begun and left is finished, what was overlooked is looked at, what is done with is removed.

It is what makes everything end, also after a queue has lost a message or nobody has worked for weeks.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from iotagg.aws.events import INCOMING, Arrival, message_for
from iotagg.aws.objects import NO_VERSION
from iotagg.aws.queues import Draft
from iotagg.core.retention import first_month_kept
from iotagg.forgetting import erase_before
from iotagg.jobs.raw_files import is_final, remove_final, site_of
from iotagg.jobs.silence import silent_sites
from iotagg.jobs.summarize import hand_over
from iotagg.pipeline import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.aws.objects import ObjectVersion
    from iotagg.core.contribution import Name
    from iotagg.core.ledger import PathRecord
    from iotagg.jobs.cloud import Cloud

DAY_SECONDS = 24 * 3600
GRACE_SECONDS = 900  # what is younger has not been overlooked: it is on its way


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: pending files handed over again, objects enqueued again, objects removed, old files forgotten.

    It is `complete` where it left nothing to the next one, for want of time or because a queue still held messages.
    `silent` names the sites from which nothing comes any more.
    """

    handed_over: int = 0
    enqueued: int = 0
    removed: int = 0
    forgotten: int = 0
    complete: bool = True
    silent: tuple[str, ...] = ()


def sweep(
    cloud: Cloud,
    *,
    grace_seconds: float = GRACE_SECONDS,
    in_time: Callable[[], bool] = lambda: True,
    clock: Callable[[], float] = time.time,
) -> Swept:
    """Sweep once; doing it again, or at the same time as others, changes nothing more. Raises CloudError.

    What is younger than `grace_seconds` is left to those who are at it, and so is what may still lie in a queue: while
    there are messages in it, nothing is sent after them. Where time runs out, the next sweep goes on. `clock` gives
    seconds since 1970.
    """
    now = clock()
    before = now - grace_seconds
    removed_before = min(before, now - cloud.settings.remove_raw_after_days * DAY_SECONDS)
    swept, pending = _hand_over_again(cloud, before, in_time)
    if cloud.settings.quiet_days:
        swept = replace(swept, silent=tuple(silent_sites(cloud, cloud.settings.quiet_days)))
    swept = _forget_old(cloud, swept, now, in_time)
    queue_is_empty = _is_empty(cloud)
    for versions, record in _by_key(cloud):
        if not in_time():
            return replace(swept, complete=False)
        old = [version for version in versions if version.modified.timestamp() <= before]
        overlooked = [version for version in old if not is_final(version, record)]
        if overlooked and not queue_is_empty:
            swept = replace(swept, complete=False)
        elif overlooked:
            cloud.files.send(Draft(message_for(_arrival(cloud, version))) for version in reversed(overlooked))
            swept = replace(swept, enqueued=swept.enqueued + len(overlooked))
        elif cloud.settings.remove_raw and _all_before(removed_before, versions) and pending.isdisjoint(_names(record)):
            # Only together: an older version that is still to be read may have to be compared with a newer one.
            for version in versions:
                cloud.bucket.remove(version.key, version.version)
            swept = replace(swept, removed=swept.removed + len(versions))
    return swept


def _all_before(moment: float, versions: list[ObjectVersion]) -> bool:
    return all(version.modified.timestamp() <= moment for version in versions)


def _is_empty(cloud: Cloud) -> bool:
    # Whether no message about a file is on its way, also not to those who read the large ones.
    url = cloud.settings.large_files_queue_url
    return not cloud.files.depth().total and not (url and cloud.queue(url).depth().total)


def _forget_old(cloud: Cloud, swept: Swept, now: float, in_time: Callable[[], bool]) -> Swept:
    # The floor rises last: where it has, everything from before it is erased.
    month = first_month_kept(datetime.fromtimestamp(now, UTC).date(), cloud.settings.retention_months)
    if not month or cloud.store.floor() >= month:
        return swept
    erased = erase_before(cloud.store, month, remove=partial(remove_final, cloud))
    while in_time():
        one = next(erased, None)
        if one is None:
            cloud.store.raise_floor(month)
            return swept
        swept = replace(swept, forgotten=swept.forgotten + one)
    return replace(swept, complete=False)


def _hand_over_again(cloud: Cloud, before: float, in_time: Callable[[], bool]) -> tuple[Swept, set[Name]]:
    # Also returns all that is pending.
    swept = Swept()
    pending: set[Name] = set()
    messages_are_lost = not cloud.chunks.depth().total
    for each in (each for site in cloud.store.sites() for each in cloud.store.pending(site)):
        pending.add(each.name)
        if each.since > before:
            continue
        if messages_are_lost and in_time():
            settle(cloud.store, [each.name], bring=hand_over(cloud))
            swept = replace(swept, handed_over=swept.handed_over + 1)
        else:
            swept = replace(swept, complete=False)
    return swept, pending


def _by_key(cloud: Cloud) -> Iterator[tuple[list[ObjectVersion], PathRecord | None]]:
    # The bucket and each site's paths are listed in the same order, so they are walked side by side.
    cursors: dict[str, _Cursor] = {}
    for key, versions in groupby(cloud.bucket.versions(INCOMING), key=lambda version: version.key):
        site = site_of(key)
        if site:
            cursor = cursors.setdefault(site, _Cursor(cloud.store.paths(site)))
            yield list(versions), cursor.at(key)


class _Cursor:
    # A sorted list of paths, asked for one after the other in that order.
    def __init__(self, paths: Iterator[PathRecord]) -> None:
        self._paths = paths
        self._next = next(paths, None)

    def at(self, path: str) -> PathRecord | None:
        while self._next is not None and self._next.path < path:
            self._next = next(self._paths, None)
        return self._next if self._next is not None and self._next.path == path else None


def _arrival(cloud: Cloud, version: ObjectVersion) -> Arrival:
    # A listing does not know sequencers: where it matters which version came first, their event does.
    kept = "" if version.version == NO_VERSION else version.version
    return Arrival(cloud.bucket.name, version.key, kept, version.etag, version.size)


def _names(record: PathRecord | None) -> tuple[Name, ...]:
    return record.names if record is not None else ()
