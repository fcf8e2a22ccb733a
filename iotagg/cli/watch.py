"""iotagg upload --watch: files that appear in a folder, until somebody ends it."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iotagg.cli.keys import say_if_mixed
from iotagg.cli.printing import print_error
from iotagg.core.outcome import Outcome
from iotagg.errors import CloudBusy, FileRefused, FileUnreadable
from iotagg.following import Handed, look
from iotagg.parcels import parcel_in
from iotagg.pipeline import upload
from iotagg.sources import Nothing
from iotagg.watching import Folder, Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.cli.report import Report
    from iotagg.cli.session import Session
    from iotagg.pipeline import Request
    from iotagg.stores.protocol import Store
    from iotagg.watching import Taker

_NAP_SECONDS = 0.2
_LOOKS = 20  # at files that are pending, in one go


def watch(session: Session, folder: str, request: Request, settle_seconds: float, report: Report) -> int:
    """Take the files of a folder as they appear and change, until interrupted or terminated; return the exit code."""

    def tell(outcome: Outcome) -> None:
        if report.count(outcome):
            report.show(outcome)

    with ExitStack() as stack:
        taker = _taker(session, Path(folder), request, stack)
        stop = stack.enter_context(_told_to_stop())
        Watch(
            Folder(Path(folder), settle_seconds), taker, tell, print_error, stop.is_set, lambda time: _nap(time, stop)
        ).run()
    report.states["pending"] -= taker.settled
    report.summarize()
    return 0


class Stop:
    """Whether somebody has asked for the end."""

    def __init__(self) -> None:
        self._asked = False

    def ask(self) -> None:
        """Ask for the end."""
        self._asked = True

    def is_set(self) -> bool:
        """Say whether it was asked for."""
        return self._asked


def _nap(seconds: float, stop: Stop) -> None:
    # In short naps: a signal does not end a sleep.
    until = time.monotonic() + seconds
    while not stop.is_set() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _NAP_SECONDS))


@contextmanager
def _told_to_stop() -> Iterator[Stop]:
    # The first signal asks for an end between two files, a second one ends as signals do.
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def told(number: int, _: Any) -> None:
        stop.ask()
        signal.signal(number, before[signal.Signals(number)])

    try:
        for number in before:
            signal.signal(number, told)
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _taker(session: Session, folder: Path, request: Request, stack: ExitStack) -> _Counting | _HandingOver:
    if not session.in_cloud:
        store = stack.enter_context(session.database_store(create=True))
        say_if_mixed(store, request)
        return _Counting(store, request)
    try:
        session.cloud().store.sites()  # a stack that is not there, or not for this person, is better said at once
        say_if_mixed(session.cloud().store, request)
    except CloudBusy as reason:
        print_error(f"{reason} (trying again)")
    return _HandingOver(session, folder, request)


class _Counting:
    """Counts each file into the database."""

    settled = 0

    def __init__(self, store: Store, request: Request) -> None:
        self._store, self._request = store, request

    def take(self, file: Path) -> Outcome:
        outcome = upload(self._store, file, self._request)
        if outcome.failed and not outcome.contribution:
            kept = self._store.path(outcome.site, outcome.file).refusal
            if kept is None or kept.reason != outcome.reason:
                raise FileUnreadable(outcome.reason)  # only of a file that was read, a refusal is kept
        return outcome

    def news(self) -> Iterable[Outcome]:
        return ()


class _HandingOver:
    """Hands each file over to the workers, and asks what became of it; `settled` counts those of which it is known."""

    def __init__(self, session: Session, folder: Path, request: Request) -> None:
        self._session, self._folder, self._request = session, folder, request
        self._pending: list[Handed] = []
        self.settled = 0

    def take(self, file: Path) -> Outcome:
        from iotagg.sending import send_one  # noqa: PLC0415 (local commands need nothing of AWS)

        parcel = parcel_in(self._folder, file, self._request.site)
        if isinstance(parcel, Nothing):
            return Outcome(parcel.name, self._request.site, "refused", reason=parcel.reason)
        cloud = self._session.cloud()
        try:
            handed = send_one(cloud, parcel, self._request)
        except FileUnreadable:
            raise
        except FileRefused as reason:
            return Outcome(parcel.file, self._request.site, "refused", reason=str(reason))
        outcome = None if handed.sent else look(cloud.store, handed)
        if outcome is None:
            self._pending.append(handed)
        return outcome or handed.outcome

    def news(self) -> Iterable[Outcome]:
        for handed in self._pending[:_LOOKS]:
            outcome = look(self._session.cloud().store, handed)
            if outcome is None:
                # Behind the others, so that one that takes its time does not stand in their way.
                self._pending = [*(each for each in self._pending if each != handed), handed]
                continue
            self._pending.remove(handed)
            self.settled += 1
            yield outcome


if TYPE_CHECKING:
    _takers: tuple[type[Taker], ...] = (_Counting, _HandingOver)
