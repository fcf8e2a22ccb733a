"""Ways of counting that are wrong, as others have tried them: each is put in the project's place, and has to be found.

They show that the simulation can tell right from wrong. Each is as good as its idea allows: it looks at markers, where
it has any, before it writes.
"""

from __future__ import annotations

import hashlib
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from iotagg.aws.events import site_and_path
from iotagg.aws.problems import explained
from iotagg.core.ledger import Move, is_in
from iotagg.errors import FileRefused
from iotagg.jobs import summarize as summarizing
from iotagg.jobs.handling import handle
from iotagg.jobs.summarize import ON_CHANGE, hand_over
from iotagg.pipeline import carry_out, summarize
from iotagg.stores.dynamodb.archive import CONTRIBUTIONS
from iotagg.stores.dynamodb.erasing import dumped
from iotagg.stores.dynamodb.table import marker_key
from iotagg.stores.dynamodb.transaction import Step, chunk_transaction
from tests.simulation.world import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotagg.core.contribution import Chunk, Name
    from tests.simulation.world import World

DIFFERS = "the export differs"
_MARKERS_EXPIRE_SECONDS = 240.0  # less than a message may be on its way, as any time is


@dataclass(frozen=True, slots=True)
class Control:
    """A wrong way: what it puts in the place of what, and what of it has to be seen.

    `beside` is what happens beside; without the `sweep`, nothing mends what the queues do not bring again.
    """

    parts: dict[str, Any]
    seen: str = DIFFERS
    beside: Callable[[World], None] = lambda _: None
    sweep: bool | None = None
    remove_raw: bool = False


def _items(sums: Any, name: Name, revision: int, number: int, chunk: Chunk) -> list[Any]:
    # The marker's item, which holds where it does not stand yet, and the additions.
    return list(chunk_transaction(sums._table, Step(name, number, chunk, revision - 1, revision)))


def _marker(sums: Any, name: Name, number: int) -> tuple[int, bool]:
    partition, place = marker_key(name, number)
    key = {"pk": {"S": partition}, "sk": {"S": place}}
    item = sums._client.get_item(TableName=sums._table, Key=key, ConsistentRead=True).get("Item")
    return (int(item["revision"]["N"]), item["in"]["BOOL"]) if item else (0, False)


def _put_marker(sums: Any, item: dict[str, Any]) -> None:
    sums._client.put_item(TableName=sums._table, Item=item["Put"]["Item"])


def _add(sums: Any, items: list[Any]) -> None:
    for item in items:
        sums._client.update_item(**item["Update"])


def _plain_add(sums: Any, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
    with explained():
        marker, *additions = _items(sums, name, revision, number, chunk)
        _add(sums, additions)
        _put_marker(sums, marker)
    return True


def _marker_outside(sums: Any, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
    with explained():
        if _marker(sums, name, number)[0] >= revision:
            return False
        marker, *additions = _items(sums, name, revision, number, chunk)
        sums._client.transact_write_items(TransactItems=additions)
        _put_marker(sums, marker)
    return True


def _claim_apply_complete(sums: Any, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
    with explained():
        marker, *additions = _items(sums, name, revision, number, chunk)
        claim = {key: value for key, value in marker["Put"].items() if key != "ReturnValuesOnConditionCheckFailure"}
        try:
            sums._client.put_item(**claim)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        sums._client.transact_write_items(TransactItems=additions)
    return True


def _token_only(sums: Any, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
    with explained():
        marker, *additions = _items(sums, name, revision, number, chunk)
        marker = {"Put": {"TableName": sums._table, "Item": marker["Put"]["Item"]}}
        token = hashlib.sha256(f"{name} {revision} {number}".encode()).hexdigest()[:36]
        sums._client.transact_write_items(TransactItems=[marker, *additions], ClientRequestToken=token)
    return True


def _revision_ignored(sums: Any, name: Name, revision: int, number: int, chunk: Chunk) -> bool:
    with explained():
        standing, is_there = _marker(sums, name, number)
        if is_there == is_in(revision):
            return False
        marker, *additions = _items(sums, name, revision, number, chunk)
        put = {
            "TableName": sums._table,
            "Item": marker["Put"]["Item"],
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if standing:
            put |= {"ConditionExpression": "revision = :r", "ExpressionAttributeValues": {":r": {"N": str(standing)}}}
        sums._client.transact_write_items(TransactItems=[{"Put": put}, *additions])
    return True


_take_in = summarizing.take_in


def _cut_again(cloud: Any, arrival: Any, in_time: Any = lambda: True) -> Any:
    # Whoever gets a file's message again reads the file again, and stores what its version of the code makes of it.
    place = site_and_path(arrival.key)
    if place is not None and cloud.store.path(*place).names:
        opened = closing(cloud.bucket.open(arrival.key, arrival.version, arrival.etag))
        with suppress(FileRefused), opened as stream:
            _store_over(cloud.store, summarize(stream, summarizing._request(cloud, place[0], stream)).contribution)
    return _take_in(cloud, arrival, in_time)


def _store_over(store: Any, contribution: Any) -> None:
    head, stored = contribution.head, contribution.stored()
    item = store._file(head.name)
    if item is None:
        return
    bucket, key = store._archive._bucket, f"{CONTRIBUTIONS}{head.name.site}/{head.name}.ndjson.gz"
    with explained():
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=stored)
    changes = [type(item).head.set(dumped(head)), type(item).first_chunk.set(len(stored) - sum(head.chunk_bytes))]
    store._write(lambda: item.update(actions=changes))


def _expire_markers(world: World) -> None:
    # As a time to live would: markers go some time after they were written, and what is done stays done.
    def expire() -> None:
        while True:
            world.scheduler.sleep(_MARKERS_EXPIRE_SECONDS)
            for item in world.dynamodb.call("Scan", {"TableName": TABLE, "ConsistentRead": True})["Items"]:
                if "#C#" in item["sk"]["S"] and item["pk"]["S"].startswith("F#"):
                    key = {name: item[name] for name in ("pk", "sk")}
                    world.dynamodb.call("DeleteItem", {"TableName": TABLE, "Key": key})

    world.scheduler.start(world.outside, "time to live", expire)


_read_and_count = summarizing._read_and_count


def _retract_first(cloud: Any, site: str, path: str, arrival: Any, in_time: Any) -> Any:
    stream = cloud.bucket.open(path, arrival.version, arrival.etag)
    stream.close()
    names = cloud.store.path(site, path).names
    if stream.metadata.get(ON_CHANGE) == "replace" and names:
        carry_out(cloud.store, site, [Move(path, drop=names)], bring=hand_over(cloud))
    return _read_and_count(cloud, site, path, arrival, in_time)


def _delete_first(queue: Any, message: Any, job: Any) -> Any:
    queue.done(message)
    return handle(queue, message, job)


def _applies(way: Callable[..., bool]) -> dict[str, Any]:
    return {"iotagg.stores.dynamodb.sums:Sums.apply": way}


CONTROLS = {
    "plain ADD": Control(_applies(_plain_add)),
    "marker outside the transaction": Control(_applies(_marker_outside)),
    "claim, apply, complete": Control(_applies(_claim_apply_complete)),
    "token only": Control(_applies(_token_only)),
    "cut again on redelivery": Control({"iotagg.jobs.summarize:take_in": _cut_again}),
    "markers that expire": Control({}, beside=_expire_markers),
    "replace that retracts before it stores": Control(
        {"iotagg.jobs.summarize:_read_and_count": _retract_first}, seen="holds"
    ),
    "revision ignored": Control(_applies(_revision_ignored)),
    "message deleted before the write": Control(
        {"iotagg.worker:handle": _delete_first, "tests.simulation.actors:handle": _delete_first},
        seen="it does not come to rest",
        sweep=False,
    ),
    "raw removed before counted": Control(
        {"iotagg.jobs.sweep:is_final": lambda *_: True}, seen="holds", sweep=True, remove_raw=True
    ),
}
