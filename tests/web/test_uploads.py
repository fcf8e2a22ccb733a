"""A file that is sent counts as one that is uploaded; what is not whole, or not allowed, does not."""

from __future__ import annotations

import gzip
import json
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.stores.sqlite import SqliteStore
from tests.cli.running import Command
from tests.pipeline.csvs import HEADER, TORN, csv, flow, many_pairs, put
from tests.web.conftest import ALL, PARIS, PAST, WRITES_ALL, WRITES_PARIS, tokens_at
from tests.web.sent import begin, put_file, send, send_json
from tests.web.served import serving
from tests.web.test_refusals import assert_problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.web.served import Served

CONTENT = csv(flow(), flow(packets=7), TORN)
NO_NAMES = [
    "",
    " ",
    "/etc/passwd",
    "../other.csv",
    "2022/../../x.csv",
    "a//b.csv",
    "./a.csv",
    "a/.",
    "C:\\flows.csv",
    "a\x00.csv",
    "a\r\nX: y.csv",
    "\x1b[2Jflows.csv",
    "flows\N{RIGHT-TO-LEFT OVERRIDE}vsc.csv",
    "x" * 5_000,
    "é" * 451,
]


@pytest.fixture(scope="module")
def open_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    database = tmp_path_factory.mktemp("uploads") / "iotagg.db"
    SqliteStore(database).close()
    with serving(database, "--most-upload", "1") as served:
        yield served


@pytest.fixture(scope="module")
def with_tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("guarded")
    SqliteStore(folder / "iotagg.db").close()
    with serving(folder / "iotagg.db", "--tokens", str(tokens_at(folder))) as served:
        for site in ("paris", "tokyo"):
            assert put_file(served, site, "first.csv", csv(flow(packets=len(site))), WRITES_ALL).status == 200
        yield served


def names(served: Served, site: str, token: str = "") -> list[str]:
    answer = served.ask("/v1/files", token=token, site=site)
    return [each["file"] for each in answer.body["items"]] if answer.status == 200 else []


@pytest.mark.parametrize("name", ["flows.csv", "2022/12/flows.csv", "été & co.csv.gz", "a+b%20c.csv"])
@pytest.mark.parametrize("in_pieces", [False, True])
def test_what_became_of_it_is_what_the_command_prints(
    open_here: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, in_pieces: bool
) -> None:
    content = csv(flow(packets=len(name)), flow(packets=3 + in_pieces), TORN)
    file = put(tmp_path / "flows.csv", content)
    sent = gzip.compress(content) if name.endswith(".gz") else content
    site = f"pieces-{in_pieces}-{len(name)}"
    answer = put_file(open_here, site, name, iter((sent[:50], sent[50:])) if in_pieces else sent)
    assert answer.status == 200, answer.content
    printed = Command(tmp_path / "other.db", capsys)("upload", "--site", site, "--json", file).objects()
    assert answer.body == printed[0] | {"file": name}
    assert answer.body["counted"] == 2
    assert names(open_here, site) == [name]
    again = put_file(open_here, site, name, sent)
    assert (again.status, again.body["state"]) == (200, "already counted")


def test_the_way_that_is_told_leads_there(open_here: Served) -> None:
    way = send_json(open_here, "/v1/sites/way/uploads", {"name": "2022/a & b.csv"})
    assert way.status == 200
    assert (way.body["method"], way.body["headers"]) == ("PUT", {})
    assert send(open_here, way.body["method"], way.body["url"], CONTENT).body["file"] == "2022/a & b.csv"


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_is_none_is_refused_in_a_line(open_here: Served, name: str) -> None:
    for answer in (
        put_file(open_here, "named", name, CONTENT),
        send_json(open_here, "/v1/sites/named/uploads", {"name": name}),
    ):
        assert_problem(answer, 422, "is no name of a file")
        assert answer.body["detail"].isprintable()
    assert names(open_here, "named") == []


def test_bytes_that_are_no_utf_8_are_no_name(open_here: Served) -> None:
    answer = send(open_here, "PUT", "/v1/sites/named/files?name=%ff.csv", CONTENT)
    assert_problem(answer, 422, "it has characters that nobody sees")


@pytest.mark.parametrize("site", ["../x", "a b", "x" * 65, ".hidden"])
def test_a_site_that_is_none_is_refused(open_here: Served, site: str) -> None:
    assert put_file(open_here, site, "a.csv", CONTENT).status in {404, 422}


def test_what_is_no_flow_file_is_refused_with_the_reason(open_here: Served) -> None:
    assert_problem(put_file(open_here, "odd", "a.csv", b"no,columns\n1,2\n"), 422, "no flow CSV")
    assert_problem(put_file(open_here, "odd", "b.csv", b""), 422, "empty")
    assert_problem(put_file(open_here, "odd", "c.csv.gz", gzip.compress(CONTENT)[:-9]), 422, "")
    assert {each["state"] for each in open_here.items("/v1/files", site="odd")} == {"refused"}


def test_other_content_under_a_known_name_counts_where_that_is_said(open_here: Served) -> None:
    assert put_file(open_here, "known", "a.csv", csv(flow(packets=5))).status == 200
    other = csv(flow(packets=50))
    assert_problem(put_file(open_here, "known", "a.csv", other), 422, "--replace")
    assert put_file(open_here, "known", "a.csv", other, other_content="replace").body["state"] == "counted"
    (pair,) = open_here.items("/v1/pairs/192.168.1.7/192.0.2.1", site="known")
    assert pair["fwd_packets"] == 50
    assert put_file(open_here, "known", "a.csv", csv(flow(packets=1)), other_content="add").status == 200
    (pair,) = open_here.items("/v1/pairs/192.168.1.7/192.0.2.1", site="known")
    assert pair["fwd_packets"] == 51


@pytest.mark.parametrize("in_pieces", [False, True])
def test_more_bytes_than_are_taken_are_refused(open_here: Served, in_pieces: bool) -> None:
    large = csv(*(flow() for _ in range(30_000)))
    assert len(large) > 1 << 20
    pieces: Any = iter([large]) if in_pieces else large
    assert_problem(put_file(open_here, "large", "a.csv", pieces), 413, "a file may have 1,048,576 bytes here")
    assert names(open_here, "large") == []


def test_a_file_for_which_there_is_no_room_is_refused(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "iotagg.db").close()
    with serving(tmp_path / "iotagg.db", "--most-upload", "1000000000") as served:
        head = ("PUT /v1/sites/paris/files?name=a.csv HTTP/1.1", "Content-Length: 999999999999999")
        with begin(served, *head) as connection:
            assert connection.recv(200).startswith(b"HTTP/1.1 507 ")


@pytest.mark.parametrize("how", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_a_file_that_stops_half_way_does_not_count(open_here: Served, how: str) -> None:
    site = f"half-{len(how)}"
    with begin(open_here, f"PUT /v1/sites/{site}/files?name=a.csv HTTP/1.1", how) as connection:
        connection.sendall(b"%x\r\n%b\r\n" % (len(CONTENT), CONTENT) if "chunked" in how else CONTENT)
        time.sleep(0.2)
    with begin(open_here, f"PUT /v1/sites/{site}/files?name=a.csv HTTP/1.1", how) as connection:
        connection.sendall(b"nonsense\r\n" if "chunked" in how else b"x")
    time.sleep(0.3)
    assert names(open_here, site) == []
    assert put_file(open_here, site, "a.csv", CONTENT).status == 200


def test_who_sends_slowly_keeps_nobody_from_asking_and_too_many_are_told_to_wait(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "iotagg.db").close()
    with serving(tmp_path / "iotagg.db", quiet=False) as served:
        with ExitStack() as slow:
            for number in range(8):
                head = (f"PUT /v1/sites/slow/files?name={number}.csv HTTP/1.1", "Content-Length: 100000")
                slow.enter_context(begin(served, *head)).sendall(HEADER)
            time.sleep(0.3)
            began = time.monotonic()
            assert served.ask("/v1/status").status == 200
            assert time.monotonic() - began < 2
            busy = put_file(served, "slow", "a.csv", CONTENT)
            assert_problem(busy, 503, "8 files are on their way already; send it again in a moment")
            assert busy.headers["Retry-After"] == "5"
        deadline = time.monotonic() + 10
        while put_file(served, "slow", "a.csv", CONTENT).status != 200:
            assert time.monotonic() < deadline


def test_nothing_is_left_of_what_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    SqliteStore(tmp_path / "iotagg.db").close()
    with serving(tmp_path / "iotagg.db") as served:
        assert put_file(served, "paris", "a.csv", many_pairs(500)).status == 200
        assert put_file(served, "paris", "b.csv", b"nonsense").status == 422
        (folder,) = tmp_path.glob("iotagg-uploads-*")
        assert list(folder.iterdir()) == []
        assert folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.glob("iotagg-uploads-*")) == []


@pytest.mark.parametrize("token", ["", "wrong", PAST])
def test_nobody_unknown_sends_anything(with_tokens: Served, token: str) -> None:
    for answer in (
        put_file(with_tokens, "paris", "a.csv", CONTENT, token),
        send_json(with_tokens, "/v1/sites/paris/uploads", {"name": "a.csv"}, token),
    ):
        assert answer.status == 401


@pytest.mark.parametrize("token", [ALL, PARIS])
def test_who_may_only_look_sends_nothing(with_tokens: Served, token: str) -> None:
    for site in ("paris", "tokyo", "berlin"):
        for answer in (
            put_file(with_tokens, site, "a.csv", CONTENT, token),
            send_json(with_tokens, f"/v1/sites/{site}/uploads", {"name": "a.csv"}, token),
        ):
            assert_problem(answer, 403, "may look, and change nothing")
    assert names(with_tokens, "paris", ALL) == ["first.csv"]


def test_files_come_to_the_sites_that_a_token_is_for(with_tokens: Served) -> None:
    mine, hidden, missing = (
        put_file(with_tokens, site, "branch.csv", CONTENT, WRITES_PARIS) for site in ("paris", "tokyo", "berlin")
    )
    assert mine.status == 200
    assert hidden.status == missing.status == 404
    assert hidden.content.replace(b"tokyo", b"berlin") == missing.content
    assert_problem(put_file(with_tokens, "lima", "a.csv", CONTENT, WRITES_PARIS), 403, "no site lima yet")
    assert put_file(with_tokens, "lima", "begun.csv", csv(flow(packets=99)), WRITES_ALL).status == 200
    assert put_file(with_tokens, "lima", "a.csv", csv(flow(packets=98)), WRITES_PARIS).status == 200


def test_nobody_learns_that_another_site_has_the_same_file(with_tokens: Served) -> None:
    content = csv(flow(packets=77))
    assert put_file(with_tokens, "tokyo", "same.csv", content, WRITES_ALL).status == 200
    assert put_file(with_tokens, "paris", "same.csv", content, WRITES_PARIS).body["also_at"] == []
    assert put_file(with_tokens, "paris", "same.csv", content, WRITES_ALL).body["also_at"] == ["tokyo"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
    ],
)
def test_a_page_of_another_site_changes_nothing(open_here: Served, headers: dict[str, str]) -> None:
    for method, path in (
        ("PUT", "/v1/sites/crossed/files?name=a.csv"),
        ("POST", "/v1/sites/crossed/uploads"),
        ("POST", "/v1/allowances"),
        ("DELETE", "/v1/allowances/0123456789"),
    ):
        answer = send(open_here, method, path, CONTENT, headers=headers)
        assert_problem(answer, 403, "a page of another site cannot change anything here")
    own = {"Origin": f"http://127.0.0.1:{open_here.port}", "Sec-Fetch-Site": "same-origin"}
    assert send(open_here, "PUT", "/v1/sites/own/files?name=a.csv", CONTENT, headers=own).status == 200


@pytest.mark.parametrize(
    ("said", "kind", "status", "detail"),
    [
        (b'{"name": "a.csv"}', "text/plain", 422, "send JSON"),
        (b'{"name": "a.csv"}', "", 422, "send JSON"),
        (b"{", "application/json", 422, "Invalid JSON"),
        (b"[]", "application/json", 422, ""),
        (b"\xff", "application/json", 422, ""),
        (b'{"nmae": "a.csv"}', "application/json", 422, "name: Field required"),
        (b'{"name": 7}', "application/json", 422, "name"),
        (b" " * 70_000, "application/json", 413, "that is more than 65,536 bytes of JSON"),
        (b"[" * 60_000, "application/json", 422, ""),
    ],
)
def test_what_is_no_question_for_a_way_is_refused(
    open_here: Served, said: bytes, kind: str, status: int, detail: str
) -> None:
    answer = send(open_here, "POST", "/v1/sites/way/uploads", said, headers={"Content-Type": kind} if kind else {})
    assert_problem(answer, status, detail)


def test_a_site_with_pseudonyms_gets_more_under_the_same_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, key = Command(tmp_path / "iotagg.db", capsys), tmp_path / "branches.key"
    command("pseudonym", "--new-key", key)
    assert command("upload", "--pseudonym-key", key, put(tmp_path / "a.csv", CONTENT)).code == 0
    with serving(tmp_path / "iotagg.db", "--pseudonym-key", str(key)) as served:
        sent = put_file(served, "default", "b.csv", csv(flow(packets=9))).body
        assert sent["pseudonym_key"] == json.loads(command("files", "--json").out.splitlines()[0])["pseudonym_key"]
        assert "warning" not in sent
    with closing(SqliteStore(tmp_path / "iotagg.db")) as store:
        assert "192.168.1.7" not in {row.source for row in store.scan("default")}
    with serving(tmp_path / "iotagg.db") as served:
        mixed = put_file(served, "default", "c.csv", csv(flow(packets=10)))
        assert mixed.status == 200
        assert "the same device is two there" in mixed.body["warning"]
