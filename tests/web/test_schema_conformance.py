"""The running server does what its description says: a program that was made of that alone asks it well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from iotagg.stores.memory import MemoryStore
from iotagg.web.access import Everybody
from iotagg.web.app import DESCRIPTION, make_app
from tests.examples import examples
from tests.web.conftest import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemathesis import Case

    from tests.web.served import Served

DESCRIBED = make_app(MemoryStore(), Everybody()).openapi()
OPERATIONS = [(path, method) for path, methods in DESCRIBED["paths"].items() for method in methods if method == "get"]
TOKEN = {"Authorization": f"Bearer {ALL}"}
KNOWN = {"site": "paris", "source": "192.168.1.7", "destination": "192.0.2.3", "address": "192.0.2.3"}
_QUIET = list(HealthCheck)


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


@pytest.mark.parametrize("way", ["drawn", "known", "wrong"])
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_whatever_is_asked_the_answer_is_as_it_is_described(guarded: Served, path: str, method: str, way: str) -> None:
    schema = schemathesis.openapi.from_dict(DESCRIBED)
    schema.config.update(base_url=f"http://127.0.0.1:{guarded.port}")
    operation = schema[path][method]
    mode = GenerationMode.NEGATIVE if way == "wrong" else GenerationMode.POSITIVE
    named = {name: value for name, value in KNOWN.items() if way == "known" and f"{{{name}}}" in path}
    drawn = operation.as_strategy(mode, path_parameters=named or None)

    @settings(
        max_examples=examples(8), derandomize=True, deadline=None, phases=[Phase.generate], suppress_health_check=_QUIET
    )
    @given(drawn if way == "wrong" else drawn.map(sensible))
    def asked(case: Case[Any]) -> None:
        case.call_and_validate(headers=TOKEN)

    asked()


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
        (media_type,) = operation["responses"]["200"]["content"]

        def ask(**given: Any) -> Any:
            assert needed <= given.keys() <= where.keys()
            named = {name: quote(str(value), safe="") for name, value in given.items() if where[name] == "path"}
            query = {name: value for name, value in given.items() if where[name] == "query"}
            answer = self._server.ask(path.format(**named), self._token, method.upper(), **query)
            assert answer.status == 200, answer.content
            return answer.body if media_type == "application/json" else answer.content.decode()

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
