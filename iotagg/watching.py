"""A folder in which files appear and change: each is taken when it has been left alone for a while."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from iotagg.core.cells import printable
from iotagg.errors import FileUnreadable, IotaggError
from iotagg.sources import Nothing, find_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from iotagg.core.outcome import Outcome

_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 60.0
_LONGEST_GLANCE = 2.0

_Look = tuple[int, int, int]


@dataclass(slots=True)
class _Seen:
    look: _Look
    since: float
    taken: bool = False


@dataclass(slots=True)
class Folder:
    """The flow files of a folder, as they were at each look; `clock` gives seconds."""

    path: Path
    settle_seconds: float
    clock: Callable[[], float] = time.monotonic
    _seen: dict[Path, _Seen] = field(default_factory=dict, init=False)

    def due(self) -> list[Path]:
        """Look at the folder, and return the files that have settled since they appeared or changed."""
        now = self.clock()
        before, self._seen = self._seen, {}
        for file, shown in self._looks():
            known = before.get(file)
            self._seen[file] = known if known is not None and known.look == shown else _Seen(shown, now)
        return [file for file, seen in self._seen.items() if not seen.taken and now - seen.since >= self.settle_seconds]

    def _looks(self) -> Iterator[tuple[Path, _Look]]:
        if not self.path.is_dir():
            return  # it may come back, as a disk does that is mounted again
        for file in find_files([str(self.path)]):
            if isinstance(file, Nothing):
                continue
            try:
                shown = file.stat()
            except OSError:
                yield file, (0, 0, 0)
            else:
                yield file, (shown.st_size, shown.st_mtime_ns, shown.st_ino)

    def taken(self, file: Path) -> None:
        """Leave a file alone from now on, until it is no longer as it was at the last look."""
        self._seen[file].taken = True

    def later(self, file: Path) -> None:
        """Take a file again after another while."""
        self._seen[file].since = self.clock()


class Taker(Protocol):
    """What becomes of files that have settled."""

    def take(self, file: Path) -> Outcome:
        """Take a file in. Raises FileUnreadable when another try may do better, and any other IotaggError."""
        ...

    def news(self) -> Iterable[Outcome]:
        """Return what has become of files since it was asked last that were pending then."""
        ...


@dataclass(slots=True)
class Watch:
    """A folder that is watched until somebody stops it.

    `report` gets what becomes of files, `say` what stands in the way, one line each. `sleep` may return early.
    """

    folder: Folder
    taker: Taker
    report: Callable[[Outcome], None]
    say: Callable[[str], None]
    stopped: Callable[[], bool]
    sleep: Callable[[float], None] = time.sleep
    _pause: float = field(default=_FIRST_PAUSE, init=False)
    _said: dict[Path, str] = field(default_factory=dict, init=False)

    def run(self) -> None:
        """Take files until stopped; whatever fails is tried again after a pause."""
        while not self.stopped():
            try:
                self._once()
            except IotaggError as reason:
                self.say(f"{reason} (trying again in {self._pause:.0f} s)")
                self.sleep(self._pause)
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            else:
                if not self.stopped():
                    self.sleep(min(self.folder.settle_seconds / 2, _LONGEST_GLANCE))

    def _once(self) -> None:
        for file in self.folder.due():
            if self.stopped():
                return
            self._take(file)
        for outcome in self.taker.news():
            self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        self._pause = _FIRST_PAUSE
        self.report(outcome)

    def _take(self, file: Path) -> None:
        try:
            outcome = self.taker.take(file)
        except FileUnreadable as reason:
            if self._said.get(file) != str(reason):
                self.say(f"{printable(str(file))}: {reason} (trying again)")
            self._said[file] = str(reason)
            self.folder.later(file)
            return
        except IotaggError:
            self.folder.later(file)  # behind the others: what is wrong may be wrong with this one alone
            raise
        self._said.pop(file, None)
        self.folder.taken(file)
        self._tell(outcome)
