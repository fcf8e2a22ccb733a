from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iotagg.core.inflating import library_in_use
from iotagg.core.native import reader_in_use
from tests.cli.running import Command, write_flows

if TYPE_CHECKING:
    from pathlib import Path

FLOWS = (
    ("192.168.1.1", "192.0.2.1", "13/12/2022", 10, 9),
    ("192.168.1.2", "192.0.2.1", "13/12/2022", 30, 1),
    ("192.168.1.2", "192.0.2.1", "13/12/2022", 30, 1),
    ("\x1b[31mred", "192.0.2.1", "13/12/2022", 30, 1),
)


@pytest.fixture
def counted(run: Command, tmp_path: Path) -> Command:
    write_flows(tmp_path / "flows.csv", *FLOWS)
    assert run("upload", "flows.csv", "--site", "paris").code == 0
    return run


def test_pairs_as_a_table_largest_first(counted: Command) -> None:
    by_packets = counted("pairs", "--by", "packets").out.splitlines()
    assert by_packets[0].split() == [
        "site",
        "src_ip",
        "dst_ip",
        "first_day",
        "last_day",
        "days",
        "flows",
        "flow_duration_us",
        "fwd_packets",
    ]
    assert by_packets[1].split() == [
        "paris",
        "192.168.1.1",
        "192.0.2.1",
        "2022-12-13",
        "2022-12-13",
        "1",
        "1",
        "10",
        "9",
    ]
    assert counted("pairs", "--by", "flows", "-n", "1").out.splitlines()[1].split()[1] == "192.168.1.2"


def test_pairs_as_machine_output(counted: Command) -> None:
    assert counted("pairs", "--json", "-n", "1").objects() == [
        {
            "site": "paris",
            "src_ip": "192.168.1.1",
            "dst_ip": "192.0.2.1",
            "first_day": "2022-12-13",
            "last_day": "2022-12-13",
            "days": 1,
            "flows": 1,
            "flow_duration_us": 10,
            "fwd_packets": 9,
        }
    ]


def test_no_pairs_is_said(counted: Command) -> None:
    said = counted("pairs", "--since", "2023-01-01")
    assert (said.code, said.out, said.err) == (0, "", "iotagg: no pairs; iotagg upload counts files\n")
    assert counted("pairs", "--since", "2023-01-01", "--json").out == ""


def test_files_and_their_rejects_cannot_steer_the_terminal(counted: Command) -> None:
    (outcome,) = counted("files", "--json").objects()
    short = outcome["contribution"][:8]
    head, line = counted("files").out.splitlines()
    assert head.split() == ["state", "site", "file", "contribution", "result"]
    assert line == f"counted  paris  flows.csv  {short}      3 flows, 2 pairs, 2022-12-13, 1 rejected"
    rejects = counted("files", "flows.csv", "--rejects").out
    assert rejects.startswith(r"flows.csv:5: column 2 'Src IP': '\x1b[31mred' is no IP address: id,\x1b[31mred,1,")
    (reject,) = counted("files", "flows.csv", "--rejects", "--json").objects()
    assert (reject["line"], reject["text"][:9]) == (5, "id,\x1b[31mr")


def test_an_unknown_site_is_named_with_those_there_are(counted: Command) -> None:
    for command in (["pairs"], ["files"], ["export", "--all"], ["retract", "flows.csv"]):
        result = counted(*command, "--site", "pariss")
        assert (result.code, result.err) == (1, "iotagg: no site pariss; there are paris\n")


def test_a_file_without_rejected_lines_says_so(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "clean.csv", FLOWS[0])
    run("upload", "clean.csv")
    result = run("files", "clean.csv", "--rejects")
    assert (result.code, result.out, result.err) == (0, "", "iotagg: no rejected lines\n")


def test_files_are_found_by_path_end_and_contribution(counted: Command, tmp_path: Path) -> None:
    (outcome,) = counted("files", "--json").objects()
    for name in ("flows.csv", tmp_path / "flows.csv", outcome["contribution"][:8], outcome["contribution"]):
        assert counted("files", name, "--json").objects() == [outcome]
    assert counted("files", "lows.csv").err == "iotagg: no file is named lows.csv; iotagg files lists them\n"


def test_a_refused_file_stays_listed_with_its_reason_and_rejects(counted: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "bad.csv", ("192.168.1.1", "192.0.2.1", "09:00.7", 1, 1))
    counted("upload", "bad.csv")
    (outcome,) = counted("files", "bad.csv", "--json").objects()
    assert (outcome["state"], outcome["lines"], outcome["counted"], outcome["rejected"]) == ("refused", 2, 0, 1)
    assert "'09:00.7' is no date" in outcome["reason"]
    assert "bad.csv:2: column 7 'Timestamp'" in counted("files", "bad.csv", "--rejects").out


def test_status(counted: Command) -> None:
    facts = counted("status", "--json").objects()[0]
    assert facts["files"] == {"counted": 1}
    assert (facts["sites"], facts["flows"], facts["rejected"]) == (["paris"], 3, 1)
    assert (facts["first_day"], facts["last_day"]) == ("2022-12-13", "2022-12-13")
    assert (facts["reader"], facts["gzip"]) == (reader_in_use(), library_in_use())
    said = counted("status").out
    assert "files      1 counted\n" in said
    assert said.endswith(f"\nreader     {reader_in_use()}, gzip by {library_in_use()}\n")


def test_inspect_counts_nothing(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", *FLOWS)
    result = run("inspect", "flows.csv")
    assert result.code == 0
    assert "columns           src 'Src IP', dst 'Dst IP', timestamp 'Timestamp'" in result.out
    assert "rejected          line 5: column 2 'Src IP'" in result.out
    assert not run.database.exists()
    facts = run("inspect", "flows.csv", "--json").objects()[0]
    assert (facts["pairs"], facts["flow_duration_us"], facts["day_order"]) == (2, 70, "dmy")


def test_inspect_of_what_would_be_refused_fails(run: Command, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n")
    assert run("inspect", "bad.csv").err.startswith("iotagg: bad.csv: no flow CSV")
    write_flows(tmp_path / "none.csv", ("x", "y", "z", 1, 1))
    assert run("inspect", "none.csv").code == 1


def test_looking_makes_no_database(run: Command) -> None:
    for command in (["pairs"], ["files"], ["status"], ["export", "--all"], ["retract", "x"], ["backup", "copy.db"]):
        result = run(*command)
        assert result.code == 1
        assert "no database at" in result.err
        assert not run.database.exists()
