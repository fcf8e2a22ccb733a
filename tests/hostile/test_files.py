"""Files that are none: pipes, devices, folders that lead back into themselves, and files that never end."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from iotagg.errors import FileUnreadable
from iotagg.sources import Nothing, find_files, opened
from iotagg.watching import Folder
from tests.hostile.commands import run
from tests.hostile.measuring import measured
from tests.hostile.reading import ROW, USED

if TYPE_CHECKING:
    from pathlib import Path

FLOWS = USED + b"\n" + ROW + b"\n"
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(FLOWS)
    return tmp_path


@needs_pipes
@pytest.mark.parametrize("named", ["in", "in/*", "**/*.csv"])
def test_a_pipe_in_a_folder_keeps_nobody_waiting(folder: Path, named: str) -> None:
    os.mkfifo(folder / "in" / "pipe.csv")
    ended = measured(folder, "upload", named)
    assert (ended.code, "1 flow" in ended.said) == (0, True)


@needs_pipes
def test_a_pipe_in_a_watched_folder_is_never_due(folder: Path) -> None:
    os.mkfifo(folder / "in" / "pipe.csv")
    watched = Folder(folder / "in", 0)
    watched.due()
    assert [file.name for file in watched.due()] == ["a.csv"]


@needs_pipes
def test_a_pipe_that_is_named_is_read_to_its_end(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=[FLOWS])
    writer.start()
    code, out, _ = run(folder, ["--db", "x.db", "upload", "pipe"])
    writer.join()
    assert (code, "1 flow" in out) == (0, True)


@pytest.mark.parametrize(
    "device", ["/dev/zero", "/dev/null", "/dev/full", "/proc/self/mem", "/proc/self/environ", "/dev"]
)
def test_a_device_is_refused_in_a_line(folder: Path, device: str) -> None:
    ended = measured(folder, "upload", device)
    assert ended.code == 1
    assert ended.said.count("\n") <= 1
    assert ended.said.startswith("refused")


@needs_pipes
@pytest.mark.parametrize("arguments", ["files", "restore pipe", "backup pipe --force"])
def test_a_pipe_is_no_database(folder: Path, arguments: str) -> None:
    os.mkfifo(folder / "pipe")
    run(folder, ["--db", "x.db", "upload", "in/a.csv"])
    database = "pipe" if arguments == "files" else "x.db"
    code, _, err = run(folder, ["--db", database, *arguments.split()])
    assert (code, len(err.splitlines())) == (1, 1)
    assert not (folder / "pipe").is_file()


def test_links_that_lead_back_are_not_followed_for_ever(folder: Path) -> None:
    for name in "bcd":
        (folder / "in" / name).symlink_to(".", target_is_directory=True)
    for named in ("in", "in/**/*.csv", "**/a.csv", "in/**"):
        ended = measured(folder, "upload", "--dry-run", named)
        assert (ended.code, "1 flow" in ended.said) == (0, True), ended.said


def test_patterns_below_folders_find_what_lies_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = folder / "in" / "x[1]" / "y"
    deep.mkdir(parents=True)
    (folder / "in" / ".hidden").mkdir()
    for place in (deep / "b.csv", deep.parent / "c.csv", folder / "in" / ".hidden" / "d.csv", deep / ".e.csv"):
        place.write_bytes(FLOWS)
    monkeypatch.chdir(folder)

    def names(pattern: str) -> list[str]:
        return sorted(file.name for file in find_files([pattern]) if not isinstance(file, Nothing))

    assert names("**/*.csv") == names(f"{folder}/**/*.csv") == ["a.csv", "b.csv", "c.csv"]
    assert names("in/**/y/*.csv") == names("*/**/y/**/*.csv") == names("in/x[[]1]/**/b.csv") == ["b.csv"]
    assert names("**/x*/*.csv") == ["c.csv"]
    assert names("in/**") == ["a.csv", "b.csv", "c.csv"]
    assert names("**/none.csv") == []


def test_a_link_to_itself_or_to_nothing_is_refused_in_a_line(folder: Path) -> None:
    (folder / "self.csv").symlink_to("self.csv")
    (folder / "none.csv").symlink_to("nowhere")
    for name in ("self.csv", "none.csv"):
        code, _, err = run(folder, ["--db", "x.db", "upload", name])
        assert (code, len(err.splitlines())) == (1, 1)


@pytest.mark.parametrize("before", [b"", FLOWS])
def test_a_file_that_grows_without_end_is_refused_at_once(folder: Path, before: bytes) -> None:
    file = folder / "in" / "grows.csv"
    file.write_bytes(before)

    def read_on() -> None:
        with opened(file) as content, file.open("ab") as more:
            for _ in range(10):
                more.write(ROW + b"\n")
                more.flush()
                content.read(1 << 18)

    with pytest.raises(FileUnreadable, match="it changed while it was read"):
        read_on()
