"""Whatever happened to the files of two sites, what remains is as if nothing else had ever been counted."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import ExitStack, closing
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import Policy
from iotagg.export import DAILY_COLUMNS, SUMMARY_COLUMNS, all_histories, daily_rows, summary_row, write_rows
from iotagg.pipeline import Request, retract, upload
from iotagg.sources import path_text
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.examples import examples
from tests.pipeline.csvs import HEADER, TORN, csv, everything, flow, many_pairs, put

if TYPE_CHECKING:
    from iotagg.core.ledger import OnChange
    from iotagg.stores.protocol import Store

START = csv(flow(packets=1), flow("2001:db8::7", day="2022-11-30", duration=10**15))
CONTENTS = (
    HEADER,
    START,
    START + flow(packets=12),
    START + flow(packets=12)[:-2],  # ends in the middle of a line, at which it is another number
    START + flow(packets=12) + flow(day="2022-12-31"),
    START + TORN,
    csv(flow(packets=2), flow(packets=3)),
    csv(flow(day="1/3/2022"), flow("192.168.1.9", duration=0, packets=0)),
    many_pairs(100, packets=5),
    many_pairs(101, packets=5),
)
READINGS = (ReadingOptions(), ReadingOptions(duration_unit="ms"))
SITES = ("paris", "tokyo")
NAMES = ("a.csv", "b.csv.gz", "c.csv")

Place = tuple[str, str]
Read = tuple[bytes, ReadingOptions]

sites = st.sampled_from(SITES)
names = st.sampled_from(NAMES)
contents = st.sampled_from(CONTENTS)
readings = st.sampled_from((READINGS[0], READINGS[0], READINGS[1]))


class History(RuleBasedStateMachine):
    """Files that come, grow, change and go, beside a model: what each path refers to, and what was retracted."""

    def __init__(self) -> None:
        super().__init__()
        self.left = ExitStack()
        self.root = Path(self.left.enter_context(tempfile.TemporaryDirectory()))
        self.store = self.left.enter_context(closing(self.open_store("history")))
        self.held: dict[Place, list[Read]] = defaultdict(list)
        self.retracted: set[tuple[str, bytes]] = set()

    def open_store(self, _: str) -> Store:
        return MemoryStore()

    @rule(site=sites, name=names, content=contents, reading=readings, again=st.booleans())
    def comes(self, site: str, name: str, content: bytes, reading: ReadingOptions, again: bool) -> None:
        self.upload((site, name), (content, reading), "refuse", again=again)

    @rule(site=sites, name=names, content=contents, reading=readings, again=st.booleans())
    def is_replaced(self, site: str, name: str, content: bytes, reading: ReadingOptions, again: bool) -> None:
        self.upload((site, name), (content, reading), "replace", again=again)

    @rule(site=sites, name=names, content=contents, reading=readings)
    def is_added(self, site: str, name: str, content: bytes, reading: ReadingOptions) -> None:
        self.upload((site, name), (content, reading), "add", again=False)

    @rule(site=sites, name=names, more=st.sampled_from([flow(packets=7), b"\n", TORN, HEADER]))
    def grows(self, site: str, name: str, more: bytes) -> None:
        for content, reading in self.held[site, name][-1:]:
            self.upload((site, name), (content + more, reading), "refuse", again=False)

    @rule(site=sites, name=names)
    def comes_again(self, site: str, name: str) -> None:
        for read in self.held[site, name][:1]:
            self.upload((site, name), read, "refuse", again=False)

    @rule(site=sites, name=names, reading=readings)
    def is_counted_again(self, site: str, name: str, reading: ReadingOptions) -> None:
        gone = sorted(content for at, content in self.retracted if at == site)
        for content in gone[:1]:
            self.upload((site, name), (content, reading), "add", again=True)

    @rule(site=sites, name=names, last=st.booleans())
    def is_retracted(self, site: str, name: str, last: bool) -> None:
        path = path_text(self.root / site / name)
        known = self.store.path(site, path).names
        retract(self.store, site, path, known[-1:] if last else known)
        gone = self.held[site, name][-1:] if last else list(self.held[site, name])
        for read in gone:
            self.held[site, name].remove(read)
        self.retracted |= {(site, read[0]) for read in gone if not self.is_held(site, read)}

    def upload(self, place: Place, read: Read, on_change: OnChange, *, again: bool) -> None:
        file = put(self.root / place[0] / place[1], read[0])
        expected = self.expected(place, read, on_change, again=again)
        outcome = upload(self.store, file, Request(place[0], read[1], Policy(on_change, again)))
        assert outcome.state == expected, (outcome.reason, place, on_change, again)

    def expected(self, place: Place, read: Read, on_change: OnChange, *, again: bool) -> str:
        """Return what is to become of an upload, and change the model accordingly."""
        site, here = place[0], self.held[place]
        if read in here:
            return "already counted"
        state = "already counted" if self.is_held(site, read) else "counted"
        otherwise = [(read[0], reading) for reading in READINGS if reading != read[1]]
        otherwise = [each for each in otherwise if self.is_held(site, each)]
        grown = [each for each in here if read[1] == each[1] and read[0].startswith(each[0])]
        refused = (
            (otherwise and on_change != "replace")
            or ((site, read[0]) in self.retracted and not again)
            or (here and not grown and not otherwise and on_change == "refuse")
            or is_all_rejected(read[0])
        )
        if refused:
            return "refused"
        self.take(place, read, on_change, otherwise, grown)
        self.retracted.discard((site, read[0]))
        return state

    def take(self, place: Place, read: Read, on_change: OnChange, otherwise: list[Read], grown: list[Read]) -> None:
        here = self.held[place]
        if grown:
            here.remove(max(grown, key=lambda each: len(each[0])))
        elif on_change == "replace" and not set(here) & set(otherwise):
            del here[-1:]
        for at, held in self.held.items():
            if at == place or (at[0] == place[0] and set(held) & set(otherwise)):
                held[:] = [each for each in held if each not in (*otherwise, read)] + [read]

    def is_held(self, site: str, read: Read) -> bool:
        return any(read in held for (at, _), held in self.held.items() if at == site)

    @invariant()
    def each_path_refers_to_what_it_should(self) -> None:
        for (site, name), held in self.held.items():
            known = self.store.path(site, path_text(self.root / site / name)).names
            assert [name.content for name in known] == [sha256(content).hexdigest() for content, _ in held]

    @invariant()
    def what_is_in_is_what_a_path_refers_to(self) -> None:
        for site in SITES:
            records = list(self.store.files(site))
            for record in records:
                assert record.is_in is bool(record.paths)
                assert self.store.applied(record.name, record.revision) == set(range(record.head.chunks))
            gone = {sha256(content).hexdigest() for at, content in self.retracted if at == site}
            assert {record.name.content for record in records if record.is_retracted} == gone

    def teardown(self) -> None:
        with self.left, closing(self.open_store("clean")) as clean:
            for number, (site, (content, reading)) in enumerate(sorted(self.all_held(), key=repr)):
                file = put(self.root / "clean" / f"{number}.csv", content)
                assert upload(clean, file, Request(site, reading)).state == "counted"
            assert everything(self.store) == everything(clean)
            assert exported(self.store) == exported(clean)

    def all_held(self) -> set[tuple[str, Read]]:
        return {(site, read) for (site, _), held in self.held.items() for read in held}


def is_all_rejected(content: bytes) -> bool:
    rows = [line for line in content.splitlines(keepends=True) if line.strip() and line != HEADER]
    return rows != [] and all(row == TORN for row in rows)


def exported(store: Store) -> str:
    """Return the daily export and the summary of every pair."""
    out = StringIO()
    write_rows((row for pair in all_histories(store) for row in daily_rows(pair)), DAILY_COLUMNS, out)
    write_rows(map(summary_row, all_histories(store)), SUMMARY_COLUMNS, out)
    return out.getvalue()


class SqliteHistory(History):
    """The same over an SQLite file."""

    def open_store(self, name: str) -> Store:
        return SqliteStore(self.root / f"{name}.db")


TestHistoryInMemory = History.TestCase
TestHistoryInMemory.settings = settings(deadline=None, max_examples=examples(40), stateful_step_count=25)
TestHistoryInSqlite = SqliteHistory.TestCase
TestHistoryInSqlite.settings = settings(deadline=None, max_examples=examples(12), stateful_step_count=20)
