"""Ranks follow the sums: whatever happened before, they are those that the sums alone give."""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from iotagg.anomalies import anomalies
from iotagg.assess import assess_chunk, assess_outstanding, assess_pair
from iotagg.audit import audit
from iotagg.core.findings import Kind
from iotagg.core.judging.pairs import Pair
from iotagg.core.judging.ranking import are_flags_old, ranks_of
from iotagg.core.ledger import Policy
from iotagg.core.ranks import MEASURES, SIDES, rank_of
from iotagg.forgetting import forget_before
from iotagg.forgetting_device import forget_device
from iotagg.jobs.consolidate import consolidate_here
from iotagg.pipeline import Request, retract, upload
from iotagg.rebuild import rebuild
from iotagg.sources import path_text
from iotagg.standing_out.question import Question
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.examples import examples
from tests.pipeline.csvs import csv, flow, put
from tests.stores.backends import BACKENDS, simulated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.core.contribution import Chunk, Name
    from iotagg.core.pair_month import PairMonth
    from iotagg.core.ranks import Rank, Side
    from iotagg.stores.protocol import Store

FIRST = date(2022, 10, 3)
DESTINATIONS = ("192.0.2.1", "192.0.2.2")
SITE = "paris"
TODAY = "2023-05-31"
MONTHS = ("2022-10", "2022-11", "2022-12", "2023-01", "2023-02", "2023-03", "2023-04", "2023-05")

Ranks = dict[tuple[str, str, str], "Rank | None"]
Devices = dict[tuple[str, str], dict[str, int]]


def iso(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def days(numbers: Iterable[int], packets: int = 100, destination: str = DESTINATIONS[0]) -> bytes:
    return csv(*(flow(destination=destination, day=iso(number), packets=packets + number % 3) for number in numbers))


def stored_ranks(store: Store) -> Ranks:
    """Return the ranks that a store keeps."""
    found: Ranks = {}
    pairs = {(row.source, row.destination) for row in store.scan(SITE)}
    for source, destination in pairs:
        for month, rank in store.ranked_months(SITE, source, destination):
            found[source, destination, month.month] = rank
    listed = {
        (source, destination, month): rank for month in MONTHS for source, destination, rank in store.ranks(SITE, month)
    }
    assert listed == found
    return followed(store, found)


def followed(store: Store, ranks: Ranks) -> Ranks:
    """Return ranks without the flags that do not follow the sums: those of the first months above a floor that rose."""
    floor = store.first_month()
    return {
        key: replace(rank, stands_out=False, steady=False, new=0) if rank and are_flags_old(floor, key[2]) else rank
        for key, rank in ranks.items()
    }


def ranks_of_sums(store: Store) -> Ranks:
    """Return the ranks that a store's sums give, each pair judged as a whole."""
    rows: dict[tuple[str, str], list[PairMonth]] = {}
    for row in store.scan(SITE):
        rows.setdefault((row.source, row.destination), []).append(row)
    ranks = {
        (*pair, month): rank
        for pair, months in rows.items()
        for month, rank in ranks_of(months, "2000-01", "2099-12").items()
    }
    return followed(store, ranks)


def device_sums(store: Store, side: Side) -> Devices:
    """Return what a store says that its devices add up to, by address and month; of one that keeps none, nothing."""
    kept = store.devices(side)
    found: Devices = {}
    if kept is None:
        return found
    for month in MONTHS:
        for measure in MEASURES:
            ranked = list(kept.ranks(SITE, month, measure))
            keys = [(source, destination, month) for source, destination, _ in ranked]
            rows = {(row.source, row.destination): row for row in kept.several_months(SITE, keys)}
            assert [rank for *_, rank in ranked] == [rank_of(rows[key[:2]], False, False) for key in keys]
            sizes = [rank.size(measure) for *_, rank in ranked]
            assert sizes == sorted(sizes, reverse=True)
            found |= {("".join(key), month): row.sums for key, row in rows.items()}
    return found


def sums_of_devices(store: Store, side: Side) -> Devices:
    """Return what the pair-months of a store that keeps totals of devices add up to."""
    found: Devices = {}
    for row in store.scan(SITE) if store.devices(side) is not None else ():
        sums = found.setdefault((row.source if side == "source" else row.destination, row.month), {})
        for name, figure in row.sums.items():
            if not name.endswith("_sq"):
                sums[name] = sums.get(name, 0) + figure
    return found


class Assessed(RuleBasedStateMachine):
    """Files of some days that come in any order, are replaced and go, and are assessed now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.left = ExitStack()
        self.root = Path(self.left.enter_context(tempfile.TemporaryDirectory()))
        self.store = self.left.enter_context(closing(self.open_store()))
        self.standing: dict[str, bytes] = {}

    def open_store(self) -> Store:
        return MemoryStore()

    def counting(self) -> AbstractContextManager[object]:
        """Return a context in which files come and go as they do where this store is used."""
        return nullcontext()

    @rule(
        name=st.sampled_from("abcdef"),
        first=st.integers(0, 150),
        length=st.sampled_from([1, 1, 2, 9, 30, 70]),
        packets=st.sampled_from([100, 100, 3_000, 50_000]),
        destination=st.sampled_from(DESTINATIONS),
    )
    def comes(self, name: str, first: int, length: int, packets: int, destination: str) -> None:
        self.put(name, days(range(first, first + length), packets, destination))

    @rule(name=st.sampled_from("abcdef"), number=st.integers(0, 150), destinations=st.sampled_from([3, 30]))
    def comes_with_many_destinations(self, name: str, number: int, destinations: int) -> None:
        self.put(name, csv(*(flow(destination=f"203.0.113.{each}", day=iso(number)) for each in range(destinations))))

    @rule(name=st.sampled_from("abcdef"))
    def comes_again(self, name: str) -> None:
        if name in self.standing:
            self.put(name, self.standing[name])

    def put(self, name: str, content: bytes) -> None:
        file = put(self.root / f"{name}.csv", content)
        with self.counting():
            outcome = upload(self.store, file, Request(SITE, policy=Policy("replace", again=True)))
        if outcome.state == "refused":
            assert "the first month that is kept" in outcome.reason
            return
        assert outcome.state in {"counted", "already counted"}
        if any(map(self.is_kept, self.store.path(SITE, path_text(file)).names)):  # else it was erased since
            self.standing[name] = content

    @rule(month=st.sampled_from(MONTHS[1:5]))
    def floor_rises(self, month: str) -> None:
        forget_before(self.store, month, wait=lambda _: None)
        kept = {path.path for path in self.store.paths(SITE) if any(map(self.is_kept, path.names))}
        self.standing = {
            name: content for name, content in self.standing.items() if path_text(self.root / f"{name}.csv") in kept
        }

    def is_kept(self, name: Name) -> bool:
        record = self.store.file(name)
        return record is not None and not record.erased

    @rule(name=st.sampled_from("abcdef"))
    def goes(self, name: str) -> None:
        path = path_text(self.root / f"{name}.csv")
        with self.counting():
            retract(self.store, SITE, path, self.store.path(SITE, path).names)
        self.standing.pop(name, None)

    @rule()
    def old_work_comes_late(self) -> None:
        for record in list(self.store.files(SITE)):
            for number, chunk in list(self.store.chunks(record.name, range(record.head.chunks))):
                for revision in range(1, record.revision + 1):
                    assert not self.store.apply(record.name, revision, number, chunk)
                assess_chunk(self.store, SITE, chunk)

    @rule(since=st.integers(0, 220), length=st.integers(0, 100))
    def is_assessed(self, since: int = 0, length: int = 300) -> None:
        assess_outstanding(self.store)
        assert stored_ranks(self.store) == ranks_of_sums(self.store)
        assert list(self.store.outstanding(SITE)) == []
        for side in SIDES:
            assert device_sums(self.store, side) == sums_of_devices(self.store, side)
        left = self.what_is_left()
        for question in (
            Question(TODAY, since=iso(since), until=iso(since + length), site=SITE),
            Question(TODAY, days=7, site=SITE),
        ):
            assert anomalies(self.store, question) == anomalies(left, question)

    def what_is_left(self) -> Store:
        """Return a store that never held anything but the files that are left."""
        store = MemoryStore()
        store.raise_floor(self.store.floor())
        for name, content in sorted(self.standing.items()):
            outcome = upload(store, put(self.root / f"{name}.csv", content), Request(SITE))
            assert outcome.state in {"counted", "already counted"}
        assess_outstanding(store)
        return store

    @rule(place=st.integers(0, 1_000))
    def sums_are_spoiled_and_put_right(self, place: int) -> None:
        held = list(self.store.held([SITE]))
        if held:
            spoiled = held[place % len(held)]
            assert self.store.correct(spoiled, {"flows": 10**6, "dur": 7})
            assert list(rebuild(self.store, [SITE])) != []

    @invariant()
    def what_was_not_assessed_is_known(self) -> None:
        if not list(self.store.outstanding(SITE)):
            assert stored_ranks(self.store) == ranks_of_sums(self.store)

    def teardown(self) -> None:
        with self.left:
            self.is_assessed()


class AssessedInSqlite(Assessed):
    """The same over an SQLite file."""

    def open_store(self) -> Store:
        return SqliteStore(self.root / "assessed.db")


class AssessedOnAws(Assessed):
    """The same where workers assess what they apply: nothing is outstanding there."""

    def open_store(self) -> Store:
        return simulated(self.root).open()

    def counting(self) -> AbstractContextManager[object]:
        return patch("iotagg.pipeline.consolidate", consolidate_here)


TestAssessedInMemory = Assessed.TestCase
TestAssessedInMemory.settings = settings(deadline=None, max_examples=examples(60), stateful_step_count=12)
TestAssessedInSqlite = AssessedInSqlite.TestCase
TestAssessedInSqlite.settings = settings(deadline=None, max_examples=examples(20), stateful_step_count=12)
TestAssessedOnAws = AssessedOnAws.TestCase
TestAssessedOnAws.settings = settings(deadline=None, max_examples=examples(10), stateful_step_count=10)


class Meddled(MemoryStore):
    """A store in which others write between the reading of a pair's months and the putting of its ranks."""

    meddle = False

    def put_rank(self, site: str, month: PairMonth, rank: Rank | None) -> bool:
        if self.meddle:
            self.meddle = False
            key = (SITE, month.source, month.destination, "2022-10")
            self._tables.sums[key] = {**self._tables.sums[key], "f20": 1, "p20": 90_000, "pkt": 10**6}
        return super().put_rank(site, month, rank)


@pytest.fixture
def meddled(tmp_path: Path) -> Meddled:
    store = Meddled()
    put(tmp_path / "a.csv", days(range(40)))
    assert upload(store, tmp_path / "a.csv", Request(SITE)).state == "counted"
    return store


def test_who_is_overtaken_looks_again(meddled: Meddled) -> None:
    meddled.meddle = True
    (pair,) = {(row.source, row.destination) for row in meddled.scan(SITE)}
    assess_pair(meddled, Pair(SITE, *pair), "2022-11", "2022-11")
    assess_pair(meddled, Pair(SITE, *pair), "2022-10", "2022-10")
    assert stored_ranks(meddled) == ranks_of_sums(meddled)


def test_to_assess_again_puts_nothing(meddled: Meddled) -> None:
    chunk = list(meddled.scan(SITE))
    assert assess_chunk(meddled, SITE, chunk) == len(chunk)
    assert assess_chunk(meddled, SITE, chunk) == 0


def test_what_was_erased_meanwhile_needs_no_ranks(meddled: Meddled) -> None:
    (name,) = meddled.names(SITE)
    retract(meddled, SITE, next(iter(meddled.paths(SITE))).path, [name])
    outstanding = list(meddled.outstanding(SITE))
    meddled.erase(name)
    assert outstanding
    assert assess_outstanding(meddled) == 0
    assert stored_ranks(meddled) == {}


def test_what_stands_out_once_earlier_months_are_gone_is_told(tmp_path: Path) -> None:
    # October had many days like the 25th of November, and the pair that comes back on the 20th.
    content = csv(
        *(flow(day=iso(number), packets=50_000 if number in {*range(0, 29, 2), 53} else 100) for number in range(59)),
        *(flow(destination=DESTINATIONS[1], day=iso(number)) for number in (*range(20, 24), *range(48, 59))),
    )
    store = SqliteStore(tmp_path / "store.db")
    assert upload(store, put(tmp_path / "a.csv", content), Request(SITE)).state == "counted"
    assess_outstanding(store)
    question = Question(TODAY, since="2022-11-01", until="2022-11-30", site=SITE)
    assert anomalies(store, question).findings == ()
    forget_before(store, "2022-11", wait=lambda _: None)
    assert [(each.day, each.kind, each.destination) for each in anomalies(store, question).findings] == [
        ("2022-11-20", Kind.NEW_PAIR, DESTINATIONS[1]),
        ("2022-11-25", Kind.SURGE, DESTINATIONS[0]),
    ]
    store.close()


def others_assess_meanwhile(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pairs be assessed right before each chunk is applied, as when another file has them, too."""
    apply = store.apply

    def applied(name: Name, revision: int, number: int, chunk: Chunk) -> bool:
        assess_chunk(store, SITE, chunk)
        return apply(name, revision, number, chunk)

    monkeypatch.setattr(store, "apply", applied)


@pytest.mark.parametrize("kind", ["memory", "sqlite", "simulated"])
def test_what_stands_out_once_a_device_is_forgotten_is_what_would_without_it(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The device is a destination of a source that makes few new pairs, and has a surge; others have theirs, too.
    store = BACKENDS[kind](tmp_path).open()
    forgotten, kept = DESTINATIONS
    content = csv(
        *(flow(destination=kept, day=iso(number), packets=50_000 if number == 45 else 100) for number in range(60)),
        *(
            flow(destination=forgotten, day=iso(number), packets=90_000 if number == 50 else 100)
            for number in range(60)
        ),
        *(flow(destination="203.0.113.1", day=iso(number)) for number in (40, 41)),
        *(flow(forgotten, kept, day=iso(number)) for number in (*range(20), *range(25, 60))),
    )
    store_of_rest = MemoryStore()
    rest = b"".join(line for line in content.splitlines(keepends=True) if forgotten.encode() not in line)
    bring = patch("iotagg.pipeline.consolidate", consolidate_here) if kind == "simulated" else nullcontext()
    with bring:
        upload(store, put(tmp_path / "a.csv", content), Request(SITE))
        assess_outstanding(store)
    others_assess_meanwhile(store, monkeypatch)
    forget_device(store, forgotten)
    upload(store_of_rest, put(tmp_path / "a.csv", rest), Request(SITE))
    assess_outstanding(store)
    assess_outstanding(store_of_rest)
    question = Question(TODAY, since=iso(0), until=iso(80), site=SITE)
    assert anomalies(store, question) == anomalies(store_of_rest, question)
    assert stored_ranks(store) == ranks_of_sums(store)
    assert list(audit(store)) == []
    store.close()
