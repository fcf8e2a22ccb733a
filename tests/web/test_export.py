"""All pairs are sent while they are read, and whoever is slow or goes away keeps nothing from others."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from iotagg.errors import NotFound, StoreBusy, StoreError
from iotagg.pipeline import Request, upload
from iotagg.stores.sqlite import SqliteStore
from iotagg.web.spool import MOST, Spool, Spools
from tests.cli.running import Command
from tests.examples import long_only
from tests.pipeline.csvs import many_pairs, put
from tests.web.conftest import ALL, PARIS
from tests.web.served import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.web.served import Served

EXPORT = "/v1/export.csv"
PAIRS = 15_000  # some megabytes: more than lies between two ends of a connection
_SECONDS = 20


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("large")
    with closing(SqliteStore(folder / "iotagg.db")) as store:
        assert upload(store, put(folder / "many.csv", many_pairs(PAIRS)), Request("paris")).state == "counted"
    with serving(folder / "iotagg.db", quiet=False) as server:  # that too much is asked is in its log
        yield server


@pytest.mark.parametrize("query", [{}, {"site": "tokyo"}, {"since": "2022-12-27", "until": "2022-12-28"}])
def test_it_has_the_bytes_of_the_command(
    served: Served, capsys: pytest.CaptureFixture[str], query: dict[str, str]
) -> None:
    options = [word for name, value in query.items() for word in (f"--{name}", value)]
    answer = served.ask(EXPORT, **query)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer.content.decode() == Command(served.database, capsys)("export", "--all", *options).out
    assert answer.content.count(b"\n") > 40


def test_a_large_one_is_whole(large: Served, capsys: pytest.CaptureFixture[str]) -> None:
    content = large.ask(EXPORT).content
    assert content.count(b"\n") == PAIRS + 1
    assert content.decode() == Command(large.database, capsys)("export", "--all").out


def test_it_holds_the_sites_that_one_may_ask_about(guarded: Served) -> None:
    of_paris, of_all = (guarded.ask(EXPORT, token=token).content for token in (PARIS, ALL))
    assert {line.split(b",")[0] for line in of_paris.splitlines()[1:]} == {b"paris"}
    assert {line.split(b",")[0] for line in of_all.splitlines()[1:]} == {b"paris", b"tokyo"}


def test_nothing_is_refused_before_a_byte_is_sent(served: Served) -> None:
    missing = served.ask(EXPORT, since="2031-01-01")
    assert (missing.status, missing.headers["Content-Type"]) == (404, "application/problem+json")
    assert missing.body["detail"].startswith("no traffic from 2031-01-01 to 9999-12-31")
    for _ in range(3 * MOST):
        assert served.ask(EXPORT, site="berlin").status == 404
    assert served.ask(EXPORT).status == 200


def test_a_head_has_no_body_and_leaves_nothing_behind(large: Served) -> None:
    for _ in range(3 * MOST):
        head = large.ask(EXPORT, method="HEAD")
        assert (head.status, head.content) == (200, b"")
        assert head.headers["Content-Disposition"] == 'attachment; filename="pairs.csv"'


def asking(port: int) -> socket.socket:
    """Return a connection on which an export has begun, of which nothing more is taken."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.settimeout(_SECONDS)
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET {EXPORT} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


@long_only
def test_who_is_slow_keeps_nobody_else_waiting_and_who_goes_away_leaves_room(large: Served) -> None:
    for _ in range(2):
        with ExitStack() as slow:
            for _ in range(MOST):
                slow.enter_context(asking(large.port))
            refused = large.ask(EXPORT)
            assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
            assert f"{MOST} exports are on their way already" in refused.body["detail"]
            began = time.monotonic()
            assert [large.ask("/v1/status").status for _ in range(20)] == [200] * 20
            assert time.monotonic() - began < _SECONDS
        until(lambda: large.ask(EXPORT).status == 200)


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# What lies between a thread and a client.


def forever(spool: Spool) -> None:
    while True:
        spool.write("x" * 1_000)


def quietly_forever(spool: Spool) -> None:
    for _ in spool.watched(iter(int, 1)):
        pass


async def wanted(*, so: bool = True) -> bool:
    return so


@pytest.mark.parametrize("work", [forever, quietly_forever])
def test_what_nobody_wants_any_more_ends(work: Callable[[Spool], None]) -> None:
    async def go() -> None:
        spools = Spools()
        for _ in range(3):
            several = [spools.open(work) for _ in range(MOST)]
            with pytest.raises(StoreBusy):
                spools.open(work)
            for spool in several:
                spools.release(spool)
            await asyncio.to_thread(until, lambda: spools._places._value == MOST)
        left = spools.open(work)
        spools.close()
        assert left._done

    asyncio.run(go())
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("iotagg-export")]


def test_one_that_is_not_wanted_before_it_begins_ends() -> None:
    async def go() -> None:
        spools = Spools()
        spool = spools.open(quietly_forever)
        with pytest.raises(StoreError, match="nobody waits for it any more"):
            await spool.begun(partial(wanted, so=False))
        spools.close()

    asyncio.run(go())


def test_something_can_be_read_before_all_is_written() -> None:
    async def go() -> list[bytes]:
        spools, more = Spools(), threading.Event()

        def work(spool: Spool) -> None:
            for line in ("a,b\n", "1,2\n", "3,4\n"):
                spool.write(line)
            assert more.wait(_SECONDS)
            spool.write("5,6\n")

        spool = spools.open(work)
        await spool.begun(wanted)
        read = []
        async for piece in spool.pieces():
            read.append(piece)
            more.set()
        spools.release(spool)
        spools.close()
        return read

    assert asyncio.run(go()) == [b"a,b\n1,2\n", b"3,4\n5,6\n"]


@pytest.mark.parametrize("lines", [0, 1, 2, 50_000])
def test_what_goes_wrong_is_told_where_it_can_be(lines: int) -> None:
    read: list[bytes] = []

    async def take(spool: Spool) -> None:
        await spool.begun(wanted)
        async for piece in spool.pieces():
            read.append(piece)  # noqa: PERF401 (what came before an error counts)

    async def go() -> None:
        spools = Spools()

        def work(spool: Spool) -> None:
            for number in range(lines):
                spool.write(f"{number}\n")
            raise NotFound("there is nothing")

        with pytest.raises(NotFound, match="there is nothing"):
            await take(spools.open(work))
        spools.close()

    asyncio.run(go())
    assert b"".join(b"%d\n" % number for number in range(lines)).startswith(b"".join(read))
    assert bool(read) == (lines >= 2)
