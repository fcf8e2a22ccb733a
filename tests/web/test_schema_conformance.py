"""The running server does what its description says: a program that was made of that alone asks it well."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from iotagg.stores.memory import MemoryStore
from iotagg.web.access import Everybody
from iotagg.web.app import DESCRIPTION, make_app
from tests.examples import LONG, examples
from tests.web.conftest import ALL, WRITES_ALL, tokens_at
from tests.web.served import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from schemathesis import Case

    from tests.web.served import Served

DESCRIBED = make_app(MemoryStore(), Everybody()).openapi()
# What tells of changes comes to no end, and has tests of its own.
OPERATIONS = [
    (path, method) for path, methods in DESCRIBED["paths"].items() for method in methods if path != "/v1/changes"
]
READ = [(path, method) for path, method in OPERATIONS if method == "get"]
WAYS = ["drawn", "known", "wrong"] if LONG else ["known"]
WRITTEN = [(path, method) for path, method in OPERATIONS if method != "get"]
KNOWN = {"site": "paris", "source": "192.168.1.7", "destination": "192.0.2.3", "address": "192.0.2.3"}
_QUIET = list(HealthCheck)


@pytest.fixture(scope="module")
def fillable(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("fillable")
    shutil.copyfile(filled, folder / "iotagg.db")
    with serving(folder / "iotagg.db", "--tokens", str(tokens_at(folder))) as server:
        yield server


def sensible(case: Case[Any]) -> Case[Any]:
    """Leave out what no description can say: which days are in order, and what a page before has told."""
    query = dict(case.query or {})
    query.pop("cursor", None)
    days = sorted(query[name] for name in ("since", "until") if name in query)
    if len(days) > 1:
        query |= dict(zip(("since", "until"), days, strict=True))
    if case.operation.path == "/v1/top":  # at most 120 months, and none beside days
        query.pop("since", None)
        query.pop("month" if "until" in query else "until", None)
    case.query = query
    return case


def try_all(server: Served, token: str, path: str, method: str, way: str) -> None:
    schema = schemathesis.openapi.from_dict(DESCRIBED)
    schema.config.update(base_url=f"http://127.0.0.1:{server.port}")
    operation = schema[path][method]
    if way == "wrong" and not DESCRIBED["paths"][path][method].keys() & {"parameters", "requestBody"}:
        pytest.skip("there is nothing in it that could be wrong")
    mode = GenerationMode.NEGATIVE if way == "wrong" else GenerationMode.POSITIVE
    named = {name: value for name, value in KNOWN.items() if way == "known" and f"{{{name}}}" in path}
    # Whether a file holds flows, or an allowance is for something, its form does not say.
    excluded: list[Any] = [] if method == "get" else [positive_data_acceptance]
    drawn = operation.as_strategy(mode, path_parameters=named or None)

    @settings(
        max_examples=examples(4), derandomize=True, deadline=None, phases=[Phase.generate], suppress_health_check=_QUIET
    )
    @given(drawn if way == "wrong" else drawn.map(sensible))
    def asked(case: Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=excluded)

    asked()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("path", "method"), READ)
def test_whatever_is_asked_the_answer_is_as_it_is_described(guarded: Served, path: str, method: str, way: str) -> None:
    try_all(guarded, ALL, path, method, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("path", "method"), WRITTEN)
def test_whatever_is_sent_the_answer_is_as_it_is_described(fillable: Served, path: str, method: str, way: str) -> None:
    try_all(fillable, WRITES_ALL, path, method, way)


def test_what_runs_is_what_is_described_here(guarded: Served) -> None:
    assert guarded.ask(DESCRIPTION).body == DESCRIBED


class Client:
    """A client that is made while it runs, of the description alone: a method for each operation."""

    def __init__(self, server: Served, token: str) -> None:
        self._server = server
        self._token = token
        for path, methods in server.ask(DESCRIPTION).body["paths"].items():
            for method, operation in methods.items():
                name = operation["operationId"]
                assert not hasattr(self, name), f"{name} is two operations"
                setattr(self, name, self._operation(path, method, operation))

    def _operation(self, path: str, method: str, operation: dict[str, Any]) -> Callable[..., Any]:
        where = {each["name"]: each["in"] for each in operation.get("parameters", ())}
        needed = {each["name"] for each in operation.get("parameters", ()) if each.get("required")}
        answers = operation["responses"].items()
        media_types = next(each.get("content", {}) for status, each in answers if status.startswith("2"))

        def ask(**given: Any) -> Any:
            assert needed <= given.keys() <= where.keys()
            named = {name: quote(str(value), safe="") for name, value in given.items() if where[name] == "path"}
            query = {name: value for name, value in given.items() if where[name] == "query"}
            answer = self._server.ask(path.format(**named), self._token, method.upper(), **query)
            assert answer.status == 200, answer.content
            return answer.body if "application/json" in media_types else answer.content.decode()

        return ask

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no operation is described as {name}")


def test_a_client_that_is_made_of_the_description_gets_the_year_of_a_pair(guarded: Served) -> None:
    client = Client(guarded, ALL)
    (site, *_) = [each["site"] for each in client.sites()["items"]]
    (first, *_) = client.peers(site=site, address="192.168.1.7", limit=1)["items"]
    pair = {"source": first["src_ip"], "destination": first["dst_ip"], "site": site}
    (year,) = client.pair(**pair, since="2022-01-01", until="2022-12-31")["items"]
    days = client.days(**pair, since="2022-01-01", until="2022-12-31")["items"]
    assert (year["days"], year["fwd_packets"]) == (len(days), sum(day["fwd_packets"] for day in days)) == (56, 1_596)
    assert client.days_as_csv(**pair).count("\n") == 57
    assert client.export(site=site).count("\n") == 46
