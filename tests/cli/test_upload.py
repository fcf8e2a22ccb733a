from __future__ import annotations

import gzip
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import HEADER, Command, write_flows

if TYPE_CHECKING:
    from pathlib import Path

ONE = ("192.168.1.1", "192.0.2.1", "13/12/2022", 10, 2)
TWO = ("192.168.1.1", "192.0.2.1", "14/12/2022", 30, 4)


def test_says_what_was_counted(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE, TWO)
    result = run("upload", "flows.csv")
    assert result.code == 0
    assert result.out == "counted          flows.csv  2 flows, 1 pair, 2022-12-13 to 2022-12-14\n"
    assert result.err == ""


def test_uploading_again_is_done_and_changes_no_byte(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE, TWO)
    run("upload", "flows.csv")
    before = run("export", "--all").out
    result = run("upload", "flows.csv")
    assert (result.code, result.out.split("  ")[0]) == (0, "already counted")
    assert run("export", "--all").out == before


def test_json_is_one_object_per_file_with_the_promised_keys(run: Command, tmp_path: Path) -> None:
    path = write_flows(tmp_path / "flows.csv", ONE, ("192.168.1.1", "nowhere", "13/12/2022", 1, 1))
    (outcome,) = run("upload", "flows.csv", "--site", "paris", "--json").objects()
    assert outcome["file"] == str(path)
    assert outcome["site"] == "paris"
    assert outcome["state"] == "counted"
    figures = {key: outcome[key] for key in ("lines", "counted", "rejected", "blank", "headers", "pairs", "reason")}
    assert figures == {
        "lines": 3,
        "counted": 1,
        "rejected": 1,
        "blank": 0,
        "headers": 1,
        "pairs": 1,
        "reason": None,
    }
    assert len(outcome["contribution"]) == 64 + 1 + 16


def test_folders_patterns_and_brackets_in_names(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "in" / "deep" / "a.csv", ONE)
    (tmp_path / "in" / "b.CSV.GZ").write_bytes(gzip.compress((HEADER + "\n").encode()))
    (tmp_path / "in" / "notes.txt").write_text("not a flow file")
    write_flows(tmp_path / "odd[1](copy).csv", TWO)
    outcomes = run("upload", "in", "odd[1](copy).csv", "in/*/a.c?v", "--json").objects()
    assert [os.path.basename(outcome["file"]) for outcome in outcomes] == ["b.CSV.GZ", "a.csv", "odd[1](copy).csv"]  # noqa: PTH119 (paths of the machine output)
    assert {outcome["state"] for outcome in outcomes} == {"counted"}


def test_one_refused_file_leaves_the_others_counted(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "good.csv", ONE)
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    result = run("upload", "bad.csv", "missing.csv", "good.csv")
    assert result.code == 1
    assert "counted          good.csv" in result.out
    assert "3 files: 1 counted, 2 refused" in result.out
    refused, missing = result.err.splitlines()
    assert refused.startswith(
        "refused          bad.csv  no flow CSV: its first line names none of the columns 'src ip'"
    )
    assert missing == "refused          missing.csv  no such file"


def test_a_folder_without_flow_files_and_a_pattern_without_matches_fail(run: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("upload", "empty", "nothing*.csv")
    assert result.code == 1
    assert result.err.splitlines() == [
        "refused          empty  no .csv or .csv.gz file in this folder",
        "refused          nothing*.csv  nothing matches",
    ]


BAD_FILES = {
    "empty": (b"", "empty: it has no header line"),
    "blank lines": (b"\n\r\n  \n", "it holds blank lines only"),
    "binary": (bytes(range(256)) * 10, "holds NUL bytes"),
    "UTF-16": (HEADER.encode("utf-16"), "save it as UTF-8"),
    "CR alone": (HEADER.encode() + b"\r1,2\r", "end them with LF"),
    "no line feed": (b"x" * 3_000_000, "no line feed in the first 1 MiB"),
    "cut gzip": (gzip.compress(HEADER.encode() * 100)[:-9], "ends early"),
    "damaged gzip": (gzip.compress(bytes(range(256)) * 99)[:90] + b"\xff" * 99, "damaged"),
    "a missing column": (b"Src IP,Timestamp,Flow Duration,Tot Fwd Pkts\n", "no column for dst (such as 'dst ip')"),
    "two dialects": (
        f"{HEADER}\nsrc_ip,dst_ip,timestamp,flow_duration,tot_fwd_pkts\n".encode(),
        "line 2: another header",
    ),
    "nothing countable": (
        f"{HEADER}\n1,2\n3\n".encode(),
        "none of its 2 rows can be counted; the first, line 2: 2 fields",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_each_kind_of_bad_file_gets_one_useful_line(run: Command, tmp_path: Path, name: str) -> None:
    content, expected = BAD_FILES[name]
    (tmp_path / "bad.csv").write_bytes(content)
    result = run("upload", "bad.csv")
    assert result.code == 1
    assert expected in result.err
    assert len(result.err.splitlines()) == 1
    assert result.out == ""
    assert run("export", "--all").code == 1


def test_a_ten_megabyte_line_is_one_rejected_line(run: Command, tmp_path: Path) -> None:
    file = write_flows(tmp_path / "long.csv", ONE)
    with file.open("ab") as out:
        out.write(b"x" * 10_000_000 + b"\n")
    (outcome,) = run("upload", "long.csv", "--json").objects()
    assert (outcome["counted"], outcome["rejected"], outcome["lines"]) == (1, 1, 3)
    (reject,) = run("files", "long.csv", "--rejects", "--json").objects()
    assert (reject["line"], reject["reason"], len(reject["text"])) == (3, "the line is longer than 1 MiB", 1024)


def test_changed_content_is_refused_with_both_ways_out(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    run("upload", "flows.csv")
    write_flows(tmp_path / "flows.csv", TWO)
    result = run("upload", "flows.csv")
    assert result.code == 1
    assert "--replace if this corrects it" in result.err
    assert "--add if it is other traffic" in result.err
    assert run("upload", "flows.csv", "--add").code == 0
    assert [row["flows"] for row in run("pairs", "--json").objects()] == [2]


def test_replace_and_add_exclude_each_other(run: Command) -> None:
    result = run("upload", "x.csv", "--replace", "--add")
    assert result.code == 2
    assert result.err == "iotagg: --replace and --add exclude each other (see iotagg upload --help)\n"


def test_max_rejects_refuses_worse_files(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE, ("bad", "192.0.2.1", "13/12/2022", 1, 1))
    result = run("upload", "flows.csv", "--max-rejects", "10%")
    assert result.code == 1
    assert (
        "1 of its 2 rows were rejected, more than --max-rejects 10%; the first, line 3: column 2 'Src IP'" in result.err
    )
    assert run("upload", "flows.csv", "--max-rejects", "1").code == 0


def test_assumed_day_order_is_said_and_can_be_decided(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ("192.168.1.1", "192.0.2.1", "03/04/2022", 1, 1))
    result = run("upload", "flows.csv")
    assert result.out.endswith("2022-04-03, dates assumed day-first\n")
    result = run("upload", "flows.csv", "--day-order", "mdy")
    assert "--replace counts it with these options instead" in result.err
    assert run("upload", "flows.csv", "--day-order", "mdy", "--replace").out.endswith("2022-03-04\n")
    assert [row["first_day"] for row in run("pairs", "--json").objects()] == ["2022-03-04"]


def test_other_column_names_and_units(run: Command, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text(
        "Client Address,Server,timestamp,flow duration,tot fwd pkts\n192.168.1.1,192.0.2.1,2022-12-06,1.5,3\n"
    )
    options = ("--map", "src=client  address", "--map", "dst=SERVER", "--duration-unit", "s")
    assert run("upload", "odd.csv", *options).code == 0
    assert [row["flow_duration_us"] for row in run("pairs", "--json").objects()] == [1_500_000]


def test_dry_run_writes_nothing(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    result = run("upload", "flows.csv", "--dry-run")
    assert result.out.startswith("would be counted  flows.csv  1 flow")
    assert not run.database.exists()
    run("upload", "flows.csv")
    write_flows(tmp_path / "flows.csv", ONE, TWO)
    assert run("upload", "flows.csv", "--dry-run").code == 0
    assert [row["flows"] for row in run("pairs", "--json").objects()] == [1]


def test_the_same_content_at_another_site_is_pointed_out(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "one.csv", ONE)
    write_flows(tmp_path / "two.csv", TWO)
    run("upload", "one.csv", "two.csv", "--site", "paris")
    result = run("upload", "one.csv", "two.csv", "--site", "tokyo")
    assert "one.csv  1 flow, 1 pair, 2022-12-13, also counted for paris\n" in result.out
    assert result.out.endswith("2 files: 2 counted; 2 of them also for another site\n")
    (outcome,) = run("upload", "one.csv", "--site", "tokyo", "--json").objects()
    assert (outcome["state"], outcome["also_at"]) == ("already counted", ["paris"])


def test_both_cores_give_the_same_bytes_in_the_same_order(run: Command, tmp_path: Path) -> None:
    run("sample", "traffic", "--days", "6", "--rows", "6000", "--sites", "lab")
    alone = run("upload", "traffic", "--jobs", "1")
    before = run("export", "--all").out
    run.database = tmp_path / "other.db"
    together = run("upload", "traffic", "--jobs", "2")
    assert together.out == alone.out
    assert run("export", "--all").out == before


def test_unreadable_files_are_refused_and_not_remembered(run: Command, tmp_path: Path) -> None:
    file = write_flows(tmp_path / "secret.csv", ONE)
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("this user may read everything")
    assert run("upload", "secret.csv").err == "refused          secret.csv  no permission to read it\n"
    assert run("files").out == ""


def test_a_moved_folder_is_already_counted(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "old" / "flows.csv", ONE)
    run("upload", "old")
    shutil.move(tmp_path / "old", tmp_path / "new")
    assert run("upload", "new").out.startswith("already counted")
    assert [row["flows"] for row in run("pairs", "--json").objects()] == [1]
