"""Nothing is told to who has no token, and nothing of other sites to who has one for some."""

from __future__ import annotations

import re
import socket
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from iotagg.errors import InvalidValue, TokenRefused
from iotagg.web.access import Caller, Tokens
from tests.cli.running import Command
from tests.web.conftest import ALL, PARIS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.served import Served

VALUES = {"source": "192.168.2.7", "destination": "192.0.2.3", "address": "192.168.2.7", "site": "tokyo"}

ASKED_OTHERWISE = {"/v1/sign-in", "/v1/changes"}  # for everybody; without an end


def paths(served: Served) -> list[str]:
    """Return every path that is described and read, about what is at tokyo."""
    content = served.ask("/v1/files", token=ALL, site="tokyo").body["items"][0]["contribution"]
    described = served.ask("/v1/openapi.json").body["paths"]
    read = [path for path, methods in described.items() if "get" in methods and path not in ASKED_OTHERWISE]
    return [path.format(contribution=content, **VALUES) for path in read]


def test_every_path_wants_a_token(guarded: Served) -> None:
    assert len(paths(guarded)) >= 9
    for path in paths(guarded):
        assert guarded.ask(path, token=ALL).status == 200
        for token in ("", "wrong", PARIS[:-1], "x" * 5_000):
            answer = guarded.ask(path, token=token)
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="iotagg"')
            assert "tokyo" not in answer.content.decode()


@pytest.mark.parametrize("header", ["Basic eDp5", f"Bearer{ALL}", f"bearer  {ALL}x", "Bearer", f"Token {ALL}"])
def test_a_header_of_another_kind_is_no_token(guarded: Served, header: str) -> None:
    assert guarded.ask("/v1/status", headers={"Authorization": header}).status == 401


def test_another_site_is_as_if_it_were_not_there(guarded: Served) -> None:
    for path in paths(guarded):
        told = guarded.ask(path, token=PARIS)
        assert told.status == (404 if "tokyo" in path or "192.168.2.7" in path else 200), path
        text = told.content.decode().replace("tokyo", "elsewhere") if told.status == 404 else told.content.decode()
        assert "tokyo" not in text
        assert "192.168.2." not in text.replace("192.168.2.7", "")
    for path in ("/v1/files", "/v1/top", "/v1/anomalies", "/v1/pairs", "/v1/pairs/192.168.2.7/192.0.2.3"):
        hidden, missing = (guarded.ask(path, token=PARIS, site=site) for site in ("tokyo", "berlin"))
        assert hidden.status == missing.status == 404
        assert hidden.content.replace(b"tokyo", b"berlin") == missing.content


def test_who_may_ask_about_one_site_is_told_of_it_alone(guarded: Served) -> None:
    assert guarded.ask("/v1/status", token=PARIS).body["sites"] == ["paris"]
    assert guarded.ask("/v1/status", token=ALL).body["sites"] == ["paris", "tokyo"]
    for path, query in (
        *(("/v1/files", {}), ("/v1/top", {"limit": 100}), ("/v1/anomalies", {"since": "2022-12-01"})),
        *(("/v1/sites", {}), ("/v1/pairs", {"limit": 1_000})),
    ):
        for token, sites in ((PARIS, {"paris"}), (ALL, {"paris", "tokyo"})):
            answer = guarded.ask(path, token=token, **query)
            assert {each["site"] for each in answer.body["items"]} == sites, path


def test_without_tokens_it_listens_on_this_machine_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = Command(tmp_path / "none.db", capsys)("serve", "--host", "0.0.0.0")  # noqa: S104 (it is refused)
    assert refused.code == 2
    assert refused.err.startswith("iotagg: whoever reaches 0.0.0.0 could read everything; say who may with --tokens")


def test_a_port_that_is_taken_is_said(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Command(filled, capsys)("serve", "--port", port)
    assert (refused.code, refused.err) == (
        1,
        f"iotagg: nothing can listen on 127.0.0.1, port {port}: Address already in use; name another --port\n",
    )


@pytest.mark.parametrize("host", ["nonsense", "192.0.2.300", ""])
def test_what_is_no_address_is_none_to_listen_on(filled: Path, capsys: pytest.CaptureFixture[str], host: str) -> None:
    refused = Command(filled, capsys)("serve", "--host", host)
    assert refused.code == 2
    assert refused.err == (f"iotagg: {host} is no address to listen on; use 127.0.0.1, or an address of this machine\n")


def test_a_line_that_is_made_lets_the_token_in_that_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Command(tmp_path / "none.db", capsys)("token", "office", "--site", "paris", "--site", "lima")
    token = made.err.split()[-1]
    assert token not in made.out
    (tmp_path / "tokens.txt").write_text(f"# who may ask\n\n{made.out}")
    tokens = Tokens.read(tmp_path / "tokens.txt")
    assert tokens.caller(f"Bearer {token}") == Caller("office", frozenset(("paris", "lima")))
    with pytest.raises(TokenRefused, match="nobody here has this token"):
        tokens.caller(f"Bearer {token}x")


def test_a_line_says_who_may_write_and_until_when(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = Command(tmp_path / "none.db", capsys)("token", "anna", "--may-write", "--until", "2026-12-31")
    assert made.out.endswith(" * write until=2026-12-31\n")
    (tmp_path / "tokens.txt").write_text(made.out)
    known, header = Tokens.read(tmp_path / "tokens.txt").callers, f"Bearer {made.err.split()[-1]}"
    assert Tokens(known, lambda: "2026-12-31").caller(header) == Caller("anna", None, True, "2026-12-31")
    with pytest.raises(TokenRefused, match="this token was good until 2026-12-31; ask for another"):
        Tokens(known, lambda: "2027-01-01").caller(header)


def test_everybody_is_told_how_to_sign_in(served: Served, guarded: Served) -> None:
    assert served.ask("/v1/sign-in").body == {"kind": "none"}
    assert guarded.ask("/v1/sign-in").body == {"kind": "token"}


@pytest.mark.parametrize("name", ["", "an na", "#anna", "\n"])
def test_a_name_that_no_line_could_have_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert Command(tmp_path / "none.db", capsys)("token", name).code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("anna\n", "tokens.txt:1: a line is NAME SHA256 SITE,SITE or NAME SHA256 *"),
        (f"anna {64 * '0'} * wirte\n", "tokens.txt:1: a line is .* then write or until=DAY"),
        (f"anna {64 * '0'} * write write\n", "tokens.txt:1: a line is"),
        (f"anna {64 * '0'} * until=\n", "'' is no day"),
        (f"anna {64 * '0'} * until=2026-02-30\n", "a day that no calendar has"),
        (f"# x\nanna {64 * 'g'} *\n", "tokens.txt:2: a line is"),
        (f"anna {64 * '0'} par/is\n", "'par/is' is no site"),
        ("# nobody\n", "names nobody"),
        (f"anna {64 * '0'} *\nben {64 * '0'} paris\n", "tokens.txt:2: that is the token of anna already"),
        ("\udcff", "cannot be read"),
    ],
)
def test_a_file_of_tokens_that_makes_no_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "tokens.txt"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidValue, match=re.sub(r"(?<!\.)\*", r"\\*", said)):
        Tokens.read(file)


def test_a_file_of_tokens_holds_no_token(guarded: Served) -> None:
    text = (guarded.database.parent / "tokens.txt").read_text("utf-8")
    assert ALL not in text
    assert sha256(ALL.encode()).hexdigest() in text


def test_who_asks_is_told_who_that_is(guarded: Served, served: Served) -> None:
    for token, name, sites in ((ALL, "anna", None), (PARIS, "paris-office", ["lima", "paris"])):
        told = guarded.ask("/v1/me", token=token).body
        assert (told["name"], told["sites"]) == (name, sites)
    assert served.ask("/v1/me").body["sites"] is None
