"""A site that is forgotten: nothing of it is left, and its files come back on a person's word only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.core.allowances import allowance_of
from iotagg.core.dialect import ReadingOptions
from iotagg.core.ledger import FORGOTTEN, Move
from iotagg.errors import StoreBusy
from iotagg.forgetting import affected_at, forget_site
from iotagg.sources import path_text
from iotagg.stores.memory import MemoryStore
from tests.pipeline.contents import SECONDS
from tests.pipeline.csvs import TORN, csv
from tests.pipeline.forgetting import DEVICE, ONLY_DEVICE, A, B, rank_everything, ranked

if TYPE_CHECKING:
    from tests.pipeline.conftest import Desk


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
