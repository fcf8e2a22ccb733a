"""Which contributions are in, which paths refer to them, and what an upload or a retraction is to change.

A file's history is a sequence of revisions: 0 known, 1 counted, 2 taken out, 3 counted again, and so on; odd is in,
even is out. A contribution is in while at least one path refers to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from iotagg.core.contribution import Head, Name

OnChange = Literal["refuse", "replace", "add"]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of a contribution: its head, its revision, the paths that refer to it.

    `retracted` is the path from which a person took it out, or empty: it comes back on a person's word only.
    """

    head: Head
    revision: int = 0
    retracted: str = ""
    paths: frozenset[str] = frozenset()

    @property
    def name(self) -> Name:
        """The contribution's name."""
        return self.head.name

    @property
    def is_in(self) -> bool:
        """Whether its sums are to be in the totals."""
        return is_in(self.revision)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The last attempt at a path that was refused: why, and the line counts as far as the file was read."""

    reason: str
    content: str = ""
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Versions:
    """What is known of the versions of an object at a path; nothing for files on a disk.

    `final` are those of which it is settled what became of them, `first` and `last` the sequencers (see is_older()) of
    the oldest and the newest that the path's contributions come from.
    """

    final: frozenset[str] = frozenset()
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which version of an object was read, and its sequencer; both empty for a file on a disk."""

    version: str = ""
    sequencer: str = ""


ON_DISK = Origin()


@dataclass(frozen=True, slots=True)
class PathRecord:
    """What is known of a path: the contributions it refers to, oldest first, and its last refusal, if any."""

    site: str
    path: str
    names: tuple[Name, ...] = ()
    refusal: Refusal | None = None
    versions: Versions = field(default_factory=Versions)


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
    `outgrown` says that what stands at the path begins with the new content.
    """

    path: PathRecord
    readings: tuple[FileRecord, ...] = ()
    retracted: bool = False
    grown: Name | None = None
    outgrown: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A change of what a path refers to.

    It forgets the path's refusal, or leaves another one. `origin` is what was read there; `first` and `last` replace
    the sequencers that are remembered, if given. With `expected` it is made only while the path refers to these.
    """

    path: str
    take: Name | None = None
    drop: tuple[Name, ...] = ()
    origin: Origin = ON_DISK
    first: str = ""
    last: str = ""
    expected: tuple[Name, ...] | None = None
    refusal: Refusal | None = None

    def fits(self, record: PathRecord) -> bool:
        """Say whether the path is still as this move expects it."""
        return self.expected is None or self.expected == record.names

    def applied_to(self, record: PathRecord) -> PathRecord:
        """Return what is known of the path afterwards."""
        gone = (*self.drop, self.take)
        names = [name for name in record.names if name not in gone]
        return PathRecord(
            record.site,
            self.path,
            names=(*names, self.take) if self.take is not None else tuple(names),
            refusal=self.refusal,
            versions=Versions(
                final=record.versions.final | ({self.origin.version} - {""}),
                first=self.first or record.versions.first,
                last=self.last or record.versions.last,
            ),
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What an upload is to do: the moves of paths, or why it is refused.

    A refusal need not be remembered where what is known of the file says it already.
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


def next_revision(record: FileRecord) -> int:
    """Return the revision at which a contribution is in exactly when a path refers to it."""
    return record.revision + (record.is_in != bool(record.paths))


def decide(name: Name, known: Known, policy: Policy, origin: Origin = ON_DISK) -> Decision:
    """Return what uploading the contribution `name` at a path is to change.

    Versions of an object that are read in another order than they were written end as if they had been read in theirs.
    """
    path = known.path
    if name in path.names:
        return Decision()
    read_otherwise = tuple(reading.name for reading in known.readings)
    if read_otherwise and policy.on_change != "replace":
        return Decision(refused=READ_OTHERWISE)
    if known.retracted and not policy.again:
        return Decision(refused="its content was retracted; --again counts it again", remembered=False)
    other = tuple(held for held in path.names if held not in read_otherwise)
    if other and policy.on_change != "add" and is_older(origin.sequencer, path.versions.last):
        return _overtaken(name, known, policy, origin)
    if other and known.grown is None and not read_otherwise and policy.on_change == "refuse":
        return Decision(refused=OTHER_CONTENT)
    drop = _dropped(known, policy, read_otherwise, other)
    elsewhere = {held for reading in known.readings for held in reading.paths} - {path.path}
    moves = (Move(held, name, read_otherwise) for held in sorted(elsewhere))
    return Decision(moves=(_move(path, name, drop, origin, policy), *moves))


def _overtaken(name: Name, known: Known, policy: Policy, origin: Origin) -> Decision:
    # What was written first stands, so what was read before it gives way, and is refused in its turn.
    path = known.path
    came_first = is_older(origin.sequencer, path.versions.first) and not known.outgrown
    if policy.on_change == "refuse" and came_first:
        displaced = Refusal(OTHER_CONTENT, str(path.names[-1]))
        return Decision(moves=(replace(_move(path, name, path.names, origin, policy), refusal=displaced),))
    return Decision(refused="a later version of this object was counted before it", remembered=False)


def _move(path: PathRecord, name: Name, drop: tuple[Name, ...], origin: Origin, policy: Policy) -> Move:
    # What has grown, or stands beside other traffic, goes back to the first of the path's versions.
    first = last = origin.sequencer
    replaced = policy.on_change == "replace" or is_older(last, path.versions.first)
    if path.names and not replaced:
        first = path.versions.first or first
        last = path.versions.last if is_older(last, path.versions.last) else last
    return Move(path.path, name, drop, origin, first, last, expected=path.names)


def _dropped(
    known: Known, policy: Policy, read_otherwise: tuple[Name, ...], other: tuple[Name, ...]
) -> tuple[Name, ...]:
    if known.grown is not None:
        return (*read_otherwise, known.grown)
    replaces_itself = not set(read_otherwise).isdisjoint(known.path.names)
    if policy.on_change == "replace" and not replaces_itself:
        return (*read_otherwise, *other[-1:])
    return read_otherwise
