"""Which contributions are in, which paths refer to them, and what an upload or a retraction is to change.

A file's history is a sequence of revisions: 0 known, 1 counted, 2 taken out, 3 counted again, and so on; odd is in,
even is out. A contribution is in while at least one path refers to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iotagg.core.contribution import Head, Name

OnChange = Literal["refuse", "replace", "add"]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of a contribution: its head, its revision, the paths that refer to it.

    `retracted` is the path from which a person took it out, or empty: it comes back on a person's word only. While
    another path refers to it, it stays in. `erased` says that what it added is stored no longer, so that it can neither
    come in nor go out; what of it is in the sums stays there.
    """

    head: Head
    revision: int = 0
    retracted: str = ""
    paths: frozenset[str] = frozenset()
    erased: bool = False

    @property
    def name(self) -> Name:
        """The contribution's name."""
        return self.head.name

    @property
    def is_in(self) -> bool:
        """Whether its sums are to be in the totals."""
        return is_in(self.revision)

    @property
    def is_retracted(self) -> bool:
        """Whether a person took it out, and no path keeps it in."""
        return bool(self.retracted) and not self.paths

    @property
    def is_forgotten(self) -> bool:
        """Whether it was erased, and nothing refers to it: its content comes back on a person's word only."""
        return self.erased and not self.paths

    def forgotten_elsewhere(self) -> FileRecord:
        """Return what another store is to know of it, in whose sums nothing of it ever was: that it is out."""
        return FileRecord(self.head.emptied(), sealing(self.revision), self.retracted, erased=True)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The last attempt at a path that was refused: why, and the line counts and last day as far as the file was read.

    `content` names the contribution that the file would have made.
    """

    reason: str
    content: str = ""
    lines: dict[str, int] = field(default_factory=dict)
    last_day: str = ""


@dataclass(frozen=True, slots=True)
class Versions:
    """What is known of the versions of an object at a path; nothing for files on a disk.

    `final` are those of which it is settled what became of them, `first` and `last` the sequencers (see is_older()) of
    the oldest and the newest that the path's contributions come from, `last_rule` how the newest was to be taken ("":
    nobody said).
    """

    final: frozenset[str] = frozenset()
    first: str = ""
    last: str = ""
    last_rule: OnChange | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which version of an object was read, and its sequencer; both empty for a file on a disk."""

    version: str = ""
    sequencer: str = ""


ON_DISK = Origin()


@dataclass(frozen=True, slots=True)
class PathRecord:
    """What is known of a path: the contributions it refers to, oldest first, and its last refusal, if any.

    `moves` says how often that changed, where a store counts it: in one whose decisions nothing can come between, it
    stays 0.
    """

    site: str
    path: str
    names: tuple[Name, ...] = ()
    refusal: Refusal | None = None
    versions: Versions = field(default_factory=Versions)
    moves: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Pending:
    """A contribution whose revision has yet to reach some of its chunks, and since when (seconds since 1970)."""

    name: Name
    since: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """What a person said about files that are known already."""

    on_change: OnChange = "refuse"
    again: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows that bears on one upload.

    `readings` is the same content read with other options as far as it is in, `retracted` says that a person took that
    content out, however it was read, `grown` is the contribution of this path with whose content the new one begins,
    `outgrown` says that what stands at the path begins with the new content, `forgotten` that the content, or a part of
    it, was erased, however it was read.
    """

    path: PathRecord
    readings: tuple[FileRecord, ...] = ()
    retracted: bool = False
    grown: Name | None = None
    outgrown: bool = False
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A change of what a path refers to.

    It forgets the path's refusal, or leaves another one. `origin` is what was read there; `first` and `last` replace
    the sequencers that are remembered, if given, and `last_rule` what goes with the last one. With `expected` it is
    made only while the path refers to these, with `seen` only while it was moved as often: a path that refers to
    nothing may have been left since, by a person's word. With `retracted` a person takes out what is dropped, which is
    remembered of it. With `in_place` what is taken stands in the place of what is dropped, which the path has to refer
    to, and a refusal stays.
    """

    path: str
    take: Name | None = None
    drop: tuple[Name, ...] = ()
    origin: Origin = ON_DISK
    first: str = ""
    last: str = ""
    last_rule: OnChange | Literal[""] = ""
    expected: tuple[Name, ...] | None = None
    seen: int | None = None
    refusal: Refusal | None = None
    retracted: bool = False
    in_place: bool = False

    def fits(self, record: PathRecord) -> bool:
        """Say whether the path is still as this move expects it."""
        expected = self.expected is None or self.expected == record.names
        unmoved = self.seen is None or self.seen == record.moves
        return expected and unmoved and not (self.in_place and set(self.drop).isdisjoint(record.names))

    def applied_to(self, record: PathRecord) -> PathRecord:
        """Return what is known of the path afterwards."""
        return PathRecord(
            record.site,
            self.path,
            names=self._names(record.names),
            refusal=record.refusal if self.in_place else self.refusal,
            versions=Versions(
                final=record.versions.final | ({self.origin.version} - {""}),
                first=self.first or record.versions.first,
                last=self.last or record.versions.last,
                last_rule=self.last_rule if self.last else record.versions.last_rule,
            ),
            moves=record.moves,
        )

    def _names(self, names: tuple[Name, ...]) -> tuple[Name, ...]:
        if self.in_place:
            there = (self.take if name in self.drop else name for name in names)
            return tuple(dict.fromkeys(name for name in there if name is not None))
        kept = tuple(name for name in names if name not in (*self.drop, self.take))
        return kept if self.take is None else (*kept, self.take)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an upload is to do: the moves of paths, or why it is refused.

    A refusal need not be remembered where what is known of the file says it already; it may come with moves that only
    change what is known of the path's versions.
    """

    moves: tuple[Move, ...] = ()
    refused: str = ""
    remembered: bool = True


READ_OTHERWISE = (
    "its content is counted already, read with other options; --replace counts it with these options instead"
)
OTHER_CONTENT = (
    "this path was counted with other content; --replace if this corrects it,"
    " --add if it is other traffic under an old name"
)

RETRACTED = "its content was retracted; --again counts it again"
FORGOTTEN = "its content, or a part of it, was erased on request; --again counts all of it again"


def is_older(sequencer: str, than: str) -> bool:
    """Say whether an object's version was written before another of the same key, by S3's sequencers.

    They are hexadecimal texts that compare from the left, the shorter one with zeros to its right (Amazon S3 User
    Guide, event message structure). Without both, the order is not known.
    """
    if not sequencer or not than:
        return False
    width = max(len(sequencer), len(than))
    return sequencer.lower().ljust(width, "0") < than.lower().ljust(width, "0")


def is_in(revision: int) -> bool:
    """Say whether a contribution is in at a revision."""
    return revision % 2 == 1


def sealing(revision: int) -> int:
    """Return at which revision the marker of a chunk that was never applied is put, so that nothing late counts."""
    return revision + revision % 2


def remains(name: Name, readings: Iterable[FileRecord]) -> bool:
    """Say whether a contribution is known and not forgotten, given all that is known of its content."""
    return any(reading.name == name and not reading.is_forgotten for reading in readings)


def comes_back(name: Name, readings: Sequence[FileRecord]) -> bool:
    """Say whether a contribution would bring back what was forgotten, given all that is known of its content.

    What remains does not: it is known, with a device's rows taken out, or was stored again on a person's word.
    """
    return any(reading.is_forgotten for reading in readings) and not remains(name, readings)


def next_revision(record: FileRecord) -> int:
    """Return the revision at which a contribution is in exactly when a path refers to it."""
    return record.revision + (record.is_in != bool(record.paths))


def decide(name: Name, known: Known, policy: Policy, origin: Origin = ON_DISK) -> Decision:
    """Return what uploading the contribution `name` at a path is to change.

    Versions of an object that are read in another order than they were written end as if they had been read in theirs.
    """
    path = known.path
    if name in path.names:
        return _seen_again(path, policy, origin)
    read_otherwise = tuple(reading.name for reading in known.readings)
    if read_otherwise and policy.on_change != "replace":
        return Decision(refused=READ_OTHERWISE)
    if (known.retracted or known.forgotten) and not policy.again:
        return Decision(refused=RETRACTED if known.retracted else FORGOTTEN, remembered=known.forgotten)
    other = tuple(held for held in path.names if held not in read_otherwise)
    if other and is_older(origin.sequencer, path.versions.last):
        overtaken = _overtaken(name, known, policy, origin)
        if overtaken is not None:
            return overtaken
    if other and known.grown is None and not read_otherwise and policy.on_change == "refuse":
        return Decision(refused=OTHER_CONTENT)
    drop = _dropped(known, policy, read_otherwise, other)
    elsewhere = {held for reading in known.readings for held in reading.paths} - {path.path}
    moves = (Move(held, name, read_otherwise) for held in sorted(elsewhere))
    return Decision(moves=(_move(path, name, drop, origin, policy), *moves))


def _seen_again(path: PathRecord, policy: Policy, origin: Origin) -> Decision:
    # The same content once more: what was written between its versions is compared with all of them.
    first = origin.sequencer if is_older(origin.sequencer, path.versions.first) else ""
    replaces = policy.on_change == "replace" and is_older(path.versions.last, origin.sequencer)
    last = origin.sequencer if replaces else ""
    if not first and not last:
        return Decision()
    rule: OnChange | Literal[""] = policy.on_change if last else ""
    move = Move(path.path, None, (), origin, first, last, rule, expected=path.names, seen=path.moves)
    return Decision(moves=(move,))


def _overtaken(name: Name, known: Known, policy: Policy, origin: Origin) -> Decision | None:
    # What to do with a version of which a later one was read before it; None where that makes no difference. It is the
    # later one's word that tells what it does to what came before it.
    path = known.path
    rule = path.versions.last_rule or policy.on_change
    if rule == "replace" or known.outgrown:
        return _stands(path, origin)
    if not is_older(origin.sequencer, path.versions.first) or rule == policy.on_change == "add":
        return None
    if rule == "add":
        return Decision(moves=(_move(path, name, (), origin, replace(policy, on_change="add")),))
    # What was written first stands, so what was read before it gives way, and is refused in its turn.
    displaced = Refusal(OTHER_CONTENT, str(path.names[-1]))
    move = _move(path, name, path.names, origin, replace(policy, on_change="refuse"))
    return Decision(moves=(replace(move, last_rule=policy.on_change, refusal=displaced),))


def _stands(path: PathRecord, origin: Origin) -> Decision:
    # A later version holds all that this one does, or replaces it; it stands as if it had been read after this one.
    moves: tuple[Move, ...] = ()
    if is_older(origin.sequencer, path.versions.first):
        moves = (
            Move(
                path.path,
                origin=origin,
                first=origin.sequencer,
                expected=path.names,
                seen=path.moves,
                refusal=path.refusal,
            ),
        )
    return Decision(moves=moves, refused="a later version of this object was counted before it", remembered=False)


def _move(path: PathRecord, name: Name, drop: tuple[Name, ...], origin: Origin, policy: Policy) -> Move:
    # What has grown, or stands beside other traffic, goes back to the first of the path's versions.
    first = last = origin.sequencer
    rule: OnChange | Literal[""] = policy.on_change if last else ""
    came_first = is_older(first, path.versions.first)
    replaces = policy.on_change == "replace" or (came_first and policy.on_change == "refuse")
    if path.names and not replaces:
        first = first if came_first else path.versions.first or first
        if is_older(last, path.versions.last):
            last, rule = path.versions.last, path.versions.last_rule
    return Move(path.path, name, drop, origin, first, last, rule, expected=path.names, seen=path.moves)


def _dropped(
    known: Known, policy: Policy, read_otherwise: tuple[Name, ...], other: tuple[Name, ...]
) -> tuple[Name, ...]:
    if known.grown is not None:
        return (*read_otherwise, known.grown)
    replaces_itself = not set(read_otherwise).isdisjoint(known.path.names)
    if policy.on_change == "replace" and not replaces_itself:
        return (*read_otherwise, *other[-1:])
    return read_otherwise
