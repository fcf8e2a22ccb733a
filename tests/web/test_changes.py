"""Whoever listens is told of each change, whoever made it; and keeps nobody else from being answered."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.errors import NotFound, StoreBusy, StoreError, TokenRefused
from iotagg.pipeline import Request, upload
from iotagg.stores.sqlite import SqliteStore
from iotagg.stores.sqlite_version import SqliteVersion
from iotagg.web.changes import Changes
from iotagg.web.event_stream import EventStream
from tests.examples import long_only
from tests.pipeline.csvs import csv, flow, put
from tests.web.conftest import ALL, PARIS, PAST, tokens_at
from tests.web.listening import Live
from tests.web.sent import begin, put_file, send_json
from tests.web.served import serving
from tests.web.test_refusals import assert_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.web.served import Answer, Served


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    database = tmp_path_factory.mktemp("live") / "iotagg.db"
    with closing(SqliteStore(database)) as store:
        upload(store, put(database.parent / "first.csv", csv(flow())), Request("paris"))
    with serving(database) as served:
        yield served


def change(served: Served, packets: int) -> None:
    """Count a file as another process does."""
    file = put(served.database.parent / f"{packets}.csv", csv(flow(packets=packets)))
    command = [sys.executable, "-m", "iotagg", "--db", str(served.database), "upload", "--site", "paris", str(file)]
    subprocess.run(command, check=True, capture_output=True)


def test_who_listens_is_told_of_what_another_process_counts(live: Served) -> None:
    with Live(live) as listener:
        first = listener.event()
        assert first is not None
        assert (first[0], set(first[1])) == ("now", {"version"})
        assert listener.event(0.6) is None
        change(live, 1_000)
        counted = time.monotonic()
        told = listener.event(5)
        assert told is not None
        assert told[0] == "changed"
        assert told[1]["version"] != first[1]["version"]
        assert time.monotonic() - counted < 5
        assert b"content-type: text/event-stream" in listener.head
        assert b"cache-control: no-store" in listener.head


def test_who_listens_is_told_of_what_comes_over_http(live: Served) -> None:
    with Live(live) as listener:
        assert listener.event()
        ways: list[Callable[[], Answer]] = [
            lambda: put_file(live, "paris", "sent.csv", csv(flow(packets=2_000))),
            lambda: send_json(live, "/v1/allowances", {"site": "paris", "kind": "surge"}),
        ]
        for send in ways:
            assert send().status in {200, 201}
            told = listener.event(5)
            assert told is not None
            assert told[0] == "changed"


def test_to_look_again_and_again_changes_nothing(live: Served) -> None:
    with Live(live) as listener:
        put_file(live, "paris", "looked-at.csv", csv(flow(packets=3_000)))
        looks = ["/v1/status", "/v1/files", "/v1/top", "/v1/anomalies", "/v1/allowances"]
        for path in looks:
            assert live.ask(path).status == 200
        while listener.event(0.8):
            pass
        for path in looks:
            assert live.ask(path).status == 200
        assert listener.event(0.8) is None


def test_what_changed_while_nobody_listened_shows_in_the_version(live: Served) -> None:
    versions: list[Any] = []
    for packets in (None, 4_000, None):
        if packets:
            time.sleep(0.6)
            change(live, packets)
        with Live(live) as listener:
            versions.append(listener.event())
    assert {kind for kind, _ in versions} == {"now"}
    assert versions[0] != versions[1] == versions[2]


@long_only
def test_hundreds_who_listen_keep_nobody_from_being_answered(live: Served) -> None:
    with ExitStack() as many:
        listeners = [many.enter_context(Live(live)) for _ in range(300)]
        assert {listener.event()[0] for listener in listeners} == {"now"}  # type: ignore[index]  # None fails as well
        began = time.monotonic()
        assert live.ask("/v1/status").status == 200
        assert time.monotonic() - began < 5
        change(live, 5_000)
        began = time.monotonic()
        assert {(listener.event() or ("",))[0] for listener in listeners} == {"changed"}
        assert time.monotonic() - began < 5


def test_a_head_has_an_end(live: Served) -> None:
    answer = live.ask("/v1/changes", method="HEAD")
    assert (answer.status, answer.content) == (200, b"")


@long_only
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_promptly_whoever_listens(live: Served, tmp_path: Path, by: int) -> None:
    shutil.copyfile(live.database, tmp_path / "iotagg.db")
    command = [sys.executable, "-m", "iotagg", "--db", str(tmp_path / "iotagg.db"), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server, ExitStack() as many:
        assert server.stderr is not None
        port = int(server.stderr.readline().split(" answers")[0].rpartition(":")[2])
        served = type(live)(port, tmp_path / "iotagg.db")
        listeners = [many.enter_context(Live(served)) for _ in range(300)]
        assert all(listener.event() for listener in listeners)
        many.enter_context(begin(served, "GET /v1/status HTTP/1.1"))
        began = time.monotonic()
        server.send_signal(by)
        assert server.wait(10) == 0
        assert time.monotonic() - began < 5
        assert all(listener.is_at_its_end() for listener in listeners)
        assert server.stderr.read() == ""


def test_a_store_that_is_gone_is_told_and_so_is_its_return(live: Served, tmp_path: Path) -> None:
    database, away = tmp_path / "iotagg.db", tmp_path / "away.db"
    shutil.copyfile(live.database, database)
    with serving(database, quiet=False) as served, Live(served) as listener:
        first = listener.event()
        database.rename(away)
        told = listener.event(5)
        assert told == (
            "trouble",
            {"reason": f"{database} is no longer the database that is served; start iotagg serve again"},
        )
        assert listener.event(0.6) is None
        assert_problem(served.ask("/v1/changes"), 503, "is no longer the database that is served")
        away.rename(database)
        back = listener.event(5)
        assert back is not None
        assert back[0] == "changed"
        assert back != first


def test_nobody_unknown_listens(live: Served, tmp_path: Path) -> None:
    shutil.copyfile(live.database, tmp_path / "iotagg.db")
    with serving(tmp_path / "iotagg.db", "--tokens", str(tokens_at(tmp_path))) as served:
        for token in ("", "wrong", PAST):
            assert served.ask("/v1/changes", token=token).status == 401
        for token in (ALL, PARIS):
            with Live(served, token) as listener:
                told = listener.event()
                assert told is not None
                assert told[0] == "now"


class Told:
    """What an ASGI server is given, by someone who takes it, or does not."""

    def __init__(self, *, takes: bool = True) -> None:
        self.messages: list[Any] = []
        self.takes = takes
        self.gone = asyncio.Event()

    async def send(self, message: Any) -> None:
        self.messages.append(message)
        if not self.takes and "body" in message:
            await asyncio.Event().wait()

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    @property
    def is_complete(self) -> bool:
        return bool(self.messages[-1] == {"type": "http.response.body"})


class Counter:
    """A version that is asked how often it was read."""

    def __init__(self) -> None:
        self.reads = 0

    def read(self) -> str:
        self.reads += 1
        return "1"

    def close(self) -> None:
        pass


def stream(changes: Changes, check: Any = lambda: None, **seconds: float) -> EventStream:
    return EventStream(changes, changes.listener(), check, **seconds)


async def for_a_while(changes: Changes, told: Told, check: Any = lambda: None, **seconds: float) -> None:
    async with asyncio.timeout(10):
        await stream(changes, check, **seconds)({}, told.receive, told.send)


def test_a_token_that_runs_out_ends_what_it_began() -> None:
    asked: list[int] = []

    def refuse() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise TokenRefused("it was good until 2022-12-31")

    async def listen() -> Told:
        told, changes = Told(), Changes(Counter(), lambda: None)
        await for_a_while(changes, told, refuse, comment_seconds=0.4)
        changes.close()
        return told

    told = asyncio.run(listen())
    assert told.is_complete
    assert [message.get("body", b"")[:10] for message in told.messages] == [b"", b"event: now", b""]


@long_only
def test_who_takes_nothing_is_dropped_and_who_goes_is_forgotten() -> None:
    async def listen() -> None:
        changes = Changes(Counter(), lambda: None, most=1)
        slow, gone = Told(takes=False), Told()
        await for_a_while(changes, slow, slowest_seconds=0.2)
        assert not slow.is_complete
        asyncio.get_running_loop().call_later(0.2, gone.gone.set)
        await for_a_while(changes, gone)
        changes.listener()
        with pytest.raises(StoreBusy, match="1 listen already; ask /v1/status now and then"):
            changes.listener()
        changes.close()

    asyncio.run(listen())


def test_a_comment_comes_while_nothing_changes() -> None:
    async def listen() -> Told:
        told, changes = Told(), Changes(Counter(), lambda: None)
        asyncio.get_running_loop().call_later(1, told.gone.set)
        await for_a_while(changes, told, comment_seconds=0.2)
        changes.close()
        return told

    bodies = [message.get("body", b"") for message in asyncio.run(listen()).messages]
    assert bodies.count(b": still here\n\n") >= 2
    assert sum(b"event: " in body for body in bodies) == 1


def test_the_store_is_asked_while_somebody_listens_only() -> None:
    async def listen() -> int:
        counter = Counter()
        changes = Changes(counter, lambda: None)
        told = Told()
        asyncio.get_running_loop().call_later(0.6, told.gone.set)
        await for_a_while(changes, told)
        await asyncio.sleep(0.4)
        before = counter.reads
        await asyncio.sleep(0.8)
        assert counter.reads == before
        changes.close()
        return before

    assert 2 <= asyncio.run(listen()) <= 5


def test_what_tells_of_no_changes_says_so() -> None:
    with pytest.raises(NotFound, match="nothing tells of changes here; ask /v1/status now and then, with its ETag"):
        Changes(None, lambda: None).listener()


def test_a_version_changes_with_the_database_and_with_nothing_else(tmp_path: Path) -> None:
    database = tmp_path / "a b%20#?.db"
    with closing(SqliteStore(database)) as store, closing(SqliteVersion(database)) as version:
        first = version.read()
        assert version.read() == first
        upload(store, put(tmp_path / "a.csv", csv(flow())), Request("paris"))
        second = version.read()
        assert second != first
        assert store.sites() == ["paris"]
        assert version.read() == second
    missing = tmp_path / "missing.db"
    with pytest.raises(StoreError, match="cannot be asked whether it changed: unable to open database file"):
        SqliteVersion(missing).read()
    assert not missing.exists()
