"""Devices by their destinations."""

from __future__ import annotations

from collections import defaultdict

import pytest

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.judging.devices import Peers, device_findings
from tests.unit.judging.months import SOURCE, iso, months


def device(peers: dict[str, list[int]]) -> list[Finding]:
    rows = [row for peer in sorted(peers) for row in months(dict.fromkeys(peers[peer], 5), peer)]
    return device_findings("paris", SOURCE, Peers(rows), "2022-01-01", "2023-12-31")


def told(found: list[Finding]) -> list[tuple[Kind, str, str]]:
    return [(finding.kind, finding.day, finding.destination) for finding in found]


STEADY = {f"198.51.100.{number}": [*range(40)] for number in range(5)}


def test_a_new_destination_of_a_device_that_rarely_has_any_is_told() -> None:
    found = device(STEADY | {"203.0.113.5": [30]})
    assert told(found) == [(Kind.NEW_PAIR, iso(30), "203.0.113.5")]
    assert found[0].reason == (
        "5 flows to a destination that was not met in 60 days; of such pairs, none in 23 days before"
    )
    assert found[0].actual == 5


def test_the_last_rare_destination_before_is_told_with_it() -> None:
    found = device(STEADY | {"203.0.113.5": [8], "203.0.113.6": [39]})
    assert [finding.reason.rpartition(", ")[2] for finding in found] == ["the last one was 31 days before"]


def test_a_destination_is_new_again_after_a_whole_window() -> None:
    steady = {peer: [*range(120)] for peer in STEADY}
    assert told(device(steady | {"203.0.113.5": [20, 80]})) == [(Kind.NEW_PAIR, iso(20), "203.0.113.5")]
    assert told(device(steady | {"203.0.113.5": [20, 81]})) == [
        (Kind.NEW_PAIR, iso(20), "203.0.113.5"),
        (Kind.NEW_PAIR, iso(81), "203.0.113.5"),
    ]


def test_new_destinations_of_a_new_device_say_nothing() -> None:
    assert device(STEADY | {"203.0.113.5": [13]}) == []


def test_nor_do_those_of_a_device_that_has_them_all_the_time() -> None:
    rotating = {f"203.0.113.{number}": [number] for number in range(40)}
    assert device(STEADY | rotating) == []


def test_many_destinations_at_once_are_one_finding() -> None:
    burst = {f"203.0.113.{number}": [30] for number in range(50)}
    (finding,) = device(STEADY | burst)
    assert (finding.kind, finding.day, finding.pairs, finding.severity) == (Kind.FAN_OUT, iso(30), 55, Severity.HIGH)
    assert finding.reason == "55 destinations, 50 of them new, instead of about 5 on 30 days before"


@pytest.mark.parametrize("destinations", [14, 1])
def test_a_few_more_destinations_are_no_burst(destinations: int) -> None:
    few = {f"203.0.113.{number}": [30] for number in range(destinations)}
    assert {finding.kind for finding in device(STEADY | few)} == {Kind.NEW_PAIR}


def test_a_device_with_many_destinations_needs_many_more_for_a_burst() -> None:
    many = {f"198.51.100.{number}": [*range(40)] for number in range(30)}
    more = {f"203.0.113.{number}": [30] for number in range(50)}
    assert {finding.kind for finding in device(many | more)} == {Kind.NEW_PAIR}


def test_a_burst_is_none_beside_days_that_vary_as_much() -> None:
    peers: defaultdict[str, list[int]] = defaultdict(list)
    for day in range(30):
        for number in range(60 if day % 4 == 0 else 5):
            peers[f"198.51.100.{number}"].append(day)
    for number in range(61):
        peers[f"198.51.100.{number}"].append(30)
    assert Kind.FAN_OUT not in {finding.kind for finding in device(peers) if finding.day == iso(30)}


def test_many_known_destinations_at_once_are_no_burst() -> None:
    now_and_then = {f"203.0.113.{number}": [number % 12 + 1, 30] for number in range(50)}
    assert iso(30) not in {finding.day for finding in device(STEADY | now_and_then)}


def test_only_days_within_the_span_are_told_of_a_device() -> None:
    rows = [row for peer in sorted(STEADY) for row in months(dict.fromkeys(range(40), 5), peer)]
    peers = Peers([*rows, *months({20: 5, 21: 5}, "203.0.113.5"), *months({32: 5}, "203.0.113.6")])
    assert told(device_findings("paris", SOURCE, peers, iso(20), iso(21))) == [(Kind.NEW_PAIR, iso(20), "203.0.113.5")]
    assert device_findings("paris", SOURCE, Peers([]), iso(20), iso(21)) == []


def test_nor_do_those_of_a_device_that_was_seen_on_a_few_days_alone() -> None:
    assert device({"198.51.100.9": [0, 20, 40], "203.0.113.5": [40]}) == []
