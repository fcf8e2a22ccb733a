from __future__ import annotations

from threading import current_thread, main_thread
from threading import enumerate as threads
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core import beside
from iotagg.core.beside import Taker, ahead

if TYPE_CHECKING:
    from collections.abc import Iterator

blocks_of_bytes = st.lists(st.binary(min_size=1, max_size=4), max_size=60)


@given(blocks_of_bytes, st.integers(0, 100))
def test_blocks_are_taken_all_and_in_order(blocks: list[bytes], alone: int) -> None:
    taken: list[bytes] = []
    with patch.object(beside, "ALONE", alone):
        taker = Taker(taken.append)
        for block in blocks:
            taker.give(block)
        taker.finish()
    assert taken == blocks


@given(blocks_of_bytes, st.integers(0, 100))
def test_blocks_are_made_all_and_in_order(blocks: list[bytes], alone: int) -> None:
    with patch.object(beside, "ALONE", alone):
        assert list(ahead(blocks)) == blocks


def test_only_what_is_long_is_worked_on_by_another_thread() -> None:
    taker = Taker(lambda block: workers.append((block, current_thread() is main_thread())))
    workers: list[tuple[bytes, bool]] = []
    with patch.object(beside, "ALONE", 2):
        for block in (b"a", b"b", b"c"):
            taker.give(block)
        taker.finish()
    assert workers == [(b"a", True), (b"b", True), (b"c", False)]


@pytest.mark.parametrize("alone", [0, 100])
def test_what_goes_wrong_in_taking_is_raised_and_hangs_nobody(alone: int) -> None:
    def take(block: bytes) -> None:
        if block == b"3":
            raise ArithmeticError

    with patch.object(beside, "ALONE", alone), pytest.raises(ArithmeticError):  # noqa: PT012 (either may raise)
        taker = Taker(take)
        for number in range(100):
            taker.give(b"%d" % number)
        taker.finish()


@pytest.mark.parametrize("alone", [0, 100])
def test_what_goes_wrong_in_making_comes_after_what_was_made(alone: int) -> None:
    def made() -> Iterator[bytes]:
        yield from (b"a", b"b")
        raise ArithmeticError

    found: list[bytes] = []
    with patch.object(beside, "ALONE", alone), pytest.raises(ArithmeticError):
        found.extend(ahead(made()))
    assert found == [b"a", b"b"]


def test_nobody_goes_on_making_what_is_not_used() -> None:
    before = len(threads())
    with patch.object(beside, "ALONE", 0):
        endless = ahead(iter(lambda: b"x", b""))
        assert [next(endless), next(endless)] == [b"x", b"x"]
        endless.close()
    assert len(threads()) == before
