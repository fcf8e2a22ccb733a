"""All ways through a run that chooses: at each choice, a process of its own goes on with each of the others.

So nothing is done twice: whatever led to a choice, all of its processes have behind them. Which states any of them was
in, all of them know; what each one comes to, it writes into one file.
"""

from __future__ import annotations

import gc
import json
import mmap
import multiprocessing
import os
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

    Line = dict[str, Any]

STATE_BYTES = 16
_SLOTS = 1 << 23  # only those in use take memory
_NO_STATE = bytes(STATE_BYTES)
_POLL_SECONDS = 0.05


class States:
    """The states that any process was in: an open hash table in memory that they share."""

    def __init__(self) -> None:
        self._slots = mmap.mmap(-1, _SLOTS * STATE_BYTES)
        self._count = multiprocessing.get_context("fork").Value("q", 0)

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self._count.value)

    def add(self, state: bytes) -> bool:
        """Note a state, 16 bytes of a hash; say whether it is new. Of two that come at once, both may be told so."""
        place = int.from_bytes(state[:8], "big") % _SLOTS
        while True:
            begin = place * STATE_BYTES
            found = self._slots[begin : begin + STATE_BYTES]
            if found == state:
                return False
            if found == _NO_STATE:
                self._slots[begin : begin + STATE_BYTES] = state
                with self._count.get_lock():
                    self._count.value += 1
                return True
            place = (place + 1) % _SLOTS


@dataclass(slots=True)
class Ways:
    """What the processes share, and what this one chose so far."""

    states: States
    report: int  # a file's descriptor: all write where the last one ended
    begun: Any  # a number that all of them change
    spare: Any  # a semaphore: how many more may run at once
    most: float
    taken: list[int] = field(default_factory=list)
    is_spare: bool = False
    beside: list[int] = field(default_factory=list)

    def take(self, possible: int) -> int:
        """Choose one of so many; other processes go on with the others, unless enough of them have begun."""
        for other in range(1, possible):
            if not self._may_begin():
                break
            is_spare = self.spare.acquire(block=False)
            process = os.fork()
            if not process:
                self.is_spare, self.beside = is_spare, []
                self.taken.append(other)
                return other
            if is_spare:
                self.beside.append(process)
            else:
                os.waitpid(process, 0)
        self.taken.append(0)
        return 0

    def _may_begin(self) -> bool:
        with self.begun.get_lock():
            if self.begun.value >= self.most:
                return False
            self.begun.value += 1
            return True

    def go(self, run: Callable[[Ways], Line]) -> NoReturn:
        """Run to the end of each way that begins here, and be gone."""
        try:
            line = run(self)
        except BaseException:  # noqa: BLE001 (whatever it is, it is wrong)
            line = {"wrong": [traceback.format_exc()]}
        os.write(self.report, json.dumps(line | {"taken": self.taken}).encode() + b"\n")
        if self.is_spare:
            self.spare.release()
        for process in self.beside:
            os.waitpid(process, 0)
        os._exit(0)


def every_way(
    run: Callable[[Ways], Line],
    states: States,
    most: float = float("inf"),
    at_once: int = 1,
    told: Callable[[int], object] = id,
) -> list[Line]:
    """Return what `run` returned on every way through it, or on so many of them, each with the choices `taken`.

    No more than `at_once` run at any time. `told` is called now and then with the number of ways that have begun.
    """
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryFile(buffering=0) as report:
        ways = Ways(states, report.fileno(), context.Value("q", 1), context.Semaphore(at_once - 1), most)
        gc.collect()
        gc.freeze()
        first = os.fork()
        if not first:
            gc.disable()  # what a process leaves behind goes with it
            ways.go(run)
        while not os.waitpid(first, os.WNOHANG)[0]:
            time.sleep(_POLL_SECONDS)
            told(ways.begun.value)
        gc.unfreeze()
        report.seek(0)
        return [json.loads(line) for line in report]
