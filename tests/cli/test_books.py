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


def test_a_backup_says_as_json_what_it_wrote(run: Command, tmp_path: Path) -> None:
    run("upload", write_flows(tmp_path / "one.csv", ONE))
    assert run("backup", "copy.db", "--json").objects() == [
        {"file": "copy.db", "bytes": (tmp_path / "copy.db").stat().st_size}
    ]


def test_a_copy_is_brought_into_another_database(run: Command, tmp_path: Path) -> None:
    for name, flow in (("one.csv", ONE), ("two.csv", TWO)):
        run("upload", "--site", "paris", write_flows(tmp_path / name, flow))
    run("retract", "two.csv")
    run("backup", "copy.db")
    before = [run(*question).out for question in QUESTIONS]
    run.database = tmp_path / "new" / "other.db"
    restored = run("restore", "copy.db")
    assert (restored.code, restored.out, restored.err) == (0, "2 files: 1 counted, 1 retracted\n", "")
    assert [run(*question).out for question in QUESTIONS] == before
    assert [outcome["state"] for outcome in run("restore", "copy.db", "--json").objects()] == [
        "already counted",
        "retracted",
    ]


QUESTIONS = (["export", "--all"], ["files", "--json"], ["pairs"])


def test_what_does_not_agree_is_refused_with_a_line_and_the_rest_is_brought(run: Command, tmp_path: Path) -> None:
    run("upload", write_flows(tmp_path / "one.csv", ONE), write_flows(tmp_path / "gone.csv", TWO))
    run("retract", "gone.csv")
    copied, run.database = run.database, tmp_path / "other.db"
    three = ("192.168.1.1", "192.0.2.1", "15/12/2022", 50, 6)
    run("upload", write_flows(tmp_path / "one.csv", TWO), write_flows(tmp_path / "three.csv", three))
    restored = run("restore", copied)
    assert (restored.code, restored.out) == (1, "2 files: 2 refused\n")
    known, kept = restored.err.splitlines()
    assert known.startswith(
        "refused          one.csv  this path is known here with other content, which stays; iotagg "
    )
    assert kept.startswith(
        "refused          gone.csv  it was retracted there and is counted here, which stays; iotagg "
    )
    assert [row["flows"] for row in run("pairs", "--json").objects()] == [2]
    run("retract", "one.csv")
    assert run("restore", copied).out == "2 files: 1 counted, 1 retracted\n"
    run("retract", "one.csv")
    assert "its content was retracted here; --again counts it again" in run("restore", copied).err
    assert run("restore", copied, "--again").out == "2 files: 1 counted, 1 retracted\n"
    assert [row["flows"] for row in run("pairs", "--json").objects()] == [2]


def test_a_database_is_not_restored_from_itself(run: Command, tmp_path: Path) -> None:
    run("upload", write_flows(tmp_path / "one.csv", ONE))
    refused = run("restore", "test.db")
    assert (refused.code, refused.err) == (
        1,
        "iotagg: test.db is the database itself; name the copy that is to be brought in\n",
    )
    missing = run("restore", "missing.db")
    assert (missing.code, missing.err) == (
        1,
        "iotagg: there is no missing.db; name a file that iotagg backup wrote\n",
    )
    assert not (tmp_path / "missing.db").exists()


def test_another_programs_file_is_refused_in_one_line(run: Command, tmp_path: Path) -> None:
    run.database.write_text("shopping list\n" * 100)
    result = run("upload", write_flows(tmp_path / "one.csv", ONE))
    assert result.code == 1
    assert "is no SQLite database" in result.err
    assert len(result.err.splitlines()) == 1
    assert run.database.read_text() == "shopping list\n" * 100
