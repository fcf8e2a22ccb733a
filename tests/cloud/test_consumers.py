"""On moto: roto knows no Lambda, and nothing here depends on transactions."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING

import boto3
import pytest

from iotagg.aws.clients import client, connect
from iotagg.aws.consumers import Consumers
from iotagg.aws.provision import provision
from iotagg.errors import CloudBusy
from tests.cloud.engine import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotagg.aws.stack import Stack


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, models_read_once: None) -> Iterator[Stack]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    from moto import mock_aws  # noqa: PLC0415 (it takes a second to load)

    with mock_aws():
        yield provision(connect(), "paused", region="eu-west-1")


@pytest.fixture
def mappings(stack: Stack) -> list[str]:
    """Return a mapping for each queue, and one that was disabled by hand."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("handler.py", "")
    role = boto3.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps({}))["Role"]["Arn"]
    functions, sqs = client("lambda"), client("sqs")
    for name in ("one", "two", "three"):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="handler.handle",
            Role=role,
            Code={"ZipFile": package.getvalue()},
        )
    found = []
    for name, url in (
        ("one", stack.files_queue_url),
        ("two", stack.chunks_queue_url),
        ("three", stack.files_queue_url),
    ):
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        found.append(functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)["UUID"])
    functions.update_event_source_mapping(UUID=found[2], Enabled=False)
    return found


def states(mappings: list[str]) -> list[str]:
    functions = client("lambda")
    return [functions.get_event_source_mapping(UUID=mapping)["State"] for mapping in mappings]


def test_functions_are_held_back_and_go_on_afterwards_but_for_those_that_were_disabled(
    stack: Stack, mappings: list[str]
) -> None:
    with Consumers.of(stack).paused():
        assert states(mappings) == ["Disabled"] * 3
    assert states(mappings) == ["Enabled", "Enabled", "Disabled"]


def test_functions_go_on_after_an_error(stack: Stack, mappings: list[str]) -> None:
    with suppress(ZeroDivisionError), Consumers.of(stack).paused():
        raise ZeroDivisionError
    assert states(mappings) == ["Enabled", "Enabled", "Disabled"]


def test_what_somebody_left_held_back_goes_on_after_the_next_time(stack: Stack, mappings: list[str]) -> None:
    killed = Consumers.of(stack)
    killed._write_down(mappings[:2])
    for mapping in mappings[:2]:
        killed._switch(mapping, enabled=False)
    with Consumers.of(stack).paused():
        assert states(mappings) == ["Disabled"] * 3
    assert states(mappings) == ["Enabled", "Enabled", "Disabled"]
    assert killed._written_down() == []


def test_a_function_that_does_not_stop_is_an_error_that_says_the_way_out(stack: Stack, mappings: list[str]) -> None:
    class Stubborn:
        def __getattr__(self, name: str) -> object:
            return getattr(client("lambda"), name)

        def get_event_source_mapping(self, *, UUID: str) -> dict[str, str]:  # noqa: N803 (as boto3 has it)
            return {"State": "Disabling", "UUID": UUID}

    waited: list[float] = []
    found = Consumers.of(stack)
    stubborn = Consumers(found.clients, Stubborn(), found.table, found.queue_urls, waited.append)
    with pytest.raises(CloudBusy, match=r"do not change: event source mapping .* run it again"), stubborn.paused():
        pytest.fail("it began")
    assert sum(waited) == 180
    assert states(mappings) == ["Enabled", "Enabled", "Disabled"]
