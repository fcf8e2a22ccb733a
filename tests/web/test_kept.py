"""An answer is kept while nothing changes, and not a moment longer; and for nobody who might not have it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from iotagg.pipeline import Request, upload
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from iotagg.stores.sqlite_version import SqliteVersion
from iotagg.web.access import Caller, Everybody
from iotagg.web.desk import JSON, Asked, Desk
from iotagg.web.kept import Answer, Before, Kept
from tests.pipeline.csvs import csv, flow, put
from tests.web.conftest import ALL, PARIS
from tests.web.sent import put_file
from tests.web.served import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.web.served import Served

DAYS = "/v1/pairs/192.168.1.7/192.0.2.1/days"


class Versions:
    """Tells the version that it was given."""

    def __init__(self) -> None:
        self.now = "1"

    def read(self) -> str:
        return self.now

    def close(self) -> None:
        self.now = ""


@pytest.fixture
def versions() -> Versions:
    return Versions()


@pytest.fixture
def desk(versions: Versions) -> Iterator[Desk]:
    with closing(Desk(MemoryStore(), Everybody(), lambda: None, Kept(versions))) as opened:
        yield opened


@dataclass(frozen=True)
class Read:
    """What is read of a store."""

    figures: str

    def digest(self) -> bytes:
        return self.figures.encode()


class Store:
    """Figures, how often they were read and a text was made of them, and in which threads."""

    def __init__(self, versions: Versions | None = None) -> None:
        self.figures = "1 flow"
        self.read_times = self.made_times = 0
        self.threads: set[int] = set()
        self.changes: list[str] = []
        self._versions = versions

    def read(self) -> Read:
        self.read_times += 1
        self.threads.add(threading.get_ident())
        found = Read(self.figures)
        if self.changes and self._versions is not None:
            self._versions.now = self.figures = self.changes.pop(0)
        return found

    def text(self, read: Read) -> str:
        self.made_times += 1
        self.threads.add(threading.get_ident())
        return f"{read.figures}, {self.made_times}"


def answer(
    desk: Desk,
    store: Store,
    sites: frozenset[str] | None = None,
    known: str = "",
    query: bytes = b"",
    *,
    brief: bool = True,
) -> str:
    async def asked() -> str:
        question = Asked(desk, Caller("anna", sites), (DAYS, query), known)
        response = await question.answer_while_same(store.read, store.text, JSON, brief=brief)
        return bytes(response.body).decode() if response.status_code == 200 else "the same"

    return asyncio.run(asked())


@pytest.fixture
def store(versions: Versions) -> Store:
    return Store(versions)


def test_it_is_looked_for_once_while_nothing_changes(desk: Desk, store: Store, versions: Versions) -> None:
    assert {answer(desk, store) for _ in range(3)} == {"1 flow, 1"}
    assert store.read_times == 1
    versions.now, store.figures = "2", "2 flows"
    assert {answer(desk, store) for _ in range(3)} == {"2 flows, 2"}
    assert store.read_times == 2


def test_it_is_not_made_again_where_others_alone_changed(desk: Desk, store: Store, versions: Versions) -> None:
    for version in "234":
        assert {answer(desk, store) for _ in range(3)} == {"1 flow, 1"}
        versions.now = version
    assert (store.read_times, store.made_times) == (3, 1)


def test_what_changes_while_it_is_worked_out_is_looked_for_again(desk: Desk, store: Store) -> None:
    store.changes = ["2 flows"]
    assert [answer(desk, store) for _ in range(3)] == ["1 flow, 1", "2 flows, 2", "2 flows, 2"]


def test_who_may_ask_about_other_sites_or_asks_for_something_else_gets_their_own(desk: Desk, store: Store) -> None:
    assert answer(desk, store) == "1 flow, 1"
    assert answer(desk, store, frozenset({"paris"})) == "1 flow, 2"
    assert answer(desk, store, query=b"since=2022-12-01") == "1 flow, 3"
    assert answer(desk, store) == "1 flow, 1"


def test_who_has_it_already_is_told_so(desk: Desk, store: Store, versions: Versions) -> None:
    tag = Answer.of("1 flow, 1").tag
    assert answer(desk, store, known=tag) == "the same"
    assert answer(desk, store, known=tag) == "the same"
    versions.now = "2"
    assert answer(desk, store, known=tag) == "the same"
    assert answer(desk, store, known='"another"') == "1 flow, 1"


def test_without_a_version_each_is_looked_for(store: Store) -> None:
    with closing(Desk(MemoryStore(), Everybody(), lambda: None, Kept())) as desk:
        assert [answer(desk, store) for _ in range(2)] == ["1 flow, 1", "1 flow, 2"]


def test_only_what_takes_a_moment_on_this_machine_is_done_while_others_wait(desk: Desk) -> None:
    here = threading.get_ident()
    asked = Store()
    answer(desk, asked)
    assert asked.threads == {here}
    asked = Store()
    answer(desk, asked, query=b"long", brief=False)
    assert here not in asked.threads
    with closing(Desk(MemoryStore(), Everybody(), lambda: None, Kept())) as far:
        answer(far, asked)
    assert here not in asked.threads


def test_whoever_was_not_asked_for_longest_is_forgotten_first(versions: Versions) -> None:
    kept = Kept(versions, most_bytes=20)

    def put(name: str, length: int = 10) -> None:
        kept.put(name, Before(Answer(bytes(length), name), b"", "1"))

    for name in ("one", "two", "two"):
        put(name)
    assert kept.get("one") is not None
    put("three")
    assert [kept.get(name) is not None for name in ("one", "two", "three")] == [True, False, True]
    put("long", 21)
    assert [kept.get(name) is not None for name in ("one", "three", "long")] == [False, False, False]


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    database = tmp_path_factory.mktemp("counting") / "iotagg.db"
    with closing(SqliteStore(database)) as store:
        upload(store, put(database.parent / "first.csv", csv(flow(packets=1))), Request("paris"))
    with serving(database) as served:
        yield served


def flows_of(served: Served) -> int:
    answers = [served.ask(DAYS) for _ in range(2)]
    assert answers[0].content == answers[1].content
    return sum(day["flows"] for day in answers[0].body["items"])


def test_what_was_counted_is_in_the_next_answer_whoever_counted_it(counting: Served, tmp_path: Path) -> None:
    before = flows_of(counting)
    with closing(SqliteStore(counting.database)) as store:
        for number in range(2, 7):
            upload(store, put(tmp_path / f"{number}.csv", csv(flow(packets=number))), Request("paris"))
            assert flows_of(counting) == before + number - 1
    put_file(counting, "paris", "sent.csv", csv(flow(packets=100)))
    assert flows_of(counting) == before + 6


def test_an_answer_for_all_sites_is_none_for_who_may_ask_about_one(guarded: Served) -> None:
    everything = guarded.ask("/v1/pairs/192.168.2.7/192.0.2.3", ALL)
    assert [each["site"] for each in everything.body["items"]] == ["tokyo"]
    assert guarded.ask("/v1/pairs/192.168.2.7/192.0.2.3", PARIS).status == 404
    assert guarded.ask("/v1/pairs/192.168.2.7/192.0.2.3", ALL).content == everything.content


def test_a_version_of_a_database_moves_with_each_commit_of_others(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "iotagg.db")) as store, closing(SqliteVersion(store.file_path)) as version:
        kept = Kept(version)
        seen = {kept.version()}
        for number in range(3):
            store.refuse("paris", f"{number}.csv", None)
            seen.add(kept.version())
        assert len(seen) == 4
