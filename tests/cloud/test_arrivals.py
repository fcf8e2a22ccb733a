"""The day of each site's last file: written once a day, and kept beside what else is known of the site."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from iotagg.aws.provision import provision
from iotagg.jobs.cloud import Settings
from iotagg.jobs.silence import silent_sites
from iotagg.jobs.sweep import sweep
from iotagg.stores.dynamodb.arrivals import Arrivals
from iotagg.stores.dynamodb.store import DynamoStore
from iotagg.worker import Duties, Worker
from tests.cloud.desk import days_of, in_memory, on_the_engine
from tests.cloud.engine import unique
from tests.cloud.faults import small_pages
from tests.pipeline.csvs import contribution, csv, flow
from tests.stores.backends import clients

if TYPE_CHECKING:
    from iotagg.aws.stack import Stack


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2022, 12, 10, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stack(aws: str) -> Stack:
    return provision(clients(aws), unique("arrivals"), region="eu-west-1")


@pytest.fixture
def arrivals(aws: str, stack: Stack, clock: Clock) -> Arrivals:
    return Arrivals(clients(aws).dynamodb, stack.table, clock)


def updates(aws: str) -> int:
    return clients(aws).meter.requests["dynamodb.UpdateItem"]


def test_a_day_is_written_once_however_many_files_come(aws: str, arrivals: Arrivals, clock: Clock) -> None:
    before = updates(aws)
    for _ in range(3):
        arrivals.note("paris")
        clock.now += timedelta(hours=3)
    assert (arrivals.last_days(), updates(aws) - before) == ({"paris": "2022-12-10"}, 1)
    clock.now = datetime(2022, 12, 11, 0, 30, tzinfo=timezone(timedelta(hours=1)))  # the 10th still, in UTC
    arrivals.note("paris")
    assert updates(aws) - before == 1
    clock.now += timedelta(hours=1)
    arrivals.note("paris")
    assert (arrivals.last_days(), updates(aws) - before) == ({"paris": "2022-12-11"}, 2)


def test_a_site_that_is_made_known_again_keeps_its_day(aws: str, stack: Stack, arrivals: Arrivals) -> None:
    arrivals.note("paris")
    store = DynamoStore(clients(aws), stack.table, stack.bucket)
    for site in ("paris", "tokyo"):
        store.keep(contribution(csv(flow()), site))
    assert store.sites() == ["paris", "tokyo"]
    assert arrivals.last_days() == {"paris": "2022-12-10"}


def test_more_sites_than_a_page_holds_are_all_found(aws: str, arrivals: Arrivals) -> None:
    for site in ("a", "b", "c"):
        arrivals.note(site)
    with small_pages(clients(aws), 1):
        assert list(arrivals.last_days()) == ["a", "b", "c"]


def test_a_worker_notes_what_comes_and_the_sweep_finds_who_is_silent(aws: str) -> None:
    desk = on_the_engine(Settings(quiet_days=1))
    desk.count(csv(flow()))
    today = desk.cloud.arrivals.today()
    assert desk.cloud.arrivals.last_days() == {"paris": today}
    assert sweep(desk.cloud).silent == ()
    table = desk.cloud.arrivals._table
    later = Arrivals(clients(aws).dynamodb, table, lambda: datetime.now(UTC) + timedelta(days=3))
    desk.cloud = replace(desk.cloud, arrivals=later)
    assert sweep(desk.cloud).silent == ("paris",)
    assert silent_sites(desk.cloud, 1) == {"paris": today}
    assert silent_sites(desk.cloud, 3) == {}


def test_a_worker_on_a_machine_logs_who_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    desk = in_memory(Settings(quiet_days=2))
    for site in ("paris", "tokyo"):
        desk.cloud.arrivals.note(site)
    days_of(desk).day = "2022-12-13"
    Worker(desk.cloud, Duties())._sweep()
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "no file for more than 2 days from: paris, tokyo"
    ]
