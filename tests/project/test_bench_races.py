from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bench.race
from bench.agreement import compare, compare_outcome, table_of
from bench.flow_data import Lines
from bench.options import Disagreement, Options
from bench.processes import Failed, measured
from bench.race import run_races
from bench.rivals import PURE, SPLIT, ways
from bench.settings import grounds
from tests.examples import long_only
from tests.project.tree import ROOT

if TYPE_CHECKING:
    from bench.rivals import Way
    from bench.settings import Ground

ROW = "192.168.20.1,192.0.2.1,2022-12-05,2,30,500,7,29"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return grounds(Options(quick=True, cache=tmp_path_factory.mktemp("made")))[0][0]


def racing(monkeypatch: pytest.MonkeyPatch, *taking_part: Way) -> None:
    monkeypatch.setattr(bench.race, "ways", lambda _: list(taking_part))


def bare_loop() -> Way:
    return next(way for way in ways("summarize") if way.name == SPLIT)


def test_ways_that_agree_are_measured(clean: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    racing(monkeypatch, bare_loop(), replace(bare_loop(), name="absent", needs="no-such-program"))
    first, second, absent = run_races([clean], rounds=2)
    assert (first["round"], second["round"]) == (1, 2)
    assert first["wall"] > 0
    assert first["cpu"] > 0
    assert 4_000_000 < first["peak"] < 100_000_000
    assert absent["left_out"] == "no-such-program is not installed"


@pytest.mark.parametrize(
    "wrong",
    ["sed -i '7s/$/0/' {out}", "sed -i 7d {out}", "sed -i 7p {out}"],
    ids=["a sum", "a row missing", "a row twice"],
)
def test_a_planted_wrong_result_is_caught(clean: Ground, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    right = bare_loop()

    def command(ground: Ground, out: Path) -> list[str]:
        return ["sh", "-c", f'"$@" && {wrong.format(out=out)}', "sh", *right.command(ground, out)]

    racing(monkeypatch, replace(right, name="planted", command=command))
    with pytest.raises(Disagreement, match=r"summarize, 1 MB, clean, from a path: planted has \d+ lines"):
        list(run_races([clean], rounds=1))


def test_a_way_that_fails_is_said_with_its_last_line(clean: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    racing(monkeypatch, replace(bare_loop(), name="broken", command=lambda *_: ["sh", "-c", "echo no >&2; exit 3"]))
    with pytest.raises(Disagreement, match="broken: no"):
        list(run_races([clean], rounds=1))


def test_on_files_of_others_a_way_that_differs_is_left_out(clean: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = replace(clean, setting=replace(clean.setting, place=1), lines=None)
    racing(monkeypatch, bare_loop(), replace(bare_loop(), name="other", command=lambda _, out: ["touch", str(out)]))
    measured_one, left_out = run_races([theirs], rounds=1)
    assert measured_one["way"] == SPLIT
    assert left_out["left_out"] == "it reads this file otherwise"


def test_squares_in_parts_are_put_together(tmp_path: Path) -> None:
    duration, packets = 120_000_000, 3
    high, low = divmod(duration, 1 << 14)
    file = tmp_path / "table"
    parts = f"{high * high},{high * low},{low * low},{packets},0,0,{packets * packets}"
    file.write_text(f"192.168.20.1,192.0.2.1,05/12/2022,1,{duration},{parts}\n", encoding="utf-8")
    assert table_of(file, "halves") == [f"192.168.20.1,192.0.2.1,2022-12-05,1,{duration},{duration**2},3,9"]


def test_what_differs_is_named() -> None:
    compare("a", [ROW], "b", [ROW])
    with pytest.raises(Disagreement, match=r"a has 0 lines that b has not, and lacks 1; the first, of b: 192\.168"):
        compare("a", [], "b", [ROW])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ('"state": "refused", "reason": "why"', "the file is refused: why"),
        ('"contribution": "other"', "another hash"),
        ('"rejected": 2', "rejected 2, but the file has 3"),
    ],
)
def test_counts_and_hash_of_iotagg_are_checked(changed: str, said: str) -> None:
    printed = '{"state": "counted", "contribution": "abc-1", "headers": 1, "blank": 0, "counted": 5, "rejected": 3%s}'
    lines = Lines(headers=1, counted=5, rejected=3)
    compare_outcome("iotagg", printed % "", lines, "abc")
    with pytest.raises(Disagreement, match=said):
        compare_outcome("iotagg", printed % f", {changed}", lines, "abc")


def test_the_memory_of_whoever_measures_is_not_counted(tmp_path: Path) -> None:
    ballast = bytearray(150_000_000)
    took = measured(["sh", "-c", "exit 0"], tmp_path / "out")
    assert took.peak < len(ballast) / 5
    with pytest.raises(Failed, match="ended with 4"):
        measured(["sh", "-c", "exit 4"], tmp_path / "out")


def test_what_a_command_is_fed_is_not_measured(tmp_path: Path) -> None:
    fed_by = [sys.executable, "-c", "print(sum(range(10**6)))"]
    took = measured(["cat"], tmp_path / "out", fed_by=fed_by)
    assert (tmp_path / "out").read_text("utf-8") == "499999500000\n"
    assert took.cpu < 0.02


@long_only
def test_the_smallest_bench_runs_and_agrees(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "summarize", "--quick", "--cache", str(tmp_path), "--keep", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "| iotagg, pure Python |" in ran.stdout
    assert "### Into a database" in ran.stdout
    again = subprocess.run([*command, "--again"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert again.stdout == ran.stdout
    assert str(Path.home()) not in ran.stdout


def test_files_of_others_that_iotagg_refuses_are_left_out_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = "Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\n"
    (tmp_path / "a.csv").write_text(
        f"{header}192.0.2.1,192.0.2.2,2022-12-05,1,1\n{header.replace('Src IP', 'x,Src IP')}"
    )
    (tmp_path / "b.csv").write_text("no,flows\n1,2\n")
    pure = next(way for way in ways("summarize") if way.name == PURE)
    racing(monkeypatch, pure)
    ((ground,),) = grounds(Options(data=tmp_path))
    (left_out,) = run_races([ground], rounds=1)
    assert left_out["way"] == "file 1"
    assert "line 3" in left_out["left_out"]
