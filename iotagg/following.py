"""Files that were handed over to workers, followed until it is settled what became of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from iotagg.core.ledger import FORGOTTEN, RETRACTED
from iotagg.core.outcome import Outcome
from iotagg.pipeline import is_pending, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from iotagg.core.contribution import Name
    from iotagg.core.ledger import PathRecord
    from iotagg.core.outcome import State
    from iotagg.stores.protocol import Store

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Handed:
    """A file whose object lies in the bucket, under a key and a version.

    `name` is the contribution it will be, None where that is not known; `was_in` says that its content was counted
    before, `sent` that the object is new.
    """

    file: str
    site: str
    key: str
    version: str
    name: Name | None = None
    was_in: bool = False
    sent: bool = True

    @property
    def outcome(self) -> Outcome:
        """What is known as long as no worker has been at it."""
        return Outcome(self.file, self.site, "pending", contribution=str(self.name or ""))


@dataclass(slots=True)
class Patience:
    """How many seconds are spent on waiting, all in all; `sleep` is what waits."""

    seconds: float
    sleep: Callable[[float], None] = time.sleep
    spent: float = field(default=0.0, init=False)

    @property
    def ended(self) -> bool:
        """Whether no more time is left."""
        return self.spent >= self.seconds

    def until(self, done: Callable[[], bool]) -> bool:
        """Ask again and again, ever less often, until it is done or the time is up; say whether it is done."""
        pause = _FIRST_PAUSE
        while not done():
            if self.ended:
                return False
            pause = min(pause, self.seconds - self.spent)
            self.sleep(pause)
            self.spent += pause
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
        return True


def look(store: Store, handed: Handed) -> Outcome | None:
    """Return what became of a file, None as long as that is not settled."""
    record = store.path(handed.site, handed.key)
    if handed.version not in record.versions.final:
        return None
    if handed.name is None or handed.name not in record.names:
        return _refused(store, handed, record)
    state: State = "already counted" if handed.was_in else "counted"
    outcome = outcome_of(store, handed.key, handed.name, state)
    return None if outcome.state == "pending" else replace(outcome, file=handed.file)


def await_outcome(store: Store, handed: Handed, patience: Patience) -> Outcome:
    """Return what became of a file; it is pending if that is not settled when patience ends.

    Of many files, ask for one after the other: when the first is settled, most that come after it are.
    """
    found: list[Outcome] = []

    def done() -> bool:
        outcome = look(store, handed)
        found.extend([outcome] if outcome is not None else [])
        return bool(found)

    return found[0] if patience.until(done) else handed.outcome


def applied(store: Store, names: Iterable[Name], patience: Patience) -> bool:
    """Wait until contributions have reached their revision everywhere; say whether they have."""
    return all(patience.until(lambda name=name: not _is_pending(store, name)) for name in names)  # type: ignore[misc]  # bound now


def _is_pending(store: Store, name: Name) -> bool:
    record = store.file(name)
    return record is not None and is_pending(store, record)


def _refused(store: Store, handed: Handed, record: PathRecord) -> Outcome:
    refusal = record.refusal
    if handed.name is None or (refusal is not None and refusal.content == str(handed.name)):
        reason = refusal.reason if refusal is not None else ""
    elif any(reading.is_retracted for reading in store.readings(handed.site, handed.name.content)):
        reason = RETRACTED
    elif any(reading.is_forgotten for reading in store.readings(handed.site, handed.name.content)):
        reason = FORGOTTEN
    else:
        reason = refusal.reason if refusal is not None and not refusal.content else ""
    return Outcome(
        file=handed.file,
        site=handed.site,
        state="refused",
        contribution=refusal.content if refusal is not None else "",
        lines=refusal.lines if refusal is not None else {},
        reason=reason or "a later version of this object was counted before it",
    )
