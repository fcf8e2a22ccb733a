"""What a path of one store is to change in another one: what is known there stays, and each content counts once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from iotagg.core.ledger import FORGOTTEN, Move, Origin, PathRecord, comes_back, is_older, remains

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from iotagg.core.contribution import Name
    from iotagg.core.ledger import FileRecord, OnChange, Versions

KNOWN_OTHERWISE = (
    "this path is known here with other content, which stays; iotagg retract takes that out, then restore again"
)
COUNTED_OTHERWISE = (
    "its content is counted here already, read with other options; iotagg retract takes that out, then restore --again"
)
ERASED_THERE = "what it added is kept there no longer, while its months are kept here; upload the file itself"
RETRACTED_HERE = "its content was retracted here; --again counts it again"
RETRACTED_THERE = "it was retracted there and is counted here, which stays; iotagg retract takes it out here too"


@dataclass(frozen=True, slots=True)
class Merge:
    """The moves that bring a path over, the object versions to settle after them, and what is left out and why."""

    moves: tuple[Move, ...] = ()
    versions: tuple[str, ...] = ()
    refused: dict[Name, str] = field(default_factory=dict)


def merged(
    path: PathRecord,
    known: PathRecord,
    readings: Mapping[Name, Sequence[FileRecord]],
    *,
    again: bool = False,
    lost: Collection[Name] = (),
) -> Merge:
    """Return how `path` is brought to a store that knows it as `known`.

    `readings` is what is known there of the content of each of the path's names. With `again` a content that was
    retracted or forgotten there counts again. What is `lost` cannot be brought unless it is known there. Doing it a
    second time, also after a part of the moves, comes to the same end.
    """
    against = {name: _against(name, known, readings[name], again=again) for name in path.names}
    against |= {name: ERASED_THERE for name in lost if not (against[name] or remains(name, readings[name]))}
    refused = {name: why for name, why in against.items() if why}
    wanted = tuple(name for name in path.names if name not in refused)
    missing = wanted[len(known.names) :]
    if known.names != wanted[: len(known.names)]:
        missing = ()
        refused |= {name: KNOWN_OTHERWISE for name in wanted if name not in known.names}
    if refused and not missing:
        return Merge(refused=refused)
    moves = _moves(path, known, missing)
    settled = {move.origin.version for move in moves}
    versions = tuple(sorted(path.versions.final - known.versions.final - settled))
    return Merge(moves, versions, refused)


def _against(name: Name, known: PathRecord, readings: Sequence[FileRecord], *, again: bool) -> str:
    if name in known.names:
        return ""
    if comes_back(name, readings) and not again:
        return FORGOTTEN
    if any(reading.paths and reading.name != name for reading in readings):
        return COUNTED_OTHERWISE
    if any(reading.is_retracted for reading in readings) and not again:
        return RETRACTED_HERE
    return ""


def _moves(path: PathRecord, known: PathRecord, missing: tuple[Name, ...]) -> tuple[Move, ...]:
    # The first says what is known of the path's versions, the last leaves its refusal: each step stands by itself.
    takes: tuple[Name | None, ...] = missing
    if not missing and known == PathRecord(path.site, path.path) != path:
        takes = (None,)
    moves = []
    for place, take in enumerate(takes):
        is_last = place == len(takes) - 1
        moves.append(
            Move(
                path.path,
                take,
                origin=Origin(min(path.versions.final - known.versions.final, default="")) if not place else Origin(),
                first=_earlier(path.versions.first, known.versions.first),
                last=_later(path.versions.last, known.versions.last),
                last_rule=_rule(path.versions, known.versions),
                expected=(*known.names, *missing[:place]),
                refusal=known.refusal or (path.refusal if is_last else None),
            )
        )
    return tuple(moves)


def _earlier(sequencer: str, known: str) -> str:
    return sequencer if not known or is_older(sequencer, known) else known


def _rule(versions: Versions, known: Versions) -> OnChange | Literal[""]:
    return versions.last_rule if _later(versions.last, known.last) == versions.last else known.last_rule


def _later(sequencer: str, known: str) -> str:
    return sequencer if not known or is_older(known, sequencer) else known
