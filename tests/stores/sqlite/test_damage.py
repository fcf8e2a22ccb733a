"""What somebody changed in a database is said to be damaged, or replaced when it is known anew."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from iotagg.core.allowances import allowance_of
from iotagg.core.contribution import Name
from iotagg.core.ranks import Rank
from iotagg.errors import Damaged, NotAStore
from tests.stores.counted import ONE
from tests.stores.sqlite.files import CHUNK, RANK, assert_one_line, run

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.stores.sqlite import SqliteStore

OTHER_RANK = Rank(stands_out=False, steady=False, sizes=(5, 2, 3, 1))


def test_what_should_be_bytes_and_is_no_text_is_damage(store: SqliteStore, file: Path) -> None:
    run(file, "INSERT INTO reject VALUES ('paris', 'c0ffee', '01', 0, CAST(x'1b5bff' AS TEXT))")
    with pytest.raises(NotAStore, match="a damaged one") as refused:
        list(store.rejects(Name("paris", "c0ffee", "01")))
    assert_one_line(refused.value)


def test_a_rank_of_measures_that_are_no_more_is_replaced_and_leaves_nothing(store: SqliteStore, file: Path) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    assert store.put_rank("paris", CHUNK[0], RANK)
    run(file, "UPDATE rank SET text = '10.d01x02'", "INSERT INTO rank_size VALUES (1, 'x', '10.', 2, 1)")
    assert store.put_rank("paris", CHUNK[0], RANK)
    assert [rank for *_, rank in store.ranks("paris", CHUNK[0].month)] == [RANK]
    assert store.put_rank("paris", CHUNK[0], None)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute(
            "SELECT (SELECT count(*) FROM rank), (SELECT count(*) FROM rank_size)"
        ).fetchone() == (
            0,
            0,
        )


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE rank SET text = 7",
        "UPDATE rank SET text = x'ff'",
        "UPDATE rank_size SET size = 'x'",
        "UPDATE rank_size SET rank = 'x'",
        "DELETE FROM rank",
        "UPDATE rank_month SET place = 99",
    ],
)
def test_ranks_that_somebody_changed_are_read_or_damaged_and_assessed_anew(
    store: SqliteStore, file: Path, damage: str
) -> None:
    store.apply(ONE, 1, 0, CHUNK)
    assert store.put_rank("paris", CHUNK[0], RANK)
    run(file, damage)
    try:
        assert len(list(store.ranks("paris", CHUNK[0].month))) <= 1
        assert len(store.ranked_months("paris", CHUNK[0].source, CHUNK[0].destination)) == 1
    except Damaged:
        pass
    assert store.put_rank("paris", CHUNK[0], OTHER_RANK)
    assert ("192.168.1.7", "192.0.2.1", OTHER_RANK) in list(store.ranks("paris", CHUNK[0].month))


def test_an_allowance_that_somebody_changed_is_damaged(store: SqliteStore, file: Path) -> None:
    store.allow(allowance_of(source="192.168.1.7"))
    run(file, "UPDATE allowance SET source = '192.168.1.8'")
    with pytest.raises(Damaged, match=r"the allow list is damaged: '[0-9a-f]{10}' is not what was allowed"):
        store.allowances()
