"""What is forgotten: what remains is as if it had never been in the files, whatever happened before, and meanwhile."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing, contextmanager
from functools import wraps
from io import StringIO
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotagg.core.allowances import allowance_of
from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import FORGOTTEN, READ_OTHERWISE, Move, Policy
from iotagg.core.ranks import rank_of
from iotagg.core.remainder import NOTE
from iotagg.errors import StoreBusy
from iotagg.export import DAILY_COLUMNS, SUMMARY_COLUMNS, all_histories, daily_rows, summary_row, write_rows
from iotagg.forgetting import affected_at, affected_before, forget_before, forget_site
from iotagg.forgetting_device import affected_of, forget_device
from iotagg.pipeline import Request, retract, settle, upload
from iotagg.sources import path_text
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.examples import examples
from tests.pipeline.csvs import HEADER, TORN, contribution, csv, everything, flow, many_pairs, put, shown
from tests.pipeline.test_history_machine import History, Read
from tests.stores.racing import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from iotagg.core.contribution import Name
    from iotagg.stores.protocol import Store
    from tests.pipeline.conftest import Desk

DEVICE, PEER, OTHER = "192.168.1.7", "192.0.2.1", "192.168.1.8"
NO_WAIT: list[float] = []
A = csv(flow(), flow(OTHER, packets=3), flow(PEER, DEVICE, packets=5), flow(OTHER, day="2022-11-30"))
B = csv(flow(OTHER, "198.51.100.1", packets=7), flow(OTHER, DEVICE, day="2023-01-01"))
ONLY_DEVICE = csv(flow(packets=9))
SECONDS = ReadingOptions(duration_unit="s")


def exported(store: Store) -> str:
    out = StringIO()
    write_rows((row for pair in all_histories(store) for row in daily_rows(pair)), DAILY_COLUMNS, out)
    write_rows(map(summary_row, all_histories(store)), SUMMARY_COLUMNS, out)
    return out.getvalue()


def without(content: bytes, *devices: str) -> bytes:
    """Return a flow CSV without the rows of some devices."""
    names = [device.encode() for device in devices]
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if not any(name in line.split(b",")[:2] for name in names))


def before(content: bytes, month: str) -> bytes:
    """Return a flow CSV without the rows of earlier months; its dates begin with the year."""
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if line == HEADER or line.split(b",")[2].decode() >= month)


# A device.


def test_nothing_of_a_forgotten_device_is_left(desk: Desk) -> None:
    desk.upload("a.csv", A + TORN)
    desk.upload("b.csv", B)
    clean = desk.clean(without(A, DEVICE), without(B, DEVICE))
    assert affected_of(desk.store, DEVICE) == affected_of(desk.store, DEVICE, "paris")
    assert (affected_of(desk.store, DEVICE).files, affected_of(desk.store, DEVICE).pairs) == (2, 3)
    assert forget_device(desk.store, DEVICE) == 2
    assert desk.sums() == clean
    assert (affected_of(desk.store, DEVICE).files, affected_of(desk.store, DEVICE).pairs) == (0, 0)
    ((reject,),) = [
        list(desk.store.rejects(record.name))
        for record in desk.store.files("paris")
        if "a" in record.paths or record.head.lines["rejected"]
    ]
    assert (reject.line, reject.text) == (6, NOTE)
    assert forget_device(desk.store, DEVICE) == 0


def test_lines_of_a_forgotten_device_are_counted_apart(desk: Desk) -> None:
    desk.upload("a.csv", A + b"\n" + HEADER + TORN)
    forget_device(desk.store, DEVICE)
    (record,) = desk.records("a.csv")
    assert record.head.lines == {"lines": 8, "headers": 2, "blank": 1, "counted": 2, "rejected": 1, "erased": 2}
    assert (record.head.first_day, record.head.last_day, record.head.pairs) == ("2022-11-30", "2022-12-01", 1)


def test_two_devices_are_forgotten_one_after_the_other(desk: Desk) -> None:
    desk.upload("a.csv", A + TORN)
    forget_device(desk.store, DEVICE)
    forget_device(desk.store, "198.51.100.99")
    forget_device(desk.store, OTHER)
    assert desk.sums() == {}
    (record,) = desk.records("a.csv")
    assert (record.head.lines["erased"], record.head.lines["counted"]) == (4, 0)
    desk.retract("a.csv")
    assert desk.upload("a.csv").state == "refused"
    assert desk.sums() == {}


def test_a_device_is_forgotten_at_one_site_only_if_that_is_said(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", A, site="tokyo")
    tokyo = desk.sums()["tokyo"]
    assert forget_device(desk.store, DEVICE, "paris") == 1
    assert desk.sums() == {**desk.clean(without(A, DEVICE)), "tokyo": tokyo}


def test_the_same_file_does_not_bring_a_forgotten_device_back_unless_that_is_said(desk: Desk) -> None:
    desk.upload("a.csv", A)
    forget_device(desk.store, DEVICE)
    clean = desk.sums()
    for name, content in (("a.csv", None), ("copy.csv", A)):
        assert desk.upload(name, content).reason == READ_OTHERWISE
    assert desk.upload("a.csv", on_change="replace").reason == FORGOTTEN
    assert desk.upload("a.csv", reading=SECONDS, on_change="replace").reason == FORGOTTEN
    assert desk.sums() == clean
    assert desk.upload("a.csv", on_change="replace", again=True).state == "counted"
    assert desk.sums() == desk.clean(A)
    assert desk.upload("copy.csv").state == "already counted"
    assert desk.upload("a.csv").state == "already counted"
    assert forget_device(desk.store, DEVICE) == 1
    assert desk.sums() == clean


def test_a_file_that_grows_does_not_bring_a_forgotten_device_back(desk: Desk) -> None:
    desk.upload("a.csv", A)
    forget_device(desk.store, DEVICE)
    assert desk.upload("a.csv", A + flow(OTHER)).state == "refused"
    assert desk.sums() == desk.clean(without(A, DEVICE))


def test_a_retracted_file_that_knows_the_device_is_erased_and_stays_refused(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.retract("a.csv")
    assert forget_device(desk.store, DEVICE) == 1
    assert list(desk.store.files("paris")) == []
    assert "retracted" in desk.upload("a.csv").reason
    assert desk.upload("a.csv", again=True).state == "counted"
    assert desk.sums() == desk.clean(A)


def test_a_file_at_several_paths_beside_others_keeps_its_places(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("a.csv", B, on_change="add")
    desk.upload("copy.csv", A)
    forget_device(desk.store, DEVICE)
    assert [record.head.totals["pkt"] for record in desk.records("a.csv")] == [4, 7]
    assert [record.head.totals["pkt"] for record in desk.records("copy.csv")] == [4]
    desk.retract("copy.csv")
    assert desk.sums() == desk.clean(without(A, DEVICE), without(B, DEVICE))
    desk.upload("a.csv", csv(flow(OTHER, packets=50)), on_change="replace")
    assert desk.sums() == desk.clean(without(A, DEVICE), csv(flow(OTHER, packets=50)))


def test_a_file_of_the_device_alone_stays_known_with_nothing_in_it(desk: Desk) -> None:
    desk.upload("a.csv", ONLY_DEVICE)
    forget_device(desk.store, DEVICE)
    assert desk.sums() == {}
    (record,) = desk.records("a.csv")
    assert (record.is_in, record.head.chunks, record.head.first_day) == (True, 0, "")
    desk.retract("a.csv")
    assert desk.upload("a.csv").state == "refused"


def test_rejected_lines_alone_that_mention_the_device_are_masked(desk: Desk) -> None:
    desk.upload("a.csv", csv(flow(OTHER, "198.51.100.1"), TORN, b"192.168.1.70,x\n"))
    sums = desk.sums()
    assert forget_device(desk.store, DEVICE) == 1
    assert desk.sums() == sums
    (record,) = desk.records("a.csv")
    assert [(reject.line, reject.text) for reject in desk.store.rejects(record.name)] == [
        (3, NOTE),
        (4, "192.168.1.70,x"),
    ]
    assert "erased" not in record.head.lines


def test_what_is_kept_of_refused_files_mentions_the_device_no_more(desk: Desk) -> None:
    desk.upload("a.csv", csv(TORN, b"192.168.1.7 ,192.0.2.1,2022-12-01,1,1\n"))
    desk.upload("b.csv", csv(b"192.168.1.7 ,192.0.2.1,2022-12-01,1,1\n", b"x\n"))
    desk.upload("c.csv", csv(b"x\n"))
    assert affected_of(desk.store, DEVICE).files == 2
    assert forget_device(desk.store, DEVICE) == 2
    for name, texts in (("a.csv", [NOTE, NOTE]), ("b.csv", [NOTE, "x"]), ("c.csv", ["x"])):
        refusal = desk.path(name).refusal
        assert refusal is not None
        assert DEVICE not in refusal.reason
        (kept,) = [each for each in desk.store.rejected("paris") if str(each) == refusal.content]
        assert [reject.text for reject in desk.store.rejects(kept)] == texts
    assert len(list(desk.store.rejected("paris"))) == 3
    assert forget_device(desk.store, DEVICE) == 0


def test_a_file_that_is_on_its_way_meanwhile_is_not_refused_for_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.upload("torn.csv", csv(TORN))
    name = desk.store.keep(contribution(A)).name  # and whoever stored it goes on when most is done
    refuse = desk.store.refuse

    def goes_on(*arguments: Any) -> None:
        refuse(*arguments)
        desk.store.move("paris", Move("a.csv", take=name))
        settle(desk.store, [name])

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "refuse", goes_on)
        assert forget_device(desk.store, DEVICE) == 2
    assert desk.sums() == desk.clean(without(A, DEVICE))


def test_a_path_that_takes_the_file_at_the_last_moment_loses_the_device_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.upload("a.csv", A)
    (record,) = desk.records("a.csv")
    erase, times = desk.store.erase, count()

    def after_another_came(name: Name, *, referred: bool = False) -> bool:
        if not next(times):
            assert desk.store.move("paris", Move("b.csv", take=record.name))
        return erase(name, referred=referred)

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "erase", after_another_came)
        forget_device(desk.store, DEVICE)
    assert desk.store.path("paris", "b.csv").names == desk.path("a.csv").names != (record.name,)
    assert desk.sums() == desk.clean(without(A, DEVICE))


def test_what_was_stored_and_left_is_erased_too(desk: Desk) -> None:
    name = desk.store.keep(contribution(A)).name
    assert forget_device(desk.store, DEVICE) == 1
    assert list(desk.store.files("paris")) == []
    assert desk.upload("a.csv", A).reason == FORGOTTEN
    record = desk.store.file(name)
    assert record is not None
    assert record.erased


def test_what_was_already_below_the_floor_is_forgotten_too(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.store.raise_floor("2022-12")
    forget_device(desk.store, OTHER)
    assert desk.store.erase_below_floor() == 0
    assert desk.sums() == desk.clean(before(without(A, OTHER), "2022-12"))


# A site.


def test_nothing_of_a_forgotten_site_is_left(desk: Desk) -> None:
    desk.upload("b.csv", B, site="tokyo")
    tokyo = desk.sums()
    for name, content in (("a.csv", A + TORN), ("b.csv", B), ("c.csv", csv(TORN)), ("gone.csv", ONLY_DEVICE)):
        desk.upload(name, content)
    desk.upload("copy.csv", A + TORN)
    desk.retract("gone.csv")
    assert (affected_at(desk.store, "paris").files, affected_at(desk.store, "paris").pairs) == (3, 5)
    assert forget_site(desk.store, "paris") == 3
    assert desk.store.sites() == ["tokyo"]
    for listed in (desk.store.files, desk.store.paths, desk.store.rejected, desk.store.pending, desk.store.scan):
        assert list(listed("paris")) == []
    assert desk.sums() == tokyo
    assert forget_site(desk.store, "paris") == 0


def test_with_a_device_go_its_ranks_and_what_allows_it(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", A, site="tokyo")
    rank_everything(desk.store)
    kept = [allowance_of(source=OTHER), allowance_of(source="192.168.1.0/24"), allowance_of(site="paris", kind="surge")]
    tokyos = allowance_of(site="tokyo", destination=DEVICE)
    for each in (
        *kept,
        tokyos,
        allowance_of(site="paris", source=DEVICE),
        allowance_of(site="paris", destination=DEVICE),
    ):
        desk.store.allow(each)
    assert DEVICE in ranked(desk.store, "paris")
    forget_device(desk.store, DEVICE, "paris")
    assert desk.store.allowances() == sorted([*kept, tokyos])
    assert DEVICE not in ranked(desk.store, "paris")
    assert DEVICE in ranked(desk.store, "tokyo")
    forget_device(desk.store, DEVICE)
    assert desk.store.allowances() == sorted(kept)
    assert DEVICE not in ranked(desk.store, "tokyo")


def test_with_a_site_go_its_ranks_and_what_is_allowed_at_it(desk: Desk) -> None:
    desk.upload("a.csv", A)
    desk.upload("b.csv", A, site="tokyo")
    rank_everything(desk.store)
    for each in (allowance_of(site="paris", kind="surge"), allowance_of(source=DEVICE)):
        desk.store.allow(each)
    tokyos = ranked(desk.store, "tokyo")
    forget_site(desk.store, "paris")
    assert ranked(desk.store, "paris") == set()
    assert ranked(desk.store, "tokyo") == tokyos != set()
    assert desk.store.allowances() == [allowance_of(source=DEVICE)]


def rank_everything(store: Store) -> None:
    for site in store.sites():
        for row in store.scan(site):
            assert store.put_rank(site, row, rank_of(row, stands_out=True, steady=True))


def ranked(store: Store, site: str) -> set[str]:
    """Return all addresses that ranks of a site name."""
    months = ("2022-11", "2022-12", "2023-01")
    return {address for month in months for *pair, _ in store.ranks(site, month) for address in pair}


def test_files_of_a_forgotten_site_come_back_on_a_persons_word_only(desk: Desk) -> None:
    desk.upload("a.csv", A)
    forget_site(desk.store, "paris")
    assert desk.upload("a.csv").reason == FORGOTTEN
    assert desk.upload("copy.csv", A + TORN).state == "counted"
    forget_site(desk.store, "paris")
    for reading in (ReadingOptions(), SECONDS):
        assert desk.upload("copy.csv", reading=reading).reason == FORGOTTEN
    assert [(path.path, path.refusal and path.refusal.reason) for path in desk.store.paths("paris")] == [
        (path_text(desk.folder / "copy.csv"), FORGOTTEN)
    ]
    assert list(desk.store.rejected("paris")) == []
    assert desk.upload("a.csv", B).state == "counted"
    assert desk.upload("a.csv", A, on_change="replace", again=True).state == "counted"
    assert desk.sums() == desk.clean(A)
    assert desk.upload("copy.csv", A).state == "already counted"


def test_a_site_for_which_files_keep_coming_is_said() -> None:
    class Busy(MemoryStore):
        def drop_path(self, site: str, path: str) -> bool:
            assert (site, path) == ("paris", "a.csv")
            return False

    store = Busy()
    store.move("paris", Move("a.csv"))
    with pytest.raises(StoreBusy, match="keep coming"):
        forget_site(store, "paris")


# Old months.


def test_what_is_old_is_forgotten_by_whole_files_and_by_months(desk: Desk) -> None:
    old = csv(flow(day="2022-10-05"), flow(OTHER, day="2022-11-05"), TORN)
    desk.upload("old.csv", old)
    desk.upload("quiet.csv", HEADER)
    desk.upload("a.csv", A)
    found = affected_before(desk.store, "2022-12")
    assert (found.files, found.pairs) == (1, 2)
    assert forget_before(desk.store, "2022-12", wait=NO_WAIT.append) == 1
    assert desk.sums() == desk.clean(before(A, "2022-12"))
    (record,) = desk.records("old.csv")
    assert (record.erased, record.is_in, list(desk.store.rejects(record.name))) == (True, True, [])
    assert desk.store.erase_below_floor() == 0
    for name in ("old.csv", "a.csv", "quiet.csv"):
        assert desk.upload(name).state == "already counted"
    assert forget_before(desk.store, "2022-12", wait=NO_WAIT.append) == 0


def test_a_file_that_is_old_as_a_whole_is_refused_and_nothing_of_it_kept(desk: Desk) -> None:
    desk.store.raise_floor("2022-12")
    outcome = desk.upload("old.csv", csv(flow(day="2022-11-30"), TORN))
    assert (outcome.state, outcome.reason) == (
        "refused",
        "its last day, 2022-11-30, is before 2022-12, the first month that is kept: nothing of it would count",
    )
    assert list(desk.store.rejected("paris")) == []
    assert desk.upload("partly.csv", csv(flow(day="2022-11-30"), flow(OTHER, day="2022-12-01"))).state == "counted"
    assert desk.sums() == desk.clean(csv(flow(OTHER, day="2022-12-01")))


def test_an_old_file_that_was_erased_can_be_taken_out_and_does_not_come_back(desk: Desk) -> None:
    desk.upload("old.csv", csv(flow(day="2022-11-30")))
    desk.upload("a.csv", A)
    forget_before(desk.store, "2022-12", wait=NO_WAIT.append)
    assert desk.upload("copy.csv", csv(flow(day="2022-11-30"))).state == "already counted"
    for name in ("old.csv", "copy.csv"):
        desk.retract(name)
    for again in (False, True):
        assert "first month that is kept" in desk.upload("old.csv", again=again).reason
    desk.retract("a.csv")
    assert desk.sums() == {}
    assert desk.store.erase_below_floor() == 0


def test_rejected_lines_of_old_refused_files_go_with_them(desk: Desk) -> None:
    desk.upload("old.csv", csv(flow(day="2022-11-30"), TORN), max_rejects="0")
    desk.upload("new.csv", csv(flow(day="2022-12-30"), TORN), max_rejects="0")
    forget_before(desk.store, "2022-12", wait=NO_WAIT.append)
    assert [each.content for each in desk.store.rejected("paris")] == [
        refusal.content.partition("-")[0] for name in ("new.csv",) if (refusal := desk.path(name).refusal)
    ]


# Whatever happened before.


class ForgettingAtTheEnd(History):
    """A history after which two devices are forgotten, one of them twice, and in the end old months."""

    def teardown(self) -> None:
        with self.left:
            for month, *devices in (("", "192.168.1.7"), ("", "192.168.1.7", "192.168.0.3"), ("2022-12", *DEVICES)):
                for device in devices:
                    forget_device(self.store, device)
                if month:
                    forget_before(self.store, month, wait=NO_WAIT.append)
                self.compare_without(month, devices)

    def compare_without(self, month: str, devices: list[str]) -> None:
        with closing(self.open_store(f"clean{month}{len(devices)}")) as clean:
            clean.raise_floor(month or "0001-01")
            for number, (site, (content, reading)) in enumerate(sorted(self.all_held(), key=repr)):
                file = put(self.root / "clean" / f"{number}.csv", without(content.replace(TORN, b""), *devices))
                # Without the device, two files may hold the same; blank lines tell them apart.
                file.write_bytes(file.read_bytes() + b"\n" * (number + 1))
                upload(clean, file, Request(site, reading))
            assert everything(self.store) == everything(clean)
            assert exported(self.store) == exported(clean)
            for site in self.store.sites():
                assert all(
                    mention not in devices for row in self.store.scan(site) for mention in (row.source, row.destination)
                )


class ForgettingASiteAtTheEnd(History):
    """A history after which a site is forgotten."""

    def teardown(self) -> None:
        with self.left, closing(self.open_store("clean")) as clean:
            forget_site(self.store, "paris")
            held: list[tuple[str, Read]] = [each for each in self.all_held() if each[0] != "paris"]
            for number, (site, (content, reading)) in enumerate(sorted(held, key=repr)):
                upload(clean, put(self.root / "clean" / f"{number}.csv", content), Request(site, reading))
            assert everything(self.store) == everything(clean)
            assert exported(self.store) == exported(clean)
            assert "paris" not in self.store.sites()


DEVICES = ("192.168.1.7", "192.168.0.3", "2001:db8::7")


class InSqlite:
    """The same over an SQLite file."""

    root: Path

    def open_store(self, name: str) -> Store:
        return SqliteStore(self.root / f"{name}.db")


class ForgettingInSqlite(InSqlite, ForgettingAtTheEnd):
    """Over an SQLite file."""


class ForgettingASiteInSqlite(InSqlite, ForgettingASiteAtTheEnd):
    """Over an SQLite file."""


TestADeviceInMemory = ForgettingAtTheEnd.TestCase
TestADeviceInMemory.settings = settings(deadline=None, max_examples=examples(30), stateful_step_count=15)
TestADeviceInSqlite = ForgettingInSqlite.TestCase
TestADeviceInSqlite.settings = settings(deadline=None, max_examples=examples(8), stateful_step_count=12)
TestASiteInMemory = ForgettingASiteAtTheEnd.TestCase
TestASiteInMemory.settings = settings(deadline=None, max_examples=examples(30), stateful_step_count=15)
TestASiteInSqlite = ForgettingASiteInSqlite.TestCase
TestASiteInSqlite.settings = settings(deadline=None, max_examples=examples(8), stateful_step_count=12)

CONTENTS = (A, B, ONLY_DEVICE)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("upload"), st.sampled_from(["a.csv", "b.csv"]), st.integers(0, 2), st.booleans(), st.booleans()
        ),
        st.tuples(st.just("retract"), st.sampled_from(["a.csv", "b.csv"])),
        st.tuples(st.just("forget"), st.sampled_from([DEVICE, OTHER])),
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_files_that_come_and_go_after_a_device_was_forgotten_bring_back_what_was_said(
    tmp_path: Path, steps: list[tuple[Any, ...]]
) -> None:
    store, held, gone = MemoryStore(), defaultdict[str, list[int]](list), defaultdict[int, set[str]](set)
    for step in steps:
        if step[0] == "forget":
            forget_device(store, step[1])
            for number in {each for at in held.values() for each in at}:
                gone[number].add(step[1])
        elif step[0] == "retract":
            path = path_text(tmp_path / step[1])
            retract(store, "paris", path, store.path("paris", path).names)
            held[step[1]].clear()
        else:
            _, name, number, replaces, again = step
            file = put(tmp_path / name, CONTENTS[number])
            policy = Policy("replace" if replaces else "refuse", again)
            outcome = upload(store, file, Request("paris", policy=policy))
            take(held, gone, name, number, outcome.state)
    present = {number for at in held.values() for number in at}
    clean = MemoryStore()
    for number in present:
        upload(
            clean, put(tmp_path / "clean" / f"{number}.csv", without(CONTENTS[number], *gone[number])), Request("paris")
        )
    assert everything(store) == everything(clean)


def take(held: dict[str, list[int]], gone: dict[int, set[str]], name: str, number: int, state: str) -> None:
    """Follow an upload: one that counts brings all of its content, wherever a part of it stood before."""
    if state == "refused" or (number in held[name] and state == "already counted"):
        return
    if state == "counted":
        gone[number].clear()
    if number not in held[name]:
        del held[name][-1:]
        held[name].append(number)


# Whatever happens meanwhile.

WRITES = (
    *("keep", "keep_rejects", "move", "refuse", "advance", "apply", "settled"),
    *("raise_floor", "erase", "erase_empty", "erase_below_floor", "drop_path", "disallow"),
)


class EndedError(Exception):
    """The process ended here."""


class Interrupted(MemoryStore):
    """A store whose writes stand by themselves, and that ends its user after one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = count(1)
        self.last = 0

    @contextmanager
    def atomically(self, *, keep: bool = True) -> Iterator[None]:
        assert keep
        yield


def _ending(name: str) -> Callable[..., Any]:
    write = getattr(MemoryStore, name)

    @wraps(write)
    def interrupted(self: Interrupted, *arguments: Any, **named: Any) -> Any:
        done = write(self, *arguments, **named)
        if next(self.writes) == self.last:
            raise EndedError
        return done

    return interrupted


for _name in WRITES:
    setattr(Interrupted, _name, _ending(_name))

FORGETTING: dict[str, Callable[[Store], int]] = {
    "a device": lambda store: forget_device(store, DEVICE),
    "a site": lambda store: forget_site(store, "paris"),
    "old months": lambda store: forget_before(store, "2022-12", wait=NO_WAIT.append),
}


@pytest.mark.parametrize("forget", FORGETTING.values(), ids=FORGETTING)
def test_forgetting_ends_the_same_after_whichever_write_it_is_interrupted(
    tmp_path: Path, forget: Callable[[Store], int]
) -> None:
    def played(last: int) -> tuple[dict[str, Any], bool]:
        store = Interrupted()
        prepare(store, tmp_path)
        store.writes, store.last = count(1), last
        try:
            forget(store)
        except EndedError:
            forget(store)
            return state_of(store), True
        return state_of(store), False

    expected, _ = played(0)
    for last in count(1):
        found, interrupted = played(last)
        assert found == expected, f"after write {last}"
        if not interrupted:
            break
    assert last > 3


def prepare(store: Store, folder: Path) -> None:
    contents = {
        "a.csv": A + TORN,
        "copy.csv": A + TORN,
        "b.csv": B,
        "old.csv": csv(flow(day="2022-10-01")),
        "c.csv": csv(TORN),
    }
    contents |= {"gone.csv": ONLY_DEVICE}
    for name, content in contents.items():
        upload(store, put(folder / name, content), Request("paris"))
    path = path_text(folder / "gone.csv")
    retract(store, "paris", path, store.path("paris", path).names)
    rank_everything(store)
    for number in range(3):
        store.allow(allowance_of(site="paris", source=DEVICE, destination=f"192.0.2.{number}"))


def state_of(store: MemoryStore) -> dict[str, Any]:
    """Return all that there is to be seen, and what is stored that nobody sees."""
    tables = store._tables
    return {
        "sums": everything(store),
        "keys": sorted(tables.sums),
        "beside": (sorted(tables.ranks), sorted(tables.allowances)),
        "floor": store.floor(),
        "files": [store.file(name) for name in sorted(tables.files)],
        "stored": (sorted(tables.contributions), sorted(tables.rejects)),
        "paths": {site: list(store.paths(site)) for site in store.sites()},
        "pending": [each for site in store.sites() for each in store.pending(site)],
    }


def test_files_of_others_that_come_and_go_meanwhile_are_as_they_say(desk: Desk) -> None:
    contents = [csv(flow(packets=number + 1), flow(OTHER, packets=number + 1)) for number in range(6)]
    for number, content in enumerate(contents):
        desk.upload(f"{number}.csv", content)

    def work(thread: int) -> None:
        if thread < 2:
            forget_device(desk.store, (DEVICE, "198.51.100.1")[thread])
        else:
            for number in range(6):
                desk.upload(
                    f"later/{thread}-{number}.csv", csv(flow(OTHER, "198.51.100.9", packets=10**thread + number))
                )
                if number % 2:
                    desk.retract(f"later/{thread}-{number}.csv")

    at_once(4, work)
    later = [flow(OTHER, "198.51.100.9", packets=10**thread + number) for thread in (2, 3) for number in (0, 2, 4)]
    assert desk.sums() == desk.clean(csv(*later), *(without(content, DEVICE) for content in contents))


def test_the_same_file_uploaded_elsewhere_meanwhile_counts_once_or_is_refused(desk: Desk) -> None:
    desk.upload("a.csv", A)
    for number in range(4):
        put(desk.folder / f"copy{number}.csv", A)

    def work(thread: int) -> str:
        if not thread:
            return str(forget_device(desk.store, DEVICE))
        return desk.upload(f"copy{thread}.csv").state

    at_once(4, work)
    forget_device(desk.store, DEVICE)
    settle(desk.store, [record.name for record in desk.store.files("paris")])
    assert desk.sums() == desk.clean(without(A, DEVICE))
    assert list(desk.store.pending("paris")) == []


def test_a_larger_file_of_many_chunks_loses_one_device_only(desk: Desk) -> None:
    content = many_pairs(250)
    desk.upload("a.csv", content)
    forget_device(desk.store, "192.168.0.7")
    assert desk.sums() == desk.clean(without(content, "192.168.0.7"))
    assert len(shown(desk.store.scan("paris"))) == 249
