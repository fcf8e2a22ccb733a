"""Copies of a stack, and stacks made of copies: the same to whoever asks, whatever goes on meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from iotagg.stores.memory import MemoryStore
from iotagg.stores.sqlite import SqliteStore
from tests.cli.running import Command, Deployed
from tests.pipeline.csvs import TORN, csv, everything, flow, many_pairs, put
from tests.pipeline.seeing import seen
from tests.pipeline.test_moving import upload_into
from tests.stores.racing import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from iotagg.aws.queues import Queue

A = csv(flow(packets=3), TORN, flow("192.168.1.8", day="2022-11-30"))
GROWN = A + flow(packets=7)
B, C, D = (csv(flow(packets=packets)) for packets in (11, 13, 17))
PAIR = ["--src", "192.168.1.7", "--dst", "192.0.2.1"]
QUESTIONS = (
    ["export", "--all"],
    ["export", "--all", "--site", "tokyo", "--format", "ndjson"],
    ["export", *PAIR],
    ["export", *PAIR, "--summary", "--since", "2022-12-01"],
    ["pairs", "--by", "packets", "--json"],
    ["files", "--json"],
    ["files", "a.csv", "--rejects", "--json"],
    ["files", "rejected.csv", "--rejects"],
)
KILLS = int(os.environ.get("IOTAGG_KILLS", "4"))


@pytest.fixture
def deployed(run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Deployed:
    return Deployed.anew(monkeypatch, capsys)


def sample(run: Command, folder: Path) -> None:
    """Let a database see most of what can happen to files."""
    put(folder / "a.csv", A)
    run("upload", "--site", "paris", "a.csv")
    put(folder / "a.csv", GROWN)
    put(folder / "same.csv.gz", GROWN)
    run("upload", "--site", "paris", "a.csv", "same.csv.gz")
    run("upload", "--site", "tokyo", "same.csv.gz", put(folder / "many.csv", many_pairs(120)))
    for content in (B, C):
        put(folder / "replaced.csv", content)
        run("upload", "--site", "paris", "--replace", "replaced.csv")
    run("upload", "--site", "paris", put(folder / "gone.csv", D), put(folder / "rejected.csv", csv(TORN, TORN)))
    run("retract", "gone.csv")
    run("upload", "--site", "paris", put(folder / "no.csv", b"no flows\n"))


def answers(command: Command | Deployed) -> list[tuple[int, str]]:
    found = [command(*question) for question in QUESTIONS]
    return [(each.code, each.out) for each in found]


def test_a_database_comes_back_from_a_stack_as_it_was(run: Command, deployed: Deployed, tmp_path: Path) -> None:
    sample(run, tmp_path)
    before = answers(run)
    restored = deployed("restore", run.database)
    assert (restored.code, restored.out) == (0, "6 files: 1 already counted, 4 counted, 1 retracted\n")
    assert answers(deployed) == before
    backup = deployed("backup", "back.db")
    assert (backup.code, backup.out) == (0, f"back.db  {(tmp_path / 'back.db').stat().st_size:,} bytes\n")
    with closing(SqliteStore(run.database)) as first, closing(SqliteStore(tmp_path / "back.db")) as last:
        assert seen(last) == seen(first)
    run.database = tmp_path / "back.db"
    assert answers(run) == before


def test_a_restored_stack_goes_on_where_the_database_stood(run: Command, deployed: Deployed, tmp_path: Path) -> None:
    run("upload", "--site", "paris", put(tmp_path / "a.csv", A), put(tmp_path / "gone.csv", B))
    run("retract", "gone.csv")
    deployed("restore", run.database)
    put(tmp_path / "new.csv", C)
    deployed("upload", "--site", "paris", "a.csv", "gone.csv", "new.csv")
    deployed.work_off()
    expected = MemoryStore()
    upload_into(expected, "a.csv", A)
    upload_into(expected, "new.csv", C)
    assert everything(deployed.cloud.store) == everything(expected)


def test_a_backup_of_a_stack_is_one_file_that_replaces_none_unasked(deployed: Deployed, tmp_path: Path) -> None:
    upload_into(deployed.cloud.store, "a.csv", A)
    assert deployed("backup", "copy.db", "--json").objects() == [
        {"file": "copy.db", "bytes": (tmp_path / "copy.db").stat().st_size, "files": {"counted": 1}}
    ]
    assert [entry.name for entry in tmp_path.iterdir()] == ["copy.db"]
    refused = deployed("backup", "copy.db")
    assert refused.err == "iotagg: copy.db is there already; name another file, or --force\n"
    assert deployed("backup", "copy.db", "--force").code == 0
    missing = deployed("backup", "missing/copy.db")
    assert (missing.code, missing.err) == (
        1,
        "iotagg: missing/copy.db cannot be written: there is no folder missing\n",
    )


def test_a_backup_that_fails_leaves_nothing(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_into(deployed.cloud.store, "a.csv", A)
    monkeypatch.setenv("IOTAGG_BUCKET", "no-such-bucket")
    result = deployed("backup", "copy.db")
    assert (result.code, "no-such-bucket" in result.err.splitlines()[-1]) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_says_what_it_does_not_hold_yet(deployed: Deployed, tmp_path: Path) -> None:
    deployed("upload", "--site", "paris", put(tmp_path / "pending.csv", A))
    while not deployed.work_on_files():
        pass
    deployed("upload", "--site", "paris", put(tmp_path / "waiting.csv", B))
    wait_for(deployed.cloud.files)
    backup = deployed("backup", "copy.db")
    said = "1 message about files waiting for a worker: what they tell of is not in the copy yet; see iotagg status"
    assert (backup.code, backup.err) == (0, f"iotagg: {said}\n")
    expected = MemoryStore()
    upload_into(expected, "a.csv", A)
    with closing(SqliteStore(tmp_path / "copy.db")) as copy:
        assert everything(copy) == everything(expected)


def wait_for(queue: Queue) -> None:
    until = time.monotonic() + 20
    while not queue.depth().total:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_backup_while_files_come_holds_each_whole_or_not_at_all(deployed: Deployed, tmp_path: Path) -> None:
    contents = {f"{number}.csv": many_pairs(40 + number, day=f"2022-12-{number + 1:02}") for number in range(8)}
    for name, content in contents.items():
        put(tmp_path / "branch" / name, content)
    with deployed.working():
        deployed("upload", "--site", "paris", "branch")
        for number in range(4):
            assert deployed("backup", f"copy{number}.db").code == 0
    deployed.work_off()
    assert deployed("backup", "last.db").code == 0
    held = [held_in(tmp_path / f"{name}.db", contents) for name in ("copy0", "copy1", "copy2", "copy3", "last")]
    assert held == sorted(held)
    assert held[-1] == len(contents)


def held_in(file: Path, contents: dict[str, bytes]) -> int:
    """Return how many files a copy holds, of each of which all is in it and nothing else."""
    expected = MemoryStore()
    with closing(SqliteStore(file)) as copy:
        paths = [path.path for site in copy.sites() for path in copy.paths(site) if path.names]
        for path in paths:
            upload_into(expected, path, contents[path.rpartition("/")[2]])
        assert everything(copy) == everything(expected)
    return len(paths)


def test_a_restoration_while_workers_count_the_same_files_counts_each_once(
    run: Command, deployed: Deployed, tmp_path: Path
) -> None:
    contents = [many_pairs(60 + number, day=f"2022-12-{number + 1:02}") for number in range(8)]
    for number, content in enumerate(contents):
        put(tmp_path / "branch" / f"{number}.csv", content)
    run("upload", "--site", "paris", "branch", put(tmp_path / "only-here.csv", A))
    expected = MemoryStore()
    for number, content in enumerate([*contents, A]):
        upload_into(expected, f"{number}.csv", content)
    deployed("upload", "--site", "paris", "branch")
    with deployed.working():
        restored = deployed("restore", run.database)
    assert (restored.code, restored.err) == (0, "")
    deployed.work_off()
    assert everything(deployed.cloud.store) == everything(expected)
    assert "9 files: " in deployed("restore", run.database).out


def test_what_does_not_agree_with_the_stack_is_refused_and_the_rest_is_brought(
    run: Command, deployed: Deployed, tmp_path: Path
) -> None:
    upload_into(deployed.cloud.store, str(tmp_path / "a.csv"), B)
    run("upload", "--site", "paris", put(tmp_path / "a.csv", A), put(tmp_path / "c.csv", C))
    restored = deployed("restore", run.database)
    assert (restored.code, restored.out) == (1, "2 files: 1 counted, 1 refused\n")
    assert restored.err.startswith("refused          a.csv  this path is known here with other content, which stays; ")
    long = "/".join(["x" * 200] * 6)
    upload_into_database(run, long, D)
    restored = deployed("restore", run.database)
    assert "its path is longer than the 1,024 bytes that a stack can keep" in restored.err
    expected = MemoryStore()
    for number, content in enumerate((B, C)):
        upload_into(expected, f"{number}.csv", content)
    assert everything(deployed.cloud.store) == everything(expected)


def upload_into_database(run: Command, path: str, content: bytes) -> None:
    with closing(SqliteStore(run.database)) as store:
        upload_into(store, path, content)


def test_a_restoration_that_is_killed_is_finished_by_the_next(run: Command, deployed: Deployed, tmp_path: Path) -> None:
    for number in range(6):
        put(tmp_path / "branch" / f"{number}.csv", many_pairs(50 + number, day=f"2022-12-{number + 1:02}"))
    run("upload", "--site", "paris", "branch", put(tmp_path / "gone.csv", A))
    run("retract", "gone.csv")
    ended = [killed_after_a_file(deployed, run) for _ in range(KILLS)]
    assert deployed("restore", run.database).code == 0
    with closing(SqliteStore(run.database)) as source:
        assert seen(deployed.cloud.store) == seen(source), ended
    assert list(deployed.cloud.store.pending("paris")) == []
    assert ended[0] == -signal.SIGKILL


def killed_after_a_file(deployed: Deployed, run: Command) -> int:
    """Restore in a process of its own, and kill it when a further file has come; return how it ended."""
    before = paths_in(deployed)
    process = subprocess.Popen(
        [sys.executable, "-m", "iotagg", "restore", str(run.database)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and paths_in(deployed) == before:
        time.sleep(0.005)
    process.kill()
    return process.wait()


def paths_in(deployed: Deployed) -> int:
    store = deployed.cloud.store
    return sum(1 for site in store.sites() for _ in store.paths(site))
