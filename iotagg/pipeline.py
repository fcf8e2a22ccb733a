"""A file's way in: summarize it, decide what that changes, consolidate. And the way back out.

What is written happens in an order that leaves every step repeatable: a contribution is stored, in its cut, before
anything refers to it; paths move before revisions; a revision is applied chunk by chunk, each with its marker. So
whoever finds a job half done does the rest, and a job that is done twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, cast

from iotagg.core.content import content_digest
from iotagg.core.contribution import Contribution, Name, cut, no_contribution
from iotagg.core.dialect import ReadingOptions
from iotagg.core.flows import MAX_PAIR_DAYS, read_flows
from iotagg.core.ledger import (
    ON_DISK,
    READ_OTHERWISE,
    Known,
    Move,
    Origin,
    Policy,
    Refusal,
    decide,
    is_older,
    next_revision,
)
from iotagg.core.outcome import Outcome, State
from iotagg.core.rejects import RejectLog
from iotagg.core.tolerance import Tolerance
from iotagg.errors import FileRefused, FileUnreadable, NotFound, NumberTooLarge
from iotagg.sources import file_bytes, is_text, no_progress, opened, path_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from iotagg.core.contribution import Head
    from iotagg.core.judge import LineCounts
    from iotagg.core.ledger import FileRecord, PathRecord
    from iotagg.core.lines import ByteStream
    from iotagg.core.pseudonymised import Pseudonymisation
    from iotagg.stores.protocol import Store

Bring = Callable[["Store", "Head", int], None]

_SPOOL = 1 << 20  # up to so many bytes of rejected lines stay in memory


@dataclass(frozen=True, slots=True)
class Request:
    """How files are to be uploaded: for which site, read how, and what to do where they are known already.

    With a pseudonymisation, a file is what becomes of it under that, and `reading` says how that is to be read.
    """

    site: str = "default"
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    policy: Policy = field(default_factory=Policy)
    tolerance: Tolerance = field(default_factory=Tolerance)
    max_pair_days: int = MAX_PAIR_DAYS
    dry_run: bool = False
    pseudonymisation: Pseudonymisation | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A file that was read: what it adds, its line counts and rejects, and what growth and a person need to know.

    `prefixes` holds hashes of its beginnings by their length, `columns` the column found for each role.
    """

    contribution: Contribution
    lines: LineCounts
    rejects: RejectLog
    prefixes: dict[int, str]
    columns: dict[str, str]


def upload(
    store: Store, file: Path, request: Request, passed: Callable[[int], object] = no_progress, *, path: str = ""
) -> Outcome:
    """Count one file, unless it is counted already, and return what became of it.

    `passed` is told the bytes on disk as they are read; `path` is what the file is remembered as, where that is not
    where it lies. A file that is refused is an outcome, not an error.
    """
    path = path or path_text(file)
    if not is_text(path):
        return Outcome(path, request.site, "refused", reason="its name is not UTF-8; rename it")
    try:
        outcome = _recognized(store, file, path, request, passed)
        while outcome is None:
            outcome = _read_and_count(store, file, path, request, passed)
    except FileUnreadable as reason:
        return Outcome(path, request.site, "refused", reason=str(reason))
    except (FileRefused, NumberTooLarge) as reason:
        with store.atomically(keep=not request.dry_run):
            store.refuse(request.site, path, Refusal(str(reason)))
        return Outcome(path, request.site, "refused", reason=str(reason))
    return _with_other_sites(store, outcome)


def _recognized(
    store: Store, file: Path, path: str, request: Request, passed: Callable[[int], object]
) -> Outcome | None:
    # A known file that is as long as it was is hashed first, which is several times faster than reading it.
    # What becomes of one under a pseudonymisation is not known by its length.
    known = () if request.pseudonymisation is not None else lengths_at(store, store.path(request.site, path))
    if file_bytes(file) not in known:
        return None
    with opened(file) as content:
        digest, _ = content_digest(content)
    name = Name(request.site, digest, request.reading.digest())
    with store.atomically(keep=not request.dry_run):
        if name not in store.path(request.site, path).names:
            return None
        store.move(request.site, Move(path))  # which forgets an attempt that was refused meanwhile
        brought = settle(store, [name])  # it may be what others have only begun
        passed(content.size)
        return outcome_of(store, path, name, "counted" if name in brought else "already counted")


def _read_and_count(
    store: Store, file: Path, path: str, request: Request, passed: Callable[[int], object]
) -> Outcome | None:
    lengths = lengths_at(store, store.path(request.site, path))
    with ExitStack() as spools:

        def new_file() -> BinaryIO:
            import tempfile  # noqa: PLC0415 (slow to load, and most files have no rejected line)

            return cast("BinaryIO", spools.enter_context(tempfile.SpooledTemporaryFile(max_size=_SPOOL)))

        with opened(file, passed) as content:
            summary = summarize(content, request, lengths, new_file)
        with store.atomically(keep=not request.dry_run):
            return count(store, path, summary, request)


def lengths_at(store: Store, path: PathRecord) -> set[int]:
    """Return the lengths of the contents that a path refers to: what another content may have grown from."""
    return {record.head.length for name in path.names if (record := store.file(name)) is not None}


def summarize(
    content: ByteStream,
    request: Request,
    prefix_lengths: Iterable[int] = (),
    new_file: Callable[[], BinaryIO] = BytesIO,
) -> Summary:
    """Read a flow CSV to its end and cut what it adds; rejected lines go to files that `new_file` opens.

    Under a pseudonymisation, nothing behind this point sees an address. Raises FileRefused.
    """
    if request.pseudonymisation is not None:
        content = request.pseudonymisation.stream(content)
    totals = read_flows(
        content,
        request.reading,
        prefix_lengths=prefix_lengths,
        max_pair_days=request.max_pair_days,
        new_file=new_file,
    )
    return Summary(
        contribution=cut(totals, request.site, request.reading),
        lines=totals.lines,
        rejects=totals.rejects,
        prefixes=totals.prefixes,
        columns=totals.columns,
    )


def count(  # noqa: PLR0911 (each way out has its own reason)
    store: Store,
    path: str,
    summary: Summary,
    request: Request,
    origin: Origin = ON_DISK,
    *,
    begins_with: Callable[[PathRecord, Head], bool] = lambda *_: False,
    bring: Bring | None = None,
) -> Outcome | None:
    """Count what a file that was read at a path adds, as far as it is not counted yet and nothing speaks against it.

    Returns None where the path changed meanwhile, or others settled what becomes of this version of it: the file is to
    be looked at again then. `begins_with` says whether what
    stands at a path begins with a content that was written before it but is read after it; that happens to objects
    only. `bring` is consolidate(), or hands its work over to others.
    """
    name = summary.contribution.head.name
    standing = store.file(name)
    was_in = standing is not None and standing.is_in and not standing.is_forgotten
    known = _known(store, path, summary)
    if origin.version in known.path.versions.final or not _is_compared(store, known.path, summary):
        return None  # what a person or a later version did since is not to be undone
    if is_older(origin.sequencer, known.path.versions.last):
        known = replace(known, outgrown=begins_with(known.path, summary.contribution.head))
    decision = decide(name, known, request.policy, origin)
    refused = decision.refused or ("" if was_in else request.tolerance.refusal(summary.lines, summary.rejects))
    if decision.refused and not all(store.move(request.site, move) for move in decision.moves):
        return None
    too_old = "" if was_in else _below_floor(store, summary.contribution.head)
    if too_old or (refused and known.forgotten):  # then its rejected lines are not kept either
        without_rejects = replace(summary, rejects=RejectLog(BytesIO))
        return _refuse(store, path, without_rejects, too_old or refused, origin.version)
    if refused:
        return _refuse(store, path, summary, refused, origin.version, remembered=decision.remembered)
    store.keep(summary.contribution, again=request.policy.again and not was_in)
    store.keep_rejects(name, summary.rejects.members())
    own, *others = decision.moves or (Move(path, origin=origin),)
    for move in others:
        store.move(request.site, move)  # before the path's own: until that is made, the whole is done again
    if not store.move(request.site, own):
        return None
    outdone = keep_one_reading(store, name)
    if known.retracted:
        forget_retractions(store, name)
    brought = settle(store, dict.fromkeys((*own.drop, *outdone, name)), bring=bring)
    if name in outdone:
        return _refuse(store, path, summary, READ_OTHERWISE, origin.version)
    return outcome_of(store, path, name, "counted" if name in brought else "already counted")


def _is_compared(store: Store, path: PathRecord, summary: Summary) -> bool:
    # Whether it is known, of all that a path refers to, if the new content begins with it: others may just have come.
    lengths = lengths_at(store, path)
    return all(length in summary.prefixes for length in lengths if length < summary.contribution.head.length)


def _below_floor(store: Store, head: Head) -> str:
    # Why nothing of a file is kept, if so.
    floor = store.floor()
    if not head.last_day or head.last_day >= floor:  # a day compares with a month as text
        return ""
    return f"its last day, {head.last_day}, is before {floor}, the first month that is kept: nothing of it would count"


def keep_one_reading(store: Store, name: Name) -> list[Name]:
    """Leave paths to one reading of a content only; return the others, which are to be settled.

    Two who bring the same content at once, read with other options, may not know of each other before they have moved.
    Whoever looks after its own move sees both, and all come to the same end: the least name stays.
    """
    readings = [reading for reading in store.readings(name.site, name.content) if reading.paths]
    outdone = sorted(readings, key=lambda reading: reading.name)[1:]
    for reading in outdone:
        refusal = Refusal(READ_OTHERWISE, str(reading.name), reading.head.lines)
        for path in sorted(reading.paths):
            store.move(name.site, Move(path, drop=(reading.name,), refusal=refusal))
    return [reading.name for reading in outdone]


def forget_retractions(store: Store, name: Name) -> None:
    """Forget that a person took a content out, however it was read then."""
    for reading in store.readings(name.site, name.content):
        if reading.retracted:
            store.advance(reading.name, reading.revision, reading.revision, retracted="")


def _known(store: Store, path: str, summary: Summary) -> Known:
    name = summary.contribution.head.name
    record = store.path(name.site, path)
    readings = store.readings(name.site, name.content)
    return Known(
        path=record,
        readings=tuple(reading for reading in readings if reading.is_in and reading.name != name),
        retracted=any(reading.is_retracted for reading in readings),
        grown=_grown(store, record, summary),
        forgotten=any(reading.is_forgotten for reading in readings)
        and not any(reading.name == name and reading.is_in and not reading.is_forgotten for reading in readings),
    )


def _grown(store: Store, path: PathRecord, summary: Summary) -> Name | None:
    # The longest of the path's contributions with which the new content begins, read with the same options.
    new = summary.contribution.head
    beginnings = [
        record.head
        for name in path.names
        if (record := store.file(name)) is not None
        and name.options == new.name.options
        and record.head.length < new.length
        and summary.prefixes.get(record.head.length) == name.content
    ]
    return max(beginnings, key=lambda head: head.length).name if beginnings else None


def _refuse(
    store: Store, path: str, summary: Summary, reason: str, version: str, *, remembered: bool = True
) -> Outcome:
    head = summary.contribution.head
    store.keep_rejects(head.name, summary.rejects.members())
    refusal = Refusal(reason, str(head.name), head.lines, head.last_day) if remembered else None
    if refusal is not None or version:
        store.refuse(head.name.site, path, refusal, version)
    return described(path, head, "refused", reason)


def carry_out(
    store: Store,
    site: str,
    moves: Iterable[Move],
    *,
    also: Iterable[Name] = (),
    bring: Bring | None = None,
) -> set[Name]:
    """Move paths, then settle what they left out and took in, and what is named `also`; return as settle() does."""
    affected = dict.fromkeys(also)
    for move in moves:
        store.move(site, move)
        affected |= dict.fromkeys(move.drop)
        if move.take is not None:
            affected[move.take] = None
    return settle(store, affected, bring)


def settle(store: Store, names: Iterable[Name], bring: Bring | None = None) -> set[Name]:
    """Bring contributions in or out as the paths that refer to them say, and finish what was left half done.

    Returns those whose revision it moved, as opposed to others who came first. `bring` does so with one of them at a
    revision: it is consolidate(), or hands its work over to others.
    """
    moved = set()
    for name in names:
        record = file_of(store, name)
        while (revision := next_revision(record)) != record.revision:
            retracted, referred = "" if record.paths else record.retracted, bool(record.paths)
            if store.advance(name, record.revision, revision, retracted=retracted, referred=referred):
                moved.add(name)
            record = file_of(store, name)
        if record.retracted and record.paths:  # it was taken out at one path, and another keeps it in
            store.advance(name, revision, revision, retracted="", referred=True)
        (bring or consolidate)(store, record.head, revision)
    return moved


def consolidate(store: Store, head: Head, revision: int) -> None:
    """Apply a revision of a contribution to each chunk that it has not reached."""
    missing = set(range(head.chunks)) - store.applied(head.name, revision) if revision else set()
    if missing:
        apply_missing(store, head.name, revision, sorted(missing))
    store.settled(head.name, revision)


def apply_missing(store: Store, name: Name, revision: int, numbers: Iterable[int]) -> None:
    """Apply a revision to chunks one after the other; to none that is left where the contribution is erased meanwhile.

    Raises NotFound for an unknown one.
    """
    try:
        for number, chunk in store.chunks(name, numbers):
            store.apply(name, revision, number, chunk)
    except NotFound:
        if not file_of(store, name).erased:
            raise


def retract(store: Store, site: str, path: str, names: Iterable[Name], bring: Bring | None = None) -> None:
    """Take contributions out as far as this path refers to them; other paths that refer to them keep them in."""
    with store.atomically():
        carry_out(store, site, [Move(path, drop=tuple(names), retracted=True)], bring=bring)


def is_pending(store: Store, record: FileRecord) -> bool:
    """Say whether a contribution's revision has yet to reach some of its chunks."""
    return len(store.applied(record.name, record.revision)) < record.head.chunks


def outcome_of(store: Store, path: str, name: Name, state: State, reason: str = "") -> Outcome:
    """Return what became of a file whose contribution is stored."""
    record = file_of(store, name)
    return described(path, record.head, "pending" if is_pending(store, record) else state, reason)


def _with_other_sites(store: Store, outcome: Outcome) -> Outcome:
    if outcome.failed:
        return outcome
    content = Name.parse(outcome.site, outcome.contribution).content
    others = [site for site in store.sites() if site != outcome.site]
    return replace(
        outcome, also_at=tuple(site for site in others if any(each.is_in for each in store.readings(site, content)))
    )


def described(path: str, head: Head, state: State, reason: str = "") -> Outcome:
    """Return an outcome with what a contribution's head says."""
    return Outcome(
        file=path,
        site=head.name.site,
        state=state,
        contribution=str(head.name),
        lines=head.lines,
        pairs=head.pairs,
        first_day=head.first_day,
        last_day=head.last_day,
        day_order=head.day_order,
        pseudonym_key=head.reading.get("pseudonym", ""),
        reason=reason,
    )


def file_of(store: Store, name: Name) -> FileRecord:
    """Return what is known of a contribution. Raises NotFound."""
    record = store.file(name)
    if record is None:
        raise no_contribution(name)
    return record
