"""A worker on a machine: it takes messages from both queues, works on them, and sweeps from time to time.

What it is in the middle of when it is told to stop, it finishes within a grace period or gives back; what it is in the
middle of when it is killed, comes again when its visibility timeout ends, and changes nothing that is done already.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from iotagg.errors import CloudError, Damaged, IotaggError, NotFound, Unintelligible
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.handling import Handled, handle
from iotagg.jobs.summarize import summarize_message
from iotagg.jobs.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iotagg.aws.queues import Message, Queue
    from iotagg.jobs.cloud import Cloud

log = logging.getLogger("iotagg.worker")

GRACE_SECONDS = 60  # a spot instance has 120 from its notice, a service 90 from its SIGTERM
_TROUBLE_SECONDS = 5  # after an error of AWS, before it is asked again
_HEARTBEATS = 3  # so often within a visibility timeout it is extended
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Duties:
    """What a worker does beside taking messages, and how patiently.

    `poll_seconds` is how long a request waits for a message, `sweep_seconds` the time between two sweeps (0: it sweeps
    never), `idle_seconds` the time without messages after which it ends by itself (None: never).
    """

    poll_seconds: int = 20
    sweep_seconds: float = 300
    idle_seconds: float | None = None
    grace_seconds: float = GRACE_SECONDS


class StoppedError(Exception):
    """The grace period is over: what is not finished is given back."""


@dataclass(slots=True)
class Worker:
    """One process's worth of a worker: a thread for each queue, one for its heartbeat, and the sweep."""

    cloud: Cloud
    duties: Duties = field(default_factory=Duties)
    counts: Counter[str] = field(default_factory=Counter)
    _told_to_stop: bool = False
    _stopping: threading.Event = field(default_factory=threading.Event)
    _stop_at: float = float("inf")
    _last_message: float = field(default_factory=time.monotonic)
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> None:
        """Take no more messages; finish what is begun, or give it back when the grace period is over.

        Signal handlers may call it.
        """
        self._told_to_stop = True  # and nothing more: run() may be interrupted while it holds a lock

    def run(self) -> None:
        """Work until stop() is called, or until there has been nothing to do for as long as the duties say."""
        queues = ((self.cloud.files, self._summarize), (self.cloud.chunks, self._consolidate))
        threads = [threading.Thread(target=self._poll, args=(queue, job), name=queue.name) for queue, job in queues]
        if self.duties.sweep_seconds:
            threads.append(threading.Thread(target=self._sweep_from_time_to_time, name="sweep"))
        for thread in threads:
            thread.start()
        while not (self._told_to_stop or self._is_idle()):
            time.sleep(_LOOK_SECONDS)
        self._stop_at = time.monotonic() + self.duties.grace_seconds
        self._stopping.set()
        for thread in threads:
            thread.join()

    def _is_idle(self) -> bool:
        idle = self.duties.idle_seconds
        with self._lock:
            return idle is not None and not self._busy and time.monotonic() - self._last_message > idle

    def _poll(self, queue: Queue, job: Callable[[Message], bool]) -> None:
        extend_by = 0
        while not self._stopping.is_set():
            try:
                extend_by = extend_by or queue.visibility_seconds()
                messages = queue.receive(wait_seconds=self.duties.poll_seconds)
                self._work_on(queue, messages, job, extend_by)
            except CloudError as error:
                self._trouble(error)
            except Exception:  # a queue that nobody polls any more would not be noticed
                log.exception("%s: failed", queue.name)
                self._stopping.wait(_TROUBLE_SECONDS)

    def _work_on(self, queue: Queue, messages: list[Message], job: Callable[[Message], bool], extend_by: int) -> None:
        if not messages:
            return
        with self._occupied(), _held(queue, messages, extend_by) as held:
            for message in messages:
                if self._stopping.is_set():
                    self._give_back(held, message)
                else:
                    self._do(held, message, job)
                held.let_go(message)

    @contextmanager
    def _occupied(self) -> Iterator[None]:
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._last_message = time.monotonic()
                self._busy -= 1

    def _do(self, held: _Held, message: Message, job: Callable[[Message], bool]) -> None:
        queue = held.queue
        try:
            if handle(queue, message, partial(job, message)) is Handled.DONE:
                queue.done(message)
                self._count("messages done")
            else:
                self._count("messages put back")
        except StoppedError:
            self._give_back(held, message)
        except (Unintelligible, NotFound, Damaged) as error:
            # It will not get better: its way to the dead letters need not take as many visibility timeouts.
            log.error("%s: message %s, try %d: %s", queue.name, message.id, message.received, error)  # noqa: TRY400 (one line)
            self._count("messages failed")
            held.give_back(message)
        except CloudError as error:
            self._trouble(error)
        except Exception:
            log.exception("%s: message %s, try %d, failed", queue.name, message.id, message.received)
            self._count("messages failed")

    def _give_back(self, held: _Held, message: Message) -> None:
        held.give_back(message)
        self._count("messages given back")

    def _summarize(self, message: Message) -> bool:
        for outcome in summarize_message(self.cloud, message.body, self._in_time):
            self._count(f"files {outcome.state}")
            state = "summarized" if outcome.state == "pending" else outcome.state
            log.info("%s", f"{state} {outcome.file} {outcome.reason}".rstrip())
        return True

    def _consolidate(self, message: Message) -> bool:
        finished = consolidate_message(
            self.cloud, message.body, received=message.received, in_time=lambda: not self._stopping.is_set()
        )
        self._count("chunk messages")
        return finished

    def _in_time(self) -> bool:
        if time.monotonic() > self._stop_at:
            raise StoppedError
        return True

    def _sweep_from_time_to_time(self) -> None:
        while not self._stopping.is_set():
            try:
                self._sweep()
            except CloudError as error:
                self._trouble(error)
            except Exception:  # as in _poll()
                log.exception("the sweep failed")
            self._stopping.wait(self.duties.sweep_seconds)

    def _sweep(self) -> None:
        # While it sweeps, a worker is not idle; that it has swept puts its end off no longer.
        with self._lock:
            self._busy += 1
        try:
            swept = sweep(self.cloud, in_time=lambda: not self._stopping.is_set())
        finally:
            with self._lock:
                self._busy -= 1
        self._count("sweeps")
        log.info(
            "swept: %d files handed over again, %d objects enqueued, %d removed, %d old files forgotten%s",
            swept.handed_over,
            swept.enqueued,
            swept.removed,
            swept.forgotten,
            "" if swept.complete else "; the next sweep goes on",
        )
        if swept.silent:
            log.warning(
                "no file for more than %d days from: %s", self.cloud.settings.quiet_days, ", ".join(swept.silent)
            )

    def _trouble(self, error: CloudError) -> None:
        log.warning("%s", error)
        self._count("troubles")
        self._stopping.wait(_TROUBLE_SECONDS)

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1


class _Held:
    """Messages that are worked on, or wait for it: until each is let go, it is kept invisible to others."""

    def __init__(self, queue: Queue, messages: list[Message], seconds: int) -> None:
        self.queue = queue
        self._seconds = seconds
        self._messages = set(messages)
        self._lock = threading.Lock()  # so that no late heartbeat hides what was given back

    def extend(self) -> None:
        """Keep them invisible for another visibility timeout."""
        for message in tuple(self._messages):
            with self._lock:
                if message in self._messages:
                    self._hide(message, self._seconds)

    def let_go(self, message: Message) -> None:
        """Extend a message no more."""
        with self._lock:
            self._messages.discard(message)

    def give_back(self, message: Message) -> None:
        """Let others have a message at once."""
        with self._lock:
            self._messages.discard(message)
            self._hide(message, 0)

    def _hide(self, message: Message, seconds: int) -> None:
        try:
            self.queue.hide(message, seconds)
        except IotaggError as error:  # it may have been done with this moment; if not, it comes again
            log.debug("heartbeat: %s", error)


@contextmanager
def _held(queue: Queue, messages: list[Message], seconds: int) -> Iterator[_Held]:
    held, over = _Held(queue, messages, seconds), threading.Event()

    def beat() -> None:
        while not over.wait(max(seconds / _HEARTBEATS, 0.1)):
            held.extend()

    beating = threading.Thread(target=beat, name=f"heartbeat of {queue.name}", daemon=True)
    beating.start()
    try:
        yield held
    finally:
        over.set()
        beating.join()
