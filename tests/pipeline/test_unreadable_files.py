"""Files that cannot be read, or not to their end, are refused, and what was counted stays."""

from __future__ import annotations

import gzip
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from tests.pipeline.contents import GROWN, A, states
from tests.pipeline.csvs import csv, flow, put

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pipeline.conftest import Desk


def appending(file: Path) -> Callable[[int], None]:
    rows = iter([flow()])

    def append_once(_: int) -> None:
        with file.open("ab") as more:
            more.writelines(rows)

    return append_once


def test_a_file_that_grows_while_it_is_read_is_refused(desk: Desk) -> None:
    outcome = desk.upload("a.csv", A, passed=appending(desk.folder / "a.csv"))
    assert outcome.state == "refused"
    assert "changed while it was read" in outcome.reason
    assert desk.sums() == {}


def test_a_file_that_is_rewritten_while_it_is_read_is_refused(desk: Desk) -> None:
    def rewrite(_: int) -> None:
        (desk.folder / "a.csv").write_bytes(csv(flow(packets=2), flow("2001:db8::7", packets=10)))
        os.utime(desk.folder / "a.csv", ns=(1, 1))

    assert "changed while it was read" in desk.upload("a.csv", A, passed=rewrite).reason
    assert desk.sums() == {}


def test_a_file_that_changes_while_it_replaces_leaves_what_was_counted(desk: Desk) -> None:
    desk.upload("a.csv", A)
    outcome = desk.upload("a.csv", GROWN, passed=appending(desk.folder / "a.csv"))
    assert outcome.state == "refused"
    assert desk.sums() == desk.clean(A)


def test_a_known_file_that_changes_while_it_is_recognized_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.upload("a.csv", A)
    stat, calls = os.fstat, iter(range(100))

    def fstat(descriptor: int) -> os.stat_result:
        if next(calls) == 1:
            appending(desk.folder / "a.csv")(0)
        return stat(descriptor)

    monkeypatch.setattr("iotagg.sources.os.fstat", fstat)
    assert "changed while it was read" in desk.upload("a.csv").reason
    assert desk.sums() == desk.clean(A)


class Short:
    """A file that ends too early, as one on a disk that fails may."""

    def __init__(self, file: Any, length: int) -> None:
        self._file = file
        self._left = length
        self.fileno = file.fileno

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        given: bytes = self._file.read(min(size, self._left))
        self._left -= len(given)
        return given


@pytest.mark.parametrize(
    ("name", "content", "length"),
    [
        ("a.csv", GROWN, len(A)),
        ("a.csv", A + b"\n", len(A)),
        ("a.csv.gz", gzip.compress(A) + gzip.compress(flow()), len(gzip.compress(A))),
    ],
)
def test_a_short_read_is_never_taken_for_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, length: int
) -> None:
    (desk.folder / name).write_bytes(content)
    whole = Path.open
    monkeypatch.setattr(Path, "open", lambda self, mode: Short(whole(self, mode), length))
    outcome = desk.upload(name)
    assert outcome.state == "refused"
    assert f"only {length:,} of its {len(content):,} bytes" in outcome.reason
    assert desk.sums() == {}


def test_a_file_that_is_not_there_is_refused(desk: Desk) -> None:
    outcome = desk.upload("a.csv")
    assert (outcome.state, outcome.reason, outcome.lines) == ("refused", "no such file", {})


def test_a_known_file_that_is_gone_stays_counted(desk: Desk) -> None:
    desk.upload("a.csv", A)
    (desk.folder / "a.csv").unlink()
    assert desk.upload("a.csv").reason == "no such file"
    assert desk.sums() == desk.clean(A)


def test_a_folder_is_refused(desk: Desk) -> None:
    (desk.folder / "a.csv").mkdir()
    assert "a folder" in desk.upload("a.csv").reason


def test_a_file_that_may_not_be_read_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put(desk.folder / "a.csv", A)
    monkeypatch.setattr(Path, "open", refuse_to_open)
    assert desk.upload("a.csv").reason == "no permission to read it"


def refuse_to_open(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_disk_that_fails_while_it_is_read_is_refused(desk: Desk) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    assert desk.upload("a.csv", A, passed=fail).reason == "it cannot be read: Input/output error"
    assert desk.sums() == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_opened_once_so_that_nothing_of_it_is_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = desk.folder / "a.csv"
    os.mkfifo(pipe)
    opened: list[Path] = []
    whole = Path.open

    def once(self: Path, *how: Any, **more: Any) -> Any:
        if self == pipe and opened:
            raise OSError(29, "opened twice")  # and would wait for a second writer, who never comes
        opened.extend([self] if self == pipe else [])
        return whole(self, *how, **more)

    monkeypatch.setattr(Path, "open", once)
    writer = threading.Thread(target=write_to, args=(pipe,))
    writer.start()
    outcome = desk.upload("a.csv")
    writer.join()
    assert states(outcome) == ["counted"]
    assert desk.sums() == desk.clean(A)


def write_to(pipe: Path) -> None:
    descriptor = os.open(pipe, os.O_WRONLY)
    with suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as content:
        content.write(A)


def test_a_file_whose_name_is_no_text_is_refused(desk: Desk) -> None:
    outcome = desk.upload("n\udcff.csv", A)
    assert (outcome.state, outcome.reason) == ("refused", "its name is not UTF-8; rename it")
    assert desk.sums() == {}
