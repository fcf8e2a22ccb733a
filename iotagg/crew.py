"""The processes of a worker: one for each core, watched over, started again when they die, and stopped together."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from iotagg.aws.events import INCOMING
from iotagg.aws.spot import is_being_interrupted
from iotagg.core.cells import printable
from iotagg.jobs.cloud import Cloud
from iotagg.worker import Duties, Worker

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from pathlib import Path

    from iotagg.aws.stack import Stack
    from iotagg.jobs.cloud import Settings

log = logging.getLogger("iotagg.worker")

_LOOK_SECONDS = 0.5
_SPOT_SECONDS = 5.0
_REPORT_SECONDS = 2.0
_RESTART_SECONDS = 1.0
_LOG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Crew:
    """A worker of several processes for one deployment; `health_file`, if given, is written anew all the time."""

    stack: Stack
    settings: Settings
    duties: Duties
    processes: int
    health_file: Path | None = None

    def run(self) -> Counter[str]:
        """Work until SIGTERM, SIGINT or a spot notice, or until there is nothing to do; return what was counted.

        Raises CloudError when the deployment cannot be used at all.
        """
        cloud = Cloud.connected(self.stack, self.settings)
        # What is wrong with the set-up is said at once, before any message is taken.
        cloud.files.depth(), cloud.chunks.depth(), cloud.store.sites(), next(iter(cloud.bucket.keys(INCOMING)), None)
        log.info("%d processes for bucket %s, table %s", self.processes, self.stack.bucket, self.stack.table)
        return _Watch(self).run()


def counted(counts: Counter[str]) -> str:
    """Return what was counted as a line for people."""
    return ", ".join(f"{int(count):,} {what.replace('_', ' ')}" for what, count in sorted(counts.items())) or "nothing"


@dataclass(frozen=True, slots=True)
class _Member:
    """A process of the crew, and the pipe through which it reports: its own, for a killed one may break it."""

    process: SpawnProcess
    reports: Connection


class _Watch:
    # The parent process: it does no work itself.
    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._context = multiprocessing.get_context("spawn")
        self._running: dict[int, _Member] = {}
        self._counts: dict[int, Counter[str]] = {}
        self._restarts = 0
        self._told_to_stop = False

    def run(self) -> Counter[str]:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._tell_to_stop)
        try:
            for place in range(self._crew.processes):
                self._start(place)
            self._watch()
        finally:
            self._stop_all()
        self._write_health("stopped")
        return self._total()

    def _tell_to_stop(self, *_: object) -> None:
        self._told_to_stop = True  # and nothing more: a signal may come while a lock is held

    def _watch(self) -> None:
        spot_at = logged_at = time.monotonic()
        while self._running and not self._told_to_stop:
            time.sleep(_LOOK_SECONDS)
            self._look_after()
            now = time.monotonic()
            if now - spot_at > _SPOT_SECONDS and (spot_at := now) and is_being_interrupted():
                log.warning("this instance is to be interrupted: finishing or giving back what is begun")
                self._told_to_stop = True
            if now - logged_at > _LOG_SECONDS and (logged_at := now):
                log.info("%s", counted(self._total()))
            self._write_health("working")

    def _start(self, place: int) -> None:
        # One of them sweeps for all.
        crew = self._crew
        duties = crew.duties if place == 0 else replace(crew.duties, sweep_seconds=0)
        reports, reporting = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_work,
            args=(crew.stack, crew.settings, duties, os.getpid(), reporting),
            name=f"iotagg-worker-{place}",
        )
        process.start()
        reporting.close()
        self._running[place] = _Member(process, reports)

    def _look_after(self) -> None:
        for place, member in tuple(self._running.items()):
            alive = member.process.is_alive()
            self._read_reports(member)
            if alive:
                continue
            self._end(place)
            if member.process.exitcode:  # it was killed, or failed; what it was in the middle of comes again
                log.error("process %d ended with %d; starting another", place, member.process.exitcode)
                self._restarts += 1
                time.sleep(_RESTART_SECONDS)
                self._start(place)

    def _end(self, place: int) -> None:
        member = self._running.pop(place)
        member.process.join()
        member.reports.close()

    def _stop_all(self) -> None:
        if self._running:
            log.info("stopping: what is begun is finished or given back, at most %d s", self._crew.duties.grace_seconds)
        for member in self._running.values():
            member.process.terminate()
        until = time.monotonic() + self._crew.duties.grace_seconds + self._crew.duties.poll_seconds
        for place, member in tuple(self._running.items()):
            member.process.join(max(until - time.monotonic(), 0))
            if member.process.is_alive():
                member.process.kill()
            self._read_reports(member)
            self._end(place)

    def _read_reports(self, member: _Member) -> None:
        try:
            while member.reports.poll():
                self._counts[member.process.pid or 0] = member.reports.recv()
        except (EOFError, OSError):
            return  # it has ended, and said all

    def _total(self) -> Counter[str]:
        total = sum(self._counts.values(), Counter[str]())
        if self._restarts:
            total["processes started again"] = self._restarts
        return total

    def _write_health(self, state: str) -> None:
        if self._crew.health_file is None:
            return
        fields = {"state": state, "at": int(time.time()), "processes": len(self._running), "counts": self._total()}
        beside = self._crew.health_file.with_suffix(".new")
        try:
            beside.write_text(json.dumps(fields) + "\n", encoding="utf-8")
            beside.replace(self._crew.health_file)
        except OSError as reason:  # the work goes on; whoever looks at the file sees that it grows old
            log.warning("the health file %s cannot be written: %s", self._crew.health_file, reason.strerror)


class _OneLine(logging.Formatter):
    """Keeps each message on its line: who names an object shall not write lines of this log, or move a cursor."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging calls it so)
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 (as above)
        return "\n".join(map(printable, super().formatException(ei).split("\n")))


def log_to_stderr() -> None:
    """Print what workers say, a line each; of the libraries below only what is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler])
    log.setLevel(logging.INFO)


def _work(stack: Stack, settings: Settings, duties: Duties, parent: int, reporting: Connection) -> None:
    log_to_stderr()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent passes it on as SIGTERM
    cloud = Cloud.connected(stack, settings)
    worker = Worker(cloud, duties)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    over = threading.Event()

    def report() -> None:
        while not over.wait(_REPORT_SECONDS):
            if os.getppid() != parent:
                worker.stop()  # nobody watches any more
            _report(worker, reporting)

    reports = threading.Thread(target=report, name="reports", daemon=True)
    reports.start()
    worker.run()
    over.set()
    reports.join()
    _report(worker, reporting)


def _report(worker: Worker, reporting: Connection) -> None:
    counts = Counter(worker.counts) + Counter({what: int(n) for what, n in worker.cloud.meter.figures().items()})
    with suppress(OSError):  # where the parent has died, nobody is there to be told
        reporting.send(counts)
