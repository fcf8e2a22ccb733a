"""What those leave who are killed while they write a file, and when it goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from iotagg.stores.new_database import new_database
from iotagg.stores.sqlite import SqliteStore
from iotagg.whole_file import remove_left_parts, writing
from tests.stores.racing import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOURS = 3600
OF_THE_FILE = [".out.csv.4711.part", ".out.csv.a1b2c3d4.part", ".out.csv.a1b2c3d4.part-journal"]
OF_OTHERS = ["out.csv", ".out.csv", ".out.csv.old.4711.part", ".other.csv.4711.part", ".out.csv.4711.part.kept"]


def left(folder: Path, *names: str, age: float) -> None:
    for name in names:
        (folder / name).write_text("half")
        os.utime(folder / name, (time.time() - age,) * 2)


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def write_rows(file: Path) -> None:
    with writing(file) as out:
        out.write("whole")


def copy_a_database(file: Path) -> None:
    with closing(SqliteStore(file.parent / "elsewhere" / "store.db")) as store:
        store.backup(file)


def make_a_database(file: Path) -> None:
    with new_database(file):
        pass


def test_what_was_left_an_hour_ago_is_removed_and_nothing_else(tmp_path: Path) -> None:
    left(tmp_path, *OF_THE_FILE, *OF_OTHERS, age=2 * HOURS)
    remove_left_parts(tmp_path / "out.csv")
    assert names_in(tmp_path) == sorted(OF_OTHERS)


def test_what_may_still_grow_stays(tmp_path: Path) -> None:
    left(tmp_path, *OF_THE_FILE, age=HOURS / 2)
    remove_left_parts(tmp_path / "out.csv")
    assert names_in(tmp_path) == sorted(OF_THE_FILE)


def test_a_folder_is_as_old_as_the_newest_in_it(tmp_path: Path) -> None:
    for name, age in ((".out.csv.aaaaaaaa.part", HOURS / 2), (".out.csv.bbbbbbbb.part", 2 * HOURS)):
        (tmp_path / name).mkdir()
        left(tmp_path / name, "out.csv", "out.csv-wal", age=age)
        os.utime(tmp_path / name, (time.time() - 2 * HOURS,) * 2)
    remove_left_parts(tmp_path / "out.csv")
    assert names_in(tmp_path) == [".out.csv.aaaaaaaa.part"]


@pytest.mark.parametrize("write", [write_rows, copy_a_database, make_a_database])
def test_who_writes_a_file_whole_removes_what_was_left_of_it(tmp_path: Path, write: Callable[[Path], None]) -> None:
    left(tmp_path, *OF_THE_FILE, age=2 * HOURS)
    write(tmp_path / "out.csv")
    assert [name for name in names_in(tmp_path) if name != "elsewhere"] == ["out.csv"]


KILLED_BEFORE_THE_END = """
import os, signal, sys
from pathlib import Path
from tests.pipeline import test_whole_file
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
getattr(test_whole_file, sys.argv[1])(Path(sys.argv[2]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize("write", [write_rows, copy_a_database, make_a_database])
def test_what_a_killed_process_leaves_goes_with_the_next_who_writes_the_same(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    command = [sys.executable, "-c", KILLED_BEFORE_THE_END, write.__name__, str(tmp_path / "out.csv")]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    (part,) = (entry for entry in tmp_path.iterdir() if entry.name != "elsewhere")
    for entry in (part, *(part.iterdir() if part.is_dir() else ())):
        os.utime(entry, (time.time() - 2 * HOURS,) * 2)
    write(tmp_path / "out.csv")
    assert [name for name in names_in(tmp_path) if name != "elsewhere"] == ["out.csv"]
