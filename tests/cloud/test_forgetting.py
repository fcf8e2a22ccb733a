"""What is old is forgotten by the sweep, if that is wanted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from iotagg.errors import InvalidValue, NotFound
from iotagg.jobs.cloud import Settings
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.sweep import DAY_SECONDS, Swept, sweep
from tests.cloud.desk import clean, held, ticking
from tests.cloud.sweeping import AT_ONCE
from tests.pipeline.csvs import TORN, csv, flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from iotagg.core.contribution import Chunk, Name
    from tests.cloud.desk import Desk

JANUARY = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
OLD, NEW = csv(flow(day="2022-11-30"), flow(day="2022-12-31"), TORN), csv(flow(day="2023-01-01"))
BOTH = csv(flow(day="2022-12-31", packets=3), flow(day="2023-01-01", packets=5))


def three_files(desk: Desk) -> None:
    for name, content in (("old", OLD), ("new", NEW), ("both", BOTH)):
        desk.count(content, f"incoming/paris/{name}.csv")


def at(moment: float) -> Callable[[], float]:
    return lambda: moment


def test_without_a_retention_everything_is_kept(desk: Desk) -> None:
    three_files(desk)
    sums = desk.sums()
    assert sweep(desk.cloud, clock=at(JANUARY * 2)) == Swept()
    assert (desk.sums(), desk.cloud.store.floor()) == (sums, "")


def test_what_is_past_the_retention_is_erased_and_the_floor_rises_with_it(desk: Desk) -> None:
    desk.set(retention_months=12)
    three_files(desk)
    sums = desk.sums()
    assert sweep(desk.cloud, clock=at(JANUARY - 32 * DAY_SECONDS)).forgotten == 0
    assert (desk.sums(), desk.cloud.store.floor()) == (sums, "2022-11")
    assert sweep(desk.cloud, clock=at(JANUARY - 1)).forgotten == 0
    assert desk.cloud.store.floor() == "2022-12"
    assert sweep(desk.cloud, clock=at(JANUARY)).forgotten == 1
    assert desk.cloud.store.floor() == "2023-01"
    assert desk.sums() == clean(NEW, csv(flow(day="2023-01-01", packets=5)))
    (record,) = desk.records("incoming/paris/old.csv")
    assert (record.erased, list(desk.cloud.store.rejects(record.name))) == (True, [])
    assert held(desk) == ["incoming/paris/both.csv", "incoming/paris/new.csv"]
    assert sweep(desk.cloud, clock=at(JANUARY)) == Swept()
    assert desk.count(OLD, "incoming/paris/again.csv").state == "already counted"
    assert "first month that is kept" in desk.count(OLD + b"\n", "incoming/paris/more.csv").reason


def test_rejected_lines_of_files_that_are_refused_go_with_the_days_that_they_are_of(memory: Desk) -> None:
    memory.set(retention_months=12)
    memory.count(OLD, metadata={"iotagg-max-rejects": "0"})
    assert len(list(memory.cloud.store.rejected("paris"))) == 1
    assert sweep(memory.cloud, clock=at(JANUARY)) == Swept()
    assert list(memory.cloud.store.rejected("paris")) == []


@pytest.mark.parametrize("steps", range(5))
def test_forgetting_that_time_runs_out_for_is_gone_on_with_before_the_floor_rises(memory: Desk, steps: int) -> None:
    memory.set(retention_months=12)
    for number in range(3):
        memory.count(csv(flow(day=f"2022-11-{number + 1:02}")), f"incoming/paris/{number}.csv")
    memory.count(NEW, "incoming/paris/new.csv")
    first = sweep(memory.cloud, in_time=ticking(steps), clock=at(JANUARY))
    assert first.forgotten == min(steps, 3)
    assert first.complete is False
    assert memory.cloud.store.floor() == ("2023-01" if steps > 3 else "")
    second = sweep(memory.cloud, clock=at(JANUARY))
    assert (first.forgotten + second.forgotten, second.complete) == (3, True)
    assert memory.cloud.store.floor() == "2023-01"
    assert memory.sums() == clean(NEW)


def test_chunks_that_come_after_their_file_was_erased_are_done(desk: Desk) -> None:
    desk.set(retention_months=12)
    desk.summarize(desk.put(OLD))
    messages = desk.chunk_messages()
    assert sweep(desk.cloud, clock=at(JANUARY)).forgotten == 1
    desk.consolidate(*messages, *messages)
    assert desk.sums() == {}
    sweep(desk.cloud, grace_seconds=AT_ONCE)
    assert desk.left_pending() == []


def test_a_chunk_whose_file_is_erased_while_it_is_read_is_done(memory: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.summarize(memory.put(OLD))
    (message,) = memory.chunk_messages()
    (record,) = memory.records()
    store = memory.cloud.store
    read = store.chunks

    def erased(name: Name, numbers: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        store.erase(name, referred=True)
        return read(name, numbers)

    with monkeypatch.context() as patch:
        patch.setattr(store, "chunks", erased)
        assert consolidate_message(memory.cloud, message)
    assert memory.sums() == {}
    assert store.applied(record.name, 2) == {0}


def test_a_chunk_that_is_missing_of_a_file_that_was_not_erased_is_a_failure(memory: Desk) -> None:
    memory.summarize(memory.put(OLD))
    (message,) = memory.chunk_messages()
    (record,) = memory.records()
    memory.cloud.store._tables.contributions.pop(record.name)  # type: ignore[attr-defined]  # in memory
    with pytest.raises(NotFound):
        consolidate_message(memory.cloud, message)


@pytest.mark.parametrize("name", ["IOTAGG_RETENTION_MONTHS", "IOTAGG_REMOVE_RAW_AFTER_DAYS"])
def test_how_long_things_are_kept_is_a_whole_number_that_makes_sense(name: str) -> None:
    for text in ("-1", "1.5", "two"):
        with pytest.raises(InvalidValue, match=f"{name}={text}: it has to be a whole number"):
            Settings.named_by({name: text})
    with pytest.raises(InvalidValue, match=f"{name}=99999: it has to be at most"):
        Settings.named_by({name: "99999"})
    settings = Settings.named_by({name: "13"})
    assert {settings.retention_months, settings.remove_raw_after_days} == {13, 0}
    assert Settings.named_by({name: ""}) == Settings()
