"""All ways through a run that chooses: the run is made again for each of them, up to a choice not made before.

A run has to do the same whenever it is led to the same choices. Several processes share the work, and what they know:
each tells the others which states it came by. What one of them leaves of its share goes back to all.
"""

from __future__ import annotations

import gc
import mmap
import multiprocessing
import traceback
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Line = dict[str, Any]
    Lead = tuple[int, ...]
    Run = Callable[["Ways"], Line]

STATE_BYTES = 16
_SLOTS = 1 << 23  # only those in use take memory
_NO_STATE = bytes(STATE_BYTES)
_TOGETHER = 50


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
    """The way that a run is on: the choices that it is led to, those it made, and the others that it could make."""

    states: States
    lead: Lead = ()
    taken: list[int] = field(default_factory=list)
    others: list[Lead] = field(default_factory=list)

    @property
    def is_led(self) -> bool:
        """Whether another run was here before this one."""
        return len(self.taken) < len(self.lead)

    def is_new(self, state: Callable[[], bytes]) -> bool:
        """Say whether nobody came by this state, but for who led the run here."""
        return self.is_led or self.states.add(state())

    def take(self, possible: int) -> int:
        """Choose one of so many; the others are for other runs."""
        if self.is_led:
            choice = self.lead[len(self.taken)]
            if choice >= possible:
                raise RuntimeError("a run does not do the same as the one that led it here")
        else:
            choice = 0
            self.others += [(*self.taken, other) for other in range(possible - 1, 0, -1)]
        self.taken.append(choice)
        return choice


def every_way(
    run: Run, states: States, most: float = float("inf"), at_once: int = 1, told: Callable[[int], object] = id
) -> Iterator[Line]:
    """Yield what `run` returns on every way through it, or on so many of them, each with the choices `taken`.

    `told` is called now and then with the number of ways that are done. With several processes `at_once`, they are
    forked: to be called where no other thread runs.
    """
    if at_once == 1:
        yield from _in_turn(run, states, most, told)
        return
    with multiprocessing.get_context("fork").Pool(at_once, _begin, (run, states)) as pool:
        waiting: deque[Lead] = deque([()])
        shares: list[Any] = []
        done = 0
        while shares or (waiting and done < most):
            while waiting and len(shares) < 2 * at_once and done + _TOGETHER * len(shares) < most:
                given = int(min(_TOGETHER, most - done - _TOGETHER * len(shares)))
                shares.append(pool.apply_async(_share, (deque([waiting.popleft()]), given)))
            lines, left = shares.pop(0).get()
            waiting += left
            done += len(lines)
            told(done)
            yield from lines


def _in_turn(run: Run, states: States, most: float, told: Callable[[int], object]) -> Iterator[Line]:
    waiting: deque[Lead] = deque([()])
    done = 0
    while waiting and done < most:
        yield _way(run, states, waiting)
        done += 1
        told(done)


def _way(run: Run, states: States, waiting: deque[Lead]) -> Line:
    # The first of those that wait: one that differs early from what was done before.
    ways = Ways(states, waiting.popleft())
    try:
        line = run(ways)
    except Exception:  # noqa: BLE001 (whatever it is, it is wrong)
        line = {"wrong": [traceback.format_exc()]}
    waiting += ways.others
    return line | {"taken": ways.taken}


_work: list[tuple[Run, States]] = []  # of a process that shares the work


def _begin(run: Run, states: States) -> None:
    gc.freeze()
    _work.append((run, states))


def _share(waiting: deque[Lead], most: int) -> tuple[list[Line], deque[Lead]]:
    ((run, states),) = _work
    lines: list[Line] = []
    while waiting and len(lines) < most:
        lines.append(_way(run, states, waiting))
    return lines, waiting
