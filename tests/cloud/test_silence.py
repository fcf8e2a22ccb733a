"""Sites from which nothing comes any more are told by the sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.jobs.sweep import Swept, sweep
from tests.cloud.desk import days_of
from tests.pipeline.csvs import csv, flow

if TYPE_CHECKING:
    from tests.cloud.desk import Desk

BASE = csv(flow())
GROWN = BASE + flow(packets=2)
OTHER = csv(flow(packets=9))


def test_a_site_is_silent_once_whole_days_went_by_without_a_file(memory: Desk) -> None:
    memory.set(quiet_days=2)
    memory.count(BASE)
    memory.count(OTHER, "incoming/tokyo/a.csv")
    for day, silent in (("2022-12-10", ()), ("2022-12-12", ()), ("2022-12-13", ("tokyo",)), ("2022-12-20", ("tokyo",))):
        days_of(memory).day = day
        days_of(memory).note("paris")
        assert sweep(memory.cloud) == Swept(silent=silent)
    memory.work(memory.put(OTHER, "incoming/tokyo/a.csv"))  # which is counted already; but it came
    assert sweep(memory.cloud) == Swept()


def test_no_site_is_silent_unless_it_was_said_after_how_many_days(memory: Desk) -> None:
    memory.count(BASE)
    days_of(memory).day = "2032-12-10"
    assert sweep(memory.cloud).silent == ()


def test_a_file_that_is_refused_or_too_large_came_too(memory: Desk) -> None:
    memory.set(max_object_bytes=len(BASE), large_files_queue_url="large")
    memory.summarize(memory.put(b"no CSV\n", "incoming/tokyo/a.csv"), memory.put(GROWN, "incoming/rome/a.csv"))
    memory.summarize(memory.put(BASE, "incoming/no site/a.csv"))
    assert days_of(memory).last == {"tokyo": "2022-12-10", "rome": "2022-12-10"}


def test_silence_is_told_also_by_a_sweep_that_has_no_time(memory: Desk) -> None:
    memory.set(quiet_days=1)
    memory.count(BASE)
    memory.put(GROWN)
    memory.events()
    days_of(memory).day = "2022-12-20"
    assert sweep(memory.cloud, in_time=lambda: False) == Swept(complete=False, silent=("paris",))
