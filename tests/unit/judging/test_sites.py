"""Sites by the days they sent, and files by their rejected lines."""

from __future__ import annotations

from iotagg.core.findings import Finding, Kind, Severity
from iotagg.core.judging.sites import FileLines, rejects_findings, sent_days, site_findings
from tests.unit.judging.months import iso


def site(sent: list[int], today: int) -> list[Finding]:
    return site_findings("paris", [iso(number) for number in sent], "2022-01-01", "2023-12-31", iso(today))


def files(*rejected: int, day: int = 20) -> list[FileLines]:
    usual = [FileLines(f"/flows/{number}.csv", iso(number), 990, 10) for number in range(20)]
    return [*usual, *(FileLines(f"/flows/x{count}.csv", iso(day), 1_000 - count, count) for count in rejected)]


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
