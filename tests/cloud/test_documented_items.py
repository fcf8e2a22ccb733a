"""The reference of the table shows the items that its example file leaves, as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from iotagg.aws.clients import connect
from iotagg.aws.provision import provision
from iotagg.core.allowances import allowance_of
from iotagg.jobs.cloud import Cloud
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.summarize import summarize_message
from iotagg.stores.dynamodb.access_log import EXPORTS
from tests.cloud.engine import unique

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "table.md").read_text("utf-8")
KEY = "incoming/paris/2022-12-06.csv"


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [text for kind, text in fenced if kind == language]


def masked(text: str, names: dict[str, str]) -> Any:
    """Return an item or a message with its names, times and the head's content as the page writes them."""
    for real, name in names.items():
        text = text.replace(real, name)
    item = json.loads(text)
    if "head" in item:
        item["head"] = {"S": "{…}"}
    seconds = {name: {"N": "SECONDS"} for name in ("since", "expires", "raised")}
    for attribute, shown in (seconds | {"last_file": {"S": "DAY"}}).items():
        if attribute in item:
            item[attribute] = shown
    if item.get("pk") == {"S": EXPORTS}:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z#[0-9a-f]{8}", item["sk"]["S"])
        item["sk"] = {"S": "TIME#RANDOM"}
    return item


@pytest.fixture
def left_behind() -> list[Any]:
    clients = connect()
    cloud = Cloud.connected(provision(clients, unique("items"), region="eu-west-1"))
    (file,) = blocks("csv")
    put = clients.s3.put_object(Bucket=cloud.bucket.name, Key=KEY, Body=file.encode())
    (event,) = cloud.files.receive(wait_seconds=5)
    summarize_message(cloud, event.body)
    (found,) = cloud.store.files("paris")
    path = cloud.store.path("paris", KEY)
    names = {
        found.name.content: "CONTENT",
        found.name.options: "OPTIONS",
        put["VersionId"]: "VERSION",
        path.versions.first: "SEQUENCER",
    }
    table = cloud.store._table.name  # type: ignore[attr-defined]  # of a store on AWS
    before = clients.dynamodb.scan(TableName=table)["Items"]
    items = [item for item in before if item["pk"] == {"S": "PENDING"}]
    (message,) = cloud.chunks.receive(wait_seconds=5)
    consolidate_message(cloud, message.body)
    cloud.access_log.note("arn:aws:iam::123456789012:user/anna", "export --all --site paris", "stdout")
    cloud.store.raise_floor("2022-01")
    cloud.store.allow(
        allowance_of(site="paris", source="192.0.2.0/24", kind="surge", until="2022-12-31", note="the new backup")
    )
    items += clients.dynamodb.scan(TableName=table)["Items"]
    return [masked(json.dumps(each), names) for each in items] + [masked(message.body, names)]


def test_every_item_on_the_page_is_one_that_the_example_leaves(left_behind: list[Any]) -> None:
    shown = [json.loads(block) for block in blocks("json")]
    assert [item for item in shown if item not in left_behind] == []


def test_every_kind_of_item_is_on_the_page(left_behind: list[Any]) -> None:
    shown = [json.loads(block) for block in blocks("json")]
    assert [item for item in left_behind if item not in shown] == []
