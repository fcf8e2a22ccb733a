"""Of a site's day at most five findings are told, and nothing of it is lost."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.judging.folding import folded
from iotagg.core.judging.remaining import MOST_A_DAY, at_most_five
from tests.unit.judging.made import finding

SEVERITIES = st.sampled_from(Severity)
DEVICES = st.sampled_from("abcdefgh")
ONE = st.builds(
    finding,
    DEVICES,
    DEVICES,
    st.sampled_from([Kind.SURGE, Kind.DROP, Kind.SILENT, Kind.NEW_PAIR]),
    day=st.sampled_from(["2022-12-13", "2022-12-14", "2022-12-14"]),
    severity=SEVERITIES,
    score=st.sampled_from([1.0, 2.0]),
)
FINDINGS = st.lists(ONE, max_size=20)


def strangers(number: int, kind: Kind = Kind.NEW_PAIR, severity: Severity = Severity.LOW) -> list[Finding]:
    return [finding(f"s{each:02}", f"d{each:02}", kind, severity=severity) for each in range(number)]


def test_five_of_a_day_are_told_as_they_are() -> None:
    assert at_most_five(strangers(MOST_A_DAY)) == strangers(MOST_A_DAY)


def test_of_more_the_four_worst_are_told_and_one_stands_for_the_others() -> None:
    severe, mild = strangers(4, Kind.FAN_OUT, Severity.HIGH), strangers(3)
    worse = finding("s00", "x", Kind.SURGE, severity=Severity.MEDIUM)
    *told, rest = at_most_five([*mild, worse, *severe])
    assert told == severe
    assert rest == Finding(
        site="paris",
        day="2022-12-14",
        kind=Kind.OTHERS,
        severity=Severity.MEDIUM,
        reason="4 more (1 medium, 3 low): 1 surge and 3 new pairs; of s00 (2), x (1), d00 (1) and 4 more",
        measure="findings",
        actual=4,
        pairs=4,
        parts=(worse, *mild),
    )


def test_others_of_one_severity_and_of_no_device_say_no_more_than_that() -> None:
    files = [finding("", "", Kind.REJECTS, pairs=0, score=float(each)) for each in range(7)]
    assert at_most_five(files)[-1].reason == "3 more (low): 3 files with rejected rows"
    few = at_most_five([*files, finding("a", "b", Kind.SURGE)])[-1]
    assert few.reason == "4 more (low): 3 files with rejected rows and 1 surge; of a (1), b (1)"


@given(FINDINGS)
def test_no_day_of_a_site_has_more_than_five(findings: list[Finding]) -> None:
    for told in (at_most_five(findings), at_most_five(folded(findings))):
        days = Counter((each.site, each.day) for each in told)
        assert max(days.values(), default=0) <= MOST_A_DAY


@given(FINDINGS)
def test_nothing_is_lost_and_nothing_is_told_twice(findings: list[Finding]) -> None:
    told = at_most_five(findings)
    singly = [part for each in told for part in (each.parts if each.kind is Kind.OTHERS else (each,))]
    assert Counter(singly) == Counter(findings)
    assert sum(each.pairs for each in told) == sum(each.pairs for each in findings)


@given(FINDINGS)
def test_nothing_that_is_told_is_milder_than_what_is_not(findings: list[Finding]) -> None:
    for _, group in groupby(at_most_five(findings), key=lambda each: (each.site, each.day)):
        *told, last = group
        if last.kind is Kind.OTHERS:
            assert len(told) == MOST_A_DAY - 1
            assert last.severity == max(part.severity for part in last.parts)
            assert min(each.severity for each in told) >= last.severity


@given(FINDINGS, st.randoms(use_true_random=False))
def test_the_order_of_findings_says_nothing(findings: list[Finding], chance: object) -> None:
    shuffled = list(findings)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' random numbers
    assert at_most_five(folded(shuffled)) == at_most_five(folded(findings))
    assert at_most_five(shuffled) == at_most_five(findings)


@given(FINDINGS)
def test_to_do_so_again_changes_nothing(findings: list[Finding]) -> None:
    told = at_most_five(folded(findings))
    assert at_most_five(told) == told
    assert folded(told) == told
