from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from iotagg.top import By, Of
from tests.cli.running import Command, Deployed, write_flows

if TYPE_CHECKING:
    from pathlib import Path

FLOWS = (
    ("192.168.1.1", "192.0.2.1", "14/11/2022", 7_000, 400),
    ("192.168.1.1", "192.0.2.1", "13/12/2022", 50_000, 500),
    ("192.168.1.1", "192.0.2.2", "13/12/2022", 30_000, 9),
    ("192.168.1.2", "192.0.2.1", "14/12/2022", 90_000, 12_345),
    ("2001:db8::1", "2001:db8::2", "14/12/2022", 60_000, 63),
)
NARROWER: tuple[tuple[str, ...], ...] = (
    *((), ("--site", "paris", "-n", "1")),
    *(("--src", "192.168.1.0/24"), ("--dst", "192.0.2.2")),
)


@pytest.fixture
def deployed(run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Deployed:
    return Deployed.anew(monkeypatch, capsys)


@pytest.fixture
def both(deployed: Deployed, run: Command, tmp_path: Path) -> tuple[Command, Deployed]:
    write_flows(tmp_path / "paris.csv", *FLOWS)
    write_flows(tmp_path / "tokyo.csv", *FLOWS[2:])
    for site in ("paris", "tokyo"):
        deployed("upload", "--site", site, f"{site}.csv")
        run("upload", "--site", site, f"{site}.csv")
    deployed.work_off()
    return run, deployed


def test_the_largest_on_a_stack_are_those_of_a_database(both: tuple[Command, Deployed]) -> None:
    run, deployed = both
    for by, whose, narrower in product(By, Of, NARROWER):
        question = ["top", "--by", by, "--of", whose, "--month", "2022-12", "--min-packets", "5", "--json", *narrower]
        here, there = run(*question), deployed(*question)
        assert (here.code, here.err, there.code, there.err) == (0, "", 0, "")
        assert there.objects() == [row | {"share": None} for row in here.objects()]
        assert there.objects(), question


def test_the_largest_on_a_stack_are_told_without_a_share(both: tuple[Command, Deployed]) -> None:
    run, deployed = both
    here, there = run("top"), deployed("top")
    assert here.out.splitlines()[0] == there.out.splitlines()[0] == "pairs by duration, 2022-12-01 to 2022-12-31"
    assert there.out.splitlines()[1].split()[-3:] == ["duration", "packets", "trend"]
    assert len(here.out.splitlines()) == len(there.out.splitlines()) == 2 + 7


def test_what_no_stack_has_counted_is_said_in_a_line(deployed: Deployed) -> None:
    nothing = deployed("top")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "iotagg: no pairs; iotagg upload counts files\n")
