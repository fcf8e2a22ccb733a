"""Everything that each principal does is permitted to it, and nothing is permitted that nobody does."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.client import BaseClient

import iotagg.worker
import lambda_handlers.consolidate
import lambda_handlers.digest
import lambda_handlers.summarize
import lambda_handlers.sweep
import lambda_handlers.web
from iotagg.aws.clients import connect
from iotagg.aws.provision import provision
from iotagg.aws.queues import Draft
from iotagg.aws.stack import Stack
from iotagg.cli.main import main
from iotagg.core.allowances import allowance_of
from iotagg.errors import CloudBusy, NotFound
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.jobs.summarize import summarize_message
from iotagg.jobs.sweep import sweep
from iotagg.worker import Duties, Worker
from lambda_handlers import wiring
from tests.cloud.engine import unique
from tests.cloud.event_sources import record
from tests.cloud.whole import wait_until
from tests.cloudformation.evaluation import Grant, Need, grants, needs
from tests.pipeline.csvs import TORN, csv, flow, many_pairs, put
from tests.web.behind import Behind
from tests.web.pool import POOL, Issuer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iotagg.aws.queues import Queue

PRINCIPALS = {
    "summarize": ("SummarizeRole", "CountingPolicy"),
    "consolidate": ("ConsolidateRole", "CountingPolicy"),
    "sweep": ("SweepRole", "CountingPolicy"),
    "digest": ("TellRole",),
    "worker": ("WorkerRole", "CountingPolicy"),
    "page": ("PageRole",),
    "branch": ("SitePolicy",),
    "reader": ("ReaderPolicy",),
    "operator": ("ReaderPolicy", "OperatorPolicy"),
}
# What Lambda itself does with the role of a function whose messages it fetches; see AWS's page on SQS as a source.
BY_LAMBDA = {
    ("SummarizeRole", "Take"): {"sqs:ReceiveMessage", "sqs:DeleteMessage"},
    ("ConsolidateRole", "Take"): {"sqs:ReceiveMessage", "sqs:DeleteMessage"},
}
# What is done where this test does not look, and why.
ELSEWHERE = {
    "Log": "the runtime and the agent on a machine write logs",
    "Code": "a machine fetches its code before iotagg runs",
    "Stack": "CloudFormation is asked by the stack's name; here the parts are named one by one",
    "Key": "the engine has no keys of its own",
    "Large": "with Compute=both only",
    "Resume": "an upload that broke off is resumed; tests/cloud/uploads/test_parts.py does that",
    "s3:ListMultipartUploadParts": "as above",
    "s3:AbortMultipartUpload": "an upload of a file that changes meanwhile is given up; as above",
    "Tell": "the engine has no SNS; tests/cloud/test_digest.py publishes",
    "Ages": "the engine has no CloudWatch",
}
VALUES = {"source": "192.168.1.7", "destination": "192.0.2.1", "address": "192.168.1.7", "site": "paris"}
SOME = Stack("some-bucket", "some-table", "http://127.0.0.1/1/some-files", "http://127.0.0.1/1/some-chunks.fifo")


class Calls:
    """Every call that is made, under the name of who makes it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: dict[str, set[Need]] = defaultdict(set)
        self._principal = ""
        self._lock = threading.Lock()
        made = BaseClient._make_api_call  # type: ignore[attr-defined]  # it is there

        def noted(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            self._note(client.meta.service_model.service_name, operation, parameters)
            return made(client, operation, parameters)

        monkeypatch.setattr(BaseClient, "_make_api_call", noted)

    def _note(self, service: str, operation: str, parameters: dict[str, Any]) -> None:
        with self._lock:
            if self._principal:
                self.made[self._principal].update(needs(service, operation, parameters))

    @contextmanager
    def by(self, principal: str) -> Iterator[None]:
        """Note calls as made by somebody."""
        self._principal = principal
        try:
            yield
        finally:
            self._principal = ""


class Context:
    """What Lambda tells a handler."""

    function_name = function_version = memory_limit_in_mb = aws_request_id = invoked_function_arn = "function"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class _Function:
    """The function behind the page, in this process: its calls are to be noted."""

    def invoke(self, event: Any) -> Any:
        context: Any = Context()
        return lambda_handlers.web.handler(event, context)


class Story:
    """A deployment, and what people, branches, functions and machines do with it."""

    def __init__(self, stack: Stack, calls: Calls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stack, self.calls, self.folder, self.monkeypatch = stack, calls, folder, monkeypatch
        self.cloud = Cloud.connected(stack, Settings(remove_raw=True))

    def command(self, principal: str, *arguments: str) -> None:
        """Let somebody type a command."""
        with self.calls.by(principal):
            assert main(list(arguments)) == 0, arguments

    def upload(self, principal: str, name: str, content: bytes, *options: str) -> None:
        """Let somebody upload a file, and wait until the queue knows of it."""
        waiting = self.cloud.files.depth().total
        self.command(principal, "upload", "--site", "paris", *options, str(put(self.folder / name, content)))
        wait_until(lambda: self.cloud.files.depth().total > waiting, "no event")

    def events(self, queue: Queue) -> list[dict[str, Any]]:
        """Take what waits in a queue, as Lambda does: an event for each message."""
        found = []
        while messages := queue._sqs.receive_message(
            QueueUrl=queue.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                queue._sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
                found.append({"Records": [record(message, "arn:aws:sqs:eu-west-1:123456789012:queue")]})
        return found

    def functions_work(self, *, newest_first: bool = False) -> None:
        """Let the functions do all that waits."""
        while files := self.events(self.cloud.files):
            for event in sorted(files, key=str, reverse=True) if newest_first else files:
                with self.calls.by("summarize"):
                    assert lambda_handlers.summarize.handler(event, Context())["batchItemFailures"] == []
        while chunks := self.events(self.cloud.chunks):
            for event in chunks:
                with self.calls.by("consolidate"):
                    assert lambda_handlers.consolidate.handler(event, Context())["batchItemFailures"] == []

    def sweep(self) -> None:
        """Let the sweep run, which takes everything for old."""
        with self.calls.by("sweep"), self.monkeypatch.context() as patched:
            patched.setattr(lambda_handlers.sweep, "sweep", partial(sweep, grace_seconds=-60))
            handler: Any = lambda_handlers.sweep.handler  # with a context that is one of ours
            handler({}, Context())

    def tell(self) -> None:
        """Let the digest be made, of which nothing is published, and what it does where something stands out."""
        with self.calls.by("digest"), self.monkeypatch.context() as patched:
            patched.setattr(lambda_handlers.digest, "Topic", lambda _: None)
            handler: Any = lambda_handlers.digest.handler  # with a context that is one of ours
            handler({}, Context())
            wiring.cloud().digests.take(("a",), "somebody")
            list(wiring.cloud().store.several_months("paris", [("192.168.1.7", "192.0.2.1", "2022-12")]))

    def page(self) -> None:
        """Let somebody look at everything that the page shows, bring a file, and say what is in order."""
        issuer = Issuer()
        named = {
            lambda_handlers.web.POOL_ISSUER: POOL.issuer,
            lambda_handlers.web.POOL_CLIENT: POOL.client,
            lambda_handlers.web.POOL_DOMAIN: POOL.domain,
            lambda_handlers.web.POOL_KEYS: issuer.written(self.folder),
        }
        behind, token = Behind(_Function()), issuer.token("all-sites", "may-write")
        asyncio.set_event_loop(loop := asyncio.new_event_loop())
        with self.calls.by("page"), self.monkeypatch.context() as patched:
            for name, value in named.items():
                patched.setenv(name, value)
            (content,) = {each["contribution"] for each in behind.ask("/v1/files", token).body["items"][:1]}
            for path, methods in behind.ask("/v1/openapi.json").body["paths"].items():
                if "get" in methods:
                    filled = path.format(contribution=content, **VALUES)
                    assert behind.ask(filled, token).status in {200, 404}, filled
            place = behind.post("/v1/sites/paris/uploads", token, {"name": "page.csv"}).body["url"]
            key = urlsplit(place).path.partition("/incoming/")[2]
            self.calls._note("s3", "PutObject", {"Bucket": self.stack.bucket, "Key": f"incoming/{key}"})
            allowance = allowance_of(site="paris", note="page")
            self.cloud.store.allow(allowance)
            assert self.cloud.store.disallow(allowance.id)
        lambda_handlers.web._answering.cache_clear()
        asyncio.set_event_loop(None)
        loop.close()

    def machines_work(self) -> None:
        """Let a worker do all that waits."""
        with self.calls.by("worker"):
            Worker(self.cloud, Duties(sweep_seconds=0, poll_seconds=1, idle_seconds=0.2)).run()

    def machines_fail_once(self) -> None:
        """Let a worker fail with the first file, give it back at once, and do better."""
        tries = []

        def failing_first(*arguments: Any) -> Any:
            tries.append(arguments)
            if len(tries) == 1:
                raise NotFound("not yet")
            return summarize_message(*arguments)

        with self.monkeypatch.context() as patched:
            patched.setattr(iotagg.worker, "summarize_message", failing_first)
            self.machines_work()
        assert len(tries) > 1

    def put_back(self, principal: str, handler: Any, queue: Queue) -> None:
        """Let a function find AWS busy, with each message that waits."""

        def busy(*_: object, **__: object) -> None:
            raise CloudBusy("later")

        for event in self.events(queue):
            with self.calls.by(principal), self.monkeypatch.context() as patched:
                patched.setattr(handler, f"{principal}_message", busy)
                handler.handler(event, Context())


def told(story: Story) -> None:
    """Let happen what happens to files and questions."""
    first = csv(flow(packets=3), flow("192.168.1.8", packets=5), TORN)
    grown = first + flow(packets=7, day="2022-12-03")
    story.upload("branch", "a.csv", first)
    story.put_back("summarize", lambda_handlers.summarize, story.cloud.files)
    story.upload("branch", "a.csv", grown)
    story.functions_work(newest_first=True)
    story.command("branch", "upload", "--site", "paris", str(story.folder / "a.csv"))
    story.upload("branch", "large.csv", csv(flow()) + (b"x" * 100_000 + b"\n") * 90)
    story.upload("operator", "b.csv", many_pairs(300))
    story.functions_work()
    story.upload("operator", "b.csv", many_pairs(200), "--replace")
    with story.calls.by("summarize"):
        (event,) = story.events(story.cloud.files)
        lambda_handlers.summarize.handler(event, Context())
    story.put_back("consolidate", lambda_handlers.consolidate, story.cloud.chunks)
    story.functions_work()
    questions(story)
    story.page()
    story.tell()
    story.command("operator", "retract", "--site", "paris", "b.csv")
    story.events(story.cloud.chunks)  # they are lost
    story.sweep()
    story.machines_work()
    for number in range(3):
        story.upload("operator", f"c{number}.csv", csv(flow(packets=number), TORN))
        if number == 1:
            story.events(story.cloud.files)  # it is lost, and the sweep finds the object
            story.sweep()
        story.machines_work()
    story.upload("operator", "c0.csv", csv(flow(packets=0), TORN, flow(packets=9)))
    story.machines_fail_once()
    story.sweep()
    story.command("operator", "forget", "--device", "192.168.1.8", "--yes")
    story.command("operator", "forget", "--site", "paris", "--yes")
    elsewhere = put(story.folder / "elsewhere.csv", csv(flow(), TORN))
    assert main(["--db", "other.db", "upload", "--site", "rome", str(elsewhere)]) == 0
    story.command("operator", "restore", "other.db")
    story.monkeypatch.setenv("IOTAGG_RETENTION_MONTHS", "1")
    wiring.cloud.cache_clear()
    story.sweep()


def questions(story: Story) -> None:
    """Let a reader ask everything there is to ask."""
    pair = ("--src", "192.168.1.7", "--dst", "192.0.2.1")
    for question in (
        ("pairs",),
        ("anomalies",),
        ("allow",),
        ("files",),
        ("files", "a.csv", "--rejects"),
        ("status",),
        ("export", *pair),
    ):
        story.command("reader", *question)
    story.command("reader", "export", "--all")
    story.command("reader", "exports")
    story.command("reader", "backup", "copy.db")
    with story.calls.by("reader"):
        assert list(story.cloud.store.ranks("paris", "2022-12")) != []
    dead = story.cloud.files.dead_letters()
    dead.send([Draft("no message of ours")])
    story.command("operator", "redrive")
    story.events(story.cloud.files)


@pytest.fixture
def story(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    stack = provision(connect(), unique("least"), region="eu-west-1", visibility_seconds=1)
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IOTAGG_REMOVE_RAW", "yes")
    monkeypatch.chdir(tmp_path)
    wiring.cloud.cache_clear()
    yield Story(stack, Calls(monkeypatch), tmp_path, monkeypatch)
    wiring.cloud.cache_clear()


def test_each_principal_may_do_what_it_does_and_no_more(story: Story) -> None:
    told(story)
    given = {who: grants(story.stack, owners, {"site": "paris"}) for who, owners in PRINCIPALS.items()}
    refused = {
        (who, need)
        for who, made in story.calls.made.items()
        for need in made
        if not any(grant.allows(need) for grant in given[who])
    }
    assert refused == set()
    assert unused(story.calls.made, given) == set()


def unused(made: dict[str, set[Need]], given: dict[str, list[Grant]]) -> set[tuple[str, str, str]]:
    """Return the permissions that nobody needed: whose policy, which statement, which action."""
    found = set()
    for grant in {id(grant.statement): grant for all_of_one in given.values() for grant in all_of_one}.values():
        owner, sid = grant.statement.owner, grant.statement.sid
        done = {
            need.action
            for who, owners in PRINCIPALS.items()
            if owner in owners
            for need in made.get(who, ())
            if grant.allows(need)
        } | BY_LAMBDA.get((owner, sid), set())
        found |= {(owner, sid, action) for action in grant.statement.actions if action not in done}
    return {each for each in found if not ELSEWHERE.keys() & {each[1], each[2]}}


def test_a_permission_that_is_missing_is_noticed() -> None:
    need = Need("s3:PutObject", f"arn:aws:s3:::{SOME.bucket}/incoming/tokyo/a.csv")
    assert not any(grant.allows(need) for grant in grants(SOME, ("SitePolicy",), {"site": "paris"}))
    assert any(grant.allows(need) for grant in grants(SOME, ("SitePolicy",), {"site": "tokyo"}))


@pytest.mark.parametrize(("key", "allowed"), [("EXPORTS", True), ("P#paris#192.0.2.1", False), ("", False)])
def test_a_reader_writes_records_of_exports_only(key: str, allowed: bool) -> None:
    table = f"arn:aws:dynamodb:::table/{SOME.table}"
    need = Need("dynamodb:PutItem", table, {"dynamodb:LeadingKeys": (key,) if key else ()})
    assert any(grant.allows(need) for grant in grants(SOME, ("ReaderPolicy",))) is allowed


@pytest.mark.parametrize(("owner", "allowed"), [("ReaderPolicy", True), ("SitePolicy", False)])
def test_people_who_read_everything_ask_the_index_of_ranks_and_branches_do_not(owner: str, allowed: bool) -> None:
    need = Need(
        "dynamodb:Query", f"arn:aws:dynamodb:::table/{SOME.table}/index/ranks", {"dynamodb:LeadingKeys": ("x",)}
    )
    assert any(grant.allows(need) for grant in grants(SOME, (owner,), {"site": "paris"})) is allowed


@pytest.mark.parametrize(
    ("key", "allowed"), [("N#paris", True), ("F#paris#0", True), ("N#tokyo", False), ("SITES", False)]
)
def test_a_branch_reads_what_became_of_its_own_files_only(key: str, allowed: bool) -> None:
    table = f"arn:aws:dynamodb:::table/{SOME.table}"
    need = Need("dynamodb:Query", table, {"dynamodb:LeadingKeys": (key,)})
    assert any(grant.allows(need) for grant in grants(SOME, ("SitePolicy",), {"site": "paris"})) is allowed
