"""The one write that changes sums, under every answer that DynamoDB has for it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.aws.patience import Patience
from iotagg.core.contribution import CHUNK
from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import PairMonth
from iotagg.errors import CloudBusy, CloudError, NumberTooLarge
from iotagg.stores.dynamodb.sums import Sums
from iotagg.stores.dynamodb.transaction import Step, chunk_transaction
from tests.cloud.bench import ONE, SINGLE, WRITE, Bench
from tests.cloud.faults import (
    answered,
    at,
    cancelled,
    lost_reply,
    lost_request,
    over_capacity,
    server_error,
    throttled,
    wire_to,
    without_waiting,
)
from tests.pipeline.csvs import contribution, csv, flow, many_pairs, shown
from tests.stores.racing import CHUNKS, name_of, pair_month

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.cloud.faults import Fault

HELD = {"Code": "ConditionalCheckFailed"}
NONE = "None"


@pytest.fixture
def bench(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    without_waiting(monkeypatch)
    bench = Bench(wire_to(endpoint))
    yield bench
    bench.wire.begin()


# The marker's own condition.


@pytest.mark.parametrize("with_item", [True, False])
def test_a_marker_that_stands_there_already_ends_it_with_nothing_added(bench: Bench, with_item: bool) -> None:
    bench.apply()
    standing = {"Item": {"revision": {"N": "1"}}} if with_item else {}
    bench.answers(cancelled({**HELD, **standing}, NONE))
    assert bench.apply() is False
    assert bench.rows == shown(SINGLE)
    assert bench.waits == []


@pytest.mark.parametrize("with_item", [True, False])
def test_a_marker_at_an_earlier_revision_is_taken_on_from_there(bench: Bench, with_item: bool) -> None:
    bench.apply(1)
    standing = {"Item": {"revision": {"N": "1"}}} if with_item else {}
    bench.answers(cancelled({**HELD, **standing}, NONE))
    assert bench.apply(4) is True
    assert bench.rows == []
    assert bench.transactions == 3


def test_a_marker_that_is_not_there_is_begun_from_nothing(bench: Bench) -> None:
    bench.answers(cancelled(HELD, NONE))
    assert bench.apply(3) is True
    assert bench.rows == shown(SINGLE)


def test_the_markers_condition_goes_before_every_other_reason(bench: Bench) -> None:
    bench.apply()
    bench.answers(cancelled({**HELD, "Item": {"revision": {"N": "1"}}}, "TransactionConflict"))
    assert bench.apply() is False
    assert bench.store.meter.counts["conflicts"] == 0


# Reasons that pass.

PASSING: dict[str, tuple[Fault, str]] = {
    "TransactionConflict of the marker": (cancelled("TransactionConflict", NONE), "conflicts"),
    "TransactionConflict of a pair": (cancelled(NONE, "TransactionConflict"), "conflicts"),
    "ThrottlingError": (cancelled(NONE, "ThrottlingError"), "throttled"),
    "ProvisionedThroughputExceeded": (cancelled(NONE, "ProvisionedThroughputExceeded"), "throttled"),
    "a conflict and throttling": (cancelled("ThrottlingError", "TransactionConflict"), "conflicts"),
    "a conflict and an invalid number": (cancelled("ValidationError", "TransactionConflict"), "conflicts"),
}


@pytest.mark.parametrize("reason", PASSING)
def test_a_passing_reason_is_waited_out_and_counted_in_the_meter(bench: Bench, reason: str) -> None:
    fault, counted = PASSING[reason]
    bench.answers(fault, fault)
    assert bench.apply() is True
    assert bench.rows == shown(SINGLE)
    assert bench.store.meter.counts[counted] == 2
    assert bench.store.meter.counts["transactions_tried_again"] == 2
    assert len(bench.waits) == 2


@pytest.mark.parametrize("reason", PASSING)
def test_patience_ends_in_busy_with_nothing_changed(bench: Bench, reason: str) -> None:
    fault, counted = PASSING[reason]
    bench.answers(*[fault] * 99)
    with pytest.raises(CloudBusy) as raised:
        bench.apply()
    assert "\n" not in str(raised.value)
    assert bench.transactions == Patience().attempts == bench.store.meter.counts[counted]
    assert bench.store.applied(ONE, 1) == frozenset()
    assert bench.rows == []


LASTING_LONGER = {
    "TransactionInProgressException": answered(400, "TransactionInProgressException"),
    "ThrottlingException": throttled,
    "ProvisionedThroughputExceededException": over_capacity,
    "RequestLimitExceeded": answered(400, "RequestLimitExceeded"),
    "InternalServerError": server_error,
    "no connection": lost_request,
    "no reply": lost_reply,
}


@pytest.mark.parametrize("problem", LASTING_LONGER)
def test_what_lasts_longer_than_the_clients_own_retries_is_tried_again(bench: Bench, problem: str) -> None:
    bench.wire.plan = at(WRITE, *[LASTING_LONGER[problem]] * 4, number=1)
    assert bench.apply() is (problem != "no reply")
    assert bench.rows == shown(SINGLE)
    assert len(bench.waits) == 1


@pytest.mark.parametrize("problem", LASTING_LONGER)
def test_what_lasts_for_ever_is_busy_and_counts_no_more_than_once(bench: Bench, problem: str) -> None:
    bench.wire.plan = at(WRITE, *[LASTING_LONGER[problem]] * 4)
    store = bench.patient(Patience(attempts=2, sleep=bench.waits.append))
    if problem == "no reply":
        bench.wire.plan = at(WRITE, lost_reply, *[lost_request] * 3)
    with pytest.raises(CloudBusy):
        store.apply(ONE, 1, 0, SINGLE)
    assert bench.rows == (shown(SINGLE) if problem == "no reply" else [])
    bench.wire.begin()
    bench.apply()
    assert bench.rows == shown(SINGLE)


# Waits.


def test_waits_are_bounded_in_number(bench: Bench) -> None:
    bench.answers(*[cancelled("TransactionConflict", NONE)] * 99)
    with pytest.raises(CloudBusy):
        bench.apply()
    assert len(bench.waits) == Patience().attempts - 1


def test_waits_are_drawn_anew_between_nothing_and_a_limit_that_doubles(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[float, float]] = []

    def draw(least: float, most: float) -> float:
        drawn.append((least, most))
        return most / 2

    monkeypatch.setattr("tenacity.wait.random.uniform", draw)
    bench.answers(*[cancelled("TransactionConflict", NONE)] * 99)
    store = bench.patient(Patience(first_seconds=1, longest_seconds=10, attempts=7, sleep=bench.waits.append))
    with pytest.raises(CloudBusy):
        store.apply(ONE, 1, 0, SINGLE)
    assert drawn[:6] == [(0, 1), (0, 2), (0, 4), (0, 8), (0, 10), (0, 10)]
    assert bench.waits == [0.5, 1, 2, 4, 5, 5]


def test_waits_are_bounded_in_time(bench: Bench) -> None:
    bench.answers(*[cancelled("TransactionConflict", NONE)] * 99)
    store = bench.patient(Patience(attempts=99, total_seconds=0, sleep=bench.waits.append))
    with pytest.raises(CloudBusy):
        store.apply(ONE, 1, 0, SINGLE)
    assert bench.transactions == 1


# Reasons that do not pass.


@pytest.mark.parametrize("invalid", [cancelled(NONE, "ValidationError"), answered(400, "ValidationException")])
def test_an_invalid_number_that_is_too_large_is_said_with_its_pair(bench: Bench, invalid: Fault) -> None:
    bench.store.apply(name_of(2), 1, 0, [pair_month("192.168.1.7", flows=1, dur_sq=MAX_SUM)])
    before = bench.rows
    bench.answers(invalid)
    with pytest.raises(NumberTooLarge, match=r"'dur_sq' of the traffic from 192\.168\.1\.7 to 192\.0\.2\.1 in 2022-12"):
        bench.apply()
    assert bench.rows == before


def test_the_engine_refuses_a_number_that_is_too_large_by_itself(bench: Bench) -> None:
    bench.store.apply(name_of(2), 1, 0, [pair_month("192.168.1.7", flows=1, dur_sq=MAX_SUM)])
    with pytest.raises(NumberTooLarge):
        bench.apply()
    assert bench.transactions == 2


LASTING: dict[str, Fault] = {
    "ValidationError": cancelled(NONE, {"Code": "ValidationError", "Message": "not so"}),
    "ValidationException": answered(400, "ValidationException", "not so"),
    "ItemCollectionSizeLimitExceeded": cancelled(NONE, "ItemCollectionSizeLimitExceeded"),
    "DuplicateItem": cancelled("DuplicateItem", NONE),
    "a reason that nobody knows": cancelled(NONE, "Eclipse"),
    "a condition that is not the marker's": cancelled(NONE, "ConditionalCheckFailed"),
    "no reason": answered(400, "TransactionCanceledException"),
    "AccessDeniedException": answered(400, "AccessDeniedException"),
    "ResourceNotFoundException": answered(400, "ResourceNotFoundException"),
    "IdempotentParameterMismatchException": answered(400, "IdempotentParameterMismatchException"),
}


@pytest.mark.parametrize("reason", LASTING)
def test_a_lasting_reason_is_loud_at_once_and_changes_nothing(bench: Bench, reason: str) -> None:
    bench.answers(LASTING[reason])
    with pytest.raises(CloudError) as raised:
        bench.apply()
    assert not isinstance(raised.value, CloudBusy)
    assert "\n" not in str(raised.value)
    assert bench.transactions == 1
    assert bench.waits == []
    assert bench.rows == []


# The records' own transactions.


@pytest.mark.parametrize("reason", [name for name in PASSING if "invalid" not in name])
def test_records_wait_out_a_passing_reason_too(bench: Bench, reason: str) -> None:
    name = bench.store.keep(contribution(csv(flow()))).name
    bench.answers(PASSING[reason][0], PASSING[reason][0])
    assert bench.store.advance(name, 0, 1) is True
    assert bench.store.meter.counts["writes_tried_again"] == 2


def test_a_record_whose_reply_was_lost_is_written_once(bench: Bench) -> None:
    name = bench.store.keep(contribution(csv(flow()))).name
    bench.wire.plan = at(WRITE, lost_reply, number=1)
    bench.store.advance(name, 0, 1)
    record = bench.store.file(name)
    assert record is not None
    assert record.revision == 1


@pytest.mark.parametrize("pairs", [1, 4_000], ids=["small", "larger than what is read of its beginning"])
def test_a_contribution_whose_record_was_not_written_is_kept_by_the_next_try(bench: Bench, pairs: int) -> None:
    new = contribution(many_pairs(pairs))
    bench.wire.plan = at("PutItem", *[lost_request] * 4)
    with pytest.raises(CloudBusy):
        bench.patient(Patience(attempts=1)).keep(new)
    bench.wire.plan = lambda _: ()
    assert bench.store.keep(new) == new.head
    assert sum(1 for _ in bench.store.chunks(new.head.name, range(new.head.chunks))) == new.head.chunks


# What a transaction consists of.


def items(revision: int = 1, chunk: list[PairMonth] | None = None) -> Sequence[dict[str, Any]]:
    return chunk_transaction("table", Step(ONE, 17, SINGLE if chunk is None else chunk, revision - 1, revision))


def test_a_full_chunk_stays_below_the_actions_of_one_transaction() -> None:
    assert max(map(len, CHUNKS)) == CHUNK
    assert len(items(chunk=CHUNKS[0])) == 1 + CHUNK <= 100


def test_sums_are_added_and_never_set() -> None:
    for revision in (1, 2):
        marker, *updates = items(revision, CHUNKS[0])
        assert [list(item) for item in updates] == [["Update"]] * CHUNK
        expressions = [item["Update"]["UpdateExpression"] for item in updates]
        assert all(expression.startswith("ADD ") for expression in expressions)
        assert not [word for word in ("SET", "REMOVE", "DELETE") if any(word in each for each in expressions)]
        assert list(marker) == ["Put"]
        assert not [item for item in updates if "ConditionExpression" in item["Update"]]


def test_what_is_taken_out_is_added_with_its_sign_turned() -> None:
    added, taken = (items(revision)[1]["Update"]["ExpressionAttributeValues"] for revision in (1, 2))
    assert {name: -int(value["N"]) for name, value in added.items()} == {
        name: int(value["N"]) for name, value in taken.items()
    }


def test_the_markers_condition_decides_whether_anything_is_written() -> None:
    for revision, condition in ((1, "attribute_not_exists(pk)"), (2, "revision = :standing")):
        put = items(revision)[0]["Put"]
        assert put["ConditionExpression"] == condition
        assert put["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"


def test_every_attribute_that_a_sum_can_have_is_no_reserved_word(bench: Bench) -> None:
    days = {f"{letter}{day:02}": 1 for letter in "fdp" for day in range(1, 32)}
    sums = dict.fromkeys(("flows", "dur", "dur_sq", "pkt", "pkt_sq"), 1) | days
    month = PairMonth("192.168.1.7", "192.0.2.1", "2022-12", sums)
    assert bench.apply(1, [month]) is True
    assert bench.apply(2, [month]) is True
    assert bench.rows == []


def test_a_reserved_word_would_be_refused(bench: Bench) -> None:
    with pytest.raises(CloudError, match="refuses chunk 0"):
        bench.apply(1, [pair_month("192.168.1.7", flows=1, duration=1)])


def test_no_other_module_writes_sums() -> None:
    source = inspect.getsource(Sums)
    assert source.count("transact_write_items") == 1
    assert not [name for name in ("update_item", "put_item", "batch_write_item") if name in source]
