from __future__ import annotations

import csv
import io
import json
import statistics
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import Command, write_flows

if TYPE_CHECKING:
    from pathlib import Path

PAIR = ("--src", "192.168.1.1", "--dst", "192.0.2.1")
DAYS = [("30/11/2022", 5, 1), ("13/12/2022", 10, 2), ("13/12/2022", 20, 2), ("14/12/2022", 120_000_000, 16_000)]
DAILY = (
    "site,src_ip,dst_ip,day,flows,flow_duration_us,fwd_packets,days,"
    "flow_duration_us_mean,flow_duration_us_stddev,fwd_packets_mean,fwd_packets_stddev"
)
SUMMARY = (
    "site,src_ip,dst_ip,first_day,last_day,days,flows,flow_duration_us,fwd_packets,"
    "flow_duration_us_mean,flow_duration_us_stddev,fwd_packets_mean,fwd_packets_stddev,"
    "flow_duration_us_per_flow_mean,flow_duration_us_per_flow_stddev,"
    "fwd_packets_per_flow_mean,fwd_packets_per_flow_stddev"
)


@pytest.fixture
def counted(run: Command, tmp_path: Path) -> Command:
    flows = [("192.168.1.1", "192.0.2.1", day, duration, packets) for day, duration, packets in DAYS]
    write_flows(tmp_path / "flows.csv", *flows, ("2001:DB8::1", "::ffff:192.0.2.1", "13/12/2022", 7, 7))
    assert run("upload", "flows.csv", "--site", "paris").code == 0
    return run


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_pair_has_a_row_for_each_day_with_exact_statistics(counted: Command) -> None:
    result = counted("export", *PAIR)
    durations, packets = [5, 30, 120_000_000], [1, 4, 16_000]
    repeated = (
        f"3,{float(statistics.mean(durations))!r},{statistics.stdev(durations)!r},"
        f"{float(statistics.mean(packets))!r},{statistics.stdev(packets)!r}"
    )
    assert result.out.splitlines() == [
        DAILY,
        f"paris,192.168.1.1,192.0.2.1,2022-11-30,1,5,1,{repeated}",
        f"paris,192.168.1.1,192.0.2.1,2022-12-13,2,30,4,{repeated}",
        f"paris,192.168.1.1,192.0.2.1,2022-12-14,1,120000000,16000,{repeated}",
    ]


def test_the_summary_has_figures_per_flow(counted: Command) -> None:
    (row,) = rows(counted("export", *PAIR, "--summary").out)
    per_flow = [5, 10, 20, 120_000_000]
    assert ",".join(row) == SUMMARY
    assert (row["first_day"], row["last_day"], row["days"], row["flows"]) == ("2022-11-30", "2022-12-14", "3", "4")
    assert float(row["flow_duration_us_per_flow_mean"]) == statistics.mean(per_flow)
    assert float(row["flow_duration_us_per_flow_stddev"]) == statistics.stdev(per_flow)


def test_a_range_is_inclusive_and_a_cut_month_has_no_deviation_per_flow(counted: Command) -> None:
    (row,) = rows(counted("export", *PAIR, "--summary", "--since", "2022-12-13", "--until", "2022-12-13").out)
    assert (row["days"], row["flows"], row["flow_duration_us"]) == ("1", "2", "30")
    assert row["flow_duration_us_stddev"] == ""
    assert row["flow_duration_us_per_flow_mean"] == "15.0"
    assert row["flow_duration_us_per_flow_stddev"] == ""
    (row,) = rows(counted("export", *PAIR, "--summary", "--since", "2022-12-01", "--until", "2022-12-31").out)
    assert row["flow_duration_us_per_flow_stddev"] != ""


def test_all_pairs_are_sorted_and_canonical(counted: Command) -> None:
    result = counted("export", "--all")
    assert result.out.splitlines()[0] == SUMMARY
    assert [row["src_ip"] + ">" + row["dst_ip"] for row in rows(result.out)] == [
        "192.168.1.1>192.0.2.1",
        "2001:db8::1>192.0.2.1",
    ]
    assert rows(result.out)[1]["fwd_packets_per_flow_stddev"] == ""


def test_ndjson_keeps_integers_whole_and_undefined_null(counted: Command) -> None:
    result = counted("export", "--src", "2001:db8:0::1", "--dst", "192.0.2.1", "--format", "ndjson")
    (row,) = [json.loads(line) for line in result.out.splitlines()]
    assert list(row) == DAILY.split(",")
    assert (row["flows"], row["fwd_packets_mean"], row["fwd_packets_stddev"]) == (1, 7.0, None)


def test_the_ending_of_the_file_tells_the_format(counted: Command, tmp_path: Path) -> None:
    counted("export", *PAIR, "-o", "pair.ndjson")
    assert (tmp_path / "pair.ndjson").read_text() == counted("export", *PAIR, "--format", "ndjson").out
    counted("export", *PAIR, "-o", "pair.txt")
    assert (tmp_path / "pair.txt").read_text().startswith(DAILY)


def test_sites_are_apart_and_all_are_exported(counted: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "tokyo.csv", ("192.168.1.1", "192.0.2.1", "13/12/2022", 1, 1))
    counted("upload", "tokyo.csv", "--site", "tokyo")
    assert [row["site"] for row in rows(counted("export", *PAIR, "--summary").out)] == ["paris", "tokyo"]
    assert [row["site"] for row in rows(counted("export", *PAIR, "--site", "tokyo").out)] == ["tokyo"]


def test_an_unknown_pair_makes_no_file(counted: Command, tmp_path: Path) -> None:
    result = counted("export", "--src", "192.0.2.9", "--dst", "192.0.2.1", "-o", "pair.csv")
    assert result.code == 1
    assert result.err == "iotagg: the pair 192.0.2.9 → 192.0.2.1 was never seen; iotagg pairs lists those that were\n"
    assert not (tmp_path / "pair.csv").exists()


def test_days_without_traffic_say_when_there_was_some(counted: Command) -> None:
    result = counted("export", *PAIR, "--since", "2023-01-01")
    assert result.code == 1
    assert "it was seen from 2022-11-30 to 2022-12-14" in result.err
    assert "no traffic from 2023-01-01 to 9999-12-31" in counted("export", "--all", "--since", "2023-01-01").err


def test_a_file_is_written_whole_or_not_at_all(
    counted: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert counted("export", *PAIR, "-o", "pair.csv").out == ""
    before = (tmp_path / "pair.csv").read_text()
    assert before == counted("export", *PAIR).out

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("iotagg.cli.export.write_rows", fails)
    result = counted("export", *PAIR, "-o", "pair.csv")
    assert result.code == 1
    assert result.err == "iotagg: pair.csv cannot be written: No space left on device\n"
    assert (tmp_path / "pair.csv").read_text() == before
    assert not list(tmp_path.glob(".*part"))


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_pair_is_drawn_with_the_same_bytes_each_time(counted: Command, tmp_path: Path, ending: str) -> None:
    picture = tmp_path / f"pair.{ending}"
    assert counted("export", *PAIR, "-o", picture).code == 0
    first = picture.read_bytes()
    assert first.startswith(b"<?xml" if ending == "svg" else b"\x89PNG")
    counted("export", *PAIR, "-o", picture)
    assert picture.read_bytes() == first


def test_the_drawing_shows_every_day_the_mean_and_the_band(counted: Command, tmp_path: Path) -> None:
    counted("export", *PAIR, "-o", "pair.svg")
    text = (tmp_path / "pair.svg").read_text()
    for shown in ("192.168.1.1 → 192.0.2.1", "paris: duration per day", "paris: packets per day", "mean", "deviation"):
        assert shown in text


def test_drawing_without_matplotlib_says_what_to_install(counted: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = counted("export", *PAIR, "-o", "pair.svg")
    assert (result.code, result.err) == (1, "iotagg: drawing needs matplotlib: pip install 'iotagg[plot]'\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "name a pair with --src and --dst, or take --all"),
        (("--src", "192.0.2.1"), "name a pair with --src and --dst, or take --all"),
        (("--all", "--src", "192.0.2.1"), "--all and --src, --dst exclude each other"),
        (("--src", "router", "--dst", "192.0.2.1"), "'router' is no IP address"),
        ((*PAIR, "--since", "2022-02-30"), "'2022-02-30' is a day that no calendar has"),
        ((*PAIR, "--since", "yesterday"), "'yesterday' is no day; write it as 2022-12-06"),
        ((*PAIR, "--since", "2022-02-02", "--until", "2022-02-01"), "--since 2022-02-02 is after --until 2022-02-01"),
        ((*PAIR, "--site", "a/b"), "'a/b' is no site"),
        ((*PAIR, "-o", "pair.pdf"), "only a pair's days are drawn, as .svg or .png"),
        (("--all", "-o", "all.svg"), "only a pair's days are drawn, as .svg or .png"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(counted: Command, arguments: tuple[str, ...], expected: str) -> None:
    result = counted("export", *arguments)
    assert result.code == 2
    assert expected in result.err
    assert len(result.err.splitlines()) == 1
