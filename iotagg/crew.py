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
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from iotagg.aws.spot import is_being_interrupted
from iotagg.jobs.cloud import Cloud
from iotagg.worker import Duties, Worker

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess
    from pathlib import Path

    from iotagg.aws.stack import Stack
    from iotagg.jobs.cloud import Settings

log = logging.getLogger("iotagg.worker")

_LOOK_SECONDS = 1.0
_SPOT_SECONDS = 5.0
_REPORT_SECONDS = 2.0
_RESTART_SECONDS = 1.0
_LOG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Crew:
    """A worker of several processes for one deployment; `health_file`, if given, is written anew every second."""

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
        cloud.files.depth(), cloud.chunks.depth(), cloud.store.sites()  # what is wrong with the set-up, is said at once
        return _Watch(self).run()


class _Watch:
    # The parent process: it does no work itself.
    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._context = multiprocessing.get_context("spawn")
        self._reports: Any = self._context.SimpleQueue()
        self._running: dict[int, SpawnProcess] = {}
        self._counts: dict[int, Counter[str]] = {}
        self._restarts = 0
        self._stopping = threading.Event()

    def run(self) -> Counter[str]:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        for place in range(self._crew.processes):
            self._start(place)
        spot_at = logged_at = time.monotonic()
        while self._running and not self._stopping.wait(_LOOK_SECONDS):
            self._look_after()
            now = time.monotonic()
            if now - spot_at > _SPOT_SECONDS and (spot_at := now) and is_being_interrupted():
                log.warning("this instance is to be interrupted: finishing or giving back what is begun")
                self._stopping.set()
            if now - logged_at > _LOG_SECONDS and (logged_at := now):
                log.info("%s", self._total())
            self._write_health("working")
        self._stop_all()
        self._write_health("stopped")
        return self._total()

    def _start(self, place: int) -> None:
        # One of them sweeps for all.
        crew = self._crew
        duties = crew.duties if place == 0 else replace(crew.duties, sweep_seconds=0)
        arguments = (crew.stack, crew.settings, duties, place, self._reports)
        process = self._context.Process(target=_work, args=arguments, name=f"iotagg-worker-{place}")
        process.start()
        self._running[place] = process

    def _look_after(self) -> None:
        self._read_reports()
        for place, process in tuple(self._running.items()):
            if process.is_alive():
                continue
            process.join()
            del self._running[place]
            if process.exitcode:  # it was killed, or failed; what it was in the middle of comes again
                log.error("process %d ended with %d; starting another", place, process.exitcode)
                self._restarts += 1
                time.sleep(_RESTART_SECONDS)
                self._start(place)

    def _stop_all(self) -> None:
        for process in self._running.values():
            process.terminate()
        until = time.monotonic() + self._crew.duties.grace_seconds + self._crew.duties.poll_seconds
        for process in self._running.values():
            process.join(max(until - time.monotonic(), 0))
            if process.is_alive():
                process.kill()
                process.join()
        self._read_reports()

    def _read_reports(self) -> None:
        while not self._reports.empty():
            process, counts = self._reports.get()
            self._counts[process] = counts

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
        beside.write_text(json.dumps(fields) + "\n", encoding="utf-8")
        beside.replace(self._crew.health_file)


def log_to_stderr() -> None:
    """Print what workers say, a line each; of the libraries below only what is wrong."""
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s")
    log.setLevel(logging.INFO)


def _work(stack: Stack, settings: Settings, duties: Duties, place: int, reports: Any) -> None:
    log_to_stderr()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent passes it on as SIGTERM
    cloud = Cloud.connected(stack, settings)
    worker = Worker(cloud, duties)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    over = threading.Event()

    def report() -> None:
        while not over.wait(_REPORT_SECONDS) and os.getppid() == parent:
            reports.put((os.getpid(), _counts(worker)))
        if not over.is_set():
            worker.stop()  # nobody watches any more

    parent = os.getppid()
    reporting = threading.Thread(target=report, name=f"reports of {place}", daemon=True)
    reporting.start()
    worker.run()
    over.set()
    reporting.join()
    reports.put((os.getpid(), _counts(worker)))


def _counts(worker: Worker) -> Counter[str]:
    return Counter(worker.counts) + Counter({what: int(n) for what, n in worker.cloud.meter.figures().items()})
