"""What every store remembers of a path: what it refers to, why it was refused, and its object's versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotagg.core.ledger import Move, Origin, Refusal, Versions
from tests.pipeline.csvs import contribution, csv, flow
from tests.stores.racing import at_once

if TYPE_CHECKING:
    from iotagg.core.contribution import Name
    from iotagg.stores.protocol import Store


def test_a_path_refers_to_what_it_took_oldest_first(store: Store, kept: Name) -> None:
    other = store.keep(contribution(csv(flow(packets=2)))).name
    store.move("paris", Move("a.csv", take=other))
    store.move("paris", Move("a.csv", take=kept))
    store.move("paris", Move("b.csv", take=kept))
    assert store.path("paris", "a.csv").names == (other, kept)
    records = {record.name: record.paths for record in store.files("paris")}
    assert records == {kept: {"a.csv", "b.csv"}, other: {"a.csv"}}


def test_a_path_drops_and_takes_in_one_move(store: Store, kept: Name) -> None:
    other = store.keep(contribution(csv(flow(packets=2)))).name
    store.move("paris", Move("a.csv", take=kept))
    store.move("paris", Move("b.csv", take=kept))
    store.move("paris", Move("a.csv", take=other, drop=(kept,)))
    assert store.path("paris", "a.csv").names == (other,)
    assert store.path("paris", "b.csv").names == (kept,)


def test_a_move_done_twice_is_done_once(store: Store, kept: Name) -> None:
    other = store.keep(contribution(csv(flow(packets=2)))).name
    store.move("paris", Move("a.csv", take=kept))
    for _ in range(2):
        store.move("paris", Move("a.csv", take=other, drop=(kept,)))
    assert store.path("paris", "a.csv").names == (other,)


def test_a_path_that_dropped_everything_is_still_known(store: Store, kept: Name) -> None:
    store.move("paris", Move("a.csv", take=kept))
    store.move("paris", Move("a.csv", drop=(kept,)))
    assert [(record.path, record.names) for record in store.paths("paris")] == [("a.csv", ())]
    record = store.file(kept)
    assert record is not None
    assert record.paths == frozenset()


def test_the_same_path_at_two_sites_is_two_paths(store: Store, kept: Name) -> None:
    tokyo = store.keep(contribution(csv(flow()), "tokyo")).name
    store.move("paris", Move("a.csv", take=kept))
    store.move("tokyo", Move("a.csv", take=tokyo))
    store.move("tokyo", Move("a.csv", drop=(tokyo,)))
    assert store.path("paris", "a.csv").names == (kept,)
    assert store.path("tokyo", "a.csv").names == ()


def test_a_refusal_leaves_what_the_path_refers_to(store: Store, kept: Name) -> None:
    refusal = Refusal("it is worse than 1%", "c" * 64, {"lines": 3, "rejected": 2})
    store.move("paris", Move("a.csv", take=kept))
    store.refuse("paris", "a.csv", Refusal("an earlier reason"))
    store.refuse("paris", "a.csv", refusal)
    path = store.path("paris", "a.csv")
    assert (path.names, path.refusal) == ((kept,), refusal)
    assert list(store.paths("paris")) == [path]


def test_a_move_forgets_the_refusal(store: Store, kept: Name) -> None:
    store.refuse("paris", "a.csv", Refusal("no"))
    store.move("paris", Move("a.csv", take=kept))
    assert store.path("paris", "a.csv").refusal is None


def test_a_move_leaves_the_refusal_that_comes_with_it(store: Store, kept: Name) -> None:
    refusal = Refusal("it gave way", "c" * 64, {"lines": 3})
    store.refuse("paris", "a.csv", Refusal("an earlier reason"))
    store.move("paris", Move("a.csv", take=kept))
    assert store.move("paris", Move("a.csv", drop=(kept,), refusal=refusal)) is True
    path = store.path("paris", "a.csv")
    assert (path.names, path.refusal) == ((), refusal)
    store.move("paris", Move("a.csv"))
    assert store.path("paris", "a.csv").refusal is None


def test_a_move_is_made_only_while_its_path_is_as_expected(store: Store, kept: Name) -> None:
    other = store.keep(contribution(csv(flow(packets=2)))).name
    assert store.move("paris", Move("a.csv", take=kept, expected=(other,))) is False
    assert list(store.paths("paris")) == []
    assert store.move("paris", Move("a.csv", take=kept, expected=())) is True
    store.refuse("paris", "a.csv", Refusal("no"))
    before = store.path("paris", "a.csv")
    for expected in ((), (other,), (kept, other), (other, kept)):
        move = Move("a.csv", other, (kept,), Origin("v2", "2"), "2", "2", "refuse", expected)
        assert store.move("paris", move) is False
        assert store.path("paris", "a.csv") == before
    assert store.move("paris", Move("a.csv", other, (kept,), expected=(kept,))) is True
    assert store.path("paris", "a.csv").names == (other,)
    assert {record.name: record.paths for record in store.files("paris")} == {kept: set(), other: {"a.csv"}}


def test_of_all_who_expect_the_same_of_a_path_one_moves_it(store: Store) -> None:
    names = [store.keep(contribution(csv(flow(packets=number)))).name for number in range(6)]
    moved = at_once(6, lambda number: store.move("paris", Move("a.csv", take=names[number], expected=())))
    assert sorted(moved) == [False] * 5 + [True]
    (name,) = store.path("paris", "a.csv").names
    assert moved[names.index(name)] is True
    assert [record.name for record in store.files("paris") if record.paths] == [name]


def test_a_path_of_a_file_on_a_disk_has_no_versions(store: Store, kept: Name) -> None:
    store.move("paris", Move("a.csv", take=kept))
    store.refuse("paris", "b.csv", Refusal("no"))
    assert [path.versions for path in store.paths("paris")] == [Versions(), Versions()]


def test_a_move_remembers_the_version_that_was_read_and_its_place_among_others(store: Store, kept: Name) -> None:
    move = Move("a.csv", kept, origin=Origin("v2", "2F"), first="2F", last="2F")
    for _ in range(2):
        store.move("paris", move)
    assert store.path("paris", "a.csv").versions == Versions(frozenset({"v2"}), "2F", "2F")
    store.move("paris", Move("a.csv", origin=Origin("v3", "3A"), last="3A"))
    store.move("paris", Move("a.csv", origin=Origin("v1", "1")))
    versions = Versions(frozenset({"v1", "v2", "v3"}), "2F", "3A")
    assert store.path("paris", "a.csv").versions == versions
    store.move("paris", Move("a.csv", drop=(kept,)))
    assert store.path("paris", "a.csv").versions == versions
    assert [path.versions for path in store.paths("paris")] == [versions]


def test_a_refusal_settles_the_version_that_was_read_and_leaves_the_rest(store: Store, kept: Name) -> None:
    store.move("paris", Move("a.csv", kept, origin=Origin("v1", "1"), first="1", last="1"))
    for _ in range(2):
        store.refuse("paris", "a.csv", Refusal("no"), "v2")
    path = store.path("paris", "a.csv")
    assert (path.names, path.refusal) == ((kept,), Refusal("no"))
    assert path.versions == Versions(frozenset({"v1", "v2"}), "1", "1")


def test_a_version_may_be_settled_without_a_refusal(store: Store) -> None:
    store.refuse("paris", "a.csv", None, "v1")
    assert store.path("paris", "a.csv").refusal is None
    store.refuse("paris", "a.csv", Refusal("no"), "v2")
    store.refuse("paris", "a.csv", None, "v3")
    (path,) = store.paths("paris")
    assert path.refusal == Refusal("no")
    assert path.versions == Versions(frozenset({"v1", "v2", "v3"}))


def test_no_version_is_lost_of_all_that_are_settled_at_once(store: Store, kept: Name) -> None:
    def settle(number: int) -> None:
        version = f"v{number}"
        if number % 2:
            store.refuse("paris", "a.csv", Refusal("no"), version)
        else:
            store.move("paris", Move("a.csv", kept, origin=Origin(version, str(number))))

    at_once(6, settle)
    path = store.path("paris", "a.csv")
    assert path.names == (kept,)
    assert path.versions.final == {f"v{number}" for number in range(6)}
