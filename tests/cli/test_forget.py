"""iotagg forget: a device, a site or old months go for good, and it is said what went."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import pytest

from iotagg.stores.sqlite import SqliteStore
from tests.cli.running import Command, Deployed, write_flows

if TYPE_CHECKING:
    from pathlib import Path

DEVICE = "192.168.20.43"
FLOWS = (
    (DEVICE, "192.0.2.17", "13/12/2022", 10, 2),
    ("192.0.2.17", DEVICE, "30/11/2022", 20, 3),
    ("192.168.20.44", "192.0.2.17", "13/12/2022", 30, 4),
)
OTHERS = FLOWS[2:]


@pytest.fixture
def counted(run: Command, tmp_path: Path) -> Command:
    file = write_flows(tmp_path / "flows.csv", *FLOWS, (f"{DEVICE} ", "192.0.2.17", "13/12/2022", 1, 1))
    write_flows(tmp_path / "others.csv", *OTHERS, ("192.168.20.44", "192.0.2.17", "14/12/2022", 5, 5))
    assert run("upload", "--site", "paris", file, tmp_path / "others.csv").code == 0
    return run


@pytest.fixture
def deployed(run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Deployed:
    return Deployed.anew(monkeypatch, capsys)


def answer(monkeypatch: pytest.MonkeyPatch, *, yes: bool | None) -> list[str]:
    asked: list[str] = []

    def confirm(text: str, *, err: bool) -> bool:
        assert err
        asked.append(text)
        if yes is None:
            raise click.Abort
        return yes

    monkeypatch.setattr("iotagg.cli.forget.click.confirm", confirm)
    return asked


def files_of(database: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(database.parent.glob(f"{database.name}*")))


def test_a_device_goes_when_a_person_says_yes(
    counted: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = answer(monkeypatch, yes=True)
    result = counted("forget", "--device", DEVICE)
    assert asked == [f"1 file and 2 pairs hold something of {DEVICE}; forget it"]
    assert (result.code, result.out, result.err) == (0, f"forgot {DEVICE}: 1 file, 2 pairs\n", "")
    pairs = counted("pairs", "--json").objects()
    assert [(pair["src_ip"], pair["flows"]) for pair in pairs] == [("192.168.20.44", 3)]
    clean = Command(tmp_path / "clean.db", counted.capsys)
    write_flows(tmp_path / "clean.csv", *OTHERS)
    clean("upload", "--site", "paris", "clean.csv", "others.csv")
    assert counted("export", "--all").out == clean("export", "--all").out
    assert [each.get("erased") for each in counted("files", "--json").objects()] == [2, None]


@pytest.mark.parametrize("said", [False, None])
def test_nothing_goes_unless_a_person_says_yes(
    counted: Command, monkeypatch: pytest.MonkeyPatch, said: bool | None
) -> None:
    before = counted("export", "--all").out
    answer(monkeypatch, yes=said)
    result = counted("forget", "--device", DEVICE)
    assert (result.code, result.out, result.err.strip()) == (1, "", "iotagg: nothing was forgotten")
    assert counted("export", "--all").out == before
    assert counted("forget", "--site", "paris").code == 1


def test_no_byte_of_the_database_tells_of_a_forgotten_device(counted: Command) -> None:
    assert DEVICE.encode() in files_of(counted.database)
    result = counted("forget", "--device", DEVICE, "--yes", "--json")
    assert result.objects() == [{"device": DEVICE, "site": None, "before": None, "files": 1, "pairs": 2}]
    assert DEVICE.encode() not in files_of(counted.database)
    with closing(sqlite3.connect(counted.database)) as connection:
        stored = [
            row[0] for row in connection.execute("SELECT stored FROM contribution UNION SELECT member FROM reject")
        ]
    assert len(stored) == 3
    assert not any(DEVICE.encode() in gzip.decompress(content) for content in stored)
    (reject,) = counted("files", "flows.csv", "--rejects", "--json").objects()
    assert (reject["line"], reject["text"]) == (5, "(erased on request)")


def test_what_was_freed_before_is_overwritten_too(counted: Command) -> None:
    counted("forget", "--device", DEVICE, "--yes")
    with closing(sqlite3.connect(counted.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("INSERT INTO path (site, path) VALUES ('paris', ?)", (DEVICE,))
        connection.execute("DELETE FROM path WHERE path = ?", (DEVICE,))
    assert DEVICE.encode() in files_of(counted.database)
    counted("forget", "--device", DEVICE, "--yes")
    assert DEVICE.encode() not in files_of(counted.database)


def test_a_retracted_file_that_knew_the_device_comes_back_on_a_persons_word_only(counted: Command) -> None:
    counted("retract", "flows.csv")
    counted("forget", "--device", DEVICE, "--yes")
    assert DEVICE.encode() not in files_of(counted.database)
    assert counted("upload", "--site", "paris", "flows.csv").err.count("its content was retracted") == 1
    assert counted("upload", "--site", "paris", "flows.csv", "--again").code == 0
    assert counted("pairs", "--json").objects()[0]["flows"] == 1


def test_a_database_that_another_program_reads_is_overwritten_when_it_is_closed(
    counted: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = SqliteStore.__init__.__kwdefaults__
    assert waits is not None
    monkeypatch.setitem(waits, "busy_seconds", 0.5)
    with closing(sqlite3.connect(counted.database, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM pair_month").fetchone()
        result = counted("forget", "--device", DEVICE, "--yes")
        assert result.code == 1
        assert "is open in another program, so that what was erased is not overwritten yet" in result.err
    assert counted("forget", "--device", DEVICE, "--yes").out == f"forgot {DEVICE}: 0 files, 0 pairs\n"
    assert DEVICE.encode() not in files_of(counted.database)


def test_a_site_goes_with_all_that_is_known_of_it(counted: Command) -> None:
    counted("upload", "--site", "tokyo", "flows.csv")
    result = counted("forget", "--site", "paris", "--yes")
    assert result.out == "forgot site paris: 2 files, 3 pairs\n"
    assert counted("status", "--json").objects()[0]["sites"] == ["tokyo"]
    refused = counted("upload", "--site", "paris", "flows.csv")
    assert "erased on request; --again counts all of it again" in refused.err
    assert counted("upload", "--site", "paris", "flows.csv", "--again").code == 0


def test_a_device_goes_from_one_site_only_if_that_is_said(counted: Command) -> None:
    counted("upload", "--site", "tokyo", "flows.csv")
    result = counted("forget", "--device", "::ffff:192.168.20.43", "--site", "paris", "--yes")
    assert result.out == f"forgot {DEVICE} at site paris: 1 file, 2 pairs\n"
    assert {pair["site"] for pair in counted("pairs", "--json").objects() if DEVICE in pair.values()} == {"tokyo"}
    missing = counted("forget", "--device", DEVICE, "--site", "berlin", "--yes")
    assert (missing.code, missing.err) == (1, "iotagg: no site berlin; there are paris, tokyo\n")


def test_old_months_go_and_do_not_come_back(counted: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "old.csv", ("192.0.2.99", "192.0.2.17", "30/11/2022", 1, 1))
    counted("upload", "--site", "paris", "old.csv")
    result = counted("forget", "--before", "2022-12", "--yes")
    assert result.out == "forgot all from before 2022-12: 1 file, 2 pairs\n"
    assert {pair["first_day"] for pair in counted("pairs", "--json").objects()} == {"2022-12-13"}
    assert b"192.0.2.99" not in files_of(counted.database)
    write_flows(tmp_path / "older.csv", ("192.0.2.98", "192.0.2.17", "01/10/2022", 1, 1))
    assert "its last day, 2022-10-01, is before 2022-12" in counted("upload", "--site", "paris", "older.csv").err


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--device", DEVICE, "--before", "2022-12"),
        ("--site", "paris", "--before", "2022-12"),
        ("--before", "2022-13"),
        ("--device", "router"),
    ],
)
def test_what_is_to_be_forgotten_is_one_thing(run: Command, options: tuple[str, ...]) -> None:
    result = run("forget", *options, "--yes")
    assert result.code == 2
    assert len(result.err.splitlines()) == 1


def test_a_month_that_lies_ahead_is_wrong_usage(counted: Command) -> None:
    year = datetime.now(UTC).year + 1
    result = counted("forget", "--before", f"{year}-12", "--yes")
    assert (result.code, "lies ahead" in result.err) == (2, True)
    assert counted("forget", "--before", f"{year - 1:04}-01", "--yes").code == 0


def test_without_a_database_there_is_nothing_to_forget(run: Command) -> None:
    result = run("forget", "--site", "paris", "--yes")
    assert (result.code, "no database at" in result.err) == (1, True)
    assert not run.database.exists()


# On a stack.


@pytest.fixture
def stack(deployed: Deployed, tmp_path: Path) -> Deployed:
    write_flows(tmp_path / "flows.csv", *FLOWS)
    write_flows(tmp_path / "others.csv", *OTHERS)
    assert deployed("upload", "--site", "paris", "flows.csv", "others.csv").code == 0
    deployed.work_off()
    return deployed


def test_on_a_stack_a_device_goes_from_the_bucket_too(stack: Deployed, tmp_path: Path) -> None:
    result = stack("forget", "--device", DEVICE, "--yes", "--json")
    assert result.objects() == [{"device": DEVICE, "site": None, "before": None, "files": 1, "pairs": 2, "objects": 1}]
    assert (stack.versions("incoming/paris/flows.csv"), stack.versions("incoming/paris/others.csv")) == (0, 1)
    assert [pair["flows"] for pair in stack("pairs", "--json").objects()] == [2]
    assert stack("forget", "--device", DEVICE, "--yes").out == f"forgot {DEVICE}: 0 files, 0 pairs, 0 raw objects\n"
    again = stack("upload", "--site", "paris", "flows.csv")
    stack.work_off()
    assert again.code == 0
    assert [pair["flows"] for pair in stack("pairs", "--json").objects()] == [2]


def test_on_a_stack_what_no_worker_has_read_stays_until_it_is_read(stack: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", *FLOWS, *OTHERS)
    stack("upload", "--site", "paris", "flows.csv")
    assert stack("forget", "--device", DEVICE, "--yes").out.endswith("1 raw object\n")
    assert stack.versions("incoming/paris/flows.csv") == 1


def test_on_a_stack_a_site_goes_with_all_of_its_objects(stack: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "unread.csv", *OTHERS)
    stack("upload", "--site", "paris", "unread.csv")
    stack("upload", "--site", "tokyo", "flows.csv")
    result = stack("forget", "--site", "paris", "--yes")
    assert result.out == "forgot site paris: 2 files, 3 pairs, 3 raw objects\n"
    assert {version.key for version in stack.cloud.bucket.versions("")} == {"incoming/tokyo/flows.csv"}
    assert stack.cloud.store.sites() == []


def test_on_a_stack_old_months_go_after_every_worker_knows(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("iotagg.cli.forget.time.sleep", slept.append)
    result = stack("forget", "--before", "2022-12", "--yes")
    assert result.out == "forgot all from before 2022-12: 0 files, 1 pair, 0 raw objects\n"
    assert result.err.startswith("iotagg: waiting 1")
    assert len(slept) == 1
    assert {pair["first_day"] for pair in stack("pairs", "--json").objects()} == {"2022-12-13"}


def test_what_was_forgotten_stays_so_in_copies_and_where_an_older_one_is_brought_back(
    counted: Command, tmp_path: Path
) -> None:
    counted("backup", "older.db")
    counted("forget", "--device", DEVICE, "--yes")
    before = [counted(*question).out for question in (("export", "--all"), ("files", "--json"))]
    refused = counted("restore", "older.db")
    assert (refused.code, refused.out) == (1, "2 files: 1 already counted, 1 refused\n")
    assert "was erased on request; --again counts all of it again" in refused.err
    counted("backup", "newer.db")
    counted.database = tmp_path / "other.db"
    assert counted("restore", "newer.db").code == 0
    assert [counted(*question).out for question in (("export", "--all"), ("files", "--json"))] == before
    upload = ("upload", "--site", "paris", tmp_path / "flows.csv", "--replace")
    assert "was erased on request" in counted(*upload).err
    assert counted(*upload, "--again").code == 0
