from __future__ import annotations

import io
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from iotagg.cli.units import MOST_BARS, bars, count, duration
from iotagg.stores.sqlite import SqliteStore
from tests.cli.running import Command, write_flows
from tests.top.towns import rank_all

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = 60_000_000
FLOWS = (
    ("192.168.1.1", "192.0.2.1", "14/11/2022", 2 * MINUTE, 400),
    ("192.168.1.1", "192.0.2.1", "13/12/2022", 5 * MINUTE, 500),
    ("192.168.1.1", "192.0.2.1", "31/12/2022", 10 * MINUTE, 500),
    ("192.168.1.2", "192.0.2.1", "13/12/2022", 90 * MINUTE, 12_345),
    ("192.168.1.2", "198.51.100.7", "13/12/2022", 1 * MINUTE, 10),
    ("2001:db8::1", "2001:db8::2", "13/12/2022", 30 * MINUTE, 7),
)
UNTIL_DECEMBER = "·" * 12


@pytest.fixture
def counted(run: Command, tmp_path: Path) -> Command:
    write_flows(tmp_path / "flows.csv", *FLOWS)
    assert run("upload", "flows.csv", "--site", "paris").code == 0
    rank(run)
    return run


def rank(run: Command) -> None:
    with closing(SqliteStore(run.database)) as store:
        rank_all(store)
        for site in store.sites():
            for name, revision in list(store.outstanding(site)):
                store.assessed(name, revision)


def test_the_last_month_is_shown_with_units_and_a_bar_for_each_day(counted: Command) -> None:
    title, header, *lines = counted("top", "-n", "2").out.splitlines()
    assert title == "pairs by duration, 2022-12-01 to 2022-12-31"
    assert header.split() == ["site", "src_ip", "dst_ip", "days", "flows", "duration", "packets", "trend"]
    december = "·" * 12 + "{}" + "·" * 17 + "{}"
    assert [line.split() for line in lines] == [
        ["paris", "192.168.1.2", "192.0.2.1", "1", "1", "1.50", "h", "12.3", "k", december.format("█", "·")],
        ["paris", "2001:db8::1", "2001:db8::2", "1", "1", "30.0", "min", "7", december.format("█", "·")],
    ]
    assert counted("top").out.splitlines()[4].endswith(december.format("▄", "█"))


def test_machine_output_has_exact_figures(counted: Command) -> None:
    (first, *_), trend = counted("top", "--json").objects(), [0] * 31
    trend[12] = 90 * MINUTE
    assert first == {
        "site": "paris",
        "src_ip": "192.168.1.2",
        "dst_ip": "192.0.2.1",
        "first_day": "2022-12-13",
        "last_day": "2022-12-13",
        "days": 1,
        "flows": 1,
        "flow_duration_us": 90 * MINUTE,
        "fwd_packets": 12_345,
        "value": 90 * MINUTE,
        "previous": None,
        "ratio": None,
        "share": None,
        "trend": trend,
        "trend_from": "2022-12-01",
        "unfinished": 0,
    }


def test_growth_is_beside_the_month_before(counted: Command) -> None:
    said = counted("top", "--by", "growth", "--src", "192.168.1.1").out.splitlines()
    assert said[0] == "pairs by growth, 2022-12-01 to 2022-12-31, beside 2022-11-01 to 2022-11-30"
    assert said[1].split()[-4:] == ["before", "growth", "times", "trend"]
    assert said[2].split()[5:-1] == ["15.0", "min", "1,000", "2.00", "min", "13.0", "min", "7.50"]
    (grown,) = counted("top", "--by", "growth", "--src", "192.168.1.1", "--json").objects()
    assert (grown["value"], grown["previous"], grown["ratio"]) == (13 * MINUTE, 2 * MINUTE, 7.5)
    assert (len(grown["trend"]), grown["trend_from"]) == (61, "2022-11-01")
    assert " new " in counted("top", "--by", "growth", "--src", "192.168.1.2").out


def test_a_month_that_is_not_over_is_beside_as_many_days(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", *FLOWS[:2])
    run("upload", "flows.csv")
    rank(run)
    said = run("top", "--by", "growth").out
    assert said.startswith("pairs by growth, 2022-12-01 to 2022-12-13, beside 2022-11-18 to 2022-11-30\n")


def test_us_per_packet_asks_for_enough_packets(counted: Command) -> None:
    slowest = counted("top", "--by", "us-per-packet", "--json").objects()
    per_packet = [("192.168.1.1", 15 * MINUTE / 1000), ("192.168.1.2", 90 * MINUTE / 12_345)]
    assert [(row["src_ip"], row["value"]) for row in slowest] == per_packet
    assert counted("top", "--by", "us-per-packet", "--min-packets", "1", "--json").objects()[0]["fwd_packets"] == 7
    assert "per packet" in counted("top", "--by", "us-per-packet").out


def test_sources_and_destinations_add_up_their_pairs(counted: Command) -> None:
    (source, *_) = counted("top", "--of", "sources", "--json").objects()
    assert (source["src_ip"], source["flows"], source["value"]) == ("192.168.1.2", 2, 91 * MINUTE)
    assert "dst_ip" not in source
    destinations = counted("top", "--of", "destinations", "--dst", "192.0.2.0/24", "--json").objects()
    assert [(row["dst_ip"], row["flows"], "src_ip" in row) for row in destinations] == [("192.0.2.1", 3, False)]


def test_a_share_of_the_whole_is_told_where_the_files_tell_it(counted: Command) -> None:
    flows = counted("top", "--by", "flows", "--json", "--month", "2022-12").objects()
    assert [row["share"] for row in flows] == [2 / 5, 1 / 5, 1 / 5, 1 / 5]
    whole = counted("top", "--by", "packets", "--json", "--since", "2022-11-01", "-n", "1").objects()
    assert [row["share"] for row in whole] == [12_345 / 13_762]
    assert "89.7%" in counted("top", "--by", "packets", "--since", "2022-11-01").out


def test_a_range_of_days_counts_those_days(counted: Command) -> None:
    days = ("--since", "2022-11-14", "--until", "2022-12-13", "--src", "192.168.1.1")
    (row,) = counted("top", *days, "--json").objects()
    assert (row["value"], row["first_day"], row["last_day"]) == (7 * MINUTE, "2022-11-14", "2022-12-13")
    until = counted("top", "--until", "2022-12-30", "--src", "192.168.1.1", "--json").objects()
    assert [each["value"] for each in until] == [5 * MINUTE]
    year = counted("top", "--since", "2022-01-01", "--src", "192.168.1.1", "--json").objects()
    assert [(each["trend_from"], each["trend"][-2:]) for each in year] == [("2022-01", [2 * MINUTE, 15 * MINUTE])]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ["--src", "paris"],
            2,
            "'paris' is no network; write it as 192.0.2.0/24, 2001:db8::/32, or as an address alone",
        ),
        (["--month", "12/2022"], 2, "'12/2022' is no month; write it as 2022-12"),
        (["--month", "2022-12", "--since", "2022-12-01"], 2, "--month and --since, --until exclude each other"),
        (["--site", "pariss"], 1, "no site pariss; there are paris"),
        (["--since", "2023-01-01"], 2, "2023-01-01 is after 2022-12-31; a range begins with its earlier day"),
        (["--since", "2001-01-01"], 2, "2001-01-01 to 2022-12-31 are 264 months; ask for 120 of them at most"),
        (
            ["--month", "2020-12"],
            0,
            "nothing to list by duration from 2020-12-01 to 2020-12-31; iotagg pairs lists all",
        ),
    ],
)
def test_what_has_no_answer_is_said_in_a_line(counted: Command, arguments: list[str], code: int, said: str) -> None:
    result = counted("top", *arguments)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(f"iotagg: {said}") or f": {said}" in result.err
    assert result.err.count("\n") == 1


def test_a_database_without_pairs_says_how_they_get_there(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "quiet.csv")
    run("upload", "quiet.csv")
    result = run("top")
    assert (result.code, result.out, result.err) == (0, "", "iotagg: no pairs; iotagg upload counts files\n")


def test_what_was_not_counted_to_the_end_is_told(counted: Command) -> None:
    with closing(SqliteStore(counted.database)) as store:
        (record,) = store.files("paris")
        store.advance(record.name, record.revision, record.revision + 1)
    result = counted("top", "--month", "2022-12", "-n", "1")
    assert "1 file not counted to the end: what is shown is not complete yet" in result.err
    assert [row["unfinished"] for row in counted("top", "--month", "2022-12", "-n", "1", "--json").objects()] == [1]


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0 µs"),
        (999, "999 µs"),
        (1_000, "1.00 ms"),
        (32_800_000, "32.8 s"),
        (59_999_999, "60.0 s"),
        (60_000_000, "1.00 min"),
        (3_600_000_000, "1.00 h"),
        (4_444_440_000_000, "1,235 h"),
        (0.25, "0.25 µs"),
    ],
)
def test_times_are_told_in_a_unit_that_fits(microseconds: float, text: str) -> None:
    assert duration(microseconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (9_999, "9,999"), (10_000, "10.0 k"), (123_456, "123 k"), (1_240_000, "1.24 M"), (10**13, "10.0 T")],
)
def test_counts_are_told_in_a_unit_that_fits(number: int, text: str) -> None:
    assert count(number) == text


def test_bars_go_from_the_smallest_to_the_largest() -> None:
    assert bars([0, 1, 2, 3, 4, 5, 6, 7, 8]) == "·▁▂▃▄▅▆▇█"
    assert bars([None, 10**30, 1]) == "·█▁"
    assert bars([]) == ""
    assert bars([0, 0]) == "··"
    assert len(bars(range(1, 63))) == MOST_BARS
    assert len(bars(range(120))) <= MOST_BARS


def test_a_terminal_without_such_signs_gets_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert bars([0, 1, 8]) == ".18"
    assert duration(7) == "7 us"
