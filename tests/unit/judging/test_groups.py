"""Pairs that one device has in common."""

from __future__ import annotations

import pytest

from iotagg.core.findings import Severity
from iotagg.core.judging.folding import folded
from iotagg.core.judging.groups import MANY, TOGETHER
from tests.unit.judging.made import finding


@pytest.mark.parametrize(
    ("pairs", "source", "destination", "told"),
    [
        ([("s", "a"), ("s", "b"), ("s", "c")], "s", "", "to 3 destinations, most with a: surge s a"),
        ([("a", "s"), ("b", "s"), ("c", "s")], "", "s", "from 3 sources, most with a: surge a s"),
        ([("a", "s"), ("s", "b"), ("s", "c")], "s", "", "with 3 devices, most with a: surge a s"),
        (
            [("s", "a"), ("a", "s"), ("s", "b"), ("s", "c")],
            "s",
            "",
            "with 3 devices, most with a: surge a s; the other direction too",
        ),
    ],
)
def test_three_pairs_of_one_device_are_one_finding_told_by_the_worst(
    pairs: list[tuple[str, str]], source: str, destination: str, told: str
) -> None:
    (found,) = folded([finding(*pair, score=10.0 if "a" in pair else 3.0) for pair in pairs])
    assert (found.source, found.destination, found.reason) == (source, destination, told)
    assert (found.pairs, found.severity, found.score) == (len(pairs), Severity.LOW, 10.0)


def test_two_pairs_of_one_device_are_two_findings() -> None:
    assert len(folded([finding("s", "a"), finding("s", "b")])) == TOGETHER - 1


def test_a_device_with_many_pairs_deserves_more_attention() -> None:
    def severity(pairs: int, each: Severity) -> Severity:
        (found,) = folded([finding("s", f"d{number:02}", severity=each) for number in range(pairs)])
        return found.severity

    assert severity(MANY - 1, Severity.LOW) is Severity.LOW
    assert severity(MANY, Severity.LOW) is Severity.MEDIUM
    assert severity(MANY, Severity.HIGH) is Severity.HIGH


def test_a_pair_of_two_busy_devices_goes_to_the_busier_one_and_the_other_may_be_left_with_too_few() -> None:
    of_one = [finding("s", f"a{number}") for number in range(4)]
    of_other = [finding("s", "t"), finding("x", "t"), finding("y", "t")]
    found = folded([*of_one, *of_other])
    assert [(each.source, each.destination, each.pairs) for each in found] == [
        ("s", "", 5),
        ("x", "t", 1),
        ("y", "t", 1),
    ]


def test_a_device_that_is_left_with_enough_pairs_has_its_turn() -> None:
    of_one = [finding("s", f"a{number}") for number in range(4)]
    of_other = [finding("s", "t"), *(finding(each, "t") for each in "xyz")]
    assert [(each.source, each.destination, each.pairs) for each in folded([*of_one, *of_other])] == [
        ("s", "", 5),
        ("", "t", 3),
    ]
