"""What a transaction of a marker and 96 pair-months costs the client, in processor time.

Several ways to send the same content take turns in one run, against a stub that answers at once (so that only the
client works) and against the engine. Printed are the median of the processor time for one transaction (the sending
process alone, `time.process_time`), and its ratio to the way that the program goes. Then a profile of that way says
where the time goes: the share of functions of each kind, which a profiler makes somewhat larger than they are.
"""

from __future__ import annotations

import cProfile
import itertools
import json
import os
import pstats
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from bench.setting import deployed, engine, full_chunk, middle, show
from bench.stub import running_stub
from iotagg.aws.clients import client
from iotagg.core.contribution import Name
from iotagg.stores.dynamodb.table import Table, bound, marker_key, month_key, pair_key
from iotagg.stores.dynamodb.transaction import Step, chunk_transaction, pair_month_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from iotagg.core.contribution import Chunk

TOGETHER = 4  # transactions of one way, before the next one's turn
_ROUNDS = {1: 25, 31: 6}  # by the days of a pair-month
_DAYS = [f"{letter}{day:02}" for day in range(1, 32) for letter in "fdp"]
_RUNNING = ("flows", "dur", "dur_sq", "pkt", "pkt_sq")


class PairMonthItem(Model):
    """A pair-month as pynamodb would hold it: an attribute for each sum."""

    class Meta:
        """Given when it is bound."""

        table_name = "pair-months"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


@dataclass(frozen=True, slots=True)
class Sums:
    """The attributes of pair-months, by their name, and the model bound to a table."""

    model: type[PairMonthItem]
    attributes: dict[str, NumberAttribute]


def pair_months(table: Table) -> Sums:
    """Return the model of pair-months, with an attribute for every sum, on a table's connection."""
    attributes = {name: NumberAttribute(null=True) for name in (*_RUNNING, *_DAYS)}
    meta = type("Meta", (), {"table_name": table.name})
    model: Any = type("BoundPairMonth", (PairMonthItem,), {**attributes, "Meta": meta})
    model._connection = table.connection  # noqa: SLF001 (the same client as in the program)
    return Sums(model, attributes)


def by_pynamodb(table: Table, months: Sums, step: Step) -> None:
    """Send a step as pynamodb's own transaction."""
    totals = chunk_transaction(table.name, Step(step.name, step.number, [], 0, 1))[0]["Put"]["Item"]["totals"]
    marker = table.markers(*marker_key(step.name, step.number), revision=1, is_in=True, totals=totals["M"])
    with TransactWrite(connection=table.connection.connection) as together:
        together.save(marker, table.markers.pk.does_not_exist(), return_values="ALL_OLD")
        for row in step.chunk:
            item = months.model(pair_key(step.name.site, row.source), month_key(row.destination, row.month))
            together.update(item, [months.attributes[name].add(value) for name, value in row.sums.items() if value])


def with_short_names(table: str, step: Step) -> list[dict[str, Any]]:
    """Return the items of a transaction whose values are called `:0`, `:1` … instead of after their attributes."""
    return [chunk_transaction(table, Step(step.name, step.number, [], 0, 1))[0]] + [
        {
            "Update": {
                "TableName": table,
                "Key": pair_month_key(step.name.site, row),
                "UpdateExpression": "ADD "
                + ",".join([f"{name} :{place}" for place, name in enumerate(row.sums) if row.sums[name]]),
                "ExpressionAttributeValues": {
                    f":{place}": {"N": str(value)} for place, value in enumerate(row.sums.values()) if value
                },
            }
        }
        for row in step.chunk
    ]


class OwnBody:
    """Sends the request's JSON as it is, past botocore's checks and its copy of it; for one thread at a time."""

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self._client = dynamodb
        self._body = b""
        dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", self._replaced)

    def _replaced(self, params: dict[str, Any], **_: Any) -> None:
        params["body"] = self._body

    def send(self, items: list[dict[str, Any]]) -> object:
        """Send a transaction."""
        request = {"TransactItems": items, "ReturnConsumedCapacity": "TOTAL"}
        self._body = json.dumps(request, separators=(",", ":")).encode()
        return self._client.transact_write_items(TransactItems=[])


def unchecked_client() -> DynamoDBClient:
    """Return a client as the program's, which does not look at the form of what it is given."""
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        max_pool_connections=32,
        retries={"mode": "standard", "total_max_attempts": 4},
        parameter_validation=False,
    )
    return boto3.session.Session().client("dynamodb", config=config)


def ways(table: str) -> dict[str, Callable[[Step], object]]:
    """Return the ways to send a step, the program's first."""
    checked, unchecked, own = client("dynamodb"), unchecked_client(), OwnBody(unchecked_client())
    model, unchecked_model = bound(table, checked), bound(table, unchecked)
    months, unchecked_months = pair_months(model), pair_months(unchecked_model)

    def send(over: Any, items: list[dict[str, Any]]) -> object:
        return over.transact_write_items(TransactItems=items, ReturnConsumedCapacity="TOTAL")

    return {
        "iotagg": lambda step: send(checked, chunk_transaction(table, step)),
        "pynamodb TransactWrite": lambda step: by_pynamodb(model, months, step),
        "pynamodb, parameter_validation=False": lambda step: by_pynamodb(unchecked_model, unchecked_months, step),
        "iotagg, parameter_validation=False": lambda step: send(unchecked, chunk_transaction(table, step)),
        "iotagg, short placeholders": lambda step: send(checked, with_short_names(table, step)),
        "iotagg, JSON made by itself": lambda step: own.send(chunk_transaction(table, step)),
        "(building the items alone)": lambda step: chunk_transaction(table, step),
    }


def steps(chunk: Chunk) -> Iterator[Step]:
    """Yield steps that each move a marker of their own."""
    name = Name("paris", uuid.uuid4().hex * 2, "0" * 16)
    for number in itertools.count():
        yield Step(name, number, chunk, 0, 1)


def measured(chosen: dict[str, Callable[[Step], object]], chunk: Chunk, rounds: int) -> dict[str, float]:
    """Return the milliseconds of processor time that a transaction costs, each way, in turns."""
    spent: dict[str, list[float]] = {way: [] for way in chosen}
    todo = steps(chunk)
    for each in chosen.values():
        each(next(todo))
    order = list(chosen)
    for _ in range(rounds):
        order.append(order.pop(0))
        for way in order:
            begin = time.process_time()
            for _ in range(TOGETHER):
                chosen[way](next(todo))
            spent[way].append((time.process_time() - begin) / TOGETHER * 1000)
    return {way: middle(each) for way, each in spent.items()}


_KINDS = {
    "checking the form of parameters": ("botocore/validate",),
    "serialization": ("botocore/serialize", "/json/"),
    "building the items": ("iotagg/",),
    "sending and receiving": ("urllib3/", "http/", "socket", "httpsession", "awsrequest", "email/", "selectors", "ssl"),
    "signing": ("botocore/auth", "botocore/signers", "hmac", "hashlib", "credentials"),
    "parsing the answer": ("botocore/parsers",),
    "botocore's model of the request, for both": ("botocore/model", "botocore/utils"),
}


def profile(way: Callable[[Step], object], chunk: Chunk, times: int = 50) -> list[tuple[str, str]]:
    """Return the share of each kind of function in the time that a way takes."""
    todo = list(itertools.islice(steps(chunk), times))
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    for step in todo:
        way(step)
    profiler.disable()
    shares: dict[str, float] = dict.fromkeys((*_KINDS, "everything else"), 0)
    found: Any = pstats.Stats(profiler)
    for (file, _, _), (_, _, own, _, callers) in found.stats.items():
        if file == "~":  # a built-in function: its time is its callers'
            for (caller, _, _), (_, _, spent, _) in callers.items():
                shares[_kind(caller)] += spent
        else:
            shares[_kind(file)] += own
    total = sum(shares.values())
    return [(kind, f"{share / total:.0%}") for kind, share in sorted(shares.items(), key=lambda each: -each[1])]


def _kind(file: str) -> str:
    return next((kind for kind, parts in _KINDS.items() if any(part in file for part in parts)), "everything else")


def main() -> None:
    """Measure and print."""
    with engine():
        stack = deployed()
        against = {"engine": ways(stack.table)}
        with running_stub() as address:
            os.environ["AWS_ENDPOINT_URL"] = address
            against = {"stub": ways(stack.table)} | against
            for days, rounds in _ROUNDS.items():
                for where, chosen in against.items():
                    _show(measured(chosen, full_chunk(days=days), rounds), f"{days} day(s); {where}")
            shares = profile(against["stub"]["iotagg"], full_chunk())
            show("where the program's way spends it; 1 day(s); stub", ("kind", "share"), shares)


def _show(figures: dict[str, float], what: str) -> None:
    own = figures["iotagg"]
    show(
        f"client, a transaction of a marker and 96 pair-months, each of {what}",
        ("way", "CPU ms", "ratio"),
        [(way, spent, spent / own) for way, spent in figures.items()],
    )


if __name__ == "__main__":
    main()
