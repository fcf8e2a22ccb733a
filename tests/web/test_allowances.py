"""What is said to be in order over HTTP is on the list of iotagg allow, and is not told as an anomaly."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.running import Command
from tests.web.conftest import ALL, PARIS, PAST, WRITES_ALL, WRITES_PARIS, tokens_at
from tests.web.sent import send, send_json
from tests.web.served import serving
from tests.web.test_refusals import NASTY, assert_problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.web.served import Answer, Served

LIST = "/v1/allowances"
ANY = {"site": None, "src": None, "dst": None, "kind": None, "until": None, "note": None}


@pytest.fixture(scope="module")
def copied(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("allowing")
    shutil.copyfile(filled, folder / "iotagg.db")
    with serving(folder / "iotagg.db", "--tokens", str(tokens_at(folder))) as served:
        yield served


@pytest.fixture
def changing(copied: Served) -> Served:
    for each in copied.items(LIST, token=ALL):
        assert take_off(copied, each["id"]).status == 204
    return copied


def take_off(served: Served, name: str, token: str = WRITES_ALL) -> Answer:
    return send(served, "DELETE", f"{LIST}/{name}", token=token)


def told(served: Served, site: str) -> list[Any]:
    return served.items("/v1/anomalies", token=ALL, site=site, since="2022-12-01")


def test_what_is_allowed_is_no_longer_told_until_it_is_taken_off(changing: Served) -> None:
    before = told(changing, "paris")
    kind, source = before[0]["kind"], before[0]["src_ip"]
    made = send_json(changing, LIST, {"site": "paris", "src": source, "kind": kind, "note": "the scanner"}, WRITES_ALL)
    assert made.status == 201
    after = told(changing, "paris")
    assert [each for each in before if (each["kind"], each["src_ip"]) != (kind, source)] == after != before
    assert told(changing, "tokyo") != []
    assert take_off(changing, made.body["id"]).status == 204
    assert told(changing, "paris") == before
    assert_problem(take_off(changing, made.body["id"]), 404, "is on the list; /v1/allowances shows it")


def test_the_list_is_that_of_the_command(changing: Served, capsys: pytest.CaptureFixture[str]) -> None:
    command = Command(changing.database, capsys)
    command("allow", "--dst", "203.0.113.9/24", "--until", "2022-12-31")
    sent = send_json(changing, LIST, {"site": "tokyo", "src": "::ffff:192.0.2.7", "note": "é"}, WRITES_ALL)
    again = send_json(changing, LIST, {"site": "tokyo", "src": "192.0.2.7", "note": "é"}, WRITES_ALL)
    assert sent.body == again.body == ANY | {"id": sent.body["id"], "site": "tokyo", "src": "192.0.2.7", "note": "é"}
    for limit in (1, 2, 100):
        listed = changing.items(LIST, token=ALL, limit=limit)
        assert sorted(map(str, listed)) == sorted(map(str, command("allow", "--json").objects()))
    assert len(listed) == 2


def test_who_may_ask_about_some_sites_changes_what_is_said_of_those(changing: Served) -> None:
    everywhere = send_json(changing, LIST, {"src": "192.0.2.1"}, WRITES_ALL).body
    tokyo = send_json(changing, LIST, {"site": "tokyo"}, WRITES_ALL).body
    paris = send_json(changing, LIST, {"site": "paris", "kind": "surge"}, WRITES_PARIS)
    assert paris.status == 201
    for token in (PARIS, WRITES_PARIS):
        assert changing.items(LIST, token=token) == [paris.body]
    for hidden in (everywhere["id"], tokyo["id"], "0123456789"):
        assert take_off(changing, hidden, WRITES_PARIS).status == 404
    refused = {site: send_json(changing, LIST, {"site": site}, WRITES_PARIS) for site in ("tokyo", "berlin")}
    assert refused["tokyo"].status == refused["berlin"].status == 404
    assert refused["tokyo"].content.replace(b"tokyo", b"berlin") == refused["berlin"].content
    assert_problem(send_json(changing, LIST, {"src": "192.0.2.1"}, WRITES_PARIS), 422, "name a site")
    assert take_off(changing, paris.body["id"], WRITES_PARIS).status == 204
    assert {each["id"] for each in changing.items(LIST, token=ALL)} == {everywhere["id"], tokyo["id"]}


def test_who_may_not_write_changes_nothing(guarded: Served) -> None:
    for token, status in ((ALL, 403), (PARIS, 403), (PAST, 401), ("", 401)):
        assert send_json(guarded, LIST, {"site": "paris"}, token).status == status
        assert take_off(guarded, "0123456789", token).status == status
    assert guarded.items(LIST, token=ALL) == []


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ({}, "this would allow everything"),
        ({"note": "all"}, "this would allow everything"),
        ({"src": "nonsense"}, "is no network"),
        ({"site": "par/is"}, "par/is"),
        ({"site": "paris", "until": "2022-02-30"}, "a day that no calendar has"),
        ({"site": "paris", "kind": "others"}, "kind: Value error, use one of surge, "),
        ({"site": "paris", "note": "a\nb"}, "a note is one line"),
        ({"site": "paris", "note": 201 * "x"}, "a note is one line of at most 200 characters"),
        ({"stie": "paris"}, "stie: Extra inputs are not permitted"),
        ({"site": 7}, "site: Input should be a valid string"),
    ],
)
def test_what_makes_no_sense_is_not_allowed(changing: Served, said: dict[str, Any], detail: str) -> None:
    answer = send_json(changing, LIST, said, WRITES_ALL)
    assert answer.status == (404 if said.get("site") == "par/is" else 422)
    assert_problem(answer, answer.status, detail)
    assert changing.items(LIST, token=ALL) == []


def test_whatever_is_sent_is_listed_or_refused(changing: Served) -> None:
    for part in ("site", "src", "dst", "kind", "until", "note"):
        for value in NASTY:
            sent = {"site": "paris", part: value}
            assert send_json(changing, LIST, sent, WRITES_ALL).status in {201, 404, 422}, sent
    assert changing.items(LIST, token=ALL) != []
