"""The flow files of a run, how they change, and what they should come to: kept beside the program that is tried.

Nothing here asks the program. What a file says is read by tests/reference.py, which shares no code with it.
"""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from tests.reference import Reading, Refused, read_plainly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SITES = ("paris", "tokyo")
_PLAIN = b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\n"
_METER = b"Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Label\n"
_WIDE = b"Note," + _PLAIN
_WIDE_FLOWS, _WIDE_BYTES = 110, 90_000  # in all more than the 8 MiB from which on an upload goes in parts
_FLOWS = ((1, 6),) * 70 + ((10, 40),) * 22 + ((150, 400),) * 7 + ((1_700, 1_900),)  # of a file; hundreds span chunks
_SOURCES, _DESTINATIONS = 60, 40  # few, so that files share pairs
_ODD = 0.2  # the share of files with lines that do not count


@dataclass(slots=True)
class File:
    """A file on disk, and what is to be known of it when the round is over.

    `held` is the content it is counted with, None where it is not; `state` is its end state.
    """

    site: str
    place: Path
    form: str
    content: bytes
    held: bytes | None = None
    state: str = "new"

    @property
    def name(self) -> str:
        return self.place.name

    def write(self) -> None:
        """Put the content on the disk, compressed if the name says so."""
        packed = gzip.compress(self.content, 1, mtime=0) if self.place.suffix == ".gz" else self.content
        self.place.write_bytes(packed)

    def counted(self) -> None:
        """It was uploaded: from now on it is counted with its content, or refused."""
        readable = reading_of(self.content) is not None
        self.state, self.held = ("counted", self.content) if readable else ("refused", None)

    def retracted(self) -> None:
        """It was taken out."""
        self.state, self.held = "retracted", None


@cache
def reading_of(content: bytes) -> Reading | None:
    """Return what a content says, None where it is to be refused."""
    try:
        return read_plainly(content)
    except Refused:
        return None


@dataclass
class Traffic:
    """All files of a run."""

    folder: Path
    chance: random.Random
    files: list[File] = field(default_factory=list)

    @classmethod
    def written(cls, folder: Path, count: int, seed: int) -> Traffic:
        """Write so many files, of which every two share pairs, some are copies, and some are to be refused."""
        traffic = cls(folder, random.Random(f"{seed} traffic"))  # noqa: S311 (seeded choices, no secret)
        for site in SITES:
            (folder / site).mkdir(parents=True)
        for number in range(count):
            traffic.files.append(traffic._new(number, wide=number == 500))
        for file in traffic.files:
            file.write()
        return traffic

    def _new(self, number: int, *, wide: bool) -> File:
        chance, site = self.chance, self.chance.choice(SITES)
        if number > 10 and not wide and chance.random() < 0.06:
            copied = chance.choice(self.files)
            return File(site, self.folder / site / f"{number:04}-copy.csv.gz", copied.form, copied.content)
        form = "wide" if wide else "refused" if number % 50 == 7 else chance.choice(("plain", "plain", "meter"))
        suffix = ".csv.gz" if chance.random() < 0.3 and not wide else ".csv"
        return File(site, self.folder / site / f"{number:04}{suffix}", form, self.fresh(form))

    def fresh(self, form: str) -> bytes:
        """Return a new content, other than all that came before."""
        header = {"meter": _METER, "wide": _WIDE, "refused": b"Src IP,Dst IP\n"}.get(form, _PLAIN)
        return header + self.more(form, header)

    def more(self, form: str, header: bytes = b"") -> bytes:
        """Return further lines for a content of this form."""
        chance = self.chance
        count = _WIDE_FLOWS if form == "wide" else chance.randint(*chance.choice(_FLOWS))
        lines = [self._flow(form) for _ in range(count)]
        if chance.random() < _ODD:
            odd = (b"192.0.2.1,torn\n", b"\n", lines[0].replace(b",", b",x", 2), header or b" \t\n")
            lines += chance.sample(odd, 2)
            chance.shuffle(lines)
        return b"".join(lines)

    def _flow(self, form: str) -> bytes:
        chance = self.chance
        source = f"192.168.{chance.randint(0, 1)}.{chance.randrange(_SOURCES)}"
        destination = f"203.0.113.{chance.randrange(_DESTINATIONS)}"
        day, month = chance.randint(13, 28), chance.randint(1, 3)
        duration, packets = chance.randrange(10**8), chance.randrange(10**4)
        if form == "meter":
            when = f"{day}/{month:02}/2022 10:00:00 AM"
            return f"id,{source},1,{destination},2,6,{when},{duration},{packets},x\n".encode()
        note = b"x" * _WIDE_BYTES + b"," if form == "wide" else b""
        return note + f"{source},{destination},2022-{month:02}-{day} 10:00:00,{duration},{packets}\n".encode()

    def some(self, share: float, *states: str) -> list[File]:
        """Return a random share of the files in some of the states."""
        return [file for file in self.files if file.state in states and self.chance.random() < share]

    def alone(self, files: Iterable[File]) -> list[File]:
        """Leave only files whose content no other file of the site is counted with."""
        holders: dict[tuple[str, bytes | None], int] = {}
        for file in self.files:
            holders[file.site, file.held] = holders.get((file.site, file.held), 0) + 1
        return [file for file in files if holders[file.site, file.held] == 1]

    def readings(self) -> Iterator[tuple[str, Reading]]:
        """Yield what counts: each content once at its site."""
        for site, content in sorted({(file.site, file.held) for file in self.files if file.held is not None}):
            reading = reading_of(content)
            assert reading is not None
            yield site, reading
