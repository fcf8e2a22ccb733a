"""What every store does. Whoever writes another one runs it through the conformance suite in tests/stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from iotagg.core.history import FIRST_DAY, LAST_DAY
from iotagg.core.ranks import MEASURES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from contextlib import AbstractContextManager

    from iotagg.core.allowances import Allowance
    from iotagg.core.books import Held, Marker
    from iotagg.core.contribution import Chunk, Contribution, Head, Name
    from iotagg.core.ledger import FileRecord, Move, PathRecord, Pending, Refusal
    from iotagg.core.lines import ByteStream
    from iotagg.core.pair_month import PairMonth
    from iotagg.core.ranks import Beginnings, Rank, Side
    from iotagg.core.rejects import Reject

FIRST_MONTH = FIRST_DAY[:7]
LAST_MONTH = LAST_DAY[:7]
NO_PAIR = ("", "")
"""Source and destination before those of any pair."""


class Ranked(Protocol):
    """Pair-months with ranks, or the months of devices told as such: then the other end of a pair is empty.

    Its methods are as those of a store.
    """

    def ranks(
        self, site: str, month: str, measure: str = MEASURES[0], *, beginnings: Beginnings = ("", "")
    ) -> Iterator[tuple[str, str, Rank]]:
        """Yield both ends and the rank of what is ranked in a month, by descending size of a measure.

        With `beginnings`, those alone whose addresses' texts begin so.
        """
        ...

    def several_months(self, site: str, keys: Iterable[tuple[str, str, str]]) -> Iterator[PairMonth]:
        """Yield months, given as both ends and the month, in no particular order."""
        ...

    def source_months(self, site: str, source: str, *, months: Collection[str] = ()) -> Iterator[PairMonth]:
        """Yield all months of a source, of devices all of a device; only these, if any are given."""
        ...


class Devices(Ranked, Protocol):
    """What the pairs of each source, or of each destination, add up to."""

    def names(self, site: str, after: str = "") -> Iterator[str]:
        """Yield the addresses of all of them, in whatever month, sorted; those that come after one, if one is given."""
        ...


class Store(Protocol):
    """Contributions, the revisions at which they are in or out, and the sums that follow from them.

    Every method is safe to call from several threads and processes at once, and to repeat.
    """

    def atomically(self, *, keep: bool = True) -> AbstractContextManager[None]:
        """Make what is written inside visible together, where the store can; with `keep` false, drop it at the end.

        Correctness never depends on it: every single write leaves the store in order.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    # A file's way in.

    def keep(self, contribution: Contribution, *, again: bool = False) -> Head:
        """Store a contribution unless its name is known already; return the head of the one that stands.

        With `again`, one that was erased is stored anew.
        """
        ...

    def keep_rejects(self, name: Name, members: Iterable[bytes]) -> None:
        """Store the rejected lines of a file, as gzip members, unless they are stored already, or it was erased."""
        ...

    def chunks(self, name: Name, numbers: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        """Yield chunks (numbered from 0) of a stored contribution, each with its number.

        Raises NotFound, also where it was erased.
        """
        ...

    def move(self, site: str, move: Move) -> bool:
        """Change which contributions a path refers to, and forget its refusal, unless it is no longer as expected.

        Nor can a path take what was erased and nothing refers to.
        """
        ...

    def refuse(self, site: str, path: str, refusal: Refusal | None, version: str = "") -> None:
        """Remember why the last attempt at a path was refused; what it refers to stays.

        `version`, if given, is the object version it was read from: what became of it is settled then, also without a
        refusal.
        """
        ...

    def advance(
        self, name: Name, expected: int, revision: int, *, retracted: str = "", referred: bool | None = None
    ) -> bool:
        """Move a contribution to a revision, unless it is no longer at the expected one; say whether it moved.

        `retracted` is the path from which a person took it out. With `referred`, it moves only while a path refers to
        it, or while none does: whoever decided so may have been overtaken.
        """
        ...

    def apply(self, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
        """Apply a revision to one chunk: in one transaction its marker moves and, if in or out changes, the sums do.

        Months below the floor are left out, whether they would come in or go out. Returns False when the marker stands
        at that revision or a later one, which is how a repetition ends.
        Raises NumberTooLarge, having changed nothing, when a sum would need more than 38 digits.
        """
        ...

    def applied(self, name: Name, revision: int) -> frozenset[int]:
        """Return the numbers of the chunks whose markers stand at a revision or a later one."""
        ...

    def chunk_assessed(self, name: Name, revision: int, number: int) -> None:
        """Remember that what a revision changed by a chunk was assessed, unless the chunk has gone on since.

        A store that derives what is to be assessed has nothing to remember.
        """
        ...

    def assessed_chunks(self, name: Name, revision: int) -> frozenset[int]:
        """Return the numbers of the chunks that have reached a revision and were assessed.

        In a store that derives what is to be assessed, those that have reached it.
        """
        ...

    def pending(self, site: str) -> Iterator[Pending]:
        """Yield the contributions of a site whose revision has yet to follow their paths, or to reach their chunks.

        A store that keeps a list of them may name one too many, where nobody has called settled() yet.
        """
        ...

    def settled(self, name: Name, revision: int) -> None:
        """Take a contribution whose chunks have all reached a revision off the list of those that are pending."""
        ...

    # What is kept no longer.

    def floor(self) -> str:
        """Return the first month that is kept (`2022-12`), "" where all are. Earlier ones are neither counted nor read.

        It only rises, so that what was left out of a sum is never taken out of it.
        """
        ...

    def raise_floor(self, month: str) -> None:
        """Keep no month before this one any more; a floor that is higher already stays."""
        ...

    def floor_lag(self) -> float:
        """Return for how many seconds from now others may still count months below a floor that was just raised."""
        ...

    def erase(self, name: Name, *, referred: bool = False) -> bool:
        """Remove what a contribution adds, and the rejected lines kept under its name, for good; say whether it did.

        It is not done while a path refers to it, unless `referred`. What is known of it stays, with an emptied head;
        so do its markers, so that nothing that comes late changes a sum. What is in the sums stays in.
        """
        ...

    def keep_forgotten(self, record: FileRecord) -> None:
        """Remember, in one write, what another store knows of a contribution that is forgotten there.

        Nothing changes where its name is known already.
        """
        ...

    def erase_empty(self, site: str = "", device: str = "") -> int:
        """Remove pair-months without any flows, of which only their addresses are left; return how many there were.

        All of them, or those of one site, or of one device as source or destination; and with them their ranks.
        """
        ...

    def erase_below_floor(self) -> int:
        """Remove the pair-months below the floor, with their ranks; return how many months there were."""
        ...

    def drop_path(self, site: str, path: str) -> bool:
        """Forget a path, unless it refers to something; say whether it is gone."""
        ...

    # A question's way out.

    def file(self, name: Name) -> FileRecord | None:
        """Return what is known of a contribution."""
        ...

    def readings(self, site: str, content: str) -> list[FileRecord]:
        """Return what is known of a content, for all options it was read with."""
        ...

    def path(self, site: str, path: str) -> PathRecord:
        """Return what is known of a path; an unknown one refers to nothing."""
        ...

    def sites(self) -> list[str]:
        """Return the sites of which a path or a contribution is known, sorted; what was erased is none."""
        ...

    def paths(self, site: str) -> Iterator[PathRecord]:
        """Yield a site's paths, sorted."""
        ...

    def listed_paths(self, site: str) -> Iterator[str]:
        """Yield the paths of which paths() yields what is known, sorted, also where that cannot be read."""

    def files(self, site: str) -> Iterator[FileRecord]:
        """Yield a site's contributions that are stored, in and out, sorted by name.

        One whose erasure was interrupted may be among them.
        """
        ...

    def forgotten(self) -> Iterator[FileRecord]:
        """Yield the contributions of all sites that are forgotten, in no particular order.

        Of their sites nothing else may be left.
        """
        ...

    def rejects(self, name: Name) -> Iterator[Reject]:
        """Yield the rejected lines of a file, in the order of their numbers."""
        ...

    def rejected(self, site: str) -> Iterator[Name]:
        """Yield the names under which rejected lines are kept at a site, sorted; of refused files nothing else is."""
        ...

    def months(
        self, site: str, source: str, destination: str, first: str = FIRST_MONTH, last: str = LAST_MONTH
    ) -> list[PairMonth]:
        """Return a pair's months between two inclusive ones (`2022-12`), oldest first, without empty ones."""
        ...

    def scan(self, site: str, after: tuple[str, str] = NO_PAIR) -> Iterator[PairMonth]:
        """Yield all pair-months of a site, sorted by source, destination and month, without empty ones.

        Only those of pairs that come after one, if one is given: what lies before it takes no time, but in DynamoDB.
        """
        ...

    def several_months(self, site: str, keys: Iterable[tuple[str, str, str]]) -> Iterator[PairMonth]:
        """Yield pair-months of a site, given as (source, destination, month), in no particular order.

        A hundred keys are taken at once. What is not there or empty is left out.
        """
        ...

    def source_months(
        self, site: str, source: str, after: str = "", *, months: Collection[str] = ()
    ) -> Iterator[PairMonth]:
        """Yield all pair-months of a source, sorted by destination and month, without empty ones.

        Only those of destinations that come after one, if one is given: what lies before it takes no time. Only those
        of these months, if any are given.
        """
        ...

    # Where to look first: what is kept beside the sums, and follows them by whoever assesses.

    def ranked_months(
        self, site: str, source: str, destination: str, first: str = FIRST_MONTH, last: str = LAST_MONTH
    ) -> list[tuple[PairMonth, Rank | None]]:
        """Return what months() does, each with its rank; also empty ones, while they have one."""
        ...

    def put_rank(self, site: str, month: PairMonth, rank: Rank | None) -> bool:
        """Give a pair-month its rank, or take it away, if its sums are still those of `month`; say whether they are.

        One without flows is given none.
        """
        ...

    def ranks(
        self,
        site: str,
        month: str,
        measure: str = MEASURES[0],
        *,
        stands_out: bool | None = None,
        steady: bool | None = None,
        beginnings: Beginnings = ("", ""),
    ) -> Iterator[tuple[str, str, Rank]]:
        """Yield source, destination and rank of the ranked pairs of a month, by descending size of a measure.

        With flags, those alone that have them so, and with `beginnings` whose addresses' texts begin so. It may lag
        behind put_rank() by a moment, and name one too many: the sums say what is.
        """
        ...

    def device_sizes(
        self, site: str, month: str, side: Side, measure: str = MEASURES[0]
    ) -> Iterator[tuple[str, dict[int, int]]]:
        """Yield each source or destination of ranked pairs of a month, and how many of them have which size.

        A source is no destination, though it has the same address. It may lag behind as ranks() does.
        """
        ...

    def device_ranks(
        self, site: str, month: str, side: Side, devices: Collection[str]
    ) -> Iterator[tuple[str, str, Rank]]:
        """Yield what ranks() does of the pairs whose source or destination is one of these devices, in any order."""
        ...

    def devices(self, side: Side) -> Devices | None:
        """Return what the pairs of each source or destination add up to; None where a store keeps no such totals.

        They are those of when sum_devices() was called last, have no squares, and may have more than 38 digits.
        """
        ...

    def sum_devices(self, site: str) -> None:
        """Bring what devices add up to up to date, where it is kept: to the pair-months of this moment."""
        ...

    def device_faults(self, site: str) -> list[tuple[Side, str, str]]:
        """Return side, device and month of totals that are kept and are not what their pair-months add up to.

        None while some are still to be brought up to date, or where a pair-month cannot be read.
        """
        ...

    def doubt_devices(self, site: str) -> None:
        """Let sum_devices() add up anew whatever is kept of a site's devices."""
        ...

    def outstanding(self, site: str) -> Iterator[tuple[Name, int]]:
        """Yield the contributions whose chunks have all reached a revision that was not assessed, and that revision.

        Not those that were erased, of which nothing says what to look at. A store that keeps a list of what is pending
        has none: there, what is pending is settled() once it is assessed.
        """
        ...

    def assessed(self, name: Name, revision: int) -> None:
        """Remember that what a revision of a contribution changed was assessed; a later one stays."""
        ...

    # What a person finds in order.

    def allowances(self) -> list[Allowance]:
        """Return the allow list, sorted. Raises Damaged where one is not as it was stored."""
        ...

    def allow(self, allowance: Allowance) -> None:
        """Put an allowance on the list."""
        ...

    def disallow(self, allowance_id: str) -> bool:
        """Take an allowance off the list; say whether it was there."""
        ...

    # An audit's way in: what stands there, whether it makes sense or not.

    def first_month(self) -> str:
        """Return the first month that is read: the floor, or a later one where months end by the clock."""
        ...

    def names(self, site: str) -> Iterator[Name]:
        """Yield the names of a site's contributions whose chunks are stored, sorted."""
        ...

    def traces(self, sites: Collection[str] = ()) -> Iterator[Name]:
        """Yield the names of contributions that anything but their chunks is known of, at these sites or all.

        Also of those that were erased, or of which markers are all that is left; in no particular order, and some more
        than once.
        """
        ...

    def stored(self, name: Name) -> AbstractContextManager[tuple[ByteStream, int, int]]:
        """Open a contribution's stored form; give with it its length, and where its first chunk is known to begin.

        Raises NotFound, also where it is removed meanwhile.
        """
        ...

    def markers(self, name: Name) -> dict[int, Marker]:
        """Return the markers of a contribution's chunks by their numbers, those that no chunk has as well."""
        ...

    def held(self, sites: Collection[str] = ()) -> Iterator[Held]:
        """Yield all pair-months of these sites or all, sorted by site, source, destination and month.

        Those of months before the first that is read are left out, those without any flows are not.
        """
        ...

    def held_month(self, site: str, source: str, destination: str, month: str) -> Held | None:
        """Return one pair-month as it is held now."""
        ...

    # A rebuild's way out.

    def correct(self, before: Held, sums: dict[str, int]) -> bool:
        """Put sums in the place of a pair-month that is held as it was before; say whether it was.

        Without figures there is nothing before, without sums nothing is left. Its rank, which is of other sums, goes.
        """
        ...

    def put_marker(self, name: Name, number: int, before: Marker, revision: int) -> bool:
        """Put a marker at a revision without changing sums, if it stands as before; say whether it did.

        At revision 0 there is none. Of other chunks than those that a contribution has, too.
        """
        ...
