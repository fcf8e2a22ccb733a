"""What reaches a terminal, and a spreadsheet: nothing that either would obey."""

from __future__ import annotations

import ast
import csv
from typing import TYPE_CHECKING

import pytest

from iotagg.core.values import checked_address, checked_site
from iotagg.errors import InvalidValue
from tests.hostile.commands import run
from tests.hostile.reading import ROW, USED
from tests.project.tree import python_files, shown

if TYPE_CHECKING:
    from pathlib import Path

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "\uff1d1", " =1")
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2028"
NAME = f"a{ESCAPES}\nrefused b.csv"


@pytest.mark.parametrize(
    "text", [*FORMULAS, ".", "..", "-x", "../x", "a/b", "a\\b", "a#b", "a\0", "a\n", "\u0430", "x" * 65]
)
def test_no_site_is_a_formula_a_way_out_or_a_part_of_a_key(text: str) -> None:
    with pytest.raises(InvalidValue) as said:
        checked_site(text)
    assert str(said.value).isprintable()


ADDRESSES = (
    *(*FORMULAS, "fe80::1%eth0", "::ffff:1.2.3.4%1", "10.0.0.1/24", "010.1.1.1", "\uff11.1.1.1", "1.1.1.1#2022-12"),
    *("1.1.1.1,2.2.2.2", "[::1]", "::1\n", "1.1.1.1 ", "0x7f.0.0.1", "127.1", "2130706433", "1.1.1.1:80", "::1#"),
)


@pytest.mark.parametrize("text", ADDRESSES)
def test_no_address_has_a_zone_a_mask_or_a_separator(text: str) -> None:
    with pytest.raises(InvalidValue):
        checked_address(text)


def test_no_cell_of_an_export_is_a_formula(tmp_path: Path) -> None:
    cells = [*FORMULAS, *ADDRESSES, *(text.lstrip() for text in FORMULAS)]
    rows = [f'"{cell}",192.0.2.9,2022-04-03,9,9' for cell in cells] + [
        f'192.0.2.9,"{cell}",2022-04-03,9,9' for cell in cells
    ]
    head = "Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts,=1+1"
    content = "\n".join([head, *(f"{row},=1+1" for row in rows), ROW.decode() + ",@x"]) + "\n"
    (tmp_path / "=1+1.csv").write_text(content, "utf-8")
    assert run(tmp_path, ["--db", "x.db", "upload", "--site", "p", "=1+1.csv"])[0] == 0
    for options in ("--all", "--src 192.0.2.1 --dst 192.0.2.2", "--all --site p"):
        code, out, _ = run(tmp_path, ["--db", "x.db", "export", *options.split()])
        assert code == 0
        table = list(csv.reader(out.splitlines()))
        assert len(table) == 2
        assert [cell for line in table for cell in line if cell[:1] in set("=+-@\t\r")] == []


def test_only_exports_and_samples_write_csv() -> None:
    # What else would, has to keep formulas out of it too; see above.
    writing = set()
    for file in python_files("iotagg"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in {"writer", "DictWriter"}:
                writing.add(shown(file))
    assert writing == {"iotagg/export.py", "iotagg/sample/writer.py"}


def obeyed(*texts: str) -> list[str]:
    return [line for text in texts for line in text.split("\n") if not line.isprintable() and line]


def test_nothing_of_a_name_or_a_cell_moves_a_cursor(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(USED + b"\n" + ROW + b"\n" + ESCAPES.encode() + b",1,1,1,1\n")
    (tmp_path / f"other{ESCAPES}.csv").write_bytes(ESCAPES.encode() + b",x\n")
    for arguments in (
        ["upload", NAME, f"other{ESCAPES}.csv", "nothing\x1b[2J.csv"],
        ["upload", "--site", ESCAPES, NAME],
        ["files"],
        ["files", "--rejects"],
        ["files", f"none{ESCAPES}"],
        ["inspect", NAME],
        ["inspect", f"none{ESCAPES}"],
        ["inspect", f"other{ESCAPES}.csv"],
        ["export", "--src", ESCAPES, "--dst", "192.0.2.2"],
        ["pairs", "--site", "x"],
        ["backup", f"copy{ESCAPES}.db"],
        ["restore", f"none{ESCAPES}.db"],
        ["pseudonym", "--new-key", f"key{ESCAPES}"],
        ["status"],
        ["retract", NAME],
        [ESCAPES],
        ["upload", f"--{ESCAPES}"],
    ):
        code, out, err = run(tmp_path, ["--db", f"x{ESCAPES}.db", *arguments])
        assert code in {0, 1, 2}
        assert obeyed(out, err) == [], arguments
        assert len(err.splitlines()) <= 2
    assert run(tmp_path, ["--db", f"y{ESCAPES}.db", "status"])[0] == 1


def test_names_that_are_no_utf8_are_printed_all_the_same(tmp_path: Path) -> None:
    name = "caf\udce9.csv"
    (tmp_path / name).write_bytes(USED + b"\n" + ROW + b"\n")
    for arguments in (["upload", name], ["inspect", name], ["backup", name], ["restore", name], ["status"]):
        code, out, err = run(tmp_path, ["--db", "x\udce9.db", *arguments])
        assert code in {0, 1}
        assert obeyed(out, err) == []


NUMBERS = ("9" * 30, "nan", "inf", "-inf", "1e400", "-1", "0x10", "\uff11", "")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "option",
    [
        *("pairs -n", "upload a.csv --jobs", "upload a.csv --max-pair-days", "upload a.csv --wait", "cost --devices"),
        *("upload a.csv --settle", "upload a.csv --max-rejects", "worker --stop-when-idle", "worker --processes"),
        "worker --sweep-every",
    ],
)
def test_no_number_ends_in_more_than_a_line(tmp_path: Path, option: str, number: str) -> None:
    (tmp_path / "a.csv").write_bytes(USED + b"\n" + ROW + b"\n")
    run(tmp_path, ["--db", "x.db", "upload", "a.csv"])
    code, _, err = run(tmp_path, ["--db", "x.db", *option.split(), number])
    assert code in {0, 1, 2}
    assert len([line for line in err.splitlines() if line.startswith("iotagg: ")]) <= 1
