"""The digest: told once, to people, by the function; over the engine's table, and a stand-in for SNS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.aws.clients import connect
from iotagg.aws.topics import MOST_BYTES, MOST_SUBJECT, Topic, cut, short_subject
from iotagg.digest import Sent, send_digest
from iotagg.errors import CloudBusy, CloudError
from iotagg.stores.dynamodb.digests import Digests
from iotagg.stores.memory import MemoryStore
from tests.cloud.mail import ARN, Mail, mail_service
from tests.cloud.runtime_api import Function, FunctionError
from tests.cloud.whole import Whole, deployed
from tests.pipeline.standing import SURGE, TODAY, counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    with mail_service() as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", service.endpoint)
        yield service


@pytest.fixture
def whole(aws: str) -> Whole:
    return deployed()


@pytest.fixture
def digests(whole: Whole) -> Digests:
    return Digests(connect().dynamodb, whole.stack.table)


# What was told.


def test_a_part_is_told_once_whoever_asks(digests: Digests) -> None:
    assert digests.take(("a", "b"), "one") == {"a", "b"}
    assert digests.take(("a", "b"), "two") == frozenset()
    assert digests.take(("b", "c"), "three") == {"c"}
    assert digests.told() == {"b", "c"}


def test_whoever_tries_again_tells_the_same_again(digests: Digests) -> None:
    digests.take(("a",), "one")
    assert digests.take(("a", "b"), "two") == {"b"}
    assert digests.take(("a", "b"), "two") == {"b"}


def test_what_could_not_be_told_is_told_by_the_next(digests: Digests) -> None:
    digests.take(("a",), "one")
    digests.take(("a", "b"), "two")
    digests.give_back("two")
    assert digests.take(("a", "b"), "three") == {"b"}


def test_what_others_have_told_since_is_not_given_back(digests: Digests) -> None:
    digests.take(("a",), "one")
    digests.take(("b",), "two")
    digests.give_back("one")
    assert digests.told() == {"b"}


def test_two_at_the_same_moment_tell_it_once(digests: Digests, monkeypatch: pytest.MonkeyPatch) -> None:
    put, told = Digests._put, list[frozenset[str]]()

    def overtaken(self: Digests, *items: Any) -> bool:
        monkeypatch.setattr(Digests, "_put", put)
        told.append(digests.take(("a",), "other"))
        return put(self, *items)

    monkeypatch.setattr(Digests, "_put", overtaken)
    assert digests.take(("a",), "this") == frozenset()
    assert told == [{"a"}]


def test_one_that_is_always_overtaken_gives_up(digests: Digests, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "_put", lambda *_: False)
    with pytest.raises(CloudBusy, match="others tell digests all the time"):
        digests.take(("a",), "one")


# What is sent.


class Book:
    """What the last digest told, without a table."""

    def __init__(self) -> None:
        self.told: frozenset[str] = frozenset()
        self.before: frozenset[str] = frozenset()
        self.by = ""

    def take(self, parts: Collection[str], by: str) -> frozenset[str]:
        self.before, self.told, self.by = self.told, frozenset(parts), by
        return self.told - self.before

    def give_back(self, by: str) -> None:
        assert by == self.by
        self.told = self.before


class Box:
    """Where digests go."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def publish(self, subject: str, text: str) -> None:
        self.sent.append((subject, text))


def test_what_was_told_is_not_told_again_and_what_is_new_is(tmp_path: Path) -> None:
    store, book, box = MemoryStore(), Book(), Box()
    counted(store, tmp_path, "paris", surge_on=SURGE)
    assert send_digest(store, book, box, TODAY, "1") == Sent(findings=1, days=1)
    assert send_digest(store, book, box, TODAY, "2") == Sent(told_before=1)
    counted(store, tmp_path, "tokyo", surge_on=SURGE)
    assert send_digest(store, book, box, TODAY, "3") == Sent(findings=1, days=1, told_before=1)
    assert ["paris" in text for _, text in box.sent] == [True, False]
    assert ["tokyo" in subject for subject, _ in box.sent] == [False, True]


def test_where_nothing_stands_out_nothing_is_sent(tmp_path: Path) -> None:
    store, box = MemoryStore(), Box()
    counted(store, tmp_path, "paris")
    assert send_digest(store, Book(), box, TODAY, "1") == Sent()
    assert box.sent == []


def test_what_cannot_be_sent_is_sent_by_the_next(tmp_path: Path) -> None:
    class Closed(Box):
        def publish(self, subject: str, text: str) -> None:
            super().publish(subject, text)
            raise CloudBusy("later")

    store, book, box = MemoryStore(), Book(), Box()
    counted(store, tmp_path, "paris", surge_on=SURGE)
    with pytest.raises(CloudBusy):
        send_digest(store, book, Closed(), TODAY, "1")
    assert send_digest(store, book, box, TODAY, "2").findings == 1
    assert len(box.sent) == 1


# SNS.


def test_a_message_is_published(mail: Mail, aws: str) -> None:
    Topic(ARN).publish("high: 2 surges", "paris\n")
    assert mail.sent == [("high: 2 surges", "paris\n")]


def test_what_sns_refuses_is_said_in_a_line(mail: Mail, aws: str) -> None:
    mail.refuse = 1
    with pytest.raises(CloudError, match="digest") as raised:
        Topic(ARN).publish("subject", "text")
    assert "\n" not in str(raised.value)
    assert mail.sent == []


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("high: 2 surges at paris", "high: 2 surges at paris"),
        ("a\r\nBcc: somebody@example.com", "a Bcc: somebody@example.com"),
        ("a → b", "a ? b"),
        ("\x1b[31mred", "iotagg [31mred"),
        ("=1+1", "iotagg =1+1"),
        ("", "iotagg"),
        ("x" * 200, "x" * 97 + "..."),
        ("x" * 100, "x" * 100),
    ],
)
def test_a_subject_is_a_line_of_ascii_of_a_hundred_characters_at_most(text: str, subject: str) -> None:
    assert short_subject(text) == subject
    assert len(short_subject(text)) <= MOST_SUBJECT


@pytest.mark.parametrize("line", ["a line\n", "→→→→→→\n", "no end"])
def test_a_message_that_is_too_long_is_cut_between_lines_and_says_so(line: str) -> None:
    text = line * (MOST_BYTES // 4)
    found = cut(text)
    assert len(found.encode()) <= MOST_BYTES
    assert found.endswith("… and more; iotagg anomalies tells all of it\n")
    assert text.startswith(found.removesuffix("\n… and more; iotagg anomalies tells all of it\n"))
    assert cut(line) == line


# The function.


@pytest.fixture
def telling(whole: Whole, mail: Mail) -> dict[str, str]:
    return {**whole.stack.environment(), "AWS_ENDPOINT_URL_SNS": mail.endpoint, "IOTAGG_DIGEST_TOPIC_ARN": ARN}


def test_the_function_tells_what_stands_out_once_also_where_its_schedule_fires_twice(
    whole: Whole, mail: Mail, telling: dict[str, str], tmp_path: Path
) -> None:
    counted(whole.cloud.store, tmp_path, "paris", surge_on=SURGE)
    with Function("lambda_handlers.digest.handler", environment=telling) as function:
        assert function.invoke({}) == {"findings": 1, "days": 1, "told_before": 0}
        assert function.invoke({}) == {"findings": 0, "days": 0, "told_before": 1}
        assert "Traceback" not in function.log
    ((subject, text),) = mail.sent
    assert subject == "iotagg: high: 1 surge at paris, 2022-12-21"
    assert text.splitlines()[2] == "Wednesday 2022-12-21, paris"
    assert "192.168.1.7 → 192.0.2.1" in text
    assert len(text.splitlines()) == 6


def test_the_function_is_quiet_where_nothing_stands_out(
    whole: Whole, mail: Mail, telling: dict[str, str], tmp_path: Path
) -> None:
    counted(whole.cloud.store, tmp_path, "paris")
    with Function("lambda_handlers.digest.handler", environment=telling) as function:
        assert function.invoke({})["findings"] == 0
    assert mail.sent == []


def test_what_the_function_could_not_send_is_sent_by_the_next_try(
    whole: Whole, mail: Mail, telling: dict[str, str], tmp_path: Path
) -> None:
    counted(whole.cloud.store, tmp_path, "paris", surge_on=SURGE)
    mail.refuse = 2  # the digest, and that there is none
    with Function("lambda_handlers.digest.handler", environment=telling) as function:
        with pytest.raises(FunctionError) as raised:
            function.invoke({})
        assert "\n" not in raised.value.message
        assert mail.sent == []
        assert function.invoke({})["findings"] == 1
    assert len(mail.sent) == 1


def test_what_keeps_a_digest_from_being_made_is_told_instead(mail: Mail, telling: dict[str, str]) -> None:
    with Function(
        "lambda_handlers.digest.handler", environment=telling | {"IOTAGG_TABLE": "missing-table"}
    ) as function:
        assert "missing-table" in function.invoke({})["failed"]
        (line,) = [json.loads(line) for line in function.log.splitlines() if '"level":"ERROR"' in line]
        assert "missing-table" in line["message"]
    ((subject, text),) = mail.sent
    assert subject == "iotagg: the digest could not be made"
    assert "missing-table" in text
    assert len(text.splitlines()) == 1
