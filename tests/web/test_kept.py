"""An answer is kept while nothing changes, and not a moment longer; and for nobody who might not have it."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from iotagg.pipeline import Request, upload
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from iotagg.stores.sqlite_version import SqliteVersion
from iotagg.web.access import Caller, Everybody
from iotagg.web.desk import JSON, Asked, Desk
from iotagg.web.kept import Answer, Kept
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


class Found:
    """What is found, and how often it was looked for."""

    def __init__(self, *changes: str, versions: Versions | None = None) -> None:
        self.times = 0
        self._changes, self._versions = list(changes), versions

    def __call__(self) -> str:
        self.times += 1
        if self._changes and self._versions is not None:
            self._versions.now = self._changes.pop(0)
        return f"found {self.times}"


def answer(desk: Desk, found: Found, sites: frozenset[str] | None = None, known: str = "", query: bytes = b"") -> bytes:
    async def asked() -> bytes:
        response = await Asked(desk, Caller("anna", sites), (DAYS, query), known).answer_while_same(found, JSON)
        return bytes(response.body) if response.status_code == 200 else b"the same"

    return asyncio.run(asked())


def test_it_is_looked_for_once_while_nothing_changes(desk: Desk, versions: Versions) -> None:
    found = Found()
    assert {answer(desk, found) for _ in range(3)} == {b"found 1"}
    versions.now = "2"
    assert {answer(desk, found) for _ in range(3)} == {b"found 2"}


def test_what_changes_while_it_is_worked_out_is_looked_for_again(desk: Desk, versions: Versions) -> None:
    found = Found("2", versions=versions)
    assert [answer(desk, found) for _ in range(3)] == [b"found 1", b"found 2", b"found 2"]


def test_who_may_ask_about_other_sites_or_asks_for_something_else_gets_their_own(desk: Desk) -> None:
    found = Found()
    assert answer(desk, found) == b"found 1"
    assert answer(desk, found, frozenset({"paris"})) == b"found 2"
    assert answer(desk, found, query=b"since=2022-12-01") == b"found 3"
    assert answer(desk, found) == b"found 1"


def test_who_has_it_already_is_told_so(desk: Desk) -> None:
    found = Found()
    assert answer(desk, found, known=Answer.of("found 1").tag) == b"the same"
    assert answer(desk, found, known=Answer.of("found 1").tag) == b"the same"
    assert answer(desk, found, known='"another"') == b"found 1"


def test_without_a_version_each_is_looked_for() -> None:
    found = Found()
    with closing(Desk(MemoryStore(), Everybody(), lambda: None, Kept())) as desk:
        assert [answer(desk, found) for _ in range(2)] == [b"found 1", b"found 2"]


def test_whoever_was_not_asked_for_longest_is_forgotten_first(versions: Versions) -> None:
    kept = Kept(versions, most_bytes=20)
    version = kept.version()
    for name in ("one", "two"):
        kept.put(name, Answer(b"0123456789", name), version)
    assert kept.get("one") is not None
    kept.put("three", Answer(b"0123456789", "three"), version)
    assert [kept.get(name) is not None for name in ("one", "two", "three")] == [True, False, True]
    kept.put("long", Answer(bytes(21), "long"), version)
    assert [kept.get(name) is not None for name in ("one", "three", "long")] == [False, False, False]


def test_what_was_worked_out_of_an_older_version_is_not_kept(versions: Versions) -> None:
    kept = Kept(versions)
    before = kept.version()
    versions.now = "2"
    kept.version()
    kept.put("asked", Answer(b"old", "tag"), before)
    assert kept.get("asked") is None


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
