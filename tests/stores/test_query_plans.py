"""No statement of an upload reads a table from end to end: what is stored already does not slow down what comes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from iotagg.core.ledger import Policy
from iotagg.core.ranks import MEASURES, SIDES, Rank
from iotagg.listing import key_at
from iotagg.pipeline import Request, retract, upload
from iotagg.stores.sqlite import SqliteStore
from tests.pipeline.csvs import TORN, contribution, csv, flow, put
from tests.stores.racing import name_of, pair_month

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
_WHOLE = re.compile(
    r"SCAN (file|contribution|marker|path|reference|reject|pair_month|rank|rank_size|device_month)\b"
)  # `floor` has one row


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "store.db")
    yield opened
    opened.close()


def statements_of(store: SqliteStore, work: Callable[[], object]) -> list[str]:
    """Return the statements that some work runs, with their values."""
    statements: list[str] = []
    connection = store._database.connection
    connection.set_trace_callback(statements.append)
    try:
        work()
    finally:
        connection.set_trace_callback(None)
    return [statement for statement in statements if statement.lstrip().startswith(_PLANNED)]


def whole_tables(store: SqliteStore, statements: list[str]) -> set[str]:
    """Return the tables that statements read from end to end."""
    found: set[str] = set()
    for statement in statements:
        for *_, detail in store._database.connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
            found.update(_WHOLE.findall(detail))
    return found


def test_no_upload_reads_a_whole_table(store: SqliteStore, tmp_path: Path) -> None:
    one, other = put(tmp_path / "one.csv", csv(flow(), TORN)), put(tmp_path / "other.csv", csv(flow("192.0.2.9")))

    def everything() -> None:
        states = [upload(store, file, Request()).state for file in (one, other, one)]
        put(one, csv(flow(), TORN, flow("192.0.2.7")))  # grown
        states.append(upload(store, one, Request()).state)
        put(other, csv(flow("192.0.2.8")))
        states += [upload(store, other, Request(policy=policy)).state for policy in (Policy(), Policy("replace"))]
        assert states == ["counted", "counted", "already counted", "counted", "refused", "counted"]
        retract(store, "default", str(other), store.path("default", str(other)).names)

    statements = statements_of(store, everything)
    statements += statements_of(store, lambda: key_at(store, "default"))  # which the command asks first
    assert len({statement.split("'")[0] for statement in statements}) > 20
    assert whole_tables(store, statements) == set()


def test_nobody_who_assesses_or_asks_for_the_largest_reads_a_whole_table(store: SqliteStore) -> None:
    month = pair_month("192.168.1.7")
    key = (month.source, month.destination, month.month)

    def everything() -> None:
        store.apply(name_of(1), 1, 0, [month])
        assert store.ranked_months("paris", *key[:2]) == [(month, None)]
        for sizes in ((1, 2, 3, 4), (1, 2, 4, 4)):
            assert store.put_rank("paris", month, Rank(stands_out=True, steady=False, sizes=sizes))
        assert [len(list(store.ranks("paris", month.month, measure))) for measure in MEASURES] == [1] * len(MEASURES)
        for side in SIDES:
            device = key[SIDES.index(side)]
            assert list(store.device_sizes("paris", month.month, side, MEASURES[1])) == [(device, {2: 1})]
            assert [each[:2] for each in store.device_ranks("paris", month.month, side, {device})] == [key[:2]]
        assert list(store.several_months("paris", [key])) == list(store.source_months("paris", key[0])) == [month]
        assert list(store.outstanding("paris")) == []
        store.assessed(name_of(1), 1)
        assert store.put_rank("paris", month, None)

    statements = statements_of(store, everything)
    assert len({statement.split("'")[0] for statement in statements}) > 15
    assert whole_tables(store, statements) == set()
    (asked,) = statements_of(store, lambda: list(store.outstanding("paris")))
    plan = [detail for *_, detail in store._database.connection.execute(f"EXPLAIN QUERY PLAN {asked}")]
    assert any("file_to_assess" in detail for detail in plan)


def test_nobody_who_adds_up_devices_or_asks_for_the_largest_of_them_reads_a_whole_table(store: SqliteStore) -> None:
    name = store.keep(contribution(csv(flow()))).name
    ((_, (row,)),) = store.chunks(name, [0])

    def everything() -> None:
        for revision in (1, 2):
            for number, chunk in store.chunks(name, [0]):
                store.apply(name, revision, number, chunk)
            store.sum_devices("paris")
            for side, ends in zip(SIDES, ((row.source, ""), ("", row.destination)), strict=True):
                kept, left = store.devices(side), [ends] * (revision % 2)
                for measure in MEASURES:
                    assert [found[:2] for found in kept.ranks("paris", row.month, measure)] == left
                assert len(list(kept.several_months("paris", [(*ends, row.month)]))) == len(left)
                assert len(list(kept.source_months("paris", "".join(ends)))) == len(left)

    statements = statements_of(store, everything)
    assert len({statement.split("'")[0] for statement in statements}) > 10
    assert whole_tables(store, statements) == set()


def test_a_page_begins_where_the_one_before_it_ended(store: SqliteStore) -> None:
    # Of the rows before it, none is read: the index is entered by all that a cursor names.
    kept = store.devices("destination")
    for work, entered in (
        (lambda: list(store.scan("paris", ("192.168.1.7", "192.0.2.1"))), "site=? AND (source,destination)>(?,?)"),
        (lambda: list(store.source_months("paris", "192.168.1.7", "192.0.2.1")), "source=? AND destination>?"),
        (lambda: list(kept.names("paris", "192.0.2.1")), "place=? AND side=? AND device>?"),
    ):
        store.apply(name_of(1), 1, 0, [pair_month("192.168.1.7")])
        store.doubt_devices("paris")
        store.sum_devices("paris")
        *_, asked = statements_of(store, work)
        plan = [detail for *_, detail in store._database.connection.execute(f"EXPLAIN QUERY PLAN {asked}")]
        assert any(entered in detail for detail in plan), plan
        assert not any("B-TREE" in detail for detail in plan), plan


def test_a_statement_that_reads_a_whole_table_would_be_found(store: SqliteStore) -> None:
    before = "SELECT site FROM file WHERE NOT erased UNION SELECT site FROM path ORDER BY site"
    assert whole_tables(store, [before]) == {"file", "path"}
    assert whole_tables(store, statements_of(store, lambda: list(store.scan("paris")))) == set()
    assert whole_tables(store, statements_of(store, lambda: list(store.forgotten()))) == {"file"}
