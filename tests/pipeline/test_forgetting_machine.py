"""Whatever happened before something is forgotten, what remains is as if it had never been in the files."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotagg.core.ledger import Policy
from iotagg.forgetting import forget_before, forget_site
from iotagg.forgetting_device import forget_device
from iotagg.pipeline import Request, retract, upload
from iotagg.sources import path_text
from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.examples import examples
from tests.pipeline.csvs import TORN, everything, put
from tests.pipeline.forgetting import DEVICE, NO_WAIT, ONLY_DEVICE, OTHER, A, B, without
from tests.pipeline.seeing import exported
from tests.pipeline.test_history_machine import History, Read

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.stores.protocol import Store


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
