"""What is answered is what the commands print."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # its types would be another package
import pytest

from iotagg.pipeline import Request, upload
from iotagg.stores.sqlite import SqliteStore
from tests.cli.running import Command
from tests.pipeline.csvs import csv, flow, put
from tests.web.conftest import fill
from tests.web.served import serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.served import Served

PAIR = "/v1/pairs/192.168.1.7/192.0.2.3"
OF_PAIR = ("--src", "192.168.1.7", "--dst", "192.0.2.3")
ANSWERED = [
    ("/v1/status", {}),
    ("/v1/files", {}),
    ("/v1/files", {"name": "month.csv", "limit": 1}),
    (PAIR, {"site": "paris"}),
    (f"{PAIR}/days", {"since": "2022-12-01"}),
    ("/v1/sites/paris/devices/192.168.1.7/peers", {"limit": 7}),
    ("/v1/top", {"month": "2022-12"}),
    ("/v1/top", {"of": "destinations", "by": "growth", "month": "2022-12", "limit": 3}),
    ("/v1/anomalies", {"since": "2022-12-01"}),
    ("/v1/me", {}),
    ("/v1/sites", {}),
    ("/v1/sites/tokyo/days", {"since": "2022-12-20"}),
    ("/v1/sites/paris/devices", {"limit": 3}),
    ("/v1/pairs", {"since": "2022-12-05", "limit": 50}),
    ("/v1/sites/paris/devices/192.0.2.3/sources", {"until": "2022-11-05"}),
]


@pytest.fixture
def command(filled: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(filled, capsys)


def printed(command: Command, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in command(*arguments).out.splitlines()]


def test_a_pair_is_summed_up_as_an_export_does(served: Served, command: Command) -> None:
    expected = printed(command, "export", *OF_PAIR, "--summary", "--format", "ndjson")
    assert served.items(PAIR) == expected
    assert expected[0]["days"] == 56


def test_days_of_a_pair_are_those_of_an_export(served: Served, command: Command) -> None:
    between = {"since": "2022-11-20", "until": "2022-12-02"}
    asked = ("export", *OF_PAIR, "--since", "2022-11-20", "--until", "2022-12-02")
    assert served.items(f"{PAIR}/days", **between) == printed(command, *asked, "--format", "ndjson")
    csv_text = served.ask(f"{PAIR}/days.csv", **between)
    assert csv_text.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert csv_text.content.decode() == command(*asked).out


@pytest.mark.parametrize("limit", [1, 7, 44, 45, 46, 1000])
def test_pages_of_a_devices_peers_join_to_all_of_them(served: Served, command: Command, limit: int) -> None:
    peers = served.items("/v1/sites/paris/devices/192.168.1.7/peers", limit=limit)
    assert peers == printed(command, "pairs", "--site", "paris", "--json")
    assert len(peers) == 45


@pytest.mark.parametrize("limit", [1, 7, 44, 45, 46, 89, 90, 1000])
def test_pages_of_all_pairs_join_to_all_of_them(served: Served, command: Command, limit: int) -> None:
    pairs = served.items("/v1/pairs", limit=limit)
    assert pairs == printed(command, "pairs", "--json")
    assert len(pairs) == 90
    between = {"since": "2022-11-20", "until": "2022-12-02"}
    few = printed(command, "pairs", "--site", "tokyo", "--since", "2022-11-20", "--until", "2022-12-02", "--json")
    assert served.items("/v1/pairs", limit=limit, site="tokyo", **between) == few
    assert len(few) == 5


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_pairs_to_a_device_are_those_of_the_command(served: Served, command: Command, limit: int) -> None:
    sources = served.items("/v1/sites/paris/devices/192.0.2.3/sources", limit=limit)
    every = printed(command, "pairs", "--site", "paris", "--json")
    assert sources == [pair for pair in every if pair["dst_ip"] == "192.0.2.3"] != []


@pytest.mark.parametrize("limit", [1, 45, 46, 47])
def test_devices_add_up_to_their_pairs(served: Served, command: Command, limit: int) -> None:
    devices = served.items("/v1/sites/paris/devices", limit=limit)
    every = printed(command, "pairs", "--site", "paris", "--json")
    for side, key in (("sent", "src_ip"), ("received", "dst_ip")):
        told = {each["address"]: each[side]["fwd_packets"] for each in devices if each[side] is not None}
        addresses = {pair[key] for pair in every}
        assert told == {
            address: sum(pair["fwd_packets"] for pair in every if pair[key] == address) for address in addresses
        }
    assert [each["address"] for each in devices] == sorted(
        {pair[end] for pair in every for end in ("src_ip", "dst_ip")}
    )


def test_sites_are_those_of_the_status_and_days_add_up_to_them(served: Served) -> None:
    sites = served.items("/v1/sites")
    status = served.ask("/v1/status").body
    assert [each["site"] for each in sites] == status["sites"]
    assert sum(each["flows"] for each in sites) == status["flows"]
    days = served.items("/v1/sites/paris/days")
    assert (sum(each["flows"] for each in days), len(days)) == (sites[0]["flows"], 56)
    assert served.items("/v1/sites/paris/days", since="2022-12-27", until="2022-12-27") == [
        {"day": "2022-12-27", "flows": 45, "files": 1}
    ]


@pytest.mark.parametrize("of", ["pairs", "sources", "destinations"])
@pytest.mark.parametrize("by", ["duration", "packets", "growth"])
def test_the_first_are_those_that_the_command_lists(served: Served, command: Command, by: str, of: str) -> None:
    expected = printed(command, "top", "--by", by, "--of", of, "--site", "paris", "--month", "2022-12", "--json")
    answer = served.ask("/v1/top", by=by, of=of, site="paris", month="2022-12")
    assert answer.body["items"] == expected != []
    assert (answer.body["first_day"], answer.body["last_day"]) == ("2022-12-01", "2022-12-31")


def test_the_first_of_all_sites_are_in_one_order_and_share_all_there_is(served: Served, command: Command) -> None:
    rows = served.items("/v1/top", month="2022-12", by="growth", limit=6)
    values = [each["value"] for each in rows]
    assert values == sorted(values, reverse=True)
    expected = printed(command, "top", "--month", "2022-12", "--by", "growth", "-n", "6", "--json")
    assert [each["value"] for each in expected] == values
    by_place = {(each["site"], each["src_ip"], each["dst_ip"]): each["share"] for each in expected}
    shared = [each for each in rows if (each["site"], each["src_ip"], each["dst_ip"]) in by_place]
    assert shared
    assert all(each["share"] == by_place[each["site"], each["src_ip"], each["dst_ip"]] for each in shared)


def test_what_stands_out_is_what_the_command_tells(served: Served, command: Command) -> None:
    expected = printed(command, "anomalies", "--since", "2022-12-01", "--json")
    assert served.items("/v1/anomalies", since="2022-12-01") == expected != []


def test_files_are_those_that_the_command_lists(served: Served, command: Command) -> None:
    expected = printed(command, "files", "--json")
    for limit in (1, 2, 3, 100):
        assert served.items("/v1/files", limit=limit) == sorted(expected, key=lambda file: (file["site"], file["file"]))
    (counted,) = served.items("/v1/files", site="tokyo")
    lines = served.items(f"/v1/sites/tokyo/files/{counted['contribution']}/rejects", limit=1)
    rejected = printed(command, "files", "--site", "tokyo", "--rejects", "--json")
    assert lines == [{name: each[name] for name in ("line", "reason", "text")} for each in rejected]
    assert len(lines) == 2


def test_the_status_adds_up_what_was_counted(served: Served) -> None:
    status = served.ask("/v1/status").body
    assert (status["sites"], status["files"]) == (["paris", "tokyo"], {"counted": 2, "refused": 1})
    assert (status["flows"], status["rejected"], status["first_day"]) == (640, 4, "2022-11-01")


@pytest.mark.parametrize(("path", "query"), ANSWERED)
def test_answers_are_as_they_are_described(served: Served, path: str, query: dict[str, Any]) -> None:
    described = served.ask("/v1/openapi.json").body
    (template,) = [each for each in described["paths"] if fits(each.split("/"), path.split("/"))]
    schema = described["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(served.ask(path, **query).body, schema | {"components": described["components"]})


@pytest.mark.parametrize(("path", "query"), ANSWERED)
def test_every_key_is_described(served: Served, path: str, query: dict[str, Any]) -> None:
    described = served.ask("/v1/openapi.json").body
    (template,) = [each for each in described["paths"] if fits(each.split("/"), path.split("/"))]
    schema = described["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    known = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
    body = served.ask(path, **query).body
    assert set(body) <= set(known)
    if "items" in body:
        of_items = described["components"]["schemas"][known["items"]["items"]["$ref"].rpartition("/")[2]]["properties"]
        assert body["items"]
        assert {key for item in body["items"] for key in item} <= set(of_items)


def fits(template: list[str], path: list[str]) -> bool:
    alike = (one.startswith("{") or one == other for one, other in zip(template, path, strict=False))
    return len(template) == len(path) and all(alike)


@pytest.mark.parametrize(("path", "query"), ANSWERED)
def test_who_has_an_answer_does_not_get_it_again(served: Served, path: str, query: dict[str, Any]) -> None:
    tag = served.ask(path, **query).headers["ETag"]
    for known in (tag, f'"other", {tag}', "*"):
        again = served.ask(path, headers={"If-None-Match": known}, **query)
        assert (again.status, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert served.ask(path, headers={"If-None-Match": '"other"'}, **query).status == 200


@pytest.mark.parametrize(("path", "query"), ANSWERED)
def test_a_head_is_that_of_the_answer(served: Served, path: str, query: dict[str, Any]) -> None:
    whole, head = (served.ask(path, method=method, **query) for method in ("GET", "HEAD"))
    assert (head.status, head.content) == (200, b"")
    assert [head.headers[name] for name in ("ETag", "Content-Length")] == [
        whole.headers["ETag"],
        str(len(whole.content)),
    ]


def test_what_is_counted_meanwhile_is_answered(tmp_path: Path) -> None:
    fill(tmp_path / "iotagg.db", tmp_path / "flows")
    with serving(tmp_path / "iotagg.db") as served, closing(SqliteStore(tmp_path / "iotagg.db")) as store:
        (before,) = served.items(PAIR)
        first = served.ask("/v1/top", by="packets", month="2022-12").headers["ETag"]
        later = csv(flow("192.168.1.7", "192.0.2.3", "2022-12-30", 10, 10**6))
        assert upload(store, put(tmp_path / "later.csv", later), Request("paris")).state == "counted"
        (after,) = served.items(PAIR)
        assert after["fwd_packets"] == before["fwd_packets"] + 10**6
        changed = served.ask("/v1/top", by="packets", month="2022-12", headers={"If-None-Match": first})
        assert changed.body["items"][0]["dst_ip"] == "192.0.2.3"
