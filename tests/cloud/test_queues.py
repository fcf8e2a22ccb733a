"""Queues: what is sent arrives, what is done with is gone, and what is lost on the way comes again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.aws.provision import RECEIVES, provision
from iotagg.aws.queues import Draft, Message, Queue
from iotagg.errors import CloudBusy, CloudError, NotDeployed
from tests.cloud.engine import unique
from tests.cloud.faults import (
    Wire,
    answered,
    at,
    lost_reply,
    lost_request,
    reply,
    server_error,
    wire_to,
    without_waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cloud.faults import Fault, Sending

DRAFTS = [Draft(f"message {number}", group=f"group {number % 4}", once=str(number)) for number in range(25)]
FAULTS = [lost_request, lost_reply, server_error]


@pytest.fixture
def wire(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    without_waiting(monkeypatch)
    wire = wire_to(endpoint)
    wire.begin()
    yield wire
    wire.begin()


@pytest.fixture
def both(wire: Wire) -> list[Queue]:
    """A standard queue and a FIFO queue."""
    with wire.undisturbed():
        stack = provision(wire.clients, unique("queues"), region="eu-west-1", visibility_seconds=300)
    return [Queue(wire.clients.sqs, url) for url in (stack.files_queue_url, stack.chunks_queue_url)]


@pytest.fixture(params=["standard", "fifo"])
def queue(request: pytest.FixtureRequest, both: list[Queue]) -> Queue:
    standard, fifo = both
    return fifo if request.param == "fifo" else standard


def taken(queue: Queue) -> list[str]:
    """Return what is in a queue, and take it out."""
    bodies = []
    while messages := queue.receive(wait_seconds=0):
        for message in messages:
            bodies.append(message.body)
            queue.done(message)
    return bodies


def only(queue: Queue) -> Message:
    (message,) = queue.receive(wait_seconds=0)
    return message


# Sending.


def test_what_is_sent_is_received_ten_a_request(wire: Wire, queue: Queue) -> None:
    queue.send(iter(DRAFTS))
    assert [len(json.loads(call.params["body"])["Entries"]) for call in wire.calls] == [10, 10, 5]
    assert sorted(taken(queue)) == sorted(draft.body for draft in DRAFTS)


def test_nothing_is_sent_where_there_is_nothing(wire: Wire, queue: Queue) -> None:
    queue.send([])
    assert wire.calls == []


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_sent_through_faults_is_there_and_in_a_fifo_queue_once(wire: Wire, queue: Queue, fault: Fault) -> None:
    wire.plan = at("SendMessageBatch", fault)
    queue.send(DRAFTS)
    found = taken(queue)
    assert set(found) == {draft.body for draft in DRAFTS}
    assert len(found) == len(DRAFTS) * (2 if fault is lost_reply and not queue.fifo else 1)


def test_a_fifo_queue_drops_what_was_sent_before_and_keeps_the_order_of_a_group(both: list[Queue]) -> None:
    _, fifo = both
    fifo.send(DRAFTS)
    fifo.send([replace(draft, body="the same") for draft in DRAFTS])
    found = taken(fifo)
    for group in range(4):
        assert [body for body in found if int(body.split()[1]) % 4 == group] == [
            draft.body for draft in DRAFTS if draft.group == f"group {group}"
        ]


def refusing(wanted: Callable[[int, str], bool]) -> Fault:
    """Accept a batch but for some entries, of which `wanted` is asked by the batch's number and the entry's body."""
    batches = iter(range(100))

    def answer(sending: Sending) -> Any:
        batch = next(batches)
        entries = json.loads(sending.request.body)["Entries"]
        refused = [entry["Id"] for entry in entries if wanted(batch, entry["MessageBody"])]
        sent = [entry["Id"] for entry in entries if entry["Id"] not in refused]
        told = {
            "Successful": [{"Id": each, "MessageId": each, "MD5OfMessageBody": "0"} for each in sent],
            "Failed": [{"Id": each, "SenderFault": False, "Code": "InternalError"} for each in refused],
        }
        return reply(sending, 200, json.dumps(told))

    return answer


def entries_of(wire: Wire) -> list[list[str]]:
    return [[entry["MessageBody"] for entry in json.loads(call.params["body"])["Entries"]] for call in wire.calls]


def test_messages_that_were_not_accepted_are_sent_again_and_no_others(wire: Wire, queue: Queue) -> None:
    wire.plan = at("SendMessageBatch", refusing(lambda batch, body: batch < 2 and body in {"message 3", "message 7"}))
    queue.send(DRAFTS[:10])
    assert entries_of(wire)[1:] == [["message 3", "message 7"]] * 2


def test_messages_that_are_never_accepted_are_busy(wire: Wire, queue: Queue) -> None:
    wire.plan = at("SendMessageBatch", refusing(lambda _, body: body == "message 3"))
    with pytest.raises(CloudBusy, match="1 messages were not accepted"):
        queue.send(DRAFTS[:10])
    assert len(wire.calls) == 3


# Receiving, and what becomes of messages.


def test_a_message_says_how_often_it_came_and_of_which_group(queue: Queue) -> None:
    queue.send(DRAFTS[1:2])
    for received in (1, 2, 3):
        message = only(queue)
        assert (message.body, message.received, message.group) == (
            "message 1",
            received,
            "group 1" if queue.fifo else "",
        )
        queue.hide(message, 0)


def test_no_more_are_received_than_were_asked_for(queue: Queue) -> None:
    queue.send(DRAFTS)
    assert len(queue.receive(limit=3, wait_seconds=0)) == 3


def test_a_message_that_is_worked_on_is_hidden_from_others(queue: Queue) -> None:
    queue.send(DRAFTS[:1])
    only(queue)
    assert queue.receive(wait_seconds=0) == []
    assert queue.depth().in_flight == queue.depth().total == 1


def test_messages_whose_reply_was_lost_come_again(wire: Wire, queue: Queue) -> None:
    queue.send(DRAFTS[:1])
    wire.plan = at("ReceiveMessage", lost_reply)
    assert queue.receive(wait_seconds=0) == []
    (answer,) = [json.loads(answer) for _, answer in wire.unread]
    queue.hide(Message("", "", answer["Messages"][0]["ReceiptHandle"]), 0)
    wire.plan = lambda _: ()
    assert only(queue).received == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_done_is_gone(wire: Wire, queue: Queue, fault: Fault) -> None:
    queue.send(DRAFTS[:1])
    message = only(queue)
    wire.plan = at("DeleteMessage", fault)
    queue.done(message)
    assert queue.depth().total == 0
    queue.done(message)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_given_back_is_there_at_once(wire: Wire, queue: Queue, fault: Fault) -> None:
    queue.send(DRAFTS[:1])
    wire.plan = at("ChangeMessageVisibility", fault)
    queue.hide(only(queue), 0)
    assert only(queue).received == 2


# Put back.


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_what_is_put_back_is_a_new_message(wire: Wire, queue: Queue, fault: Fault | None) -> None:
    queue.send(DRAFTS[1:2])
    message = only(queue)
    wire.plan = at("SendMessage", *[fault] if fault else [])
    queue.put_back(message, 0)
    again = queue.receive(wait_seconds=0)
    assert {(each.body, each.group, each.received) for each in again} == {(message.body, message.group, 1)}
    assert len(again) == (2 if fault is lost_reply and not queue.fifo else 1)


def test_what_could_not_be_put_back_is_still_there(wire: Wire, queue: Queue) -> None:
    queue.send(DRAFTS[:1])
    message = only(queue)
    wire.plan = at("SendMessage", *[lost_request] * 4)
    with pytest.raises(CloudBusy):
        queue.put_back(message, 0)
    assert queue.depth().total == 1


def test_what_was_put_back_but_not_deleted_comes_twice_rather_than_never(wire: Wire, queue: Queue) -> None:
    queue.send(DRAFTS[:1])
    message = only(queue)
    wire.plan = at("DeleteMessage", *[lost_request] * 4)
    with pytest.raises(CloudBusy):
        queue.put_back(message, 0)
    assert queue.depth().total == 2


def test_a_standard_queue_waits_as_long_as_is_said_and_at_most_15_minutes(wire: Wire, both: list[Queue]) -> None:
    standard, _ = both
    for delay in (30, 5_000):
        standard.send(DRAFTS[:1])
        standard.put_back(only(standard), delay)
    assert standard.depth().delayed == standard.depth().total == 2
    asked = [json.loads(call.params["body"]) for call in wire.calls if call.operation == "SendMessage"]
    assert [body["DelaySeconds"] for body in asked] == [30, 900]


def test_a_fifo_queue_puts_it_behind_its_group(both: list[Queue]) -> None:
    _, fifo = both
    fifo.send([Draft(body, "group", body) for body in ("first", "second")])
    first = next(message for message in fifo.receive(limit=1, wait_seconds=0))
    fifo.put_back(first, 30)
    assert taken(fifo) == ["second", "first"]


# What a queue says of itself.


def test_a_queue_knows_its_timeout_and_its_dead_letters(queue: Queue) -> None:
    assert queue.visibility_seconds() == 300
    dead = queue.dead_letters()
    assert dead.fifo is queue.fifo
    assert dead.url == queue.another(dead.url).url != queue.url


def test_a_queue_without_dead_letters_says_so(queue: Queue) -> None:
    with pytest.raises(NotDeployed, match="no dead-letter queue"):
        queue.dead_letters().dead_letters()


def test_a_message_that_comes_too_often_goes_to_the_dead_letters(queue: Queue) -> None:
    queue.send(DRAFTS[:1])
    for _ in range(RECEIVES):
        queue.hide(only(queue), 0)
    assert queue.receive(wait_seconds=0) == []
    assert taken(queue.dead_letters()) == ["message 0"]


# What lasts.

ASKS: dict[str, Callable[[Queue], object]] = {
    "send": lambda queue: queue.send(DRAFTS),
    "receive": lambda queue: queue.receive(wait_seconds=0),
    "done": lambda queue: queue.done(Message("", "", "receipt")),
    "hide": lambda queue: queue.hide(Message("", "", "receipt"), 0),
    "put back": lambda queue: queue.put_back(Message("", "body", "receipt", "group"), 0),
    "depth": Queue.depth,
    "dead letters": Queue.dead_letters,
}


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize(
    "fault", [lost_request, server_error, answered(403, "RequestThrottled"), answered(400, "ThrottlingException")]
)
def test_what_lasts_longer_than_the_clients_retries_is_busy(wire: Wire, queue: Queue, ask: str, fault: Fault) -> None:
    wire.plan = lambda _: [fault] * 4
    with pytest.raises(CloudBusy):
        ASKS[ask](queue)


@pytest.mark.parametrize("ask", ASKS)
def test_a_queue_that_is_gone_is_said_to_be_so(wire: Wire, queue: Queue, ask: str) -> None:
    wire.plan = lambda _: [answered(400, "QueueDoesNotExist")]
    with pytest.raises(NotDeployed) as raised:
        ASKS[ask](queue)
    assert isinstance(raised.value, CloudError)
    assert queue.name.partition("-")[0] in str(raised.value)
