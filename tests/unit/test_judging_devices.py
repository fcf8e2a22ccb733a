"""Devices by their destinations, sites by the days they sent, files by their rejected rows, and ranks of months."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.judging.devices import Peers, device_findings
from iotagg.core.judging.ranking import months_judged, months_needed, ranks_of
from iotagg.core.judging.sites import FileLines, rejects_findings, sent_days, site_findings
from iotagg.core.pair_month import PairMonth
from iotagg.core.ranks import rank_of

FIRST = date(2022, 10, 3)
SOURCE = "192.0.2.7"


def iso(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def months(flows: dict[int, int], destination: str = "198.51.100.9") -> list[PairMonth]:
    sums: defaultdict[str, dict[str, int]] = defaultdict(lambda: {"flows": 0, "dur": 0, "pkt": 0})
    for number, count in sorted(flows.items()):
        day = iso(number)
        of_month = sums[day[:7]]
        for total, letter, value in (("flows", "f", count), ("dur", "d", count * 60_000_000), ("pkt", "p", count * 10)):
            of_month[total] += value
            of_month[f"{letter}{day[8:]}"] = value
    return [PairMonth(SOURCE, destination, month, found) for month, found in sums.items()]


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


def test_nor_do_those_of_a_device_that_was_seen_on_a_few_days_alone() -> None:
    assert device({"198.51.100.9": [0, 20, 40], "203.0.113.5": [40]}) == []


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


def site(sent: list[int], today: int) -> list[Finding]:
    return site_findings("paris", [iso(number) for number in sent], "2022-01-01", "2023-12-31", iso(today))


def test_a_site_that_sends_daily_is_missed_after_one_day_that_is_over() -> None:
    assert site([*range(20)], 20) == []
    (finding,) = site([*range(20)], 40)
    assert (finding.kind, finding.day, finding.severity) == (Kind.SITE_SILENT, iso(20), Severity.HIGH)
    assert finding.reason == f"last heard of on {iso(19)}; before, on 20 of 20 days"
    assert finding.pairs == 0


def test_a_site_that_rests_at_weekends_is_not_missed_then() -> None:
    weekdays = [number for number in range(40) if number % 7 < 5]
    assert site(weekdays, 40) == []
    assert [finding.day for finding in site([day for day in weekdays if day not in {36, 37, 38}], 41)] == [iso(38)]
    assert site_findings("paris", [iso(day) for day in range(20)], iso(30), iso(31), iso(40)) == []


def test_days_with_next_to_nothing_are_not_sent() -> None:
    flows = {iso(number): 1_000 for number in range(10)} | {"2099-12-31": 3, iso(10): 50}
    assert sent_days(flows) == [iso(number) for number in range(11)]
    assert sent_days({}) == []


def files(*rejected: int, day: int = 20) -> list[FileLines]:
    usual = [FileLines(f"/flows/{number}.csv", iso(number), 990, 10) for number in range(20)]
    return [*usual, *(FileLines(f"/flows/x{count}.csv", iso(day), 1_000 - count, count) for count in rejected)]


def test_a_file_with_many_times_the_usual_rejects_is_told() -> None:
    assert rejects_findings("paris", files(49), "2022-01-01", "2023-12-31") == []
    (finding,) = rejects_findings("paris", files(60), "2022-01-01", "2023-12-31")
    assert (finding.kind, finding.day, finding.file) == (Kind.REJECTS, iso(20), "/flows/x60.csv")
    assert finding.reason == "60 of 1,000 rows rejected, 6 %, instead of about 1 % in 20 files before"
    assert finding.severity is Severity.MEDIUM
    assert rejects_findings("paris", files(60), "2022-01-01", iso(19)) == []


def test_without_other_files_a_tenth_speaks_for_itself() -> None:
    alone = [FileLines("/flows/1.csv", iso(0), 900, 100)]
    (finding,) = rejects_findings("paris", alone, "2022-01-01", "2023-12-31")
    assert finding.reason == "100 of 1,000 rows rejected, 10 %"
    assert finding.severity is Severity.HIGH
    assert rejects_findings("paris", [FileLines("/flows/1.csv", iso(0), 950, 50)], "2022-01-01", "2023-12-31") == []


def test_a_handful_of_rejected_rows_is_not_worth_a_word() -> None:
    tiny = [FileLines(f"/flows/{number}.csv", iso(number), 10, 9 * (number == 10)) for number in range(11)]
    assert rejects_findings("paris", tiny, "2022-01-01", "2023-12-31") == []


def ranks(rows: list[PairMonth], first: str = "2022-01", last: str = "2023-12") -> dict[str, tuple[bool, bool, int]]:
    found = ranks_of(rows, first, last)
    return {month: rank.flags for month, rank in found.items() if rank is not None}


def test_the_ranks_of_a_pair_tell_its_odd_months_its_steadiness_and_when_it_was_new() -> None:
    rows = months({**dict.fromkeys(range(60), 100), 45: 5_000})
    assert ranks(rows) == {"2022-10": (False, True, 3), "2022-11": (True, True, 0), "2022-12": (False, True, 0)}
    found = ranks_of(rows, "2022-12", "2022-12")
    assert found == {"2022-12": rank_of(rows[2], False, True)}


def test_a_silence_within_a_month_marks_it() -> None:
    assert ranks(months(dict.fromkeys([*range(20), *range(23, 70)], 100)))["2022-10"] == (True, True, 3)


def test_a_silence_beyond_a_month_is_left_to_who_looks_at_the_steady() -> None:
    for days in ([*range(20)], [*range(20), *range(30, 70)], [*range(20), 200]):
        assert ranks(months(dict.fromkeys(days, 100)))["2022-10"] == (False, True, 3)


def test_a_pair_is_new_again_after_a_whole_window() -> None:
    assert ranks(months({0: 1, 61: 1})) == {"2022-10": (False, False, 3), "2022-12": (False, False, 3)}
    assert ranks(months({0: 1, 60: 1})) == {"2022-10": (False, False, 3), "2022-12": (False, False, 0)}


def test_a_month_without_flows_has_no_rank() -> None:
    assert ranks_of([PairMonth(SOURCE, "198.51.100.9", "2022-12", {})], "2022-12", "2022-12") == {"2022-12": None}


@given(st.dictionaries(st.integers(0, 400), st.sampled_from([1, 90, 100, 110, 3_000]), min_size=1), st.data())
def test_what_changed_in_a_month_changes_no_ranks_but_those_that_are_judged_again(
    flows: dict[int, int], data: st.DataObject
) -> None:
    changed = data.draw(st.integers(0, 400))
    before, after = months(flows), months({**flows, changed: 7_000})
    first, last = months_judged(iso(changed)[:7])
    one, other = ranks_of(before, "2022-01", "2024-12"), ranks_of(after, "2022-01", "2024-12")
    outside = {month for month in {*one, *other} if not first <= month <= last}
    assert {month: one.get(month) for month in outside} == {month: other.get(month) for month in outside}
    begin, end = months_needed(first, last)
    needed = [row for row in after if begin <= row.month <= end]
    assert ranks_of(needed, first, last) == {month: rank for month, rank in other.items() if first <= month <= last}
