"""Everything that happens to files on AWS, in one short history; and what is there to be seen at its end."""

from __future__ import annotations

import gzip
import io
import json
import re
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from iotagg.assess import assess_pair
from iotagg.audit import audit
from iotagg.aws.objects import Bucket
from iotagg.aws.provision import provision
from iotagg.aws.queues import Draft, Queue
from iotagg.core.allowances import allowance_of
from iotagg.core.contribution import Name
from iotagg.core.judging.pairs import Pair
from iotagg.core.moments import MAX_SUM
from iotagg.core.pair_month import PairMonth
from iotagg.errors import CloudError, Unintelligible
from iotagg.export import SUMMARY_COLUMNS, all_histories, daily_rows, histories_in, pair_months, summary_row, write_rows
from iotagg.forgetting import forget_before, forget_site
from iotagg.forgetting_device import forget_device
from iotagg.jobs.cloud import Cloud, Settings
from iotagg.jobs.consolidate import consolidate_message
from iotagg.jobs.raw_files import remove_all, remove_final
from iotagg.jobs.summarize import AGAIN, hand_over, summarize_message
from iotagg.jobs.sweep import sweep
from iotagg.pipeline import retract
from iotagg.rebuild import rebuild
from iotagg.stores.dynamodb.access_log import AccessLog
from iotagg.stores.dynamodb.arrivals import Arrivals
from iotagg.stores.dynamodb.digests import Digests
from iotagg.stores.dynamodb.store import DynamoStore
from tests.cloud.engine import unique
from tests.pipeline.csvs import TORN, csv, everything, flow
from tests.pipeline.vandal import InDynamo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from iotagg.aws.clients import Clients
    from iotagg.aws.objects import ObjectStream
    from iotagg.aws.patience import Patience
    from iotagg.aws.queues import Message
    from iotagg.core.rejects import Reject
    from iotagg.stores.protocol import Store
    from tests.cloud.faults import Wire

Result = TypeVar("Result")

SOON_SECONDS = 10
ROUNDS = 30  # more than any history here takes to come to its end
NOW = 1_700_000_000  # by the clock of stores: 2023-11-14
NO_GRACE_SECONDS = -60  # a sweep that looks at what has only just come, also by a clock that is a little behind

V1 = csv(flow(packets=3), flow("192.168.1.8", packets=5, day="2022-12-02"))
V2 = V1 + flow(packets=7, day="2022-12-03") + flow("192.168.1.9", packets=11)
TWO_MONTHS = csv(flow(packets=13), flow(packets=17, day="2022-11-30"), TORN, flow("2001:db8::7", "2001:db8::1"))
ALL_REJECTED = csv(TORN, TORN)
ALL_TORN = csv(b"192.168.1.7,192.0.2.1\n", TORN)
OLD = csv(flow("192.168.2.3", packets=29, day="2022-10-01"))
LATER = csv(flow("192.168.2.1", packets=19))
UNCOUNTED = csv(flow("192.168.2.2", packets=23))
OVERFLOWING = csv(flow("192.168.3.1", duration=5), flow("192.168.3.2", duration=5), flow("192.168.3.3", duration=5))
FULL = PairMonth("192.168.3.2", "192.0.2.1", "2022-12", {"flows": 1, "dur_sq": MAX_SUM})
PARIS, TOKYO, BERLIN = "incoming/paris", "incoming/tokyo", "incoming/berlin"
STRANGE = "no event at all"


def deployed(clients: Clients, settings: Settings | None = None, patience: Patience | None = None) -> Cloud:
    """Make a deployment of its own and connect to it with these clients."""
    stack = provision(clients, unique("cloud"), region="eu-west-1")
    settings = settings or Settings()
    months = settings.retention_months
    return Cloud(
        store=DynamoStore(clients, stack.table, stack.bucket, patience, retention_months=months, clock=lambda: NOW),
        bucket=Bucket(clients.s3, stack.bucket),
        files=Queue(clients.sqs, stack.files_queue_url),
        chunks=Queue(clients.sqs, stack.chunks_queue_url),
        meter=clients.meter,
        arrivals=Arrivals(clients.dynamodb, stack.table),
        access_log=AccessLog(clients.dynamodb, stack.table),
        digests=Digests(clients.dynamodb, stack.table),
        settings=settings,
    )


class _Forgetful(Queue):
    # A queue that loses what is sent to it.
    def send(self, drafts: Iterable[Draft]) -> None:
        for _ in drafts:
            pass


@dataclass
class World:
    """A deployment, and what SQS, workers and people do to it.

    A worker whose job fails leaves its message, which is delivered again; a person whose command fails repeats it.
    """

    cloud: Cloud
    wire: Wire
    puts_back: bool = False
    expects_dead_letters: bool = False
    _put_back: set[str] = field(default_factory=set)

    def until_it_works(self, do: Callable[[], Result]) -> Result:
        """Repeat what fails, as people and workers do."""
        for _ in range(ROUNDS):
            try:
                return do()
            except CloudError:
                self._let_time_pass()
        raise AssertionError(f"it fails {ROUNDS} times")

    def put(self, objects: dict[str, bytes], metadata: dict[str, str] | None = None) -> None:
        """Upload objects, and wait until the queue knows of them."""
        with self.wire.undisturbed():
            enough = self.cloud.files.depth().total + len(objects)
            for key, content in objects.items():
                self.cloud.bucket.s3.put_object(
                    Bucket=self.cloud.bucket.name, Key=key, Body=content, Metadata=metadata or {}
                )
            self._wait_until(lambda: self.cloud.files.depth().total >= enough)

    def _wait_until(self, happened: Callable[[], bool]) -> None:
        until = time.monotonic() + SOON_SECONDS
        while not happened():
            assert time.monotonic() < until, "it does not happen"
            time.sleep(0.002)

    def lose_messages(self, queue: Queue) -> None:
        """Let a queue lose what is in it."""
        with self.wire.undisturbed():
            while messages := queue.receive(wait_seconds=0):
                for message in messages:
                    queue.done(message)

    def losing_chunks(self) -> World:
        """Return the same world, with a chunks queue that loses everything."""
        lossy = _Forgetful(self.cloud.files._sqs, self.cloud.chunks.url)
        return replace(self, cloud=replace(self.cloud, chunks=lossy))

    def work(self) -> None:
        """Work until both queues are empty, other than of what waits in vain."""
        jobs = ((self.cloud.files, self._summarize), (self.cloud.chunks, self._consolidate))
        for _ in range(ROUNDS):
            had_work = [self._work_off(queue, job) for queue, job in jobs]  # both, also after the first had some
            if not any(had_work):
                return
        raise AssertionError(f"there is work after {ROUNDS} rounds")

    def _summarize(self, message: Message) -> None:
        summarize_message(self.cloud, message.body)

    def _consolidate(self, message: Message) -> None:
        consolidate_message(self.cloud, message.body, received=message.received)

    def _work_off(self, queue: Queue, job: Callable[[Message], None]) -> bool:
        if not self.until_it_works(queue.depth).total:
            return False
        messages = self.until_it_works(lambda: queue.receive(wait_seconds=0))
        for message in messages:
            try:
                self._do(queue, message, job)
            except (CloudError, Unintelligible):
                self._deliver_again(queue, message)
        if not messages:
            self._let_time_pass()
        return True

    def _do(self, queue: Queue, message: Message, job: Callable[[Message], None]) -> None:
        if self.puts_back and message.body not in self._put_back:
            self._put_back.add(message.body)
            queue.put_back(message, 0)
            return
        queue.hide(message, 60)
        job(message)
        queue.done(message)

    def _deliver_again(self, queue: Queue, message: Message) -> None:
        # As the end of its visibility timeout would; what has been deleted meanwhile is not there to be delivered.
        with self.wire.undisturbed():
            try:
                queue.hide(message, 0)
            except CloudError:
                assert self.wire.faults

    def _let_time_pass(self) -> None:
        # Messages whose answer was lost on its way to the receiver come again.
        for request, answer in self.wire.unread:
            for found in json.loads(answer or b"{}").get("Messages", ()) if b'"Messages"' in answer else ():
                with self.wire.undisturbed():
                    self.cloud.files._sqs.change_message_visibility(
                        QueueUrl=json.loads(request)["QueueUrl"],
                        ReceiptHandle=found["ReceiptHandle"],
                        VisibilityTimeout=0,
                    )
        self.wire.unread.clear()

    def retract(self, site: str, path: str) -> None:
        """Take out what is counted at a path, as the command does, again and again until it says that it is done."""
        store = self.cloud.store
        with self.wire.undisturbed():
            known = store.path(site, path).names
        self.until_it_works(lambda: retract(store, site, path, known, bring=hand_over(self.cloud)))

    def forget_device(self, device: str, site: str = "") -> None:
        """Forget a device, as the command does, again and again until it says that it is done."""
        remove = partial(remove_final, self.cloud)
        self.until_it_works(lambda: forget_device(self.cloud.store, device, site, remove))

    def forget_site(self, site: str) -> None:
        """Forget a site, likewise."""
        self.until_it_works(lambda: forget_site(self.cloud.store, site, partial(remove_all, self.cloud, site)))

    def forget_before(self, month: str) -> None:
        """Forget what is old, likewise, but for the wait."""
        remove = partial(remove_final, self.cloud)
        self.until_it_works(lambda: forget_before(self.cloud.store, month, remove, lambda _: None))

    def sweep_up(self) -> None:
        """Sweep and work until nothing is left to be done."""
        for _ in range(ROUNDS):
            swept = self.until_it_works(lambda: sweep(self.cloud, grace_seconds=NO_GRACE_SECONDS))
            self.work()
            if swept.complete and not swept.handed_over and not swept.enqueued:
                return
        raise AssertionError(f"there is something to be swept after {ROUNDS} rounds")


def history(world: World) -> None:
    """Let everything happen: files that are counted, refused, grown, taken out, too large, lost, and forgotten.

    What is counted is assessed on the way.
    """
    store = world.cloud.store
    world.puts_back = True
    world.put({f"{PARIS}/two-months.csv": TWO_MONTHS, f"{TOKYO}/the-same.csv": TWO_MONTHS, f"{PARIS}/grown.csv": V1})
    world.work()
    world.puts_back = False
    with world.wire.undisturbed():
        store.apply(Name("tokyo", "0" * 64, "0" * 16), 1, 0, [FULL])
    world.put({f"{PARIS}/grown.csv": V2, f"{PARIS}/rejected.csv": ALL_REJECTED, "incoming/no site/a.csv": V1})
    world.put({f"{TOKYO}/overflowing.csv": OVERFLOWING})
    world.work()
    world.retract("tokyo", f"{TOKYO}/the-same.csv")
    world.put({f"{TOKYO}/taken-out-before-it-was-in.csv": UNCOUNTED})
    world.losing_chunks().work()
    world.retract("tokyo", f"{TOKYO}/taken-out-before-it-was-in.csv")
    world.put({f"{TOKYO}/later.csv": LATER})
    world.losing_chunks().work()
    world.put({f"{TOKYO}/overlooked.csv": V2})
    world.lose_messages(world.cloud.files)
    world.until_it_works(lambda: world.cloud.files.send([Draft(STRANGE)]))
    world.expects_dead_letters = True
    world.until_it_works(lambda: world.cloud.access_log.note("somebody", "export --all", "stdout"))
    digests = world.cloud.digests
    world.until_it_works(lambda: digests.take(("a",), "first"))
    world.until_it_works(lambda: digests.take(("a", "b"), "second"))
    world.until_it_works(lambda: digests.give_back("second"))
    world.sweep_up()
    forgetting(world)
    mending(world)
    allowing(world)


def forgetting(world: World) -> None:
    """Let a device, a site and old months be forgotten, and a part of it be counted again after all."""
    objects = {f"{BERLIN}/two-months.csv": TWO_MONTHS, f"{BERLIN}/later.csv": LATER, f"{BERLIN}/torn.csv": ALL_TORN}
    world.put(objects)
    world.work()
    allowed = allowance_of(site="berlin", source="192.168.1.7")
    world.until_it_works(lambda: world.cloud.store.allow(allowed))
    world.forget_device("192.168.1.7", "berlin")
    world.forget_site("berlin")
    world.put({f"{BERLIN}/two-months.csv": TWO_MONTHS}, {AGAIN: "yes"})
    world.put({f"{BERLIN}/later.csv": LATER})
    world.work()
    (known, *_) = world.until_it_works(lambda: list(world.cloud.store.forgotten()))
    elsewhere = replace(known, head=replace(known.head, name=replace(known.name, site="elsewhere")))
    world.until_it_works(lambda: world.cloud.store.keep_forgotten(elsewhere))
    world.put({f"{TOKYO}/old.csv": OLD})
    world.work()
    world.forget_before("2022-12")


def mending(world: World) -> None:
    """Let sums and a marker be damaged, and put right again."""
    store = world.cloud.store
    with world.wire.undisturbed():
        record = next(record for record in store.files("paris") if record.is_in)
        vandal = InDynamo(store, world.wire.clients)  # type: ignore[arg-type]  # it is one on AWS
        held = next(iter(store.held(["paris"])))
        assess_pair(store, Pair(*held.key[:3]), held.key[3], held.key[3])  # months before it were forgotten
        ((_, rank),) = store.ranked_months(*held.key[:3])
        vandal.set_sums(held.key, {**held.figures, "dur": 1})
        ((damaged, _),) = store.ranked_months(*held.key[:3])
        assert store.put_rank("paris", damaged, rank)  # which goes with the item, and is none of its figures
        vandal.set_sums(("paris", "192.0.2.99", "192.0.2.98", "2022-12"), {"flows": 1})
        vandal.set_marker(record.name, 0, record.revision + 2)
        vandal.set_marker(record.name, 99, 1)
    world.until_it_works(lambda: list(rebuild(store, wait=lambda _: None)))


def allowing(world: World) -> None:
    """Let something be allowed, and something no longer; and take away the rank of a month that is gone."""
    store = world.cloud.store
    usual, once = allowance_of(site="paris", source="192.0.2.0/24"), allowance_of(site="paris", kind="surge")
    for each in (usual, once):
        world.until_it_works(partial(store.allow, each))
    world.until_it_works(lambda: store.disallow(once.id))
    gone = PairMonth("192.168.1.99", "192.0.2.1", "2022-12", {})
    assert world.until_it_works(lambda: store.put_rank("paris", gone, None))


def seen(world: World) -> dict[str, Any]:
    """Return all that there is to be seen, each view read again until it can be read."""
    store, read = world.cloud.store, world.until_it_works
    sites = read(store.sites)
    found: dict[str, Any] = {
        "sums": read(lambda: everything(store)),
        "allowed": read(store.allowances),
        "export": read(lambda: exported(world.cloud)),
        "audit": read(lambda: [found.text for found in audit(store)]),
        "paths": read(lambda: [path for site in sites for path in store.listed_paths(site)]),
        "forgotten": read(lambda: {str(record.name) for record in store.forgotten()}),
        "last days": read(world.cloud.arrivals.last_days),
        "told": read(world.cloud.digests.told),
        "exports": read(lambda: {access.what for access in world.cloud.access_log.accesses()}),
        "incoming": read(lambda: [version.key for version in world.cloud.bucket.versions("incoming/")]),
        "dead letters": read(lambda: _dead_letters(world)) if world.expects_dead_letters else set(),
        "places": {device: mentioning(world, device) for device in ("192.168.1.7", "2001:db8::7")},
    }
    for site in sites:
        found[site] = _seen_at(world, site)
    return found


def mentioning(world: World, device: str) -> list[str]:
    """Return the keys of all items and objects that mention an address, whether anybody reads them or not."""
    cloud, word = world.cloud, re.compile(rf"(?<![0-9a-f]){re.escape(device)}(?![0-9a-f])")
    with world.wire.undisturbed():
        table = cloud.store._table.name  # type: ignore[attr-defined]  # of a store on AWS
        pages = world.wire.clients.dynamodb.get_paginator("scan").paginate(TableName=table)
        items = {f"{item['pk']['S']} {item['sk']['S']}": json.dumps(item) for page in pages for item in page["Items"]}
        objects = {
            version.key: _text(cloud.bucket.open(version.key, version.version)) for version in cloud.bucket.versions("")
        }
    return sorted(key for key, text in (items | objects).items() if word.search(text))


def _text(stream: ObjectStream) -> str:
    with closing(stream):
        content = stream.read(stream.size)
    return (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode()


def _seen_at(world: World, site: str) -> dict[str, Any]:
    store, read = world.cloud.store, world.until_it_works
    records = read(lambda: list(store.files(site)))
    paths = read(lambda: list(store.paths(site)))
    return {
        "files": [(str(file.name), file.is_in, sorted(file.paths), file.retracted) for file in records],
        "rejects": [read(partial(_rejects, store, file.name)) for file in records],
        "paths": [(path.path, path.names, path.refusal) for path in paths],
        "pending": read(lambda: list(store.pending(site))),
        "ranks": read(lambda: _ranked(store, site)),
    }


def _ranked(store: Store, site: str) -> list[tuple[PairMonth, str]]:
    # Each month that is found by its rank, with that rank.
    ranks = {
        (source, destination, month): str(rank)
        for month in ("2022-11", "2022-12")
        for source, destination, rank in store.ranks(site, month)
    }
    rows = sorted(store.several_months(site, ranks), key=lambda row: (row.source, row.destination, row.month))
    return [(row, ranks[row.source, row.destination, row.month]) for row in rows]


def _rejects(store: Store, name: Name) -> list[Reject]:
    return list(store.rejects(name))


def exported(cloud: Cloud) -> str:
    """Return what is exported: every pair's summary, and one pair's days."""
    text = io.StringIO()
    write_rows(map(summary_row, all_histories(cloud.store)), SUMMARY_COLUMNS, text)
    for pair in histories_in(pair_months(cloud.store, "192.168.1.7", "192.0.2.1")):
        text.writelines(f"{row}\n" for row in daily_rows(pair))
    return text.getvalue()


def _dead_letters(world: World) -> set[str]:
    world._let_time_pass()
    dead = world.cloud.files.dead_letters()
    found = dead.receive(wait_seconds=0)
    with world.wire.undisturbed():
        for message in found:
            dead.hide(message, 0)
    if not found:
        raise CloudError("there are no dead letters yet")
    return {message.body for message in found}
