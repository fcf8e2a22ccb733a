"""What a transaction of a marker and 96 pair-months costs the client, in processor time.

Several ways to send the same content take turns in one run, against a stub that answers at once (so that only the
client works) and against the engine. Printed are the median of the processor time for one transaction (the sending
process alone, `time.process_time`), and its ratio to the way that the program goes. Then a profile of that way says
where the time goes: the share of functions of each kind, which a profiler makes somewhat larger than they are.
"""

from __future__ import annotations

import cProfile
import itertools
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
from iotagg.core.contribution import Name, packed, read_chunk
from iotagg.stores.dynamodb.pair_items import pair_month_key
from iotagg.stores.dynamodb.table import Table, bound, marker_key, month_key, pair_key
from iotagg.stores.dynamodb.transaction import Step, chunk_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from iotagg.core.contribution import Chunk
    from iotagg.core.pair_month import PairMonth

OWN = "iotagg: its own JSON"
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


def as_values(table: str, step: Step) -> list[dict[str, Any]]:
    """Return the items of a transaction as botocore's clients usually get them, for it to make JSON of."""
    marker = chunk_transaction(table, Step(step.name, step.number, [], 0, 1))[0]
    return [marker, *(_addition(table, step.name.site, row) for row in step.chunk)]


def _addition(table: str, site: str, row: PairMonth) -> dict[str, Any]:
    added = [(name, value) for name, value in row.sums.items() if value]
    return {
        "Update": {
            "TableName": table,
            "Key": pair_month_key(site, row),
            "UpdateExpression": "ADD " + ",".join(f"{name} :{name}" for name, _ in added),
            "ExpressionAttributeValues": {f":{name}": {"N": str(value)} for name, value in added},
        }
    }


def checking_client() -> DynamoDBClient:
    """Return a client that looks at the form of what it is given, as botocore's do."""
    return boto3.session.Session().client("dynamodb", config=Config(retries={"mode": "standard"}))


def ways(table: str) -> dict[str, Callable[[Step], object]]:
    """Return the ways to send a step, the program's first."""
    own, checking = client("dynamodb"), checking_client()
    model = bound(table, own)
    months = pair_months(model)

    def send(over: Any, items: Sequence[dict[str, Any]]) -> object:
        return over.transact_write_items(TransactItems=items, ReturnConsumedCapacity="TOTAL")

    return {
        OWN: lambda step: send(own, chunk_transaction(table, step)),
        "botocore's JSON, values not checked": lambda step: send(own, as_values(table, step)),
        "botocore's JSON, values checked": lambda step: send(checking, as_values(table, step)),
        "pynamodb's TransactWrite, values not checked": lambda step: by_pynamodb(model, months, step),
        "(reading the chunk and making its JSON alone)": lambda step: chunk_transaction(table, step),
    }


def steps(chunk: Chunk) -> Iterator[Step]:
    """Yield steps that each move a marker of their own, with the chunk as it comes out of a stored contribution."""
    name, member = Name("paris", uuid.uuid4().hex * 2, "0" * 16), packed(chunk)
    for number in itertools.count():
        yield Step(name, number, read_chunk(member), 0, 1)


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
            shares = profile(against["stub"][OWN], full_chunk())
            show("where the program's way spends it; 1 day(s); stub", ("kind", "share"), shares)


def _show(figures: dict[str, float], what: str) -> None:
    own = figures[OWN]
    show(
        f"client, a transaction of a marker and 96 pair-months, each of {what}",
        ("way", "CPU ms", "ratio"),
        [(way, spent, spent / own) for way, spent in figures.items()],
    )


if __name__ == "__main__":
    main()
