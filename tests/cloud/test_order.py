"""Versions of one object whose events come in any order, and more than once, end as if they had come in theirs."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from iotagg.jobs.cloud import Settings
from tests.cloud.desk import KEY, arrival_of, clean, in_memory, merged, on_the_engine
from tests.examples import examples
from tests.pipeline.csvs import contribution, csv, flow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from iotagg.core.ledger import OnChange
    from tests.cloud.desk import Desk
    from tests.pipeline.csvs import Row

BASE = csv(flow())
GROWN = BASE + flow(packets=2)
MORE = GROWN + flow(packets=3)
FORK = BASE + flow(packets=7)
OTHER = csv(flow(packets=50))
INVALID = b"no flow CSV\n"
CONTENTS = {"base": BASE, "grown": GROWN, "more": MORE, "fork": FORK, "other": OTHER, "invalid": INVALID}


class Ending(NamedTuple):
    """What is left at the end; under `add`, the order of what a path refers to is the order of reading."""

    names: list[str]
    sums: dict[str, list[Row]]
    final: int


def ending(
    versions: Sequence[str], deliveries: Sequence[int], policy: OnChange, make: Callable[[Settings], Desk] = in_memory
) -> Ending:
    desk = make(Settings(on_overwrite=policy))
    events = [desk.put(CONTENTS[version]) for version in versions]
    for delivered in deliveries:
        desk.work(events[delivered])
    assert desk.left_pending() == []
    path = desk.path()
    return Ending(sorted(map(str, path.names)), desk.sums(), len(path.versions.final))


def grows(content: bytes, into: bytes) -> bool:
    return content != into and into.startswith(content)


def differ(one: bytes, other: bytes) -> bool:
    return not one.startswith(other) and not other.startswith(one)


# What does not end alike, and why that is accepted. `read` says when each version is read for the first time.


def grew_from_what_was_displaced(contents: list[tuple[int, bytes]], read: dict[int, int]) -> bool:
    # Refused because it grew from nothing that stood then, a version would have to be read again when the first one
    # displaces the differing one that stood.
    return any(
        differ(first, second) and grows(first, third) and read[two] < read[one]
        for (one, first), (two, second), (_, third) in combinations(contents, 3)
    )


def grew_in_two_ways(contents: list[tuple[int, bytes]], read: dict[int, int]) -> bool:
    # The store does not know what stood before what stands now grew from it.
    return any(
        grows(first, second) and grows(first, third) and differ(second, third) and read[three] < read[two]
        for (_, first), (two, second), (three, third) in combinations(contents, 3)
    )


def shrank_beside_others(contents: list[tuple[int, bytes]], _: dict[int, int]) -> bool:
    # Which of several contributions of a path was written when, the store does not know.
    return any(grows(later, earlier) for (_, earlier), (_, later) in combinations(contents, 2))


ACCEPTED = {
    "refuse": (grew_from_what_was_displaced, grew_in_two_ways),
    "replace": (),
    "add": (shrank_beside_others,),
}


def is_accepted(versions: Sequence[str], deliveries: Sequence[int], policy: OnChange) -> bool:
    read = {version: deliveries.index(version) for version in range(len(versions))}
    contents = [(number, CONTENTS[version]) for number, version in enumerate(versions) if version != "invalid"]
    return any(differs(contents, read) for differs in ACCEPTED[policy])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[str], list[int]]:
    versions = draw(st.lists(st.sampled_from(list(CONTENTS)), min_size=1, max_size=4))
    doubles = draw(st.lists(st.integers(0, len(versions) - 1), max_size=2))
    return versions, draw(st.permutations([*range(len(versions)), *doubles]))


@pytest.mark.parametrize("policy", ["refuse", "replace", "add"])
@settings(deadline=None, max_examples=examples(150))
@given(history=histories())
@example(history=(["base", "other", "base"], [2, 0, 1]))
@example(history=(["base", "other", "base"], [1, 2, 0]))
@example(history=(["base", "more", "grown"], [0, 2, 1]))
@example(history=(["base", "grown", "base"], [0, 2, 1]))
@example(history=(["base", "grown"], [1, 0]))
@example(history=(["other", "base", "grown"], [2, 0, 1]))
def test_any_order_of_events_ends_as_the_order_of_writing(
    policy: OnChange, history: tuple[list[str], list[int]]
) -> None:
    versions, deliveries = history
    assume(not is_accepted(versions, deliveries, policy))
    assert ending(versions, deliveries, policy) == ending(versions, range(len(versions)), policy)


@settings(deadline=None, max_examples=examples(60))
@given(history=histories(), policy=st.sampled_from(["refuse", "replace", "add"]))
def test_what_is_left_is_what_the_contributions_of_the_path_add(
    history: tuple[list[str], list[int]], policy: OnChange
) -> None:
    left = ending(*history, policy)
    named = {str(contribution(content).head.name): content for content in CONTENTS.values() if content != INVALID}
    assert left.sums == clean(*(named[name] for name in left.names))
    assert left.final == len(history[0])


CASES: list[tuple[OnChange, list[str], list[int], list[str]]] = [
    ("refuse", ["base", "other"], [1, 0], ["base"]),
    ("refuse", ["base", "grown"], [1, 0], ["grown"]),
    ("refuse", ["base", "grown", "more"], [2, 0, 1, 2], ["more"]),
    ("refuse", ["base", "other", "base"], [1, 2, 0], ["base"]),
    ("refuse", ["invalid", "base"], [1, 0], ["base"]),
    ("replace", ["base", "other"], [1, 0, 1], ["other"]),
    ("replace", ["base", "other", "base"], [0, 2, 1], ["base"]),
    ("add", ["base", "other"], [1, 0, 0], ["base", "other"]),
    ("add", ["base", "grown"], [1, 0], ["grown"]),
]


@pytest.mark.parametrize("make", [in_memory, on_the_engine], ids=["in memory", "on the engine"])
@pytest.mark.parametrize(("policy", "versions", "deliveries", "left"), CASES)
def test_what_is_written_first_stands_or_gives_way_as_the_policy_says(
    policy: OnChange, versions: list[str], deliveries: list[int], left: list[str], make: Callable[[Settings], Desk]
) -> None:
    assert ending(versions, deliveries, policy, make).sums == clean(*(CONTENTS[name] for name in left))


def test_the_engine_tells_sequencers_that_grow() -> None:
    desk = on_the_engine()
    one, two = (arrival_of(desk.put(content)).sequencer for content in (BASE, GROWN))
    assert one
    assert one < two


def test_one_message_may_tell_of_all_versions_at_once_in_any_order() -> None:
    desk = in_memory()
    first, second, third = (desk.put(content) for content in (BASE, OTHER, GROWN))
    desk.work(merged([first, third, second]))
    assert desk.sums() == clean(GROWN)


def test_what_the_first_version_displaces_is_refused_in_its_turn() -> None:
    desk = in_memory()
    first, second = desk.put(BASE), desk.put(OTHER)
    assert [outcome.state for outcome in desk.work(second, first)] == ["pending", "pending"]
    refusal = desk.path().refusal
    assert refusal is not None
    assert "--replace" in refusal.reason
    assert desk.sums() == clean(BASE)


def test_a_late_version_that_differs_is_refused_where_everybody_sees_it() -> None:
    desk = in_memory()
    first, second, third = (desk.put(content) for content in (BASE, OTHER, GROWN))
    (*_, late) = desk.work(first, third, second)
    assert late.state == "refused"
    refusal = desk.path().refusal
    assert refusal is not None
    assert refusal.reason == late.reason


def test_a_late_version_of_which_all_is_counted_is_no_refusal_to_remember() -> None:
    desk = in_memory()
    first, second = desk.put(BASE), desk.put(GROWN)
    (*_, late) = desk.work(second, first)
    assert (late.state, late.reason) == ("refused", "a later version of this object was counted before it")
    assert desk.path().refusal is None


def test_where_no_version_is_left_to_compare_with_what_stands_stays() -> None:
    desk = in_memory()
    first, second = desk.put(BASE), desk.put(MORE)
    desk.work(second)
    desk.cloud.bucket.remove(KEY, arrival_of(second).version)
    desk.work(first)
    assert desk.sums() == clean(MORE)


@pytest.mark.parametrize(
    ("policy", "versions", "deliveries", "left"),
    [
        ("refuse", ["base", "other", "grown"], [1, 2, 0], "base"),
        ("refuse", ["base", "grown", "fork"], [0, 2, 1], "fork"),
        ("add", ["grown", "base"], [1, 0], "grown"),
    ],
)
def test_what_is_accepted_to_differ_counts_nothing_twice(
    policy: OnChange, versions: list[str], deliveries: list[int], left: str
) -> None:
    assert is_accepted(versions, deliveries, policy)
    assert ending(versions, deliveries, policy).sums == clean(CONTENTS[left])


def test_what_stands_for_the_first_version_is_not_displaced() -> None:
    versions, deliveries = ["base", "other", "grown"], [2, 0, 1]
    assert ending(versions, deliveries, "refuse").sums == clean(GROWN)
