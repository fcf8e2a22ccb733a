"""What an upload says travels with the object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import Policy
from iotagg.core.tolerance import Tolerance
from iotagg.errors import FileRefused
from iotagg.jobs.summarize import AGAIN, MAX_REJECTS, ON_CHANGE, READING, metadata_for
from iotagg.pipeline import Request, retract
from tests.cloud.desk import KEY, clean
from tests.pipeline.csvs import HEADER, csv, flow

if TYPE_CHECKING:
    from tests.cloud.desk import Desk

ONE = csv(flow(), flow("2001:db8::7", day="2022-11-30"))
OTHER = csv(flow(packets=9))
MILLISECONDS = ReadingOptions(duration_unit="ms")


SAID = [
    Request("paris"),
    Request("paris", MILLISECONDS),
    Request("paris", ReadingOptions("mdy", "s", (("src", "clïent"), ("dst", "server"))), Policy("add", again=True)),
    Request("paris", policy=Policy("replace"), tolerance=Tolerance.parse("1%")),
    Request("paris", tolerance=Tolerance.parse("7")),
]


@pytest.mark.parametrize("said", SAID)
def test_what_an_upload_says_is_honoured(engine: Desk, said: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Request] = []

    def refused(_: object, request: Request, *__: object) -> None:
        taken.append(request)
        raise FileRefused("seen")

    monkeypatch.setattr("iotagg.jobs.summarize.summarize", refused)
    metadata = metadata_for(said)
    assert engine.count(ONE, metadata=metadata).reason == "seen"
    assert taken == [said]
    assert bool(metadata) is (said != SAID[0])


def test_reading_options_count_what_they_say(desk: Desk) -> None:
    request = Request("paris", MILLISECONDS)
    desk.count(ONE, metadata=metadata_for(request))
    assert desk.sums() == clean(ONE, request=request)


def test_an_uploads_word_goes_before_that_of_whoever_deployed(memory: Desk) -> None:
    memory.set(on_overwrite="add")
    memory.count(ONE)
    memory.count(OTHER, metadata={ON_CHANGE: "replace"})
    assert memory.sums() == clean(OTHER)
    memory.count(ONE, metadata={ON_CHANGE: "refuse"})
    assert memory.sums() == clean(OTHER)
    memory.count(ONE)
    assert memory.sums() == clean(ONE + OTHER.removeprefix(HEADER))


def test_what_was_retracted_comes_back_on_a_persons_word_only(memory: Desk) -> None:
    memory.count(ONE)
    retract(memory.cloud.store, "paris", KEY, memory.path().names)
    assert memory.count(ONE).state == "refused"
    assert memory.sums() == {}
    memory.count(ONE, metadata={AGAIN: "yes"})
    assert memory.sums() == clean(ONE)


@pytest.mark.parametrize(
    "metadata",
    [
        {READING: "{"},
        {READING: "7"},
        {READING: '{"day_order": "ydm"}'},
        {READING: '{"duration_unit": []}'},
        {READING: '{"names": [["colour", "x"]]}'},
        {READING: "[" * 1500},
        {ON_CHANGE: "perhaps"},
        {MAX_REJECTS: "many"},
    ],
)
def test_an_object_with_broken_metadata_is_refused(memory: Desk, metadata: dict[str, str]) -> None:
    outcome = memory.count(ONE, metadata=metadata)
    assert outcome.state == "refused"
    assert "\n" not in outcome.reason
    refusal = memory.path().refusal
    assert refusal is not None
    assert refusal.reason == outcome.reason
    assert memory.sums() == {}
