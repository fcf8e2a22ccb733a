"""Which tests begin first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.order import LONGEST, longest_first
from tests.project.tree import ROOT

if TYPE_CHECKING:
    import pytest


def test_the_files_that_are_named_are_there() -> None:
    assert [file for file in LONGEST if not (ROOT / file).is_file()] == []


class Named:
    def __init__(self, name: str) -> None:
        self.nodeid = name


def test_each_process_begins_with_its_share_and_no_test_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "3")
    names = [f"tests/others.py::{number}" for number in range(30)] + [f"{file}::it" for file in LONGEST]
    items = [Named(name) for name in names]
    longest_first(items)  # type: ignore[arg-type]  # of an item, its name is looked at
    assert sorted(item.nodeid for item in items) == sorted(names)
    begins = [at for at, item in enumerate(items) if item.nodeid.startswith(LONGEST[:3])]
    assert begins == [0, 15, 30]
