"""All that one store holds, copied into another one of any kind: a backup, a restoration, a move.

Contributions are copied as they are, paths move, and what follows from both is worked out there. So each content counts
once, whatever the other store holds already; whoever is interrupted begins again, and whoever is done changes nothing.
What is kept no longer stays so: in a copy, and where an older copy is brought back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iotagg.core.contribution import Name
from iotagg.core.ledger import FORGOTTEN, Move, Refusal, comes_back
from iotagg.core.merging import COUNTED_OTHERWISE, RETRACTED_THERE, merged
from iotagg.core.reassembly import reassembled
from iotagg.core.rejects import packed_rejects
from iotagg.core.values import is_site
from iotagg.errors import Damaged, FileRefused, NotFound, NumberTooLarge
from iotagg.pipeline import carry_out, described, file_of, forget_retractions, keep_one_reading, settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from iotagg.core.ledger import FileRecord, PathRecord
    from iotagg.core.merging import Merge
    from iotagg.core.outcome import Outcome, State
    from iotagg.pipeline import Bring
    from iotagg.stores.protocol import Store


_ROUNDS = 50  # so often a path is looked at again that others change meanwhile


def copied(source: Store, target: Store, *, again: bool = False, bring: Bring | None = None) -> Iterator[Outcome]:
    """Copy all of a store into another one and yield what became of each file, as soon as it is in.

    What the target knows already stays; a file that does not agree with it is refused, and the others go on. With
    `again` what was retracted or forgotten there counts again. `bring` settles a contribution in the target, as in the
    pipeline. The source may be written to meanwhile: each file is copied whole or not at all.
    """
    if (floor := source.floor()) and not target.sites():
        target.raise_floor(floor)  # before anything is counted that the source keeps no longer
    for site in source.sites():
        if not is_site(site):
            raise Damaged(f"the copy holds a site that iotagg never writes, {site!a}; do not bring it in")
        copy = _Copy(source, target, site, again, bring, {each.name for each in target.pending(site)})
        for path in source.paths(site):
            yield from copy.path(path)
        for record in source.files(site):
            yield from copy.out(record)
    # Last: what remains of a file is known by then, and not taken for what was forgotten.
    with target.atomically():
        for record in source.forgotten():
            target.keep_forgotten(record)
        for allowance in source.allowances():
            target.allow(allowance)


@dataclass(slots=True)
class _Copy:
    # One site. `unsettled` is what an earlier copy, or somebody else, left half done; `taken` are the contents that it
    # brought in: the source may say something else of them a moment later.
    source: Store
    target: Store
    site: str
    again: bool
    bring: Bring | None
    unsettled: set[Name]
    taken: set[str] = field(default_factory=set)

    def path(self, path: PathRecord) -> Iterator[Outcome]:
        """Bring over what a path refers to, and its refusal."""
        refused: dict[Name, str] = {}
        begun: list[Name] = []
        moved: set[Name] = set()
        records = {name: file_of(self.source, name) for name in path.names}
        try:
            with self.target.atomically():
                merge = self._moved(path, records)
                refused = merge.refused
                begun = [name for name in path.names if name in self.unsettled and name not in refused]
                begun += [move.take for move in merge.moves if move.take is not None]
                outdone = [other for name in begun for other in keep_one_reading(self.target, name)]
                refused |= dict.fromkeys((name for name in begun if name in outdone), COUNTED_OTHERWISE)
                moved = settle(self.target, dict.fromkeys((*outdone, *begun)), self.bring)
                self.taken.update(name.content for name in begun)
                self._erase(record for name, record in records.items() if name not in refused)
        except (FileRefused, NotFound, Damaged) as reason:
            refused = dict.fromkeys(path.names, str(reason))
        except NumberTooLarge as reason:
            refused |= self._taken_out(path, begun, str(reason))
        for name in path.names:
            state: State = "refused" if name in refused else "counted" if name in moved else "already counted"
            yield described(path.path, records[name].head, state, refused.get(name, ""))

    def _moved(self, path: PathRecord, records: dict[Name, FileRecord]) -> Merge:
        for _ in range(_ROUNDS):
            known = self.target.path(self.site, path.path)
            readings = {name: self.target.readings(self.site, name.content) for name in path.names}
            merge = merged(path, known, readings, again=self.again, lost=self._lost(records.values()))
            if all(self._move(move, records) for move in merge.moves):
                for version in merge.versions:
                    self.target.refuse(self.site, path.path, None, version)
                return merge
        raise FileRefused("others keep changing what this path refers to here; restore again")

    def _lost(self, records: Iterable[FileRecord]) -> list[Name]:
        # What the source has erased of months that are kept in the target: there it would be known, and not counted.
        erased = [record for record in records if record.erased]
        if not erased or self.source.floor() <= (floor := self.target.floor()):
            return []
        return [record.name for record in erased if record.head.last_day >= floor]

    def _erase(self, records: Iterable[FileRecord]) -> None:
        # Only what came from there without its chunks, also if an earlier copy ended before this.
        for record in records:
            if record.erased and not file_of(self.target, record.name).head.chunks:
                self.target.erase(record.name, referred=True)

    def _move(self, move: Move, records: dict[Name, FileRecord]) -> bool:
        if move.refusal is not None and move.refusal.content:
            self._keep_rejects(Name.parse(self.site, move.refusal.content), move.refusal.lines)
        if move.take is not None:
            self._keep(records[move.take])
            if self.again:
                forget_retractions(self.target, move.take)
        return self.target.move(self.site, move)

    def _taken_out(self, path: PathRecord, begun: list[Name], reason: str) -> dict[Name, str]:
        # A file counts as a whole or not at all: what is in of it already goes out again.
        standing = self.target.path(self.site, path.path).names
        drop = tuple(name for name in begun if name in standing)
        move = Move(path.path, drop=drop, refusal=Refusal(reason))
        carry_out(self.target, self.site, [move], bring=self.bring)
        return dict.fromkeys(begun, reason)

    def out(self, record: FileRecord) -> Iterator[Outcome]:
        """Bring over a contribution to which no path refers, and that a person took it out, if one did."""
        if record.paths:
            return
        if self._comes_back(record.name):
            if record.is_retracted:
                yield described(record.retracted, record.head, "refused", FORGOTTEN)
            return
        try:
            with self.target.atomically():
                self._keep(record)
                reason = self._retracted(record) if record.is_retracted else ""
        except (NotFound, Damaged) as missing:
            reason = str(missing)
        if record.is_retracted and record.name.content not in self.taken:
            yield described(record.retracted, record.head, "refused" if reason else "retracted", reason)

    def _retracted(self, record: FileRecord) -> str:
        # Returns why it stays in.
        name = record.name
        while True:
            if any(reading.paths for reading in self.target.readings(self.site, name.content)):
                return RETRACTED_THERE
            standing = file_of(self.target, name)
            revision = standing.revision or (2 if record.revision else 0)  # 2: it was in once, and was taken out
            known = bool(standing.retracted) and revision == standing.revision
            retracted = standing.retracted or record.retracted
            if known or self.target.advance(name, standing.revision, revision, retracted=retracted):
                break
        if not known or name in self.unsettled:
            settle(self.target, [name], self.bring)
        return ""

    def _comes_back(self, name: Name) -> bool:
        return comes_back(name, self.target.readings(self.site, name.content))

    def _keep(self, record: FileRecord) -> None:
        standing = self.target.file(record.name)
        if standing is None or standing.is_forgotten:
            chunks = self.source.chunks(record.name, range(record.head.chunks)) if record.head.chunks else ()
            self.target.keep(reassembled(record.head, (chunk for _, chunk in chunks)), again=self.again)
        self._keep_rejects(record.name, record.head.lines)

    def _keep_rejects(self, name: Name, lines: dict[str, int]) -> None:
        if lines.get("rejected") and not self._comes_back(name):
            self.target.keep_rejects(name, packed_rejects(self.source.rejects(name)))
