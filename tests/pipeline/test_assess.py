"""Ranks follow the sums: whatever happened before, they are those that the sums alone give."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from iotagg.assess import assess_chunk, assess_outstanding, assess_pair
from iotagg.core.judging.pairs import Pair
from iotagg.core.judging.ranking import ranks_of
from iotagg.core.ledger import Policy
from iotagg.pipeline import Request, retract, upload
from iotagg.sources import path_text
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.examples import examples
from tests.pipeline.csvs import csv, flow, put

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iotagg.core.pair_month import PairMonth
    from iotagg.core.ranks import Rank
    from iotagg.stores.protocol import Store

FIRST = date(2022, 10, 3)
DESTINATIONS = ("192.0.2.1", "192.0.2.2")
SITE = "paris"
MONTHS = ("2022-10", "2022-11", "2022-12", "2023-01", "2023-02", "2023-03", "2023-04", "2023-05")

Ranks = dict[tuple[str, str, str], "Rank | None"]


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
    return found


def ranks_of_sums(store: Store) -> Ranks:
    """Return the ranks that a store's sums give, each pair judged as a whole."""
    rows: dict[tuple[str, str], list[PairMonth]] = {}
    for row in store.scan(SITE):
        rows.setdefault((row.source, row.destination), []).append(row)
    return {
        (*pair, month): rank
        for pair, months in rows.items()
        for month, rank in ranks_of(months, "2000-01", "2099-12").items()
    }


class Assessed(RuleBasedStateMachine):
    """Files of some days that come in any order, are replaced and go, and are assessed now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.left = ExitStack()
        self.root = Path(self.left.enter_context(tempfile.TemporaryDirectory()))
        self.store = self.left.enter_context(closing(self.open_store()))

    def open_store(self) -> Store:
        return MemoryStore()

    @rule(
        name=st.sampled_from("abcdef"),
        first=st.integers(0, 150),
        length=st.sampled_from([1, 1, 2, 9, 30, 70]),
        packets=st.sampled_from([100, 100, 3_000, 50_000]),
        destination=st.sampled_from(DESTINATIONS),
    )
    def comes(self, name: str, first: int, length: int, packets: int, destination: str) -> None:
        file = put(self.root / f"{name}.csv", days(range(first, first + length), packets, destination))
        outcome = upload(self.store, file, Request(SITE, policy=Policy("replace", again=True)))
        assert outcome.state in {"counted", "already counted"}

    @rule(name=st.sampled_from("abcdef"))
    def goes(self, name: str) -> None:
        path = path_text(self.root / f"{name}.csv")
        retract(self.store, SITE, path, self.store.path(SITE, path).names)

    @rule()
    def is_assessed(self) -> None:
        assess_outstanding(self.store)
        assert stored_ranks(self.store) == ranks_of_sums(self.store)
        assert list(self.store.outstanding(SITE)) == []

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


TestAssessedInMemory = Assessed.TestCase
TestAssessedInMemory.settings = settings(deadline=None, max_examples=examples(60), stateful_step_count=12)
TestAssessedInSqlite = AssessedInSqlite.TestCase
TestAssessedInSqlite.settings = settings(deadline=None, max_examples=examples(20), stateful_step_count=12)


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
