"""Signing in at a user pool, in a real browser: the pool is a stand-in that holds the page to the protocol."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import uvicorn

from iotagg.stores.sqlite import SqliteStore
from iotagg.web.app import make_app
from iotagg.web.cognito import CognitoAccess, Pool
from iotagg.web.key_set import KeySet
from iotagg.web.on_stack import OnStack
from iotagg.web.serving import listen
from tests.page.looking import Looked
from tests.web.pool import POOL, Issuer
from tests.web.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

ISSUER = Issuer()
RENEWS = "to-renew"


class PoolServer(ThreadingHTTPServer):
    """As much of a pool's own pages as a page needs; it remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.challenges: dict[str, str] = {}
        self.sent_state: str | None = None  # instead of the one that was asked with
        self.lifetime = 3_600

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def of(self, path: str) -> list[dict[str, str]]:
        return [fields for asked, fields in self.asked if asked == path]


class _Handler(BaseHTTPRequestHandler):
    server: PoolServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        fields = {name: values[0] for name, values in parse_qs(asked.query).items()}
        self.server.asked.append((asked.path, fields))
        back = fields.get("logout_uri", "")
        if asked.path == "/oauth2/authorize":
            self.server.challenges["the-code"] = fields["code_challenge"]
            given = {"code": "the-code", "state": self.server.sent_state or fields["state"]}
            back = f"{fields['redirect_uri']}?{urlencode(given)}"
        self.send_response(302)
        self.send_header("Location", back)
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = {name: values[0] for name, values in parse_qs(body).items()}
        self.server.asked.append((self.path, fields))
        told: dict[str, Any] = {"id_token": ISSUER.token("all-sites", **self._times())}
        good = fields["client_id"] == POOL.client
        if fields.get("grant_type") == "authorization_code":
            digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
            good &= self.server.challenges.pop(fields["code"], "") == base64.urlsafe_b64encode(digest).decode().rstrip(
                "="
            )
            told["refresh_token"] = RENEWS
        elif fields.get("grant_type") == "refresh_token":
            good &= fields["refresh_token"] == RENEWS
        self.send_response(200 if good else 400)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(told if good else {"error": "invalid_grant"}).encode())

    def _times(self) -> dict[str, Any]:
        return {"exp": int(time.time()) + self.server.lifetime}


@contextmanager
def served_for(pool: PoolServer, database: Path) -> Iterator[Served]:
    """Serve the page over a database, as for a stack, to people of a pool."""
    access = CognitoAccess(
        Pool(POOL.issuer, POOL.client, pool.address), KeySet("https://keys.example", lambda _: ISSUER.key_set())
    )
    with closing(SqliteStore(database)) as store, listen("127.0.0.1", 0) as listening:
        stack = OnStack(place=lambda *_: {}, waiting=dict, origins=(pool.address,))
        app = make_app(store, access, stack=stack)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Served(listening.getsockname()[1], database)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def pool() -> Iterator[PoolServer]:
    with PoolServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def visitor(browser: Browser, pool: PoolServer, filled: Path) -> Iterator[Looked]:
    with served_for(pool, filled) as served, Looked.at(browser, served) as looked:
        yield looked
        # The pool's pages are another host; nothing else may be.
        allowed = f"asked of another host: {pool.address}"
        looked.complaints[:] = [each for each in looked.complaints if not each.startswith(allowed)]


def sign_in(visitor: Looked, path: str) -> None:
    visitor.page.goto(visitor.address + path)
    visitor.page.locator("dialog.sign-in button").click()


def kept(visitor: Looked, name: str) -> Any:
    return visitor.page.evaluate(f"sessionStorage.getItem('{name}')")


def test_who_signs_in_comes_back_to_what_they_wanted_to_see_and_signs_out_at_the_pool_too(
    visitor: Looked, pool: PoolServer
) -> None:
    sign_in(visitor, "/files?site=paris")
    visitor.page.get_by_role("button", name="Sign out").wait_for()
    visitor.at_address("/files?site=paris")
    (asked,) = pool.of("/oauth2/authorize")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{visitor.address}/"
    assert asked["scope"] == "openid email profile"
    assert len(asked["state"]) == len(asked["code_challenge"]) == 43
    assert kept(visitor, "iotagg-leaving") is None
    assert visitor.page.evaluate("localStorage.length + document.cookie.length") == 0
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.locator("dialog.sign-in").wait_for()
    assert kept(visitor, "iotagg-token") is None
    assert pool.of("/oauth2/revoke") == [{"token": RENEWS, "client_id": POOL.client}]
    assert pool.of("/logout") == [{"client_id": POOL.client, "logout_uri": f"{visitor.address}/"}]


def test_an_answer_that_was_not_asked_for_is_not_taken(visitor: Looked, pool: PoolServer) -> None:
    pool.sent_state = "of-somebody-else"
    sign_in(visitor, "/")
    visitor.page.get_by_text("That answer is not to what was asked here").wait_for()
    assert pool.of("/oauth2/token") == []
    visitor.page.goto(f"{visitor.address}/?code=the-code&state=x")
    visitor.page.locator("dialog.sign-in").wait_for()
    assert pool.of("/oauth2/token") == []


def test_a_token_that_has_expired_is_renewed_without_a_word(visitor: Looked, pool: PoolServer) -> None:
    sign_in(visitor, "/files")
    visitor.page.get_by_role("button", name="Sign out").wait_for()
    expired = ISSUER.token("all-sites", exp=1_700_000_000)
    visitor.page.evaluate(f"sessionStorage.setItem('iotagg-token', '{expired}')")
    visitor.page.locator("#views a", has_text="Top").click()
    visitor.page.get_by_role("heading", name="Top pairs").wait_for()
    assert kept(visitor, "iotagg-token") != expired
    visitor.settle()
    assert visitor.page.get_by_text("All pairs as CSV").count() == 0  # it would lead nowhere on a stack
    assert [each["grant_type"] for each in pool.of("/oauth2/token")] == ["authorization_code", "refresh_token"]
    assert visitor.page.locator("dialog.sign-in").count() == 0
