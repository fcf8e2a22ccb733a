"""DynamoDB: tables with a partition key `pk` and a sort key `sk`, on demand, read consistently only.

Limits and errors: Amazon DynamoDB API Reference, of each operation; Developer Guide, "Quotas in Amazon DynamoDB".
"""

from __future__ import annotations

import marshal
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulation.services.answers import Refused, Service, operation
from tests.simulation.services.conditions import check_used, projection
from tests.simulation.services.reading import consistent, query, query_index, scan
from tests.simulation.services.tables import PARTITION, SORT, Stored, Table, exact_key, missing
from tests.simulation.services.values import Item, invalid
from tests.simulation.services.writes import CONDITION_FAILED, Plan, Prevented, Write, action, change, delete, put

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.services.clock import Clock

MOST_ACTIONS = 100
MOST_TRANSACTION_BYTES = 4 << 20
MOST_READ_TOGETHER = 100
MOST_READ_BYTES = 16 << 20
TOKEN_SECONDS = 600
READ_UNIT_BYTES = 4096
_OLDEST_EXPIRED = 5 * 365 * 24 * 3600  # what expired before that, is never removed ("Using time to live")
_MOST_TOKEN = 36
_MARSHAL_PLAINLY = 2  # a later format depends on which of its strings are one object

_EXPRESSIONS = "ExpressionAttributeNames ExpressionAttributeValues ReturnConsumedCapacity TableName"
_CONDITION = f"{_EXPRESSIONS} ConditionExpression ReturnValues ReturnValuesOnConditionCheckFailure"
_READ = f"{_EXPRESSIONS} ConsistentRead ProjectionExpression"
_PAGES = f"{_READ} FilterExpression Limit ExclusiveStartKey Select"


class _Token(NamedTuple):
    # A transaction that was done, under the name that its sender gave it.
    at: float
    content: bytes
    units: dict[str, int]


class SimulatedDynamoDB(Service):
    """DynamoDB with no tables at first."""

    HOLDS = ("tables", "_tokens")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.tables: dict[str, Table] = {}
        self._tokens: dict[str, _Token] = {}
        super().__init__(
            {
                "CreateTable": operation(
                    self._create_table,
                    "TableName BillingMode KeySchema AttributeDefinitions DeletionProtectionEnabled"
                    " GlobalSecondaryIndexes",
                ),
                "DeleteTable": operation(self._delete_table, "TableName"),
                "DescribeTable": operation(self._describe_table, "TableName"),
                "UpdateTimeToLive": operation(self._update_time_to_live, "TableName TimeToLiveSpecification"),
                "DescribeTimeToLive": operation(self._describe_time_to_live, "TableName"),
                "GetItem": operation(self._get_item, f"{_READ} Key"),
                "BatchGetItem": operation(self._batch_get_item, "RequestItems ReturnConsumedCapacity"),
                "PutItem": operation(self._put_item, f"{_CONDITION} Item"),
                "UpdateItem": operation(self._update_item, f"{_CONDITION} Key UpdateExpression"),
                "DeleteItem": operation(self._delete_item, f"{_CONDITION} Key"),
                "Query": operation(self._query, f"{_PAGES} KeyConditionExpression ScanIndexForward IndexName"),
                "Scan": operation(self._scan, f"{_PAGES} Segment TotalSegments"),
                "TransactWriteItems": operation(
                    self._transact_write_items, "TransactItems ClientRequestToken ReturnConsumedCapacity"
                ),
            }
        )

    def table(self, name: str) -> Table:
        """Return a table. Raises Refused."""
        found = self.tables.get(name)
        if found is None:
            raise missing()
        return found

    def expire(self, name: str, most: int | None = None) -> int:
        """Remove up to so many items whose time is over, as DynamoDB does within days; return how many they were."""
        table, now = self.table(name), self._clock.now()
        expired = [item for item in table.items() if _is_expired(item.get(table.expires_by, {}), now)][:most]
        for item in expired:
            table.delete(item[PARTITION]["S"], item[SORT]["S"])
        return len(expired)

    def _create_table(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["TableName"]
        if name in self.tables:
            raise Refused("ResourceInUseException", f"Table already exists: {name}")
        schema = {PARTITION: "HASH", SORT: "RANGE"}
        keys = {key["AttributeName"]: key["KeyType"] for key in request["KeySchema"]}
        types = {each["AttributeName"]: each["AttributeType"] for each in request["AttributeDefinitions"]}
        indexes = {each["IndexName"]: _keys_of(each) for each in request.get("GlobalSecondaryIndexes", ())}
        needed = {*schema, *(key for both in indexes.values() for key in both)}
        if keys != schema or types != dict.fromkeys(needed, "S") or request.get("BillingMode") != "PAY_PER_REQUEST":
            raise NotImplementedError(f"not simulated: a table with {keys}, {types}, {request.get('BillingMode')}")
        self.tables[name] = Table(name, self._clock.now(), indexes)
        return {"TableDescription": self._description(self.tables[name])}

    def _delete_table(self, request: dict[str, Any]) -> dict[str, Any]:
        table = self.table(request["TableName"])
        del self.tables[table.name]
        return {"TableDescription": {**self._description(table), "TableStatus": "DELETING"}}

    def _describe_table(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Table": self._description(self.table(request["TableName"]))}

    def _description(self, table: Table) -> dict[str, Any]:
        names = dict.fromkeys((PARTITION, SORT, *(key for index in table.indexes.values() for key in index.keys)))
        indexes = [
            {
                "IndexName": name,
                "IndexStatus": "ACTIVE",
                "KeySchema": _key_schema(*index.keys),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for name, index in table.indexes.items()
        ]
        return {
            "TableName": table.name,
            "TableStatus": "ACTIVE",
            "CreationDateTime": datetime.fromtimestamp(table.created, UTC),
            "KeySchema": _key_schema(PARTITION, SORT),
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
            "DeletionProtectionEnabled": False,
        }

    def _update_time_to_live(self, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request["TimeToLiveSpecification"]
        table = self.table(request["TableName"])
        if wanted["Enabled"] == bool(table.expires_by):
            raise invalid("TimeToLive is already enabled" if wanted["Enabled"] else "TimeToLive is already disabled")
        table.expires_by = wanted["AttributeName"] if wanted["Enabled"] else ""
        return {"TimeToLiveSpecification": dict(wanted)}

    def _describe_time_to_live(self, request: dict[str, Any]) -> dict[str, Any]:
        name = self.table(request["TableName"]).expires_by
        shown = {"TimeToLiveStatus": "ENABLED", "AttributeName": name} if name else {"TimeToLiveStatus": "DISABLED"}
        return {"TimeToLiveDescription": shown}

    # Reading.

    def _get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        consistent(request)
        table = self.table(request["TableName"])
        found = table.get(*exact_key(request["Key"]))
        shown = _projected(request)
        answer: dict[str, Any] = {}
        if found is not None:
            answer["Item"] = shown(found.item)
        return _with_capacity(answer, request, table.name, _read_units(found.size if found else 0))

    def _batch_get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request["RequestItems"]
        if not 1 <= sum(len(each["Keys"]) for each in wanted.values()) <= MOST_READ_TOGETHER:
            raise invalid("Too many items requested for the BatchGetItem call")
        answer: dict[str, Any] = {"Responses": {}, "UnprocessedKeys": {}}
        units: dict[str, float] = {}
        room = MOST_READ_BYTES
        for name, part in wanted.items():
            room, units[name] = self._batch_of_table(name, part, room, answer)
        if _wants_capacity(request):
            answer["ConsumedCapacity"] = [{"TableName": name, "CapacityUnits": units[name]} for name in units]
        return answer

    def _batch_of_table(self, name: str, part: dict[str, Any], room: int, answer: dict[str, Any]) -> tuple[int, float]:
        if not part.keys() <= {"Keys", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"}:
            raise NotImplementedError(f"not simulated: BatchGetItem with {sorted(part)}")
        consistent(part)
        table = self.table(name)
        shown = _projected(part)
        keys = [exact_key(key) for key in part["Keys"]]
        if len(set(keys)) < len(keys):
            raise invalid("Provided list of item keys contains duplicates")
        found, left, units = [], [], 0.0
        for key in sorted(keys, key=lambda key: key[::-1]):  # in no order that was asked for
            stored = table.get(*key)
            size = stored.size if stored is not None else 0
            if size > room:
                left.append({PARTITION: {"S": key[0]}, SORT: {"S": key[1]}})
                continue
            room -= size
            units += _read_units(size)
            if stored is not None:
                found.append(shown(stored.item))
        answer["Responses"][name] = found
        if left:
            answer["UnprocessedKeys"][name] = {**part, "Keys": left}
        return room, units

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        asked = query_index if "IndexName" in request else query
        page = asked(self.table(request["TableName"]), request)
        return _with_capacity(page.answer, request, request["TableName"], _read_units(page.size))

    def _scan(self, request: dict[str, Any]) -> dict[str, Any]:
        page = scan(self.table(request["TableName"]), request)
        return _with_capacity(page.answer, request, request["TableName"], _read_units(page.size))

    # Writing.

    def _put_item(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._write(put, request, ("NONE", "ALL_OLD"))

    def _delete_item(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._write(delete, request, ("NONE", "ALL_OLD"))

    def _update_item(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._write(change, request, ("NONE", "ALL_OLD", "ALL_NEW"))

    def _write(
        self, made: Callable[[Table, dict[str, Any]], Write], request: dict[str, Any], known: tuple[str, ...]
    ) -> dict[str, Any]:
        returned = request.get("ReturnValues", "NONE")
        if returned not in known:
            raise NotImplementedError(f"not simulated: to return {returned}")
        try:
            plan = made(self.table(request["TableName"]), request).plan()
        except Prevented as reason:
            raise _alone(reason) from None
        plan.done()
        shown = {"ALL_OLD": plan.old, "ALL_NEW": plan.new}.get(returned)
        answer: dict[str, Any] = {"Attributes": dict(shown.item)} if isinstance(shown, Stored) else {}
        return _with_capacity(answer, request, request["TableName"], plan.units)

    def _transact_write_items(self, request: dict[str, Any]) -> dict[str, Any]:
        items = list(request["TransactItems"])
        if not 1 <= len(items) <= MOST_ACTIONS:
            raise invalid(f"{len(items)} transactItems: Member must have length less than or equal to {MOST_ACTIONS}")
        token = request.get("ClientRequestToken")
        content = blake2b(marshal.dumps(items, _MARSHAL_PLAINLY)).digest() if token is not None else b""
        known = self._known(token, content) if token is not None else None
        if known is None:
            known = _Token(self._clock.now(), content, self._transact(items))
            if token is not None:
                self._tokens[token] = known
        if not _wants_capacity(request):
            return {}
        return {
            "ConsumedCapacity": [{"TableName": name, "CapacityUnits": units} for name, units in known.units.items()]
        }

    def _known(self, token: str, content: bytes) -> _Token | None:
        if not 1 <= len(token) <= _MOST_TOKEN:
            raise invalid(f"clientRequestToken: Member must have length less than or equal to {_MOST_TOKEN}")
        while self._tokens:
            oldest = next(iter(self._tokens))
            if self._clock.now() - self._tokens[oldest].at < TOKEN_SECONDS:
                break
            del self._tokens[oldest]
        known = self._tokens.get(token)
        if known is not None and known.content != content:
            raise Refused("IdempotentParameterMismatchException", "The token was used with other parameters")
        return known

    def _transact(self, items: list[dict[str, Any]]) -> dict[str, int]:
        writes = []
        for item in items:
            if len(item) != 1:
                raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
            writes += [action(self.table, kind, asked) for kind, asked in item.items()]
        if len({(write.table.name, write.key) for write in writes}) < len(writes):
            raise invalid("Transaction request cannot include multiple operations on one item")
        plans = _planned(writes)
        if sum(max(each.size for each in (plan.old, plan.new) if each) for plan in plans if plan.old or plan.new) > (
            MOST_TRANSACTION_BYTES
        ):
            raise invalid("Transaction size has exceeded the maximum allowed size")
        units: dict[str, int] = {}
        for plan in plans:
            plan.done()
            units[plan.table.name] = units.get(plan.table.name, 0) + 2 * plan.units
        return units


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _keys_of(index: dict[str, Any]) -> tuple[str, str]:
    # The names of an index's partition and sort key.
    partition, sort = (key["AttributeName"] for key in index["KeySchema"])
    if index != {
        "IndexName": index["IndexName"],
        "KeySchema": _key_schema(partition, sort),
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }:
        raise NotImplementedError(f"not simulated: the index {index}")
    return partition, sort


def _planned(writes: list[Write]) -> list[Plan]:
    plans: list[Plan] = []
    reasons: list[Prevented | None] = []
    for write in writes:
        try:
            plans.append(write.plan())
            reasons.append(None)
        except Prevented as reason:
            reasons.append(reason)
    if len(plans) == len(writes):
        return plans
    told = [_reason(reason) for reason in reasons]
    codes = ", ".join(each["Code"] for each in told)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    raise Refused("TransactionCanceledException", message, Message=message, CancellationReasons=told)


def _reason(reason: Prevented | None) -> dict[str, Any]:
    if reason is None:
        return {"Code": "None"}
    told: dict[str, Any] = {"Code": reason.code, "Message": reason.message}
    return told if reason.item is None else {**told, "Item": reason.item}


def _alone(reason: Prevented) -> Refused:
    if reason.code != CONDITION_FAILED:
        return invalid(reason.message)
    fields = {} if reason.item is None else {"Item": reason.item}
    return Refused("ConditionalCheckFailedException", reason.message, message=reason.message, **fields)


def _projected(request: dict[str, Any]) -> Callable[[Item], Item]:
    names, text = request.get("ExpressionAttributeNames"), request.get("ProjectionExpression")
    if text is None:
        check_used([], names, None)
        return dict
    shown = projection(text)
    check_used([shown.used], names, None)
    return lambda item: shown.of(item, names or {})


def _wants_capacity(request: dict[str, Any]) -> bool:
    wanted = request.get("ReturnConsumedCapacity", "NONE")
    if wanted not in ("NONE", "TOTAL"):
        raise NotImplementedError(f"not simulated: the consumed capacity of {wanted}")
    return bool(wanted == "TOTAL")


def _with_capacity(answer: dict[str, Any], request: dict[str, Any], table: str, units: float) -> dict[str, Any]:
    if _wants_capacity(request):
        answer["ConsumedCapacity"] = {"TableName": table, "CapacityUnits": float(units)}
    return answer


def _read_units(size: int) -> int:
    return max(1, -(-size // READ_UNIT_BYTES))


def _is_expired(value: dict[str, Any], now: float) -> bool:
    return "N" in value and now - _OLDEST_EXPIRED < Decimal(value["N"]) < now
