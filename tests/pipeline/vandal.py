"""Damage, done to a store behind its back, whatever kind it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from iotagg.aws.clients import Clients
from iotagg.core.contribution import Contribution
from iotagg.stores.dynamodb.archive import CONTRIBUTIONS, REJECTS, _key
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.stores.dynamodb.table import file_key, marker_key, month_key, pair_key, paths_key
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore, _head_text

if TYPE_CHECKING:
    from iotagg.core.contribution import Head, Name
    from iotagg.stores.protocol import Store

Key = tuple[str, str, str, str]
Sums = dict[str, Any]


class Vandal(Protocol):
    """What can be done to each kind of store; sums are set as they are given, None takes the item away."""

    def sums(self, key: Key) -> Sums: ...
    def set_sums(self, key: Key, sums: Sums | None) -> None: ...
    def set_marker(self, name: Name, number: int, revision: int | None) -> None: ...
    def set_revision(self, name: Name, revision: int) -> None: ...
    def set_head(self, head: Head) -> None: ...
    def set_stored(self, name: Name, stored: bytes | None) -> None: ...
    def set_rejects(self, name: Name, members: tuple[bytes, ...]) -> None: ...
    def set_references(self, site: str, path: str, names: tuple[Name, ...]) -> None: ...


def vandal_of(store: Store) -> Vandal:
    """Return who damages a store."""
    if isinstance(store, MemoryStore):
        return InMemory(store)
    if isinstance(store, SqliteStore):
        return InSqlite(store)
    assert isinstance(store, DynamoStore)
    return InDynamo(store)


class InMemory:
    def __init__(self, store: MemoryStore) -> None:
        self.tables = store._tables

    def sums(self, key: Key) -> Sums:
        return dict(self.tables.sums.get(key, {}))

    def set_sums(self, key: Key, sums: Sums | None) -> None:
        if sums is None:
            self.tables.sums.pop(key, None)
        else:
            self.tables.sums[key] = sums

    def set_marker(self, name: Name, number: int, revision: int | None) -> None:
        if revision is None:
            self.tables.markers.pop((name, number))
        else:
            self.tables.markers[name, number] = revision

    def set_revision(self, name: Name, revision: int) -> None:
        self.tables.files[name] = replace(self.tables.files[name], revision=revision)

    def set_head(self, head: Head) -> None:
        self.tables.files[head.name] = replace(self.tables.files[head.name], head=head)

    def set_stored(self, name: Name, stored: bytes | None) -> None:
        if stored is None:
            self.tables.contributions.pop(name)
        else:
            self.tables.contributions[name] = _Bytes(self.tables.contributions[name].head, stored)

    def set_rejects(self, name: Name, members: tuple[bytes, ...]) -> None:
        self.tables.rejects[name] = members

    def set_references(self, site: str, path: str, names: tuple[Name, ...]) -> None:
        self.tables.paths[site, path] = replace(self.tables.paths[site, path], names=names)


class _Bytes(Contribution):
    # A contribution whose stored form is whatever it was made.
    def __init__(self, head: Head, content: bytes) -> None:
        members, place = [], len(content) - sum(head.chunk_bytes)
        for length in head.chunk_bytes:
            members.append(content[place : place + length])
            place += length
        super().__init__(head, tuple(members))
        object.__setattr__(self, "content", content)

    __slots__ = ("content",)

    def stored(self) -> bytes:
        content: bytes = self.content  # type: ignore[attr-defined]  # set above
        return content


class InSqlite:
    def __init__(self, store: SqliteStore) -> None:
        self.store = store

    def run(self, statement: str, *values: object) -> list[Any]:
        return self.store._run(statement, *values).fetchall()

    def sums(self, key: Key) -> Sums:
        query = "SELECT sums FROM pair_month WHERE site = ? AND source = ? AND destination = ? AND month = ?"
        rows = self.run(query, *key)
        return dict(json.loads(rows[0][0])) if rows else {}

    def set_sums(self, key: Key, sums: Sums | None) -> None:
        query = "DELETE FROM pair_month WHERE site = ? AND source = ? AND destination = ? AND month = ?"
        self.run(query, *key)
        if sums is not None:
            self.run("INSERT INTO pair_month VALUES (?, ?, ?, ?, ?)", *key, json.dumps(sums, separators=(",", ":")))

    def set_marker(self, name: Name, number: int, revision: int | None) -> None:
        key = (name.site, name.content, name.options)
        self.run("DELETE FROM marker WHERE site = ? AND content = ? AND options = ? AND chunk = ?", *key, number)
        if revision is not None:
            self.run(
                "INSERT INTO marker (site, content, options, chunk, revision) VALUES (?, ?, ?, ?, ?)",
                *key,
                number,
                revision,
            )

    def set_revision(self, name: Name, revision: int) -> None:
        self.run("UPDATE file SET revision = ? WHERE content = ? AND site = ?", revision, name.content, name.site)

    def set_head(self, head: Head) -> None:
        name = head.name
        self.run("UPDATE file SET head = ? WHERE content = ? AND site = ?", _head_text(head), name.content, name.site)

    def set_stored(self, name: Name, stored: bytes | None) -> None:
        if stored is None:
            self.run("DELETE FROM contribution WHERE content = ? AND site = ?", name.content, name.site)
        else:
            query = "UPDATE contribution SET stored = ? WHERE content = ? AND site = ?"
            self.run(query, stored, name.content, name.site)

    def set_rejects(self, name: Name, members: tuple[bytes, ...]) -> None:
        self.run("DELETE FROM reject WHERE content = ? AND site = ?", name.content, name.site)
        for place, member in enumerate(members):
            self.run("INSERT INTO reject VALUES (?, ?, ?, ?, ?)", name.site, name.content, name.options, place, member)

    def set_references(self, site: str, path: str, names: tuple[Name, ...]) -> None:
        self.store._refer(site, path, names)


class InDynamo:
    def __init__(self, store: DynamoStore, connected: Clients | None = None) -> None:
        self.table = store._table.name
        self.bucket = store._archive._bucket.name
        self.clients = connected or Clients(store._archive._bucket.s3, cast("Any", None), store._sums._client)

    def key(self, partition: str, place: str) -> Any:
        return {"pk": {"S": partition}, "sk": {"S": place}}

    def sums_key(self, key: Key) -> Any:
        site, source, destination, month = key
        return self.key(pair_key(site, source), month_key(destination, month))

    def sums(self, key: Key) -> Sums:
        item = self.clients.dynamodb.get_item(TableName=self.table, Key=self.sums_key(key), ConsistentRead=True).get(
            "Item", {}
        )
        return {name: int(value["N"]) for name, value in item.items() if "N" in value}

    def put(self, key: Any, values: Any) -> None:
        self.clients.dynamodb.put_item(TableName=self.table, Item={**key, **values})

    def change(self, key: Any, name: str, value: Any) -> None:
        self.clients.dynamodb.update_item(
            TableName=self.table,
            Key=key,
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": value},
        )

    def delete(self, key: Any) -> None:
        self.clients.dynamodb.delete_item(TableName=self.table, Key=key)

    def set_sums(self, key: Key, sums: Sums | None) -> None:
        if sums is None:
            self.delete(self.sums_key(key))
            return
        values = {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in sums.items()}
        self.put(self.sums_key(key), values)

    def set_marker(self, name: Name, number: int, revision: int | None) -> None:
        key = self.key(*marker_key(name, number))
        if revision is None:
            self.delete(key)
            return
        self.change(key, "revision", {"N": str(revision)})
        self.change(key, "in", {"BOOL": revision % 2 == 1})

    def set_revision(self, name: Name, revision: int) -> None:
        self.change(self.key(*file_key(name)), "revision", {"N": str(revision)})

    def set_head(self, head: Head) -> None:
        self.change(self.key(*file_key(head.name)), "head", {"S": json.dumps(head.as_json(), separators=(",", ":"))})

    def set_stored(self, name: Name, stored: bytes | None) -> None:
        key = _key(CONTRIBUTIONS, name)
        if stored is None:
            self.clients.s3.delete_object(Bucket=self.bucket, Key=key)
        else:
            self.clients.s3.put_object(Bucket=self.bucket, Key=key, Body=stored)

    def set_rejects(self, name: Name, members: tuple[bytes, ...]) -> None:
        self.clients.s3.put_object(Bucket=self.bucket, Key=_key(REJECTS, name), Body=b"".join(members))

    def set_references(self, site: str, path: str, names: tuple[Name, ...]) -> None:
        key = self.key(paths_key(site), path)
        self.change(key, "contributions", {"L": [{"S": str(name)} for name in names]})
