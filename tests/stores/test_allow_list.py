"""The allow list: what a person finds in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.allowances import allowance_of

if TYPE_CHECKING:
    from iotagg.stores.protocol import Store


def test_the_allow_list_is_sorted_and_holds_each_allowance_once(store: Store) -> None:
    some = [allowance_of(source=f"192.168.1.{number}", note="the new backup") for number in range(5)]
    for each in (*some, *some[::-1]):
        store.allow(each)
    assert store.allowances() == sorted(some, key=lambda each: each.id)


def test_what_is_taken_off_the_list_is_gone(store: Store) -> None:
    one = allowance_of(site="paris", source="192.0.2.0/24", destination="192.168.1.7", kind="surge", until="2022-12-31")
    store.allow(one)
    assert [store.disallow("0" * 10), store.disallow(one.id), store.disallow(one.id)] == [False, True, False]
    assert store.allowances() == []
