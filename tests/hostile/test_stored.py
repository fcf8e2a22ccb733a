"""A database, a copy or a contribution that was in other hands."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from iotagg.errors import Damaged
from iotagg.stores.sqlite import SqliteStore
from tests.hostile.commands import run
from tests.hostile.reading import ROW, USED

if TYPE_CHECKING:
    from pathlib import Path

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT"
CHANGES = {
    "a formula for an address": "UPDATE pair_month SET source = '=HYPERLINK(1)'",
    "a formula for a site": "".join(
        f"UPDATE {table} SET site = '=HYPERLINK(1)';"  # noqa: S608 (a table's own name)
        for table in ("pair_month", "path", "file", "reference", "contribution")
    ),
    "an escape for an address": "UPDATE pair_month SET destination = char(27) || '[2J'",
    "sums that are no JSON": "UPDATE pair_month SET sums = '{'",
    "sums that are no numbers": """UPDATE pair_month SET sums = '{"flows": "9"}'""",
    "sums that no flows have": """UPDATE pair_month SET sums = '{"flows":1,"dur":8,"f03":1,"d03":8}'""",
    "a head that is no JSON": "UPDATE file SET head = 'x'",
    "a head without parts": "UPDATE file SET head = '{\"format\": 1}'",
    "a chunk that is no gzip": "UPDATE contribution SET stored = zeroblob(length(stored))",
    "a contribution that was cut": "UPDATE contribution SET stored = substr(stored, 1, length(stored) - 9)",
    "rejected lines that are no gzip": "UPDATE reject SET member = x'00'",
    "a refusal that is no JSON": "UPDATE path SET refusal = '[1]'",
    "text that is no UTF-8": "UPDATE path SET path = CAST(x'ff' AS TEXT)",
    "a table that is gone": "DROP TABLE marker",
    "a column that is gone": "ALTER TABLE path DROP COLUMN refusal",
    "an endless view": "DROP TABLE path;"
    f"CREATE VIEW path AS {ENDLESS} 'p' AS site, i AS path, '' AS refusal, '' AS versions FROM n",
    "an endless trigger": f"CREATE TRIGGER t AFTER INSERT ON marker BEGIN INSERT INTO floor {ENDLESS} i, i FROM n; END",
    "a virtual table": "CREATE VIRTUAL TABLE more USING fts5(x)",
}
QUESTIONS = (
    "export --all",
    "pairs",
    "files",
    "files --rejects",
    "status",
    "retract a.csv",
    "forget --device 192.0.2.1 -y",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_bytes(USED + b"\n" + ROW + b"\ntorn\n")
    assert run(tmp_path, ["--db", "x.db", "upload", "--site", "paris", "a.csv"])[0] == 0
    return tmp_path


def changed(file: Path, script: str) -> Path:
    with closing(sqlite3.connect(file)) as database:
        database.executescript(script)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


@pytest.mark.parametrize("change", CHANGES)
def test_a_database_that_was_changed_is_answered_for_in_a_line(folder: Path, change: str) -> None:
    changed(folder / "x.db", CHANGES[change])
    ends = []
    for question in QUESTIONS:
        code, out, err = run(folder, ["--db", "x.db", *question.split()])
        assert code in {0, 1}, (question, err)
        assert len(err.splitlines()) <= 1, (question, err)
        assert [line for line in (out + err).split("\n") if not line.isprintable()] == [], question
        assert not [line for line in out.splitlines() if line[:1] in set("=+-@")], question
        ends.append(code)
    assert 1 in ends  # at least one question cannot be answered


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_changed_copy_holds_is_not_brought_in(folder: Path, change: str) -> None:
    changed(folder / "x.db", CHANGES[change])
    code, _, err = run(folder, ["--db", "new.db", "restore", "x.db"])
    if (
        change in {"rejected lines that are no gzip", "a table that is gone", "an escape for an address"}
        or "sums" in change
        or "address" in change
    ):
        assert code in {0, 1}  # sums are worked out anew from what the files added
    else:
        assert (code, len(err.splitlines()) >= 1) == (1, True)
    code, out, err = run(folder, ["--db", "new.db", "export", "--all"])
    assert "HYPERLINK" not in out
    assert code in {0, 1}


def test_a_copy_whose_chunks_say_more_than_its_head_is_not_brought_in(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "x.db")) as database:
        (head,) = database.execute("SELECT head FROM file").fetchone()
        fields = json.loads(head)
        fields["totals"]["flows"] = 999
        database.execute("UPDATE file SET head = ?", [json.dumps(fields)])
        database.commit()
    code, out, err = run(folder, ["--db", "new.db", "restore", "x.db"])
    assert (code, "is damaged (its chunks hold 1 flows, its head 999" in out + err) == (1, True), out + err


def test_a_page_that_cannot_be_read_is_said_wherever_it_shows(folder: Path) -> None:
    store = SqliteStore(folder / "x.db")
    store.seal()
    content = bytearray((folder / "x.db").read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 8] = b"\xff" * 8
    (folder / "x.db").write_bytes(content)
    for question in QUESTIONS:
        code, _, err = run(folder, ["--db", "x.db", *question.split()])
        assert (code, len(err.splitlines())) == (1, 1), question


def test_damage_is_one_of_the_errors_of_a_store() -> None:
    assert [each.__name__ for each in Damaged.__mro__][:3] == ["Damaged", "StoreError", "IotaggError"]
