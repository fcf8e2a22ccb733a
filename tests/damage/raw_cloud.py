"""What lies in a table and a bucket, read and changed with plain requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.damage.raw import Figures, File, Key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.aws.clients import Clients

Item = dict[str, Any]


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _value(figure: Any) -> Any:
    if figure is None:
        return {"NULL": True}
    if isinstance(figure, bool):
        return {"BOOL": figure}
    return {"S": figure} if isinstance(figure, str) else {"N": str(figure)}


def _figure(value: Any) -> Any:
    [(kind, content)] = value.items()
    return _number(content) if kind == "N" else None if kind == "NULL" else content


class Deployment:
    """A table and a bucket."""

    local = False

    def __init__(self, clients: Clients, table: str, bucket: str) -> None:
        self._table = table
        self._bucket = bucket
        self._dynamodb: Any = clients.dynamodb
        self._s3: Any = clients.s3

    def items(self, begins: str) -> Iterator[Item]:
        """Yield the items whose partition keys begin so."""
        asked: dict[str, Any] = {"TableName": self._table, "ConsistentRead": True}
        while True:
            answer = self._dynamodb.scan(**asked)
            yield from (item for item in answer["Items"] if item["pk"]["S"].startswith(begins))
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put(self, partition: str, sort: str, values: Item | None) -> None:
        """Write an item, or remove it."""
        keys = {"pk": {"S": partition}, "sk": {"S": sort}}
        if values is None:
            self._dynamodb.delete_item(TableName=self._table, Key=keys)
        else:
            self._dynamodb.put_item(TableName=self._table, Item={**values, **keys})

    def get(self, partition: str, sort: str) -> Item:
        """Return an item, empty where there is none."""
        key = {"pk": {"S": partition}, "sk": {"S": sort}}
        item: Item = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})
        return item

    def sums(self) -> dict[Key, Figures]:
        found = {}
        for item in self.items("P#"):
            _, site, source = item.pop("pk")["S"].split("#")
            destination, month = item.pop("sk")["S"].split("#")
            found[Key(site, source, destination, month)] = {name: _figure(value) for name, value in item.items()}
        return found

    def put_sums(self, key: Key, figures: Figures | str | None) -> None:
        assert not isinstance(figures, str)
        values = None if figures is None else {name: _value(figure) for name, figure in figures.items()}
        self.put(f"P#{key.site}#{key.source}", f"{key.destination}#{key.month}", values)

    def files(self) -> dict[File, dict[str, Any]]:
        return {
            _file(item): {
                "head": json.loads(item["head"]["S"]),
                "revision": int(item["revision"]["N"]),
                "retracted": item["retracted"]["S"],
                "erased": item.get("erased", {"BOOL": False})["BOOL"],
                "paths": sorted(item.get("paths", {"SS": []})["SS"]),
                "first_chunk": int(item["first_chunk"]["N"]),
            }
            for item in self.items("F#")
            if item["sk"]["S"].endswith("#file")
        }

    def put_file(self, name: File, **changes: Any) -> None:
        key = f"F#{name.site}#{name.content}", f"{name.options}#file"
        item = self.get(*key)
        for attribute, value in changes.items():
            if attribute == "paths":
                item.pop("paths", None)
                if value:
                    item["paths"] = {"SS": value}
            elif attribute == "erased":
                item["erased"] = {"BOOL": bool(value)}
            else:
                item[attribute] = _value(json.dumps(value) if isinstance(value, dict) else value)
        self.put(*key, item)

    def drop_file(self, name: File) -> None:
        self.put(f"F#{name.site}#{name.content}", f"{name.options}#file", None)

    def markers(self) -> dict[tuple[File, int], int]:
        return {
            (_file(item), int(item["sk"]["S"].rpartition("#")[2])): int(item["revision"]["N"])
            for item in self.items("F#")
            if "#C#" in item["sk"]["S"]
        }

    def put_marker(self, name: File, chunk: int, revision: int | None, **more: Any) -> None:
        """Write a marker; `more` are attributes as DynamoDB has them."""
        key = f"F#{name.site}#{name.content}", f"{name.options}#C#{chunk:05}"
        if revision is None:
            self.put(*key, None)
            return
        item = {"totals": {"M": {}}, **self.get(*key)}
        self.put(*key, {**item, "revision": {"N": str(revision)}, "in": {"BOOL": revision % 2 == 1}, **more})

    def marker(self, name: File, chunk: int) -> Item:
        """Return a marker's item."""
        return self.get(f"F#{name.site}#{name.content}", f"{name.options}#C#{chunk:05}")

    def stored(self, name: File) -> bytes | None:
        return self._object("contributions", name)

    def put_stored(self, name: File, content: bytes | None) -> None:
        self._put_object("contributions", name, content)

    def rejects(self, name: File) -> bytes | None:
        return self._object("rejects", name)

    def put_rejects(self, name: File, content: bytes | None) -> None:
        self._put_object("rejects", name, content)

    def _object(self, folder: str, name: File) -> bytes | None:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_object_key(folder, name))
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None
        content: bytes = answer["Body"].read()
        return content

    def _put_object(self, folder: str, name: File, content: bytes | None) -> None:
        if content is None:
            self._s3.delete_object(Bucket=self._bucket, Key=_object_key(folder, name))
        else:
            self._s3.put_object(Bucket=self._bucket, Key=_object_key(folder, name), Body=content)

    def paths(self) -> dict[tuple[str, str], dict[str, Any]]:
        found = {}
        for item in self.items("N#"):
            site = item["pk"]["S"].removeprefix("N#")
            names = [File(site, *each["S"].split("-")) for each in item.get("contributions", {"L": []})["L"]]
            found[site, item["sk"]["S"]] = {"names": names, "refusal": item.get("refusal", {"S": None})["S"]}
        return found

    def refer(self, site: str, path: str, names: list[File]) -> None:
        item = self.get(f"N#{site}", path)
        item["contributions"] = {"L": [{"S": f"{name.content}-{name.options}"} for name in names]}
        item.setdefault("moves", {"N": "1"})
        self.put(f"N#{site}", path, item)

    def put_refusal(self, site: str, path: str, refusal: str | None) -> None:
        item = self.get(f"N#{site}", path)
        item.pop("refusal", None)
        if refusal is not None:
            item["refusal"] = {"S": refusal}
        self.put(f"N#{site}", path, item)

    def drop_path(self, site: str, path: str) -> None:
        self.put(f"N#{site}", path, None)


def _file(item: Item) -> File:
    site, content = item["pk"]["S"].removeprefix("F#").split("#")
    return File(site, content, item["sk"]["S"].split("#")[0])


def _object_key(folder: str, name: File) -> str:
    return f"{folder}/{name.site}/{name.content}-{name.options}.ndjson.gz"
