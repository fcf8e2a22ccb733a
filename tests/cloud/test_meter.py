"""What clients do is counted: calls, what went over the wire for them, and what else is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.aws.clients import connect
from iotagg.aws.meter import Meter
from iotagg.errors import CloudError
from tests.cloud.faults import Wire, at, lost_reply, lost_request, without_waiting
from tests.cloud.scenario import deployed
from tests.stores.racing import at_once

if TYPE_CHECKING:
    from iotagg.jobs.cloud import Cloud


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    without_waiting(monkeypatch)
    return Wire(connect())


@pytest.fixture
def cloud(wire: Wire) -> Cloud:
    cloud = deployed(wire.clients)
    cloud.meter.requests.clear()
    cloud.meter.sent.clear()
    wire.begin()
    return cloud


def test_calls_are_counted_by_service_and_operation(cloud: Cloud) -> None:
    cloud.files.depth()
    cloud.store.sites()
    list(cloud.bucket.keys(""))
    assert cloud.meter.requests == {"sqs.GetQueueAttributes": 1, "dynamodb.Query": 1, "s3.ListObjectsV2": 1}
    assert cloud.meter.sent == cloud.meter.requests
    assert cloud.meter.figures() == {"requests": 3, "retries": 0}


def test_what_a_client_sends_again_is_a_retry(wire: Wire, cloud: Cloud) -> None:
    wire.plan = at("GetQueueAttributes", lost_request, lost_reply)
    cloud.files.depth()
    assert cloud.meter.figures() == {"requests": 1, "retries": 2}


def test_a_call_that_fails_is_counted_with_all_its_attempts(wire: Wire, cloud: Cloud) -> None:
    wire.plan = at("GetQueueAttributes", *[lost_request] * 9)
    with pytest.raises(CloudError):
        cloud.files.depth()
    assert cloud.meter.figures() == {"requests": 1, "retries": 3}


def test_other_things_are_counted_by_their_names(cloud: Cloud) -> None:
    cloud.meter.add("conflicts")
    cloud.meter.add("write_units", 2.5)
    cloud.meter.add("write_units", 2.5)
    assert cloud.meter.figures() == {"requests": 0, "retries": 0, "conflicts": 1, "write_units": 5}


def test_threads_lose_no_count() -> None:
    meter = Meter()

    def count(_: int) -> None:
        for _ in range(1_000):
            meter.add("conflicts")

    at_once(8, count)
    assert meter.counts["conflicts"] == 8_000
