"""A history that goes on in a copy, and in a copy of that, as if it had never moved."""

from __future__ import annotations

from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from iotagg.moving import copied
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.examples import examples
from tests.pipeline.seeing import Dying, Killed, seen
from tests.pipeline.test_history_machine import SITES, History

if TYPE_CHECKING:
    from iotagg.stores.protocol import Store


class MovedHistory(History):
    """Files that come, grow, change and go, in a store that moves to another kind of store every now and then."""

    def __init__(self) -> None:
        self.numbers = count()
        super().__init__()

    def open_store(self, name: str) -> Store:
        # MemoryStore and SqliteStore in turns.
        number = next(self.numbers)
        return SqliteStore(self.root / f"{name}{number}.db") if number % 2 else MemoryStore()

    @rule(writes=st.lists(st.integers(0, 40), max_size=3))
    def moves(self, writes: list[int]) -> None:
        before = seen(self.store)
        target = self.left.enter_context(closing(self.open_store("moved")))
        for killed_before in writes:
            try:
                list(copied(self.store, cast("Store", Dying(target, killed_before))))
            except Killed:
                continue
        assert [outcome for outcome in copied(self.store, target) if outcome.failed] == []
        assert seen(target) == before
        self.store = target

    @rule()
    def is_merged_with_itself(self) -> None:
        before = seen(self.store)
        with closing(MemoryStore()) as copy:
            list(copied(self.store, copy))
            assert [outcome for outcome in copied(copy, self.store) if outcome.failed] == []
        assert seen(self.store) == before

    @invariant()
    def what_is_in_is_what_a_path_refers_to(self) -> None:
        # What is out and never was in here has no markers, as opposed to where it comes from.
        for site in SITES:
            for record in self.store.files(site):
                assert record.is_in is bool(record.paths)
                applied = self.store.applied(record.name, record.revision)
                assert applied == set(range(record.head.chunks if record.revision else 0))


TestMovedHistory = MovedHistory.TestCase
TestMovedHistory.settings = settings(deadline=None, max_examples=examples(25), stateful_step_count=20)
