"""A message about chunks: each is counted once, whatever comes again, late, or is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.errors import NotFound, Unintelligible
from iotagg.jobs.chunk_range import ChunkRange
from iotagg.jobs.consolidate import consolidate_message
from iotagg.pipeline import retract
from tests.cloud.desk import KEY, clean, ticking
from tests.pipeline.csvs import csv, flow, many_pairs
from tests.stores.racing import name_of

if TYPE_CHECKING:
    from tests.cloud.desk import Desk

ONE = csv(flow(), flow("2001:db8::7", day="2022-11-30"))


@pytest.mark.parametrize("body", ["", "{", "7", "[]", '{"version": 1}'])
def test_a_message_that_names_no_chunks_is_unintelligible(memory: Desk, body: str) -> None:
    with pytest.raises(Unintelligible, match="chunks queue"):
        consolidate_message(memory.cloud, body)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"chunks": [1, 0]},
        {"chunks": [-1, 0]},
        {"chunks": [0]},
        {"chunks": [0, 1.0]},
        {"chunks": [True, 1]},
        {"revision": 0},
        {"revision": "1"},
        {"site": "pa ris"},
        {"contribution": "x"},
    ],
)
def test_a_message_with_one_thing_wrong_is_unintelligible(memory: Desk, change: dict[str, Any]) -> None:
    body = ChunkRange(name_of(1), 1, 0, 1).body()
    assert ChunkRange.parse(body) == ChunkRange(name_of(1), 1, 0, 1)
    with pytest.raises(Unintelligible):
        consolidate_message(memory.cloud, json.dumps(json.loads(body) | change))


def test_chunks_of_an_unknown_contribution_or_beyond_its_last_are_not_found(memory: Desk) -> None:
    with pytest.raises(NotFound, match="no chunks 0 to 1"):
        consolidate_message(memory.cloud, ChunkRange(name_of(1), 1, 0, 1).body())
    memory.count(ONE)
    (record,) = memory.records()
    with pytest.raises(NotFound, match="no chunks"):
        consolidate_message(memory.cloud, ChunkRange(record.name, 1, 0, record.head.chunks).body())


def test_where_time_runs_out_the_chunks_that_are_left_are_done_when_the_message_comes_again(long_desk: Desk) -> None:
    content = many_pairs(2_000)
    long_desk.summarize(long_desk.put(content))
    (record,) = long_desk.records()
    body = ChunkRange(record.name, 1, 0, record.head.chunks - 1).body()
    assert record.head.chunks > 16
    assert consolidate_message(long_desk.cloud, body, in_time=ticking(0)) is False
    assert long_desk.cloud.store.applied(record.name, 1) == frozenset()
    assert consolidate_message(long_desk.cloud, body, in_time=ticking(7)) is False
    assert len(long_desk.cloud.store.applied(record.name, 1)) == 7
    assert long_desk.left_pending() != []
    assert consolidate_message(long_desk.cloud, body, received=2) is True
    assert long_desk.sums() == clean(content)
    assert long_desk.left_pending() == []


def test_a_message_that_comes_again_tries_only_what_is_missing(memory: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.summarize(memory.put(many_pairs(500)))
    messages = memory.chunk_messages()
    memory.consolidate(*messages)
    monkeypatch.setattr(memory.cloud.store, "apply", lambda *_: 1 / 0)
    for body in messages:
        assert consolidate_message(memory.cloud, body, received=2) is True
    with pytest.raises(ZeroDivisionError):
        consolidate_message(memory.cloud, messages[0])


def test_a_message_that_comes_after_its_file_was_taken_out_counts_nothing(memory: Desk) -> None:
    event = memory.put(ONE)
    memory.summarize(event)
    late = memory.chunk_messages()
    retract(memory.cloud.store, "paris", KEY, memory.path().names)
    memory.consolidate(*late)
    assert memory.sums() == {}
    assert memory.left_pending() == []
