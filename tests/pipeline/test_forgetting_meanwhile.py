"""Forgetting that is interrupted, or during which files come and go, ends as if nothing had happened meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from iotagg.core.allowances import allowance_of
from iotagg.forgetting import forget_before, forget_site
from iotagg.forgetting_device import forget_device
from iotagg.pipeline import Request, retract, settle, upload
from iotagg.sources import path_text
from iotagg.stores.memory import MemoryStore
from tests.pipeline.csvs import TORN, csv, everything, flow, put
from tests.pipeline.forgetting import DEVICE, NO_WAIT, ONLY_DEVICE, OTHER, A, B, rank_everything, without
from tests.stores.racing import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from iotagg.stores.protocol import Store
    from tests.pipeline.conftest import Desk

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
