"""What cannot be answered is refused with a status and a problem document, whatever was sent."""

from __future__ import annotations

import shutil
import socket
import sqlite3
from base64 import b64decode, urlsafe_b64encode
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from iotagg.web.headers import SECURITY
from tests.web.served import serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.served import Answer, Served

PAIR = "/v1/pairs/192.168.1.7/192.0.2.3"
REJECTS = "/v1/sites/paris/files/{}/rejects"
NASTY = [
    "'; DROP TABLE pair_month; --",
    "<script>alert(1)</script>",
    "=HYPERLINK(1)",
    "../../etc/passwd",
    "%00",
    "\x00",
    "\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
    "١٢٣",
    "x" * 3_000,
    "",
    " ",
    "-1",
    "9" * 400,
    "\r\nX: y",
]
QUERIES = {
    "/v1/files": ["site", "name", "limit", "cursor"],
    PAIR: ["site", "since", "until"],
    f"{PAIR}/days.csv": ["site", "since", "until"],
    "/v1/sites/paris/devices/192.168.1.7/peers": ["since", "until", "limit", "cursor"],
    "/v1/pairs": ["site", "since", "until", "limit", "cursor"],
    "/v1/export.csv": ["site", "since", "until"],
    "/v1/sites/paris/days": ["since", "until"],
    "/v1/sites/paris/devices": ["limit", "cursor"],
    "/v1/sites/paris/devices/192.0.2.3/sources": ["since", "until", "limit", "cursor"],
    "/v1/top": ["by", "of", "site", "month", "since", "until", "src", "dst", "min_packets", "limit"],
    "/v1/anomalies": ["site", "since", "until", "least", "singly"],
}


def assert_problem(answer: Answer, status: int, detail: str) -> None:
    assert answer.status == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["status"] == status
    assert detail in answer.body["detail"]
    assert "\n" not in answer.body["detail"]


@pytest.mark.parametrize(
    ("path", "query", "status", "detail"),
    [
        ("/v1/pairs/nonsense/192.0.2.3", {}, 422, "'nonsense' is no IP address"),
        ("/v1/pairs/192.168.1.7/203.0.113.99", {}, 404, "the pair 192.168.1.7 → 203.0.113.99 was never seen"),
        (PAIR, {"since": "2023-01-01"}, 404, "it was seen from 2022-11-01 to 2022-12-28"),
        (PAIR, {"since": "2022-12-02", "until": "2022-12-01"}, 422, "since 2022-12-02 is after until 2022-12-01"),
        (PAIR, {"since": "2022-02-30"}, 422, "a day that no calendar has"),
        (PAIR, {"site": "berlin"}, 404, "no site berlin"),
        ("/v1/top", {"month": "2022-13"}, 422, "'2022-13' is no month"),
        ("/v1/top", {"since": "0001-01-01", "until": "9999-12-31"}, 422, "ask for 120 of them at most"),
        ("/v1/top", {"src": "192.0.2.0/33"}, 422, "is no network"),
        ("/v1/top", {"limit": 1_001}, 422, "limit: Input should be less than or equal to 1000"),
        ("/v1/top", {"by": "size"}, 422, "by: Input should be 'duration'"),
        ("/v1/anomalies", {"since": "2022-12-02", "until": "2022-12-01"}, 422, "is after"),
        ("/v1/files", {"cursor": "!"}, 422, "that is no cursor"),
        (REJECTS.format("nonsense"), {}, 422, "nonsense"),
        (REJECTS.format(f"{64 * '0'}-{16 * '0'}"), {}, 404, "no file of paris has the contribution"),
        ("/v1/top", {"month": "2022-12", "since": "2022-12-03"}, 422, "month and since, until exclude each other"),
        ("/v1/top", {"limti": 3}, 422, "nothing is asked by limti here"),
        ("/v1/top?limit=1&limit=2", {}, 422, "limit is given 2 times"),
        ("/v1/status", {"site": "tokyo"}, 422, "nothing is asked by site here"),
        ("/v1/files", {"site": ""}, 422, "'' is no site"),
        ("/v1/status/", {}, 404, "Not Found"),
        ("/v1/nothing", {}, 404, "Not Found"),
        ("/nothing", {}, 404, "Not Found"),
    ],
)
def test_what_makes_no_sense_or_is_not_there_is_said(
    served: Served, path: str, query: dict[str, Any], status: int, detail: str
) -> None:
    assert_problem(served.ask(path, **query), status, detail)


FIRST_PAGES = [
    ("/v1/files", {}),
    ("/v1/pairs", {}),
    ("/v1/pairs", {"site": "paris"}),
    ("/v1/pairs", {"since": "2022-12-01"}),
    ("/v1/sites/paris/devices", {}),
    ("/v1/sites/tokyo/devices", {}),
    ("/v1/sites/paris/devices/192.168.1.7/peers", {}),
]


@pytest.mark.parametrize(("path", "query"), FIRST_PAGES)
def test_a_cursor_is_good_for_the_list_that_it_is_of(served: Served, path: str, query: dict[str, Any]) -> None:
    cursor = served.ask(path, limit=1, **query).body["next"]
    assert served.ask(path, limit=2, cursor=cursor, **query).status == 200
    for other in FIRST_PAGES:
        if other != (path, query):
            assert_problem(served.ask(other[0], cursor=cursor, **other[1]), 422, "that is no cursor of this list")


@pytest.mark.parametrize("path", [path for path, query in FIRST_PAGES if not query])
def test_a_cursor_that_somebody_made_up_is_none(served: Served, path: str) -> None:
    cursor = served.ask(path, limit=1).body["next"]
    made_up = urlsafe_b64encode(b64decode(cursor, b"-_")[:-1] + b"~").decode()
    plain = urlsafe_b64encode(b"paris\n192.168.1.7\n192.0.2.1").decode()
    for forged in (made_up, plain, cursor[4:], cursor + "AAAA", cursor.lower(), "AAAA", "!", "é"):
        assert_problem(served.ask(path, cursor=forged), 422, "that is no cursor of this list")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_nothing_can_be_changed(served: Served, method: str) -> None:
    assert_problem(served.ask("/v1/top", method=method), 405, "Method Not Allowed")


@pytest.mark.parametrize("path", QUERIES)
def test_whatever_a_value_says_the_answer_is_found_or_refused(served: Served, path: str) -> None:
    for name in QUERIES[path]:
        for value in NASTY:
            answer = served.ask(path, **{name: value})
            assert answer.status in {200, 404, 422}, (name, value, answer.content)
            assert "traceback" not in answer.content.decode().lower()


@pytest.mark.parametrize("value", [each for each in NASTY if each])
def test_whatever_a_path_says_the_answer_is_found_or_refused(served: Served, value: str) -> None:
    given = quote(value, safe="")
    for path in (
        f"/v1/pairs/{given}/192.0.2.3",
        f"/v1/pairs/192.168.1.7/{given}/days",
        f"/v1/sites/{given}/devices/192.168.1.7/peers",
        f"/v1/sites/paris/devices/{given}/peers",
        f"/v1/sites/paris/devices/{given}/sources",
        f"/v1/sites/{given}/devices",
        f"/v1/sites/{given}/days",
        REJECTS.format(given),
    ):
        assert served.ask(path).status in {404, 422}


@pytest.mark.parametrize("path", ["/v1/status", "/v1/nothing", "/v1/openapi.json", "/v1/top?limit=0"])
def test_a_browser_is_told_what_it_may_do_with_any_answer(served: Served, path: str) -> None:
    headers = served.ask(path).headers
    # Figures may be kept, and are asked for again each time: they have an ETag.
    kept = {"Cache-Control": "private, no-cache"} if "ETag" in headers else {}
    assert {name: headers[name] for name in SECURITY} == SECURITY | kept
    assert "Strict-Transport-Security" not in headers
    assert "server" not in headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "[2001:db8::1]", ""])
def test_there_is_nothing_under_another_host_name(served: Served, host: str) -> None:
    assert_problem(served.ask("/v1/status", headers={"Host": host}), 421, "nothing is here under this host name")
    for known in ("localhost:1", "LOCALHOST", "localhost.", "[::1]:80"):
        assert served.ask("/v1/status", headers={"Host": known}).status == 200


def test_a_database_that_is_damaged_is_said_and_the_rest_is_answered(filled: Path, tmp_path: Path) -> None:
    database = tmp_path / "iotagg.db"
    shutil.copyfile(filled, database)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE pair_month SET sums = 'x' WHERE destination = '192.0.2.3'")
    with serving(database, quiet=False) as served:
        broken = served.ask(PAIR)
        assert_problem(broken, 503, "what is kept of a pair's month")
        assert broken.headers["Retry-After"] == "5"
        assert served.ask("/v1/pairs/192.168.1.7/192.0.2.2").status == 200


def test_who_asks_is_told_of_no_option_of_a_command(served: Served, filled: Path, tmp_path: Path) -> None:
    database = tmp_path / "iotagg.db"
    shutil.copyfile(filled, database)
    with serving(database, quiet=False) as damaged:
        database.write_bytes(b"no database" * 1_000)
        answer = damaged.ask("/v1/status")
        assert_problem(answer, 503, "; the log of the server says more")
        assert "--" not in answer.body["detail"]
    unseen = served.ask("/v1/pairs/192.168.1.7/203.0.113.99").body["detail"]
    assert unseen.endswith("never seen; /v1/pairs lists those that were")
    assert (
        served.ask("/v1/export.csv", since="2031-01-01").body["detail"].endswith("; /v1/status shows what was counted")
    )


def test_a_database_that_another_one_replaced_is_not_answered_from(filled: Path, tmp_path: Path) -> None:
    database, other = tmp_path / "iotagg.db", tmp_path / "other.db"
    shutil.copyfile(filled, database)
    shutil.copyfile(filled, other)
    with serving(database, quiet=False) as served:
        assert served.ask("/v1/status").status == 200
        other.replace(database)
        assert_problem(served.ask("/v1/status"), 503, "is no longer the database that is served")
        database.unlink()
        assert_problem(served.ask("/v1/status"), 503, "start iotagg serve again")


def test_what_is_no_http_is_refused_and_no_news(served: Served) -> None:
    for sent in (b"nonsense\r\n\r\n", b"GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as odd:
            odd.sendall(sent)
            assert odd.recv(20).startswith((b"HTTP/1.1 400", b"HTTP/1.1 200", b"HTTP/1.1 426"))


def test_who_is_slow_or_says_nothing_keeps_nobody_waiting(served: Served) -> None:
    with ExitStack() as waiting:
        for number in range(300):
            slow = waiting.enter_context(socket.create_connection(("127.0.0.1", served.port)))
            if number % 2:
                slow.sendall(b"GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        assert served.ask("/v1/status").status == 200


def test_a_head_without_end_is_refused(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as endless:
        endless.sendall(b"GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + 100_000 * b"x")
        assert endless.recv(100).startswith(b"HTTP/1.1 400 ")
