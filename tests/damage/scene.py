"""Where damage is done: what lies there, what of it was damaged already, and what has to be named of that.

What one damage touches no other one does, so that each has to be named for itself.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.damage.raw import Figures, File, Key, Raw

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

Chunk = list[dict[str, Any]]


class NothingLeft(Exception):
    """There is nothing of the kind, or all of it is damaged already."""


class OfFigure(NamedTuple):
    """This figure of a pair's month, by its attribute, with what is stored and what the files add up to."""

    key: Key
    figure: str
    stored: Any
    recomputed: Any


class OfPair(NamedTuple):
    """This pair's month, whatever is said of it."""

    key: Key


class OfFile(NamedTuple):
    """This file, by its contribution or one of its paths."""

    name: File


class OfPath(NamedTuple):
    """This path."""

    site: str
    path: str


class OfSite(NamedTuple):
    """Something at this site that has no other name."""

    site: str


Named = OfFigure | OfPair | OfFile | OfPath | OfSite


@dataclass(slots=True)
class Kept:
    """A contribution, unpacked."""

    head: dict[str, Any]
    chunks: list[Chunk]


class Scene:
    """A store that was clean, and what is drawn of it to be damaged."""

    def __init__(self, raw: Raw, chance: random.Random) -> None:
        self.raw = raw
        self.chance = chance
        held = {key: {name: value for name, value in row.items() if value} for key, row in raw.sums().items()}
        self.truth = {key: figures for key, figures in held.items() if figures}  # a retraction may leave zeros
        self.files = raw.files()
        self.markers = raw.markers()
        self.paths = raw.paths()
        self.kept = {name: unpacked(stored) for name in self.files if (stored := raw.stored(name))}
        self._keys: set[Key] = set()
        self._names: set[File] = set()
        self._paths: set[tuple[str, str]] = set()

    def pair(self, fits: Callable[[Figures], object] = bool) -> Key:
        """Draw a pair's month that nothing touched yet. Raises NothingLeft."""
        key: Key = self._draw([key for key, figures in self.truth.items() if key not in self._keys and fits(figures)])
        self._keys.add(key)
        return key

    def claim(self, key: Key) -> Key:
        """Draw this very pair's month, which may be there or not. Raises NothingLeft."""
        if key in self._keys:
            raise NothingLeft
        self._keys.add(key)
        return key

    def day(self, key: Key, apart_from: str = "") -> str:
        """Draw one of a month's days (`05`). Raises NothingLeft."""
        day: str = self._draw([day for day in days_of(self.truth[key]) if day != apart_from])
        return day

    def file(self, fits: Callable[[File], object] = bool) -> File:
        """Draw a file of which nothing was touched yet, and with it all its pairs. Raises NothingLeft."""
        name: File = self._draw(
            [
                name
                for name in self.files
                if name not in self._names and self._keys.isdisjoint(self.keys_of(name)) and fits(name)
            ]
        )
        self._names.add(name)
        self._keys.update(self.keys_of(name))
        self._paths.update(where for where, known in self.paths.items() if name in known["names"])
        return name

    def path(self, fits: Callable[[dict[str, Any]], object] = bool, site: str = "") -> tuple[str, str]:
        """Draw a path that nothing touched yet, at a site if one is given. Raises NothingLeft."""
        where: tuple[str, str] = self._draw(
            [
                where
                for where, known in self.paths.items()
                if where not in self._paths
                and (not site or where[0] == site)
                and self._names.isdisjoint(known["names"])
                and fits(known)
            ]
        )
        self._paths.add(where)
        for name in self.paths[where]["names"]:
            self._names.add(name)
            self._keys.update(self.keys_of(name))
        return where

    def one(self, choices: Any) -> Any:
        """Draw one. Raises NothingLeft."""
        return self._draw(list(choices))

    def _draw(self, choices: list[Any]) -> Any:
        if not choices:
            raise NothingLeft
        return self.chance.choice(sorted(choices))

    def keys_of(self, name: File) -> list[Key]:
        """Return the pair-months to which a file adds, or would add."""
        kept = self.kept.get(name)
        return [key_of(name, row) for chunk in kept.chunks for row in chunk] if kept else []

    def is_in(self, name: File) -> bool:
        """Say whether a file counts, and adds something."""
        return self.files[name]["revision"] % 2 == 1 and name in self.kept and bool(self.kept[name].chunks)

    def is_out(self, name: File) -> bool:
        """Say whether a file was taken out that would add something."""
        return self.files[name]["revision"] % 2 == 0 and name in self.kept and bool(self.kept[name].chunks)

    def change(self, key: Key, changes: Figures) -> list[Named]:
        """Write other figures of a pair's month (None takes one away); return what is to be named."""
        figures = {name: value for name, value in {**self.truth[key], **changes}.items() if value is not None}
        self.raw.put_sums(key, figures)
        return list(differing(key, figures, self.truth[key]))

    def add(self, key: Key, figures: Figures, times: int = 1) -> list[Named]:
        """Add figures to what is stored of a pair's month, or take them away; return what is to be named."""
        now = self.raw.sums().get(key, {})
        changed = {name: now.get(name, 0) + times * figures.get(name, 0) for name in {**now, **figures}}
        changed = {name: value for name, value in changed.items() if value}
        self.raw.put_sums(key, changed or None)
        return list(differing(key, changed, self.truth.get(key, {})))

    def put_kept(self, name: File, kept: Kept) -> None:
        """Write a contribution anew, its chunks' lengths right in both of its heads."""
        members = [packed_chunk(chunk) for chunk in kept.chunks]
        buckets = [bucket for bucket, _ in kept.head["chunks"]]
        kept.head["chunks"] = [[bucket, len(member)] for bucket, member in zip(buckets, members, strict=True)]
        head = packed_head(kept.head)
        self.raw.put_stored(name, head + b"".join(members))
        self.raw.put_file(name, head=kept.head, first_chunk=len(head))


def differing(key: Key, stored: Figures, recomputed: Figures) -> list[OfFigure]:
    """Return the figures that are not alike."""
    names = sorted({**stored, **recomputed})
    pairs = [(name, stored.get(name, 0), recomputed.get(name, 0)) for name in names]
    return [OfFigure(key, *each) for each in pairs if each[1] != each[2] or type(each[1]) is not type(each[2])]


def days_of(figures: Figures) -> list[str]:
    """Return the days (`05`) that are in a pair's month."""
    return sorted(name[1:] for name in figures if name[0] == "f" and name[1:].isdigit())


def day_of(figures: Figures, day: str) -> Figures:
    """Return the figures of one day."""
    return {f"{letter}{day}": figures.get(f"{letter}{day}", 0) for letter in "fdp"}


def figures_of(row: dict[str, Any]) -> Figures:
    """Return the figures of a line of a chunk."""
    return {name: value for name, value in row.items() if name not in ("src_ip", "dst_ip", "month") and value}


def key_of(name: File, row: dict[str, Any]) -> Key:
    """Return the pair's month of a line of a chunk."""
    return Key(name.site, row["src_ip"], row["dst_ip"], row["month"])


def members_of(stored: bytes) -> list[bytes]:
    """Return the gzip members of a file, decompressed."""
    found = []
    while stored:
        inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        found.append(inflater.decompress(stored))
        stored = inflater.unused_data
    return found


def unpacked(stored: bytes) -> Kept:
    """Return a contribution, unpacked."""
    head, *chunks = members_of(stored)
    return Kept(json.loads(head), [[json.loads(line) for line in chunk.splitlines()] for chunk in chunks])


def packed_chunk(chunk: Chunk) -> bytes:
    """Return the gzip member of a chunk."""
    return gzip.compress("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in chunk).encode(), mtime=0)


def packed_head(head: dict[str, Any]) -> bytes:
    """Return the gzip member of a head."""
    return gzip.compress(json.dumps(head, separators=(",", ":")).encode() + b"\n", mtime=0)
