from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from iotagg.cli import watch as watch_command
from iotagg.cli.session import Session
from iotagg.core.outcome import Outcome
from iotagg.errors import CloudBusy, FileUnreadable, KeyTaken, StoreBusy
from iotagg.watching import Folder, Watch
from tests.cli.running import Command, Deployed, flow_csv, write_flows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from iotagg.jobs.cloud import Cloud

ONE = ("192.168.1.1", "192.0.2.1", "13/12/2022", 10, 2)
TWO = ("192.168.1.1", "192.0.2.1", "14/12/2022", 30, 4)
SETTLE = 10.0


class Clock:
    """Time that passes only while somebody sleeps; at a time, something may happen."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []
        self.plans: list[tuple[float, Callable[[], object]]] = []

    def __call__(self) -> float:
        return self.now

    def at(self, time: float, happens: Callable[[], object]) -> None:
        self.plans.append((time, happens))

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        due = [happens for time, happens in self.plans if time <= self.now]
        self.plans = [(time, happens) for time, happens in self.plans if time > self.now]
        for happens in due:
            happens()


class Taker:
    """Remembers what it was given; `failures` are raised first, `updates` told afterwards."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.taken: list[tuple[str, float]] = []
        self.failures: list[Exception] = []
        self.fails: set[str] = set()
        self.updates: list[Outcome] = []

    def take(self, file: Path) -> Outcome:
        if self.failures:
            raise self.failures.pop(0)
        if file.name in self.fails:
            raise KeyTaken("another file stands there", "etag")
        self.taken.append((file.name, self.clock.now))
        return Outcome(str(file), "paris", "refused" if "bad" in file.name else "counted")

    def news(self) -> Iterable[Outcome]:
        updates, self.updates = self.updates, []
        return updates


class Scene:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.clock = Clock()
        self.taker = Taker(self.clock)
        self.reported: list[Outcome] = []
        self.said: list[str] = []

    def run(self, seconds: float) -> None:
        until = self.clock.now + seconds
        Watch(
            Folder(self.folder, SETTLE, self.clock),
            self.taker,
            self.reported.append,
            self.said.append,
            lambda: self.clock.now >= until,
            self.clock.sleep,
        ).run()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "incoming")


def test_a_file_is_taken_once_when_it_has_been_left_alone(scene: Scene) -> None:
    write_flows(scene.folder / "2022" / "a.csv", ONE)
    (scene.folder / "notes.txt").write_text("no flows")
    scene.run(60)
    assert scene.taker.taken == [("a.csv", SETTLE)]


def test_a_file_that_is_still_written_has_to_settle(scene: Scene) -> None:
    file = write_flows(scene.folder / "a.csv", ONE)
    scene.clock.at(8, lambda: write_flows(file, ONE, TWO))
    scene.run(60)
    assert scene.taker.taken == [("a.csv", 18.0)]


def test_a_file_that_changes_or_appears_later_is_taken_then(scene: Scene) -> None:
    file = write_flows(scene.folder / "a.csv", ONE)
    scene.clock.at(30, lambda: write_flows(file, ONE, TWO))
    scene.clock.at(40, lambda: write_flows(scene.folder / "b.csv.gz", ONE))
    scene.run(80)
    assert scene.taker.taken == [("a.csv", SETTLE), ("a.csv", 40.0), ("b.csv.gz", 50.0)]


def test_a_refused_file_is_reported_once_until_it_changes(scene: Scene) -> None:
    file = write_flows(scene.folder / "bad.csv", ONE)
    scene.run(60)
    assert [outcome.state for outcome in scene.reported] == ["refused"]
    scene.clock.at(90, lambda: write_flows(file, ONE, TWO))
    scene.run(60)
    assert len(scene.taker.taken) == 3  # a new watch looks once more, and then at the change


def test_what_cannot_be_read_is_said_once_and_tried_again(scene: Scene) -> None:
    file = write_flows(scene.folder / "a.csv", ONE)
    scene.taker.failures = [FileUnreadable("no permission to read it")] * 3
    scene.run(60)
    assert scene.said == [f"{file}: no permission to read it (trying again)"]
    assert scene.taker.taken == [("a.csv", 4 * SETTLE)]


def test_failures_are_said_and_tried_again_ever_more_slowly(scene: Scene) -> None:
    write_flows(scene.folder / "a.csv", ONE)
    scene.taker.failures = [CloudBusy("bucket x: out of reach; try later")] * 6 + [StoreBusy("held")]
    scene.run(300)
    assert len(scene.said) == 7
    assert scene.said[0] == "bucket x: out of reach; try later (trying again in 5 s)"
    assert [pause for pause in scene.clock.naps if pause > 2] == [5, 10, 20, 40, 60, 60, 60]
    assert [name for name, _ in scene.taker.taken] == ["a.csv"]


def test_a_folder_that_goes_and_comes_back_is_no_failure(scene: Scene) -> None:
    away = scene.folder.with_name("away")
    write_flows(scene.folder / "a.csv", ONE)
    scene.clock.at(20, lambda: scene.folder.rename(away))
    scene.clock.at(30, lambda: away.rename(scene.folder))
    scene.run(60)
    assert scene.said == []
    assert [name for name, _ in scene.taker.taken] == ["a.csv", "a.csv"]


def test_it_ends_between_two_files(scene: Scene) -> None:
    for name in ("a.csv", "b.csv"):
        write_flows(scene.folder / name, ONE)
    taker = scene.taker
    Watch(
        Folder(scene.folder, 0, scene.clock), taker, scene.reported.append, scene.said.append, lambda: bool(taker.taken)
    ).run()
    assert [name for name, _ in taker.taken] == ["a.csv"]


def test_what_has_become_of_pending_files_is_reported(scene: Scene) -> None:
    scene.clock.at(20, lambda: scene.taker.updates.append(Outcome("a.csv", "paris", "counted")))
    scene.run(30)
    assert [outcome.file for outcome in scene.reported] == ["a.csv"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_totals(run: Command, tmp_path: Path, number: signal.Signals) -> None:
    write_flows(tmp_path / "incoming" / "a.csv", ONE)
    (tmp_path / "incoming" / "bad.csv").write_text("a,b\n1,2\n")
    command = [sys.executable, "-m", "iotagg", "--db", str(run.database), "upload"]
    command += ["--watch", "incoming", "--settle", "0.1", "--site", "paris"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("counted          incoming/a.csv  1 flow")
        assert process.stderr.readline().startswith("refused          incoming/bad.csv  no flow CSV")
        write_flows(tmp_path / "incoming" / "a.csv", ONE, TWO)
        assert process.stdout.readline().startswith("counted          incoming/a.csv  2 flows")
        process.send_signal(number)
        assert process.stdout.read() == "3 files: 2 counted, 1 refused\n"
        assert process.stderr.read() == ""
        assert process.wait() == 0
    assert [row["flows"] for row in run("pairs", "--json").objects()] == [2]


def test_another_watch_counts_nothing_twice(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_flows(tmp_path / "incoming" / "a.csv", ONE)
    run("upload", "--site", "paris", "incoming")
    stop_after(monkeypatch, 2)
    watched = run("upload", "--site", "paris", "--watch", "incoming", "--settle", "0")
    assert (watched.code, watched.out.splitlines()[-1]) == (0, "1 file: 1 already counted")
    assert [row["flows"] for row in run("pairs", "--json").objects()] == [1]


def test_a_file_that_cannot_be_read_is_no_refusal(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "gone.csv").symlink_to(tmp_path / "nothing.csv")
    stop_after(monkeypatch, 3)
    watched = run("upload", "--watch", "incoming", "--settle", "0")
    assert (watched.code, watched.out) == (0, "0 files\n")
    assert watched.err == "iotagg: incoming/gone.csv: no such file (trying again)\n"
    assert run("files").out == ""


def stop_after(monkeypatch: pytest.MonkeyPatch, naps: int, happens: Callable[[], object] = lambda: None) -> None:
    left = [naps]

    def nap(_: float, stop: watch_command.Stop) -> None:
        happens()
        left[0] -= 1
        if not left[0]:
            stop.ask()

    monkeypatch.setattr(watch_command, "_nap", nap)


def test_to_a_stack_files_are_followed_until_they_are_counted(
    run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    deployed = Deployed.anew(monkeypatch, capsys)
    write_flows(tmp_path / "incoming" / "2022" / "a.csv", ONE)
    (tmp_path / "incoming" / "bad.csv").write_text("a,b\n1,2\n")
    stop_after(monkeypatch, 2, deployed.work_off)
    watched = deployed("upload", "--site", "paris", "--watch", "incoming", "--settle", "0")
    assert watched.code == 0
    assert watched.out.splitlines() == [
        "pending          incoming/2022/a.csv  handed over",
        "pending          incoming/bad.csv  handed over",
        "counted          incoming/2022/a.csv  1 flow, 1 pair, 2022-12-13",
        "2 files: 1 counted, 1 refused",
    ]
    assert watched.err.startswith("refused          incoming/bad.csv  no flow CSV")
    assert deployed.versions("incoming/paris/incoming/2022/a.csv") == 1
    stop_after(monkeypatch, 1)
    again = deployed("upload", "--site", "paris", "--watch", "incoming", "--settle", "0", "--quiet")
    assert again.out == "2 files: 1 already counted, 1 pending\n"


def test_a_stack_that_is_out_of_reach_is_tried_again(
    run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    deployed = Deployed.anew(monkeypatch, capsys)
    write_flows(tmp_path / "incoming" / "a.csv", ONE)
    write_flows(tmp_path / "incoming" / "n\udcff.csv", TWO)
    failures = [CloudBusy("stack x: out of reach; try later")] * 2
    connected = Session.cloud

    def cloud(session: Session) -> Cloud:
        if failures:
            raise failures.pop()
        return connected(session)

    monkeypatch.setattr(Session, "cloud", cloud)
    stop_after(monkeypatch, 3, deployed.work)
    watched = deployed("upload", "--watch", "incoming", "--settle", "0")
    first, second, refused = watched.err.splitlines()
    assert first == "iotagg: stack x: out of reach; try later (trying again)"
    assert second == "iotagg: stack x: out of reach; try later (trying again in 5 s)"
    assert refused.endswith("its name is not UTF-8, which a key in a bucket has to be; rename it")
    assert deployed.versions("incoming/default/incoming/a.csv") == 1


def test_one_file_that_always_fails_does_not_stand_in_the_way_of_others(scene: Scene) -> None:
    for name in ("a.csv", "b.csv"):
        write_flows(scene.folder / name, ONE)
    scene.taker.fails = {"a.csv"}
    scene.run(60)
    assert scene.taker.taken == [("b.csv", 15.0)]
    assert len(scene.said) > 1


def test_it_does_not_begin_with_a_stack_that_is_not_there(
    run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    deployed = Deployed.anew(monkeypatch, capsys)
    monkeypatch.setenv("IOTAGG_TABLE", "no-such-table")
    (tmp_path / "incoming").mkdir()
    result = deployed("upload", "--watch", "incoming")
    assert (result.code, "no-such-table" in result.err) == (1, True)


def test_other_files_beside_a_watched_folder_are_wrong_usage(run: Command, tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    for arguments in (["x.csv"], ["--dry-run"], ["--wait"]):
        result = run("upload", "--watch", "incoming", *arguments)
        assert (result.code, result.err[:39]) == (2, "iotagg: --watch takes no other files, a")
    assert run("upload").err.startswith("iotagg: name files or folders, or a folder to --watch")
    assert "no such folder" in run("upload", "--watch", "nothing").err


def test_threads_other_than_the_first_can_watch(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "a.csv").write_text(flow_csv(ONE))
    stop_after(monkeypatch, 1)
    thread = threading.Thread(target=run, args=["upload", "--watch", "incoming", "--settle", "0"])
    thread.start()
    thread.join(30)
    assert [outcome["state"] for outcome in run("files", "--json").objects()] == ["counted"]
