from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.audit import Counts, Note, audit
from tests.pipeline.csvs import csv, flow, many_pairs

if TYPE_CHECKING:
    from iotagg.stores.protocol import Store
    from tests.pipeline.conftest import Desk

MANY = 200


def texts(store: Store) -> list[str]:
    return [f"{found.source} {found.text}".strip() for found in audit(store)]


def full(desk: Desk) -> None:
    desk.upload("one.csv", many_pairs(MANY))
    desk.upload("two.csv", many_pairs(MANY, packets=5, day="2022-12-02"))
    desk.upload("torn.csv", csv(flow(), b"torn\n", b"torn too\n", flow(day="2023-01-31")))
    desk.upload("tokyo.csv", many_pairs(3), site="tokyo")


def test_a_store_that_was_only_used_has_nothing_that_differs(desk: Desk) -> None:
    full(desk)
    desk.upload("torn.csv", csv(flow(), b"torn\n", b"torn too\n", flow(day="2023-01-31"), flow()))  # it grew
    desk.retract("two.csv")
    desk.upload("refused.csv", csv(b"torn\n"), max_rejects="0")
    counts, notes = Counts(), list[Note]()
    assert list(audit(desk.store, counts=counts, noted=notes.append)) == []
    assert notes == []
    assert counts == Counts(files=5, pair_months=MANY + 3 + 2)
