"""The same things told to a compiled scanner and to Python's tally, one line at a time: both must know and sum alike.

What a reader never does to a small file is done here: groups beyond 16 bits, numbers up to 64 bits, thousands of keys,
learned anew, forgotten and learned again.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from iotagg.core.dialect import Dialect
from iotagg.core.lines import Batch
from iotagg.core.native import NativeTally
from iotagg.core.tally import PurePythonTally, Tally
from tests.sameness.pools import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.core._scanner import Scanner

Key = tuple[bytes, bytes, bytes]
_DIALECT = Dialect(src=0, dst=1, timestamp=2, metrics=(3, 4), width=6, names=("",) * 6)
_EXPONENTS = (3, 0)
_KEYS = 2000
_LARGE = (0, 1, 10**16, 2**32, 2**63, 2**64 - 1)


@dataclass(slots=True)
class Told:
    """Two tallies that were told the same."""

    pure: PurePythonTally
    compiled: NativeTally
    keys: list[Key]
    groups: int = 0

    def add(self, group: int, numbers: tuple[int, int]) -> None:
        """Have both add a row, to a new group or to one that there is."""
        self.pure.add(group, numbers)
        self.compiled.add(group, numbers)
        self.groups = max(self.groups, group + 1)

    def learn(self, key: Key, group: int) -> None:
        """Have both learn a key."""
        source, destination, date = key
        for tally in (self.pure, self.compiled):
            tally.learn(source, destination, date + b" 10:00", date, group)

    def forget(self) -> None:
        """Have both forget."""
        self.pure.forget()
        self.compiled.forget()

    def read(self, line: bytes) -> Iterator[str]:
        """Have both read a line; yield how they differ, about it or about how much they know."""
        expected, found = _judged(self.pure, line), _judged(self.compiled, line)
        if expected != found:
            yield f"{line!r:.200}: {found} instead of {expected}"
        if self.pure.known() != self.compiled.known():
            yield f"{self.compiled.known()} keys are known instead of {self.pure.known()}"

    def compare(self) -> Iterator[str]:
        """Yield which keys one of them does not know, and which sums differ."""
        for key in self.keys:
            yield from self.read(b"%b,%b,%b,7,7,x" % key)
        for group in range(self.groups):
            if (found := self.compiled.sums(group)) != (expected := self.pure.sums(group)):
                yield f"group {group}: {found} instead of {expected}"


def told_differently(scanner: type[Scanner], seed: int, steps: int, groups: int = 0) -> Iterator[str]:
    """Yield how both answer differently; `groups` are there before anything else is told."""
    random = Random(seed)  # noqa: S311 (seeded, no secret)
    pure, compiled = PurePythonTally(_DIALECT, _EXPONENTS), NativeTally(scanner, _DIALECT, _EXPONENTS)
    told = Told(pure, compiled, _keys(random))
    for group in range(max(groups, 1)):
        told.add(group, (group, 1))
    for step in range(steps):
        kind = random.random()
        if kind < 0.1:
            group = random.randint(max(0, told.groups - 50), told.groups)
            told.add(group, (random.choice(_LARGE), random.getrandbits(64)))
        elif kind < 0.7:
            told.learn(random.choice(told.keys), random.randrange(max(0, told.groups - 50), told.groups))
        elif kind < 0.705 and step < steps // 3:  # tables grow in the other two thirds
            told.forget()
        else:
            yield from told.read(_line(random, told.keys))
    yield from told.compare()


def _keys(random: Random) -> list[Key]:
    dates = (b"1/1/2022", b"11/1/2022", b"", b"2022-11-1", b"d" * 17, b"d" * 31 + b"e", b"d" * 40)
    sources, destinations = addresses(random), addresses(random)
    sources += [b"%d" % random.getrandbits(32) for _ in range(1000)]
    return [(random.choice(sources), random.choice(destinations), random.choice(dates)) for _ in range(_KEYS)]


def _line(random: Random, keys: list[Key]) -> bytes:
    numbers = [
        random.choice((b"7", b"0", b"9" * 13, b"9" * 14, b"9" * 16, b"9" * 17, b"", b"1x", b":")) for _ in range(2)
    ]
    source, destination, date = random.choice(keys)
    cells = [source, destination, date + random.choice((b"", b" 10:00")), *numbers, b"x" * random.randrange(99)]
    return b",".join(cells) + b"," * random.choice((0, 0, 0, 1, 2)) + random.choice((b"", b"\n"))


@dataclass(frozen=True, slots=True)
class _Listener:
    # It knows no group, so every line at which a tally stops is told to it.
    judged: list[tuple[int, bytes]]

    def line(self, place: int, line: bytes, /) -> None:
        self.judged.append((place, line))

    def group(self, _place: int, _source: bytes, _destination: bytes, _date: bytes, /) -> int | None:
        return None


def _judged(tally: Tally, line: bytes) -> tuple[list[tuple[int, bytes]], tuple[int, int]]:
    listener = _Listener([])
    read = tally.read(Batch(memoryview(line)), listener)
    return listener.judged, read
