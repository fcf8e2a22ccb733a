"""Whatever is lost, doubled, reordered or breaks off, what remains is as if nothing else had ever been counted."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.summarize import ON_CHANGE, hand_over, summarize_message
from iotagg.jobs.sweep import Swept, sweep
from iotagg.pipeline import retract
from tests.cloud.desk import clean, in_memory
from tests.examples import examples
from tests.pipeline.csvs import HEADER, TORN, csv, flow, many_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.stores.protocol import Store
    from tests.cloud.desk import Desk

KEYS = ("incoming/paris/a.csv", "incoming/paris/b.csv")
START = csv(flow(packets=1), flow("2001:db8::7", day="2022-11-30", duration=10**15))
MORE = (flow(packets=12), flow("192.168.1.9"), TORN)
CONTENTS = (HEADER, START, START + MORE[0], csv(flow(packets=2), flow(packets=3)), many_pairs(30), b"no flow CSV\n")
MOST_ROUNDS = 10

keys = st.sampled_from(KEYS)
contents = st.sampled_from(CONTENTS)
breaks = st.one_of(st.none(), st.tuples(st.integers(1, 25), st.booleans()))


class Broken(Exception):
    """A worker was killed, or a reply of the store got lost."""


class Fragile:
    """A store whose worker may be killed at any of its calls, before it is carried out or after."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._calls = count(1)
        self.breaks: tuple[int, bool] | None = None

    def will_break(self, breaks: tuple[int, bool] | None) -> None:
        self._calls = count(1)
        self.breaks = breaks

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*given: object, **named: object) -> object:
            with self._lock:
                at, after = self.breaks or (0, False)
                now = next(self._calls) == at
            if now and not after:
                raise Broken
            answer = method(*given, **named)
            if now:
                raise Broken
            return answer

        return call


class CloudHistory(RuleBasedStateMachine):
    """Objects that come, grow and change; messages on their way; and workers that break off."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = in_memory()
        self.fragile = Fragile(self.whole.cloud.store)
        self.cloud = replace(self.whole.cloud, store=cast("Store", self.fragile))
        self.last: dict[str, bytes] = {}
        self.came: dict[str, set[bytes]] = {key: set() for key in KEYS}
        self.retracted: set[bytes] = set()
        self.events: list[str] = []
        self.messages: list[str] = []

    @property
    def desk(self) -> Desk:
        return self.whole

    def collect(self) -> None:
        self.events += self.desk.events()
        self.messages += self.desk.chunk_messages()

    def broken_off(self, breaks: tuple[int, bool] | None, work: Callable[[], object]) -> bool:
        """Work, with a store that may break off in the middle; say whether it did."""
        self.fragile.will_break(breaks)
        try:
            work()
        except Broken:
            return True
        finally:
            self.fragile.will_break(None)
            self.collect()
        return False

    @rule(
        key=st.sampled_from(KEYS), content=st.sampled_from(CONTENTS), on_change=st.sampled_from(["", "replace", "add"])
    )
    def comes(self, key: str, content: bytes, on_change: str) -> None:
        self.last[key] = content
        self.came[key].add(content)
        self.events.append(self.desk.put(content, key, {ON_CHANGE: on_change} if on_change else {}))

    @precondition(lambda self: self.last)
    @rule(data=st.data(), more=st.sampled_from(MORE))
    def grows(self, data: st.DataObject, more: bytes) -> None:
        key = data.draw(st.sampled_from(sorted(self.last)))
        self.comes(key, self.last[key] + more, "")

    @precondition(lambda self: self.events)
    @rule(data=st.data(), kept=st.booleans(), breaks=breaks)
    def an_event_is_delivered(self, data: st.DataObject, kept: bool, breaks: tuple[int, bool] | None) -> None:
        event = self.events.pop(data.draw(st.integers(0, len(self.events) - 1)))
        if self.broken_off(breaks, lambda: summarize_message(self.cloud, event)) or kept:
            self.events.append(event)

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), kept=st.booleans(), breaks=breaks, received=st.integers(1, 2), steps=st.integers(0, 3))
    def a_message_is_delivered(
        self, data: st.DataObject, kept: bool, breaks: tuple[int, bool] | None, received: int, steps: int
    ) -> None:
        body = self.messages.pop(data.draw(st.integers(0, len(self.messages) - 1)))
        asked, all_done = count(), True

        def work() -> None:
            nonlocal all_done
            all_done = consolidate_message(
                self.cloud, body, received=received, in_time=lambda: steps == 0 or next(asked) < steps
            )

        if self.broken_off(breaks, work) or kept or not all_done:
            self.messages.append(body)

    @rule(breaks=breaks)
    def all_messages_are_delivered(self, breaks: tuple[int, bool] | None) -> None:
        bodies, self.messages = self.messages, []
        for body in bodies:
            if self.broken_off(breaks, lambda body=body: consolidate_message(self.cloud, body)):  # type: ignore[misc]  # bound at once
                self.messages.append(body)

    @rule()
    def the_queues_lose_everything(self) -> None:
        self.events.clear()
        self.messages.clear()

    @precondition(lambda self: self.last)
    @rule(data=st.data(), breaks=breaks)
    def is_retracted(self, data: st.DataObject, breaks: tuple[int, bool] | None) -> None:
        key = data.draw(st.sampled_from(sorted(self.last)))
        names = self.desk.path(key).names
        gone = {name.content for name in names}
        self.retracted |= {content for content in self.all_that_came() if digest_of(content) in gone}

        def work() -> None:
            retract(self.cloud.store, "paris", key, names, bring=hand_over(self.cloud))

        while self.broken_off(breaks, work):  # who asked for it asks again
            breaks = None

    @rule(breaks=breaks)
    def is_swept(self, breaks: tuple[int, bool] | None) -> None:
        self.broken_off(breaks, lambda: sweep(self.cloud))

    def all_that_came(self) -> set[bytes]:
        return set().union(*self.came.values())

    def teardown(self) -> None:
        self.the_queues_lose_everything()
        for _ in range(MOST_ROUNDS):
            swept = sweep(self.desk.cloud)
            if swept == Swept():
                break
            self.desk.work()
        assert sweep(self.desk.cloud) == Swept()
        assert self.desk.left_pending() == []
        self.everything_is_settled()
        store = self.desk.cloud.store
        for record in store.files("paris"):
            assert record.is_in is bool(record.paths)
        surviving = {name.content for key in KEYS for name in self.desk.path(key).names}
        by_digest = {digest_of(content): content for content in self.all_that_came()}
        assert self.desk.sums() == clean(*(by_digest[content] for content in sorted(surviving)))

    def everything_is_settled(self) -> None:
        """Assert that each object came to something: a count, a refusal that is remembered, or a retraction."""
        for key, contents in self.came.items():
            path = self.desk.path(key)
            if any(map(is_flow_csv, contents)) and not self.retracted:
                assert path.names
            if contents and not self.retracted:
                assert path.names or path.refusal is not None


def is_flow_csv(content: bytes) -> bool:
    lines = content.splitlines(keepends=True)
    return lines[0] == HEADER and set(lines[1:]) != {TORN}


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


TestCloudHistory = CloudHistory.TestCase
TestCloudHistory.settings = settings(deadline=None, max_examples=examples(15), stateful_step_count=25)
