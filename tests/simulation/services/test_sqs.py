"""SQS, simulated: the same stories as in the engine, and what AWS documents beyond what the engine does.

The pages: Amazon SQS API Reference, of each operation; Developer Guide, "Visibility timeout", "Delay queues", "Message
quotas", "Dead-letter queues", "FIFO queue logic", "Exactly-once processing".
"""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.engine import unique
from tests.simulation.services.both import Both, Failed, Simulation, asked
from tests.simulation.services.sqs import SimulatedSQS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DAY = 24 * 3600
ATTRIBUTES = ["ApproximateReceiveCount", "MessageGroupId"]


class Story:
    """A queue with dead letters, and what was received from it: told to one service, its answers noted."""

    def __init__(self, client: Any, name: str, **attributes: str) -> None:
        self.client = client
        self.answers: list[Any] = []
        fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        dead = client.create_queue(QueueName=f"dead-{name}", Attributes=fifo)["QueueUrl"]
        asking = {"QueueUrl": dead, "AttributeNames": ["QueueArn"]}
        arn = client.get_queue_attributes(**asking)["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
        given = {"VisibilityTimeout": "120", "RedrivePolicy": redrive, **fifo, **attributes}
        self.dead = dead
        self.url = client.create_queue(QueueName=name, Attributes=given)["QueueUrl"]

    def ask(self, operation: str, /, **parameters: Any) -> Any:
        """Ask for the queue, and note the answer without what is a service's own."""
        answer = asked(self.client, operation, **{"QueueUrl": self.url, **parameters})
        noted = answer
        if isinstance(answer, Failed):
            noted = answer.code.rpartition(".")[2]  # engines leave out what goes before
        if isinstance(answer, dict):
            noted = {name: value for name, value in answer.items() if name not in ("Messages", "Successful", "Failed")}
            noted |= {"done": sorted(each["Id"] for each in answer.get("Successful", ()))}
            noted |= {"failed": sorted((each["Id"], each["Code"]) for each in answer.get("Failed", ()))}
            noted |= {"bodies": [(each["Body"], each.get("Attributes")) for each in answer.get("Messages", ())]}
        self.answers.append((operation, noted))
        return answer

    def send(self, *bodies: str, **more: Any) -> None:
        entries = [{"Id": str(number), "MessageBody": body, **more} for number, body in enumerate(bodies)]
        self.ask("SendMessageBatch", Entries=entries)

    def send_in_order(self, *groups_and_bodies: tuple[str, str]) -> None:
        for group, body in groups_and_bodies:
            self.ask("SendMessage", MessageBody=body, MessageGroupId=group, MessageDeduplicationId=f"{group}-{body}")

    def receive(self, most: int = 10, **more: Any) -> list[Any]:
        asking = {"MaxNumberOfMessages": most, "MessageSystemAttributeNames": ATTRIBUTES, **more}
        answer = self.ask("ReceiveMessage", **asking)
        found: list[Any] = answer.get("Messages", [])
        return found

    def receipts(self, most: int = 10, **more: Any) -> list[str]:
        return [message["ReceiptHandle"] for message in self.receive(most, **more)]

    def done(self, receipt: str) -> Any:
        return self.ask("DeleteMessage", ReceiptHandle=receipt)

    def hide(self, receipt: str, seconds: int) -> Any:
        return self.ask("ChangeMessageVisibility", ReceiptHandle=receipt, VisibilityTimeout=seconds)

    def depth(self) -> tuple[int, ...]:
        kinds = ("", "NotVisible", "Delayed")
        names = [f"ApproximateNumberOfMessages{kind}" for kind in kinds]
        found = self.ask("GetQueueAttributes", AttributeNames=names)["Attributes"]
        return tuple(int(found[name]) for name in names)


def a_message_that_is_done(story: Story) -> None:
    story.send("one")
    (receipt,) = story.receipts()
    story.receipts()
    story.depth()
    story.done(receipt)
    story.done(receipt)
    story.depth()


def a_message_that_is_given_back(story: Story) -> None:
    story.send("one")
    (receipt,) = story.receipts()
    story.hide(receipt, 0)
    (again,) = story.receipts()
    story.hide(again, 60)
    story.depth()
    story.done(again)
    story.depth()


def a_message_that_goes_to_the_dead_letters(story: Story) -> None:
    story.send("one")
    for _ in range(3):
        for receipt in story.receipts():
            story.hide(receipt, 0)
    story.depth()
    story.receive(QueueUrl=story.dead, MessageSystemAttributeNames=[])  # whether its count goes on, AWS does not say


def a_message_that_waits_out_a_delay(story: Story) -> None:
    story.ask("SendMessage", MessageBody="later", DelaySeconds=60)
    story.receive()
    story.depth()
    story.ask("SendMessage", MessageBody="too late", DelaySeconds=901)


def batches(story: Story) -> None:
    story.send(*map(str, range(10)))
    story.ask("SendMessageBatch", Entries=[])
    story.send(*map(str, range(11)))
    story.ask("SendMessageBatch", Entries=[{"Id": "same", "MessageBody": "x"}] * 2)
    receipts = story.receipts()
    entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(receipts)]
    hidden = [{**entry, "VisibilityTimeout": 60} for entry in entries[:3]]
    story.ask("ChangeMessageVisibilityBatch", Entries=hidden)
    story.ask("DeleteMessageBatch", Entries=entries[3:])
    story.depth()


def groups(story: Story) -> None:
    story.send_in_order(("a", "1"), ("a", "2"), ("a", "3"))
    (first,) = story.receipts(1)
    story.receive()
    story.send_in_order(("b", "1"))
    (other,) = story.receipts()
    story.done(first)
    story.done(other)
    both = story.receipts()
    story.receive()
    for receipt in both:
        story.done(receipt)
    story.depth()


def a_group_that_is_given_back(story: Story) -> None:
    story.send_in_order(("a", "1"), ("a", "2"))
    (receipt,) = story.receipts(1)
    story.hide(receipt, 0)
    story.receipts(1)


def a_group_of_which_only_the_first_is_given_back(story: Story) -> None:
    story.send_in_order(("a", "1"), ("a", "2"), ("a", "3"))
    first, second = story.receipts(2)
    story.hide(first, 0)
    story.receipts(1)
    story.done(second)
    story.receipts()


def a_message_that_was_sent_before(story: Story) -> None:
    story.send_in_order(("a", "1"), ("a", "1"))
    story.depth()


def what_a_group_wants(story: Story) -> None:
    story.ask("SendMessage", MessageBody="x", MessageDeduplicationId="x")
    story.ask("SendMessage", MessageBody="x", MessageGroupId="x")


def alike(endpoint: str, tell: Callable[[Story], None], name: str) -> list[Any]:
    both = Both(endpoint, lambda clients: clients.sqs)
    expected, found = (Story(client, name) for client in (both.engine, both.simulated))
    for story in (expected, found):
        tell(story)
    assert found.answers == expected.answers
    return found.answers


@pytest.mark.parametrize(
    "tell",
    [
        a_message_that_is_done,
        a_message_that_is_given_back,
        a_message_that_goes_to_the_dead_letters,
        a_message_that_waits_out_a_delay,
        batches,
    ],
)
def test_a_standard_queue_does_as_the_engine_does(aws: str, tell: Callable[[Story], None]) -> None:
    assert alike(aws, tell, unique("queue"))


@pytest.mark.parametrize(
    "tell",
    [
        groups,
        a_group_that_is_given_back,
        a_group_of_which_only_the_first_is_given_back,
        a_message_that_was_sent_before,
        what_a_group_wants,
    ],
)
def test_a_fifo_queue_does_as_the_engine_does(aws: str, tell: Callable[[Story], None]) -> None:
    assert alike(aws, tell, f"{unique('queue')}.fifo")


def test_a_queue_that_is_not_there_is_not_found(aws: str) -> None:
    both = Both(aws, lambda clients: clients.sqs)
    assert both("GetQueueUrl", QueueName=unique("nobody")).code == "AWS.SimpleQueueService.NonExistentQueue"


# What AWS documents.


@pytest.fixture
def story(simulation: Simulation) -> Story:
    return Story(simulation.clients.sqs, "queue")


@pytest.fixture
def in_order(simulation: Simulation) -> Story:
    return Story(simulation.clients.sqs, "queue.fifo")


def bodies(messages: Iterable[Any]) -> list[str]:
    return [message["Body"] for message in messages]


def test_a_message_is_invisible_for_the_time_that_the_queue_says(simulation: Simulation, story: Story) -> None:
    story.send("one")
    story.receive()
    simulation.clock.advance(119)
    assert simulation.sqs.next_change() == simulation.clock.now() + 1
    assert story.receive() == []
    simulation.clock.advance(1)
    (again,) = story.receive()
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_the_receipt_of_a_message_that_became_visible_deletes_it_unless_it_was_received_again(
    simulation: Simulation, story: Story
) -> None:
    story.send("one", "two")
    first, second = story.receipts()
    simulation.clock.advance(120)
    assert story.done(first) == {}
    assert story.depth() == (1, 0, 0)
    story.receive()
    assert story.done(second) == {}
    assert story.depth() == (0, 1, 0)


def test_an_old_receipt_may_delete_or_not() -> None:
    left = set()
    for seed in range(20):
        simulation = Simulation()
        simulation.sqs = SimulatedSQS(simulation.clock, Random(seed))  # noqa: S311 (a seeded choice, no secret)
        queue = simulation.sqs.make_queue("queue")
        ask = simulation.sqs.call
        ask("SendMessage", {"QueueUrl": queue.url, "MessageBody": "one"})
        received = [
            ask("ReceiveMessage", {"QueueUrl": queue.url, "VisibilityTimeout": 0, "WaitTimeSeconds": 1})
            for _ in range(2)
        ]
        old = received[0]["Messages"][0]["ReceiptHandle"]
        ask("DeleteMessage", {"QueueUrl": queue.url, "ReceiptHandle": old})
        left.add(len(queue.messages))
    assert left == {0, 1}


def test_a_receipt_of_a_fifo_queue_ends_with_the_visibility(simulation: Simulation, in_order: Story) -> None:
    in_order.send_in_order(("a", "1"))
    (receipt,) = in_order.receipts()
    simulation.clock.advance(120)
    assert in_order.done(receipt) == Failed("InvalidParameterValue", 400)
    assert in_order.depth() == (1, 0, 0)


def test_a_message_that_is_not_in_flight_cannot_be_hidden(simulation: Simulation, story: Story) -> None:
    story.send("one")
    (receipt,) = story.receipts()
    simulation.clock.advance(120)
    assert story.hide(receipt, 60).code.endswith("MessageNotInflight")
    (again,) = story.receipts()
    assert story.hide(receipt, 60).code.endswith("MessageNotInflight")
    story.done(again)
    assert story.hide(again, 60).code == "InvalidParameterValue"


def test_a_message_is_hidden_for_12_hours_from_when_it_was_received(simulation: Simulation, story: Story) -> None:
    story.send("one")
    (receipt,) = story.receipts()
    simulation.clock.advance(60)
    assert story.hide(receipt, 43_200 - 60) == {}
    assert story.hide(receipt, 43_200 - 59).code == "InvalidParameterValue"
    assert story.hide(receipt, 43_201).code == "InvalidParameterValue"
    assert story.hide(receipt, -1).code == "InvalidParameterValue"


def test_a_message_is_delayed_for_15_minutes_at_most(simulation: Simulation, story: Story) -> None:
    assert story.ask("SendMessage", MessageBody="x", DelaySeconds=900) == {}
    assert story.ask("SendMessage", MessageBody="x", DelaySeconds=901).code == "InvalidParameterValue"
    simulation.clock.advance(899)
    assert (story.depth(), story.receive()) == ((0, 0, 1), [])
    simulation.clock.advance(1)
    assert bodies(story.receive()) == ["x"]


def test_a_fifo_queue_knows_no_delay_of_one_message(in_order: Story) -> None:
    wanted = {"MessageBody": "x", "MessageGroupId": "a", "MessageDeduplicationId": "x", "DelaySeconds": 1}
    assert in_order.ask("SendMessage", **wanted).code == "InvalidParameterValue"


@pytest.mark.parametrize(("size", "code"), [(1 << 20, None), ((1 << 20) + 1, "InvalidParameterValue")])
def test_a_message_holds_a_mebibyte(story: Story, size: int, code: str | None) -> None:
    answer = story.ask("SendMessage", MessageBody="x" * size)
    assert getattr(answer, "code", None) == code


def test_a_batch_holds_a_mebibyte_together(story: Story) -> None:
    story.send("x" * (1 << 19), "x" * (1 << 19))
    assert story.depth() == (2, 0, 0)
    story.send("x" * (1 << 19), "x" * ((1 << 19) + 1))
    assert story.answers[-1][1] == "BatchRequestTooLong"


@pytest.mark.parametrize(("body", "code"), [("\t\r\n \ud7ff\U0010ffff", None), ("\x00", "InvalidMessageContents")])
def test_a_message_is_text_as_xml_knows_it(story: Story, body: str, code: str | None) -> None:
    answer = story.ask("SendMessage", MessageBody=body)
    assert getattr(answer, "code", None) == code


def test_a_message_that_is_no_text_fails_alone_in_its_batch(story: Story) -> None:
    story.send("good", "\x00")
    assert story.answers[-1][1] == {"done": ["0"], "failed": [("1", "InvalidMessageContents")], "bodies": []}


def test_a_message_is_kept_for_14_days_whoever_has_it(simulation: Simulation) -> None:
    story = Story(simulation.clients.sqs, "queue", MessageRetentionPeriod=str(14 * DAY), VisibilityTimeout="43200")
    story.send("one")
    simulation.clock.advance(14 * DAY - 1)
    (receipt,) = story.receipts()
    assert story.depth() == (0, 1, 0)
    simulation.clock.advance(1)
    assert story.depth() == (0, 0, 0)
    assert story.done(receipt) == {}


@pytest.mark.parametrize(("seconds", "code"), [(60, None), (59, "InvalidAttributeValue"), (14 * DAY + 1, "Invalid")])
def test_a_queue_keeps_messages_between_a_minute_and_14_days(
    simulation: Simulation, seconds: int, code: str | None
) -> None:
    given = {"MessageRetentionPeriod": str(seconds)}
    answer = asked(simulation.clients.sqs, "CreateQueue", QueueName="other", Attributes=given)
    assert getattr(answer, "code", "").startswith(code) if code else answer


@pytest.mark.parametrize(("name", "days"), [("queue", 1), ("queue.fifo", 4)])
def test_a_dead_letter_of_a_standard_queue_keeps_its_age_and_of_a_fifo_queue_begins_anew(
    simulation: Simulation, name: str, days: int
) -> None:
    story = Story(simulation.clients.sqs, name, MessageRetentionPeriod=str(4 * DAY))
    fifo = {"MessageGroupId": "a", "MessageDeduplicationId": "x"} if name.endswith(".fifo") else {}
    story.ask("SendMessage", MessageBody="x", **fifo)
    simulation.clock.advance(3 * DAY)
    for _ in range(3):
        story.receive(VisibilityTimeout=0)
    dead = simulation.sqs.queues[f"dead-{name}"]
    assert dead.counts(simulation.clock.now()) == (1, 0, 0)
    simulation.clock.advance(days * DAY - 1)
    assert dead.counts(simulation.clock.now()) == (1, 0, 0)
    simulation.clock.advance(1)
    assert dead.counts(simulation.clock.now()) == (0, 0, 0)


def test_a_dead_letter_says_where_it_comes_from_and_frees_its_group(simulation: Simulation, in_order: Story) -> None:
    in_order.send_in_order(("a", "1"), ("a", "2"))
    for _ in range(2):
        in_order.receive(1, VisibilityTimeout=0)
    assert bodies(in_order.receive()) == ["2"]
    (dead,) = asked(in_order.client, "ReceiveMessage", QueueUrl=in_order.dead, MessageSystemAttributeNames=["All"])[
        "Messages"
    ]
    assert dead["Attributes"]["DeadLetterQueueSourceArn"].endswith(":queue.fifo")
    assert dead["Attributes"]["MessageGroupId"] == "a"
    sources = in_order.ask("ListDeadLetterSourceQueues", QueueUrl=in_order.dead)
    assert sources["queueUrls"] == [in_order.url]


def test_a_second_message_of_one_name_is_dropped_for_five_minutes(simulation: Simulation, in_order: Story) -> None:
    in_order.send_in_order(("a", "1"))
    (receipt,) = in_order.receipts()
    in_order.done(receipt)
    simulation.clock.advance(299)
    in_order.send_in_order(("a", "1"))
    assert in_order.depth() == (0, 0, 0)
    simulation.clock.advance(1)
    in_order.send_in_order(("a", "1"))
    assert in_order.depth() == (1, 0, 0)


@pytest.mark.parametrize(("scope", "count"), [("queue", 1), ("messageGroup", 2)])
def test_a_name_is_one_in_the_queue_or_in_its_group(simulation: Simulation, scope: str, count: int) -> None:
    story = Story(simulation.clients.sqs, "queue.fifo", DeduplicationScope=scope)
    for group in "ab":
        story.ask("SendMessage", MessageBody="x", MessageGroupId=group, MessageDeduplicationId="x")
    assert story.depth() == (count, 0, 0)


def test_a_group_is_locked_until_all_of_it_that_is_in_flight_is_done_or_given_back(in_order: Story) -> None:
    in_order.send_in_order(*(("a", str(number)) for number in range(4)))
    first, second = in_order.receipts(2)
    in_order.done(first)
    assert in_order.receive() == []
    in_order.hide(second, 0)
    assert bodies(in_order.receive()) == ["1", "2", "3"]


def test_what_a_standard_queue_gives_is_drawn_and_long_polling_gives_something(simulation: Simulation) -> None:
    drawing = SimulatedSQS(simulation.clock, Random(1))  # noqa: S311 (a seeded choice, no secret)
    url = drawing.make_queue("queue").url
    for number in range(10):
        drawing.call("SendMessage", {"QueueUrl": url, "MessageBody": str(number)})
    given: dict[str, Any] = {"QueueUrl": url, "MaxNumberOfMessages": 5, "VisibilityTimeout": 0}
    short, long = (
        [drawing.call("ReceiveMessage", {**given, "WaitTimeSeconds": wait}).get("Messages", []) for _ in range(100)]
        for wait in (0, 20)
    )
    assert {len(found) for found in short} == set(range(6))
    assert {len(found) for found in long} == set(range(1, 6))
    assert len({message["Body"] for found in long for message in found}) == 10


@pytest.mark.parametrize(
    "given",
    [{"MaxNumberOfMessages": 0}, {"MaxNumberOfMessages": 11}, {"WaitTimeSeconds": 21}, {"VisibilityTimeout": 43_201}],
)
def test_what_is_asked_of_a_queue_has_bounds(story: Story, given: dict[str, int]) -> None:
    assert story.ask("ReceiveMessage", **given).code == "InvalidParameterValue"


def test_a_receipt_that_is_none_is_refused(story: Story) -> None:
    assert story.done("nonsense").code == "ReceiptHandleIsInvalid"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [("PurgeQueue", {}), ("SendMessage", {"MessageBody": "x", "MessageAttributes": {}}), ("StartMessageMoveTask", {})],
)
def test_what_is_not_simulated_is_said(story: Story, operation: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError, match="not simulated"):
        story.ask(operation, **parameters)
