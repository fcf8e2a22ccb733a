"""Findings that have one cause are told as one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.judging.folding import folded, is_of_a_pair
from tests.unit.judging.made import finding

if TYPE_CHECKING:
    from collections.abc import Sequence

OF_PAIRS = (Kind.SURGE, Kind.DROP, Kind.SILENT, Kind.NEW_PAIR)


def burst(source: str = "a", met: int = 100, **more: str) -> Finding:
    return finding(source, "", Kind.FAN_OUT, actual=met, pairs=met, **more)  # type: ignore[arg-type]  # site and day


def outage(day: str, missing: int, site: str = "paris") -> Finding:
    return finding("", "", Kind.SITE_SILENT, day=day, actual=missing, pairs=0, site=site)


def test_what_has_nothing_in_common_stays_as_it_is_in_the_order_of_sites_days_and_severities() -> None:
    findings = [
        finding("e", "f", site="tokyo", severity=Severity.HIGH),
        finding("c", "d", severity=Severity.HIGH),
        finding("g", "h", day="2022-12-13"),
        finding("a", "b", severity=Severity.MEDIUM),
    ]
    assert [each.source for each in folded(findings)] == ["g", "c", "a", "e"]
    assert set(folded(findings)) == set(findings)


def test_a_burst_stands_for_the_new_pairs_and_surges_of_its_source_on_its_day() -> None:
    others = [finding("a", "b", Kind.DROP), finding("c", "d"), finding("a", "e", day="2022-12-15")]
    absorbed = [finding("a", "f"), finding("a", "g"), finding("a", "h", Kind.NEW_PAIR)]
    found = folded([burst(), *others, *absorbed, finding("a", "i", site="tokyo")])
    assert [each for each in found if each.kind is Kind.FAN_OUT] == [
        replace(burst(), reason="fan-out a ; 2 surges and 1 new pair among them", parts=(*absorbed[2:], *absorbed[:2]))
    ]
    assert {each.destination for each in found} == {"", "b", "d", "e", "i"}


def test_a_burst_stands_for_no_fewer_pairs_than_it_absorbs() -> None:
    (found,) = folded([burst(met=1), finding("a", "f"), finding("a", "g", Kind.NEW_PAIR)])
    assert found.pairs == 2


def test_a_silent_site_stands_for_pairs_that_fall_silent_in_its_missing_days() -> None:
    # It sent nothing from the 13th on, which was unusual on the 14th.
    site = outage("2022-12-14", 2)
    with_it = [
        finding("a", "b", Kind.SILENT, day="2022-12-14", actual=2),
        finding("c", "d", Kind.SILENT, day="2022-12-18", actual=5),
    ]
    before = finding("e", "f", Kind.SILENT, day="2022-12-14", actual=3)
    after = finding("g", "h", Kind.SILENT, day="2022-12-16", actual=2)
    elsewhere = finding("i", "j", Kind.SILENT, day="2022-12-14", actual=2, site="tokyo")
    found = folded([site, *with_it, before, after, elsewhere])
    told = replace(site, reason=f"{site.reason}; 2 steady pairs with it", pairs=2, parts=tuple(with_it))
    assert told in found
    assert {each.source for each in found} == {"", "e", "g", "i"}


def test_a_silence_from_the_first_day_of_the_calendar_is_one() -> None:
    first = outage("0001-01-01", 5)
    assert folded([first]) == [first]
    assert len(folded([first, finding("a", "b", Kind.SILENT, day="0001-01-02", actual=9)])) == 1


def test_of_both_directions_of_a_pair_the_worse_one_is_told() -> None:
    there, back = finding("a", "b"), finding("b", "a", severity=Severity.HIGH)
    (found,) = folded([there, back])
    assert found == replace(back, reason=f"{back.reason}; the other direction too", pairs=2, parts=(back, there))
    assert len(folded([there, replace(back, kind=Kind.DROP)])) == 2
    assert len(folded([there, replace(back, day="2022-12-15")])) == 2


def test_a_pairs_day_has_one_finding_the_worst() -> None:
    surge, drop = finding(severity=Severity.MEDIUM), finding(kind=Kind.DROP)
    assert folded([drop, surge]) == [surge]


# Laws.

DEVICES = st.sampled_from("abcde")
DAYS = st.sampled_from(["2022-12-13", "2022-12-14"])
OF_A_PAIR = st.builds(
    finding,
    DEVICES,
    DEVICES,
    st.sampled_from(OF_PAIRS),
    day=DAYS,
    severity=st.sampled_from(Severity),
    score=st.sampled_from([1.0, 2.0]),
    actual=st.integers(1, 4),
)
OTHERS = st.one_of(
    st.builds(burst, DEVICES, st.integers(20, 30), day=DAYS),
    st.builds(outage, DAYS, st.integers(1, 3)),
    st.builds(finding, st.just(""), st.just(""), st.just(Kind.REJECTS), day=DAYS, pairs=st.just(0)),
)
FINDINGS = st.lists(st.one_of(OF_A_PAIR, OF_A_PAIR, OTHERS), max_size=25)


def one_of_each_pair(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings, of each pair and day the one that is told."""
    seen: Counter[tuple[str, ...]] = Counter()
    kept = []
    for each in sorted(findings, key=lambda each: (-each.severity, each.kind, -each.score)):
        name = (each.day, each.source, each.destination)
        if not is_of_a_pair(each) or not seen[name]:
            kept.append(each)
        seen[name] += 1
    return kept


@given(FINDINGS)
def test_folding_again_changes_nothing(findings: list[Finding]) -> None:
    once = folded(findings)
    assert folded(once) == once


@given(FINDINGS, st.randoms(use_true_random=False))
def test_the_order_of_findings_says_nothing(findings: list[Finding], chance: object) -> None:
    shuffled = list(findings)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' random numbers
    assert folded(shuffled) == folded(findings)


@given(FINDINGS)
def test_no_pair_is_lost(findings: list[Finding]) -> None:
    once = folded(findings)
    for each in filter(is_of_a_pair, one_of_each_pair(findings)):
        assert any(stands_for(large, each) for large in once), each


def stands_for(large: Finding, small: Finding) -> bool:
    if large.kind is Kind.SITE_SILENT:
        return small.kind is Kind.SILENT
    ends = {small.source, small.destination}
    if large.kind is Kind.FAN_OUT:
        return (large.day, large.source) == (small.day, small.source)
    less = (Kind.DROP, Kind.SILENT)
    same = (large.kind in less, large.day) == (small.kind in less, small.day)
    return same and {large.source, large.destination} - {""} <= ends


@given(FINDINGS)
def test_pairs_are_counted_once(findings: list[Finding]) -> None:
    without_bursts = [each for each in findings if each.kind is not Kind.FAN_OUT]
    once = folded(without_bursts)
    assert sum(each.pairs for each in once) == sum(each.pairs for each in one_of_each_pair(without_bursts))


@given(st.lists(OF_A_PAIR, max_size=25))
def test_no_more_is_told_than_there_was_and_the_worst_is_told(findings: list[Finding]) -> None:
    once = folded(findings)
    assert len(once) <= len(findings)
    assert max((each.severity for each in once), default=0) >= max((each.severity for each in findings), default=0)


def leaves(finding: Finding) -> list[tuple[str, ...]]:
    """Return what was folded into a finding, or the finding itself where it was told as it is now."""
    own = [finding] if finding.kind in {Kind.FAN_OUT, Kind.SITE_SILENT} or not finding.parts else []
    return [*map(named, own), *(name for part in finding.parts for name in leaves(part))]


def named(finding: Finding) -> tuple[str, ...]:
    return (finding.day, finding.kind, finding.source, finding.destination)


@given(FINDINGS)
def test_what_was_folded_is_in_its_parts_each_once(findings: list[Finding]) -> None:
    told = Counter(name for each in folded(findings) for name in leaves(each))
    assert told == Counter(map(named, one_of_each_pair(findings)))


@given(FINDINGS)
def test_nothing_is_told_as_milder_than_it_is(findings: list[Finding]) -> None:
    for each in folded(findings):
        assert all(part.severity <= each.severity for part in each.parts)
