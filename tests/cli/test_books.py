from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.running import Command, write_flows

if TYPE_CHECKING:
    from pathlib import Path

ONE = ("192.168.1.1", "192.0.2.1", "13/12/2022", 10, 2)
TWO = ("192.168.1.1", "192.0.2.1", "14/12/2022", 30, 4)


def test_what_remains_after_a_retraction_is_as_if_never_counted(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "one.csv", ONE)
    run("upload", "one.csv")
    before = run("export", "--all").out
    write_flows(tmp_path / "two.csv", TWO)
    run("upload", "two.csv")
    assert run("retract", "two.csv").out == "retracted        two.csv\n"
    assert run("export", "--all").out == before
    assert run("retract", "two.csv").out == "already retracted  two.csv\n"
    assert run("files", "two.csv", "--json").objects()[0]["state"] == "retracted"


def test_a_retracted_file_comes_back_only_again(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "one.csv", ONE)
    run("upload", "one.csv")
    before = run("export", "--all").out
    run("retract", "one.csv")
    refused = run("upload", "one.csv")
    assert (refused.code, "--again counts it again" in refused.err) == (1, True)
    assert [outcome["state"] for outcome in run("files", "--json").objects()] == ["retracted"]
    assert run("upload", "one.csv", "--again").out.startswith("counted")
    assert run("export", "--all").out == before


def test_a_retracted_content_does_not_come_back_by_reading_it_otherwise(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "one.csv", ONE)
    run("upload", "one.csv")
    run("retract", "one.csv")
    assert "--again counts it again" in run("upload", "one.csv", "--day-order", "dmy").err
    assert run("upload", "one.csv", "--day-order", "dmy", "--again").code == 0
    write_flows(tmp_path / "copy.csv", ONE)
    assert run("upload", "copy.csv", "--day-order", "dmy").out.startswith("already counted")
    assert [row["flows"] for row in run("pairs", "--json").objects()] == [1]


def test_a_path_of_two_sites_is_named_with_its_site(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "one.csv", ONE)
    run("upload", "one.csv", "--site", "paris")
    run("upload", "one.csv", "--site", "tokyo")
    refused = run("retract", "one.csv")
    assert (refused.code, refused.err) == (2, "iotagg: one.csv was counted for paris and tokyo; name one with --site\n")
    assert run("retract", "one.csv", "--site", "tokyo").code == 0
    assert [row["site"] for row in run("pairs", "--json").objects()] == ["paris"]


def test_retracting_one_of_two_copies_says_that_the_content_stays(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "one.csv", ONE)
    write_flows(tmp_path / "copy.csv", ONE)
    run("upload", "one.csv", "copy.csv")
    result = run("retract", "one.csv")
    assert f"the same content stays counted as {tmp_path / 'copy.csv'}" in result.out
    assert run("export", "--all").code == 0
    (outcome,) = run("retract", "copy.csv", "--json").objects()
    assert outcome["state"] == "retracted"
    assert run("export", "--all").code == 1


def test_a_name_of_several_files_is_not_guessed(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "a" / "flows.csv", ONE)
    write_flows(tmp_path / "b" / "flows.csv", TWO)
    run("upload", "a", "b")
    result = run("retract", "flows.csv")
    assert result.code == 2
    assert "flows.csv names 2 files" in result.err
    assert run("retract", "a/flows.csv").code == 0


def test_a_backup_is_a_database_of_its_own(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "one.csv", ONE)
    run("upload", "one.csv")
    before = run("export", "--all").out
    assert run("backup", "copy.db").code == 0
    refused = run("backup", "copy.db")
    assert refused.err == "iotagg: copy.db is there already; name another file, or --force\n"
    run("retract", "one.csv")
    run.database = tmp_path / "copy.db"
    assert run("export", "--all").out == before


def test_another_programs_file_is_refused_in_one_line(run: Command, tmp_path: Path) -> None:
    run.database.write_text("shopping list\n" * 100)
    result = run("upload", write_flows(tmp_path / "one.csv", ONE))
    assert result.code == 1
    assert "is no SQLite database" in result.err
    assert len(result.err.splitlines()) == 1
    assert run.database.read_text() == "shopping list\n" * 100
