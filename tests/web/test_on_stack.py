"""The page of a stack: its function under Lambda's own client, over a table and a bucket, with tokens of a pool."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from iotagg.assess import assess_chunk
from iotagg.aws.presigned import SECONDS, Places
from iotagg.aws.queues import Draft
from iotagg.core.tolerance import Tolerance
from iotagg.errors import InvalidValue
from iotagg.listing import files as listed
from iotagg.parcels import key_of
from iotagg.pipeline import Request, upload
from iotagg.stores.sqlite import SqliteStore
from iotagg.web.remembered import SECONDS as REMEMBERED_SECONDS
from iotagg.web.remembered import Remembered
from lambda_handlers.web import MOST_BYTES, POOL_CLIENT, POOL_DOMAIN, POOL_ISSUER, POOL_KEYS, no_longer
from tests.cloud.engine import ENVIRONMENT, SUITE
from tests.cloud.runtime_api import Function
from tests.cloud.whole import Whole, deployed, taken, wait_until
from tests.web.behind import HOST, Behind
from tests.web.pool import POOL, Issuer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.stores.protocol import Store
    from tests.web.served import Answer, Served

ISSUER = Issuer()
EVERYBODY, PARIS, WRITER = (
    ISSUER.token("all-sites", "may-write"),
    ISSUER.token("site-paris"),
    ISSUER.token("site-paris", "may-write"),
)
PAIR = "/v1/pairs/192.168.1.7/192.0.2.3"
VALUES = {"source": "192.168.2.7", "destination": "192.0.2.3", "address": "192.168.2.7", "site": "tokyo", "id": "0"}
OPEN = {"/v1/sign-in"}  # what is told to everybody
NEW = json.dumps({"name": "2022/new.csv"}).encode()


def count_files_of(database: Path, store: Store) -> None:
    """Count the files of a database in a store as well, and assess them as a stack's workers do."""
    here = SqliteStore(database)
    try:
        files = [(outcome.site, outcome.file) for outcome in listed(here)]
    finally:
        here.close()
    for site, file in files:
        upload(store, Path(file), Request(site, tolerance=Tolerance.parse("5%")))
    for site in store.sites():
        for record in store.files(site):
            for _, chunk in store.chunks(record.name, range(record.head.chunks)):
                assess_chunk(store, site, chunk)


@pytest.fixture(scope="module")
def whole(endpoint: str, models_read_once: None, filled: Path) -> Iterator[Whole]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "IOTAGG_")) and name not in SUITE]:
            patch.delenv(name)
        for name, value in (ENVIRONMENT | {"AWS_ENDPOINT_URL": endpoint}).items():
            patch.setenv(name, value)
        whole = deployed()
        count_files_of(filled, whole.cloud.store)
        yield whole


@pytest.fixture(scope="module")
def behind(whole: Whole, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    given = {
        POOL_ISSUER: POOL.issuer,
        POOL_CLIENT: POOL.client,
        POOL_DOMAIN: POOL.domain,
        POOL_KEYS: ISSUER.written(tmp_path_factory.mktemp("pool")),
    }
    made = Function("lambda_handlers.web.handler", environment=whole.stack.environment() | given, name="page")
    with made as function:
        yield Behind(function)
        assert "Traceback" not in function.log


def described(behind: Behind) -> list[tuple[str, str]]:
    """Return method and path of whatever is described, about what is at tokyo."""
    content = behind.ask("/v1/files", EVERYBODY, site="tokyo").body["items"][0]["contribution"]
    paths = behind.ask("/v1/openapi.json").body["paths"]
    return [
        (method.upper(), path.format(contribution=content, **VALUES))
        for path, methods in paths.items()
        for method in methods
        if path not in OPEN
    ]


def asked(behind: Behind, method: str, path: str, token: str) -> Answer:
    content_type = {"content-type": "application/json"}
    return behind.ask(path, token, method, content_type, NEW) if method == "POST" else behind.ask(path, token, method)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/files", {}),
        ("/v1/files", {"name": "month.csv", "limit": 1}),
        (PAIR, {"site": "paris"}),
        (f"{PAIR}/days", {"since": "2022-12-01"}),
        (f"{PAIR}/days.csv", {}),
        ("/v1/sites/paris/devices/192.168.1.7/peers", {"limit": 7}),
        ("/v1/top", {"month": "2022-12"}),
        ("/v1/top", {"of": "destinations", "by": "growth", "month": "2022-12", "limit": 3}),
        ("/v1/anomalies", {"since": "2022-12-01"}),
        ("/v1/sites/paris/days", {}),
        ("/v1/sites/paris/devices", {"limit": 3}),
        ("/v1/sites/paris/devices/192.0.2.3/sources", {}),
        ("/v1/pairs", {"site": "paris", "limit": 5}),
        ("/v1/pairs/192.0.2.250/192.0.2.251", {}),
        (PAIR, {"since": "2022-12-31", "until": "2022-12-01"}),
    ],
    ids=str,
)
def test_figures_are_those_of_a_database_with_the_same_files(
    behind: Behind, served: Served, path: str, query: dict[str, Any]
) -> None:
    there, here = behind.ask(path, EVERYBODY, **query), served.ask(path, **query)
    assert (there.status, there.content) == (here.status, here.content)
    for name in ("Content-Type", "ETag", "Cache-Control", "Content-Security-Policy", "X-Content-Type-Options"):
        assert there.headers[name] == here.headers[name]


def test_what_is_known_is_not_sent_again(behind: Behind) -> None:
    tag = behind.ask(PAIR, EVERYBODY).headers["ETag"]
    answer = behind.ask(PAIR, EVERYBODY, headers={"if-none-match": tag})
    assert (answer.status, answer.content) == (304, b"")
    assert behind.ask(PAIR, EVERYBODY, method="HEAD").content == b""


def test_a_browser_is_told_to_come_over_tls_alone(behind: Behind) -> None:
    headers = behind.ask(PAIR, EVERYBODY).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_the_status_says_what_waits_to_who_may_ask_about_all_sites(
    behind: Behind, served: Served, whole: Whole
) -> None:
    standing = behind.ask("/v1/status", EVERYBODY).body
    waiting = standing.pop("waiting")
    assert standing == served.ask("/v1/status").body
    assert waiting == {"files": 0, "chunks": 0, "dead_letters": 0, "since": None}
    whole.cloud.files.send([Draft("no message of ours")])
    whole.cloud.chunks.dead_letters().send([Draft("no message of ours", "group", "id")])
    try:
        wait_until(lambda: behind.ask("/v1/status", EVERYBODY).body["waiting"]["files"] == 1, "none waits")
        assert behind.ask("/v1/status", EVERYBODY).body["waiting"]["dead_letters"] == 1
        assert behind.ask("/v1/status", PARIS).body["waiting"] is None
    finally:
        taken(whole.cloud.files)


def test_nothing_is_told_without_the_right_token(behind: Behind) -> None:
    wrong = {
        "": "",
        "no token": "wrong",
        "expired": ISSUER.token("all-sites", "may-write", exp=1_700_000_000),
        "of another pool": ISSUER.token("all-sites", "may-write", iss=f"{POOL.issuer}x"),
        "for another program": ISSUER.token("all-sites", "may-write", aud="another"),
        "signed by a stranger": ISSUER.token("all-sites", "may-write", signed_by="a stranger"),
        "a key that is not there": ISSUER.token("all-sites", "may-write", kid="third"),
    }
    found = described(behind)
    assert len(found) >= 11
    for method, path in found:
        for why, token in wrong.items():
            answer = asked(behind, method, path, token)
            assert answer.status == 401, (method, path, why)
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="iotagg"'
            assert "tokyo" not in answer.content.decode()


def test_another_site_is_as_if_it_were_not_there(behind: Behind) -> None:
    for method, path in described(behind):
        for token in (PARIS, WRITER, ISSUER.token(), ISSUER.token("may-write")):
            answer = asked(behind, method, path, token)
            text = answer.content.decode()
            assert answer.status in {200, 403, 404, 405, 422}, (method, path)
            assert "192.168.2." not in text.replace("192.168.2.7", ""), (method, path)
            if answer.status == 200:
                assert "tokyo" not in text, (method, path)
    assert behind.ask("/v1/status", PARIS).body["sites"] == ["paris"]
    assert behind.ask("/v1/status", ISSUER.token()).body["sites"] == []


def test_how_to_sign_in_is_told_to_everybody(behind: Behind) -> None:
    told = behind.ask("/v1/sign-in").body
    assert (told["kind"], told["client"]) == ("cognito", POOL.client)
    assert told["authorize"] == f"{POOL.domain}/oauth2/authorize"


def place(behind: Behind, token: str, name: str, site: str = "paris", **headers: str) -> Answer:
    return behind.post(f"/v1/sites/{site}/uploads", token, {"name": name}, **headers)


def test_a_file_that_is_put_where_the_page_is_told_is_counted_as_one_that_is_uploaded(
    behind: Behind, whole: Whole
) -> None:
    answer = place(behind, WRITER, "2022/a b+é.csv")
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.body
    assert (told["method"], told["headers"]) == ("PUT", {})
    address = urlsplit(told["url"])
    assert f"X-Amz-Expires={SECONDS}" in address.query
    connection = http.client.HTTPConnection(address.netloc, timeout=30)
    connection.request("PUT", f"{address.path}?{address.query}", b"no,columns\n1,2\n", told["headers"])
    assert connection.getresponse().status == 200
    connection.close()
    key = "incoming/paris/2022/a b+é.csv"
    assert [each.key for each in whole.cloud.bucket.versions("incoming/")] == [key]
    wait_until(lambda: whole.cloud.files.depth().waiting, "no event")
    (message,) = taken(whole.cloud.files)
    assert "paris" in message.body


def test_only_who_may_write_is_told_where_and_for_their_own_sites(behind: Behind) -> None:
    assert place(behind, PARIS, "a.csv").status == 403
    assert place(behind, WRITER, "a.csv", "tokyo").status == 404
    assert place(behind, WRITER, "a.csv", "berlin").status == 404
    assert place(behind, EVERYBODY, "a.csv", "berlin").status == 200
    assert place(behind, EVERYBODY, "a.csv", origin="https://elsewhere.example").status == 403
    assert place(behind, EVERYBODY, "a.csv", origin=f"https://{HOST}").status == 200


@pytest.mark.parametrize(
    "name", ["", "/a.csv", "a//b.csv", "../a.csv", "a/../../tokyo/b.csv", "a/./b.csv", "a\n.csv", "x" * 1_020, "b/"]
)
def test_a_name_that_would_lead_elsewhere_is_refused(behind: Behind, name: str) -> None:
    answer = place(behind, EVERYBODY, name)
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    if name:
        with pytest.raises(InvalidValue):
            key_of("paris", name)


def test_a_file_itself_is_sent_elsewhere_and_changes_and_exports_are_not_sent(behind: Behind) -> None:
    refused = behind.ask("/v1/sites/paris/files", WRITER, "PUT", name="a.csv", body=b"x")
    assert refused.status == 405
    assert "POST the name to /v1/sites/paris/uploads" in refused.body["detail"]
    assert behind.ask("/v1/changes", EVERYBODY).status == 404
    assert behind.ask("/v1/export.csv", EVERYBODY).status == 404


def test_what_was_found_is_remembered_for_a_moment() -> None:
    now, finds = [0.0], iter(range(200))
    remembered = Remembered[int](lambda: now[0])
    assert [remembered.of("a", lambda: next(finds)) for _ in range(3)] == [0, 0, 0]
    assert remembered.of("b", lambda: next(finds)) == 1
    now[0] = REMEMBERED_SECONDS
    assert remembered.of("a", lambda: next(finds)) == 2
    assert [remembered.of(each, lambda: next(finds)) for each in range(150)] == list(range(3, 153))


def test_what_a_function_cannot_send_is_refused_with_a_way_out() -> None:
    answer = {
        "statusCode": 200,
        "headers": {"content-type": "text/csv", "etag": '"x"', "referrer-policy": "no-referrer"},
        "body": "x" * MOST_BYTES,
        "isBase64Encoded": False,
    }
    assert no_longer(answer) == answer
    instead = no_longer(answer | {"body": "x" * (MOST_BYTES + 1)})
    assert instead["statusCode"] == 413
    assert "iotagg export" in json.loads(instead["body"])["detail"]
    assert instead["headers"]["content-length"] == str(len(instead["body"]))
    assert instead["headers"].keys() == {"content-type", "content-length", "referrer-policy"}


def test_an_address_to_put_to_names_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    # A browser's first question is not led on from s3.amazonaws.com.
    for name, value in (ENVIRONMENT | {"AWS_SESSION_TOKEN": "t"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    places = Places("some-bucket")
    assert places.origin == "https://some-bucket.s3.eu-west-1.amazonaws.com"
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in places.put("incoming/paris/a.csv")["url"]
