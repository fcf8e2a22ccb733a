"""Pairs that one device has in common."""

from __future__ import annotations

import pytest

from iotagg.core.findings import Finding, Kind, Severity
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


def test_what_a_device_has_more_of_is_one_finding_and_what_it_has_less_of_another() -> None:
    more = [finding("s", "a"), finding("s", "b", Kind.NEW_PAIR), finding("s", "c", Kind.NEW_PAIR)]
    less = [finding("s", "d", Kind.DROP), finding("e", "s", Kind.DROP), finding("s", "f", Kind.SILENT)]
    assert [(each.kind, each.source, each.reason, each.parts) for each in folded([*more, *less])] == [
        (
            Kind.DROP,
            "s",
            "with 3 devices (2 drops and 1 pair gone silent), most with e: drop e s",
            (less[1], less[0], less[2]),
        ),
        (
            Kind.NEW_PAIR,
            "s",
            "to 3 destinations (2 new pairs and 1 surge), most with b: new-pair s b",
            (*more[1:], more[0]),
        ),
    ]
    assert len(folded([*more[:2], *less[:2]])) == TOGETHER + 1


def strangers(number: int, kind: Kind = Kind.DROP, severity: Severity = Severity.LOW) -> list[Finding]:
    return [finding(f"s{each:02}", f"d{each:02}", kind, severity=severity) for each in range(number)]


@pytest.mark.parametrize("kind", [Kind.SURGE, Kind.DROP, Kind.SILENT])
def test_many_devices_at_once_are_one_finding_about_their_site(kind: Kind) -> None:
    (found,) = folded(strangers(MANY, kind))
    assert (found.source, found.destination, found.pairs) == ("", "", MANY)
    assert found.reason == f"10 pairs of 20 devices at once, most s00 → d00: {kind} s00 d00"
    assert len(folded(strangers(MANY - 1, kind))) == MANY - 1


def test_devices_that_have_many_pairs_of_their_own_count_as_one_of_the_devices_of_a_site() -> None:
    of_one = [finding("s", f"a{number}", Kind.DROP) for number in range(TOGETHER)]
    (found,) = folded([*of_one, *strangers(MANY - 1)])
    assert (found.pairs, len(found.parts)) == (TOGETHER + MANY - 1, MANY)
    assert found.reason.startswith("12 pairs of 22 devices at once")


def test_what_is_severe_does_not_go_under_in_what_many_devices_do() -> None:
    found = folded([*strangers(MANY), finding("x", "y", Kind.DROP, severity=Severity.HIGH)])
    assert [(each.source, each.severity) for each in found] == [("x", Severity.HIGH), ("", Severity.LOW)]


def test_many_new_pairs_have_no_cause_in_common() -> None:
    assert len(folded(strangers(MANY, Kind.NEW_PAIR))) == MANY
