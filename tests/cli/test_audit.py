from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import Command, Deployed
from tests.pipeline.csvs import csv, everything, flow, many_pairs, put
from tests.pipeline.vandal import InDynamo, vandal_of

if TYPE_CHECKING:
    from pathlib import Path

KEY = ("paris", "192.168.1.7", "192.0.2.1", "2022-12")


@pytest.fixture
def deployed(run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Deployed:
    return Deployed.anew(monkeypatch, capsys)


@pytest.fixture
def counted(run: Command, tmp_path: Path) -> Command:
    run("upload", "--site", "paris", put(tmp_path / "one.csv", csv(flow())))
    run("upload", "--site", "tokyo", put(tmp_path / "many.csv", many_pairs(3)))
    return run


def damage(database: Path) -> None:
    with closing(sqlite3.connect(database)) as damaged, damaged:
        damaged.execute(
            """UPDATE pair_month SET sums = replace(sums, '"d01":1000', '"d01":1001') WHERE site = 'paris'"""
        )


def test_a_database_in_order_says_how_much_was_compared(counted: Command) -> None:
    result = counted("audit")
    assert (result.code, result.out, result.err) == (0, "2 files, 4 pair-months: nothing differs\n", "")
    assert counted("audit", "--site", "tokyo").out == "1 file, 3 pair-months: nothing differs\n"


def test_what_differs_is_named_and_makes_the_exit_code_1(counted: Command) -> None:
    damage(counted.database)
    result = counted("audit")
    assert result.code == 1
    assert result.out == (
        "paris  192.168.1.7 -> 192.0.2.1  2022-12  flow_duration_us of 2022-12-01: stored 1001, recomputed 1000\n"
        "2 files, 4 pair-months: 1 difference\n"
    )
    assert counted("audit", "--site", "tokyo").code == 0


def test_json_has_an_object_for_each_difference_and_one_for_the_whole(counted: Command) -> None:
    damage(counted.database)
    difference, whole = counted("audit", "--json").objects()
    assert difference == {
        "differs": "flow_duration_us of 2022-12-01: stored 1001, recomputed 1000",
        "site": "paris",
        "files": [],
        "contribution": None,
        "src_ip": "192.168.1.7",
        "dst_ip": "192.0.2.1",
        "month": "2022-12",
        "figure": "flow_duration_us of 2022-12-01",
        "stored": 1001,
        "recomputed": 1000,
    }
    assert whole == {"files": 2, "pair_months": 4, "pending": 0, "in_flight": 0, "differences": 1}


def test_a_file_is_named_by_its_path_and_contribution(counted: Command, tmp_path: Path) -> None:
    with closing(sqlite3.connect(counted.database)) as damaged, damaged:
        damaged.execute("DELETE FROM contribution WHERE site = 'paris'")
    line, *_ = counted("audit").out.splitlines()
    assert line.startswith("paris  one.csv (")
    assert ")  what it adds cannot be read: " in line


def test_an_unknown_site_is_an_error(counted: Command) -> None:
    for command in ("audit", "rebuild"):
        result = counted(command, "--site", "rome")
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("iotagg: no site rome; there are paris, tokyo")


def test_rebuild_puts_right_what_differs_and_audits_after_it(counted: Command) -> None:
    before = counted("export", "--all").out
    damage(counted.database)
    result = counted("rebuild")
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "paris  192.168.1.7 -> 192.0.2.1  2022-12  flow_duration_us of 2022-12-01: stored 1001, recomputed 1000\n"
        "put right: 1 pair-month, 0 markers\n"
        "2 files, 4 pair-months: nothing differs\n"
    )
    assert counted("export", "--all").out == before
    assert counted("rebuild", "--json").objects() == [
        {"corrected": {"pair_months": 0, "markers": 0, "ranks": 0}},
        {"files": 2, "pair_months": 4, "pending": 0, "in_flight": 0, "differences": 0},
    ]


def test_rebuild_says_what_it_cannot_recompute_and_leaves_it(counted: Command) -> None:
    with closing(sqlite3.connect(counted.database)) as damaged, damaged:
        damaged.execute("DELETE FROM contribution WHERE site = 'paris'")
    before = counted("export", "--all").out
    result = counted("rebuild")
    assert result.code == 1
    assert "it cannot be recomputed: chunk 0 of " in result.out
    assert counted("export", "--all").out == before


def test_a_stack_is_audited_and_rebuilt_alike(deployed: Deployed, tmp_path: Path) -> None:
    deployed("upload", "--site", "paris", put(tmp_path / "one.csv", csv(flow())))
    deployed.work_off()
    store = deployed.cloud.store
    assert deployed("audit").out == "1 file, 1 pair-month: nothing differs\n"
    before = everything(store)
    vandal = vandal_of(store)
    vandal.set_sums(KEY, vandal.sums(KEY) | {"d01": 1001})
    result = deployed("audit")
    assert result.code == 1
    assert "flow_duration_us of 2022-12-01: stored 1001, recomputed 1000" in result.out
    assert deployed("rebuild").code == 0
    assert everything(store) == before


def test_what_is_rebuilt_expires_as_the_environment_says(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed("upload", "--site", "paris", put(tmp_path / "one.csv", csv(flow())))
    deployed.work_off()
    vandal = vandal_of(deployed.cloud.store)
    assert isinstance(vandal, InDynamo)
    vandal.set_sums(KEY, vandal.sums(KEY) | {"d01": 1001})
    monkeypatch.setenv("IOTAGG_RETENTION_MONTHS", "1000")
    assert deployed("rebuild").code == 0
    item = vandal.clients.dynamodb.get_item(TableName=vandal.table, Key=vandal.sums_key(KEY), ConsistentRead=True)
    assert "expires" in item["Item"]
