from __future__ import annotations

from pathlib import Path

import pytest

from iotagg import following
from tests.cli.running import Command, Deployed, flow_csv, serving, write_flows

ONE = ("192.168.1.1", "192.0.2.1", "13/12/2022", 10, 2)
TWO = ("192.168.1.1", "192.0.2.1", "14/12/2022", 30, 4)
KEY = "incoming/paris/flows.csv"


@pytest.fixture
def deployed(run: Command, aws: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Deployed:
    monkeypatch.setattr(following, "_LONGEST_PAUSE", 0.1)
    return Deployed.anew(monkeypatch, capsys)


def test_files_are_handed_over_and_counted_by_workers(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE, TWO)
    handed = deployed("upload", "--site", "paris", "flows.csv")
    assert (handed.code, handed.out, handed.err) == (0, "pending          flows.csv  handed over\n", "")
    deployed.work_off()
    (outcome,) = deployed("files", "--json").objects()
    assert (outcome["file"], outcome["state"], outcome["counted"]) == (KEY, "counted", 2)


def test_waiting_prints_what_counting_here_prints(deployed: Deployed, run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "branch" / "a.csv", ONE)
    write_flows(tmp_path / "branch" / "2022" / "b.csv", TWO, ("192.168.1.1", "nowhere", "13/12/2022", 1, 1))
    (tmp_path / "branch" / "bad.csv").write_text("a,b\n1,2\n")
    with deployed.working():
        waited = deployed("upload", "branch", "missing.csv", "--wait", "60")
        again = deployed("upload", "branch", "--wait", "60")
    here = run("upload", "branch", "missing.csv")
    assert (waited.code, waited.out) == (here.code, here.out)
    assert sorted(waited.err.splitlines()) == sorted(here.err.splitlines())
    assert again.out == run("upload", "branch").out
    assert deployed("export", "--all").out == run("export", "--all").out


def test_what_is_there_already_is_not_sent_again(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    deployed("upload", "--site", "paris", "flows.csv")
    assert deployed("upload", "--site", "paris", "flows.csv").out.startswith("pending ")
    deployed.work_off()
    again = deployed("upload", "--site", "paris", "flows.csv")
    assert again.out == "already counted  flows.csv  1 flow, 1 pair, 2022-12-13\n"
    assert deployed.versions(KEY) == 1


def test_a_file_that_has_grown_is_sent_again_and_replaces_itself(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    with deployed.working():
        deployed("upload", "--site", "paris", "flows.csv", "--wait", "60")
        write_flows(tmp_path / "flows.csv", ONE, TWO)
        grown = deployed("upload", "--site", "paris", "flows.csv", "--wait", "60")
    assert grown.out == "counted          flows.csv  2 flows, 1 pair, 2022-12-13 to 2022-12-14\n"
    assert [row["flows"] for row in deployed("pairs", "--json").objects()] == [2]
    assert deployed.versions(KEY) == 2


@pytest.mark.parametrize(("option", "flows"), [("--replace", 1), ("--add", 2)])
def test_other_content_is_refused_until_it_is_said_what_it_is(
    deployed: Deployed, tmp_path: Path, option: str, flows: int
) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    with deployed.working():
        deployed("upload", "--site", "paris", "flows.csv", "--wait", "60")
        write_flows(tmp_path / "flows.csv", TWO)
        refused = deployed("upload", "--site", "paris", "flows.csv", "--wait", "60")
        said = deployed("upload", "--site", "paris", "flows.csv", option, "--wait", "60")
    assert refused.code == 1
    assert "--replace if this corrects it" in refused.err
    assert (said.code, said.out[:8]) == (0, "counted ")
    assert [row["flows"] for row in deployed("pairs", "--json").objects()] == [flows]


def test_the_same_content_with_other_options_is_looked_at_again(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ("192.168.1.1", "192.0.2.1", "3/4/2022", 10, 2))
    with deployed.working():
        deployed("upload", "--site", "paris", "flows.csv", "--wait", "60")
        otherwise = deployed("upload", "--site", "paris", "flows.csv", "--day-order", "mdy", "--wait", "60")
        replaced = deployed("upload", "--site", "paris", "flows.csv", "--day-order", "mdy", "--replace", "--wait", "60")
    assert "read with other options" in otherwise.err
    assert replaced.out == "counted          flows.csv  1 flow, 1 pair, 2022-03-04\n"


def test_what_was_retracted_comes_back_again_and_again(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    with deployed.working():
        deployed("upload", "--site", "paris", "flows.csv", "--wait", "60")
        for _ in range(2):
            assert deployed("retract", "flows.csv", "--wait", "60").out == f"retracted        {KEY}\n"
            assert deployed("pairs", "--json").out == ""
            refused = deployed("upload", "--site", "paris", "flows.csv", "--wait", "60")
            assert (refused.code, refused.err.split("  ")[-1]) == (
                1,
                "its content was retracted; --again counts it again\n",
            )
            counted = deployed("upload", "--site", "paris", "flows.csv", "--again", "--wait", "60")
            assert counted.out == "counted          flows.csv  1 flow, 1 pair, 2022-12-13\n"
    assert [row["flows"] for row in deployed("pairs", "--json").objects()] == [1]


def test_a_copy_under_another_name_is_counted_already(deployed: Deployed, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_flows(tmp_path / "branch" / name, ONE)
    with deployed.working():
        result = deployed("upload", "branch", "--wait", "60", "--jobs", "1")
    assert [line.split("  ")[0] for line in result.out.splitlines()[:2]] == ["counted", "already counted"]
    assert result.out.splitlines()[2] == "2 files: 1 already counted, 1 counted"


def test_waiting_ends_when_nobody_works(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    result = deployed("upload", "flows.csv", "--wait", "0.2")
    assert (result.code, result.out) == (1, "pending          flows.csv  handed over\n")
    assert result.err == (
        "iotagg: 1 file not settled after 0.2 s; the work goes on, iotagg status shows how far it is\n"
    )


def test_wait_may_stand_alone_before_a_file(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    with deployed.working():
        assert deployed("upload", "--wait", "flows.csv").out.startswith("counted ")


def test_machine_output_names_the_key(deployed: Deployed, tmp_path: Path) -> None:
    file = write_flows(tmp_path / "flows.csv", ONE)
    (outcome,) = deployed("upload", "--site", "paris", "flows.csv", "--json").objects()
    assert (outcome["file"], outcome["state"], outcome["key"]) == (str(file), "pending", KEY)


def test_a_dry_run_lists_keys_and_needs_no_aws(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_flows(tmp_path / "branch" / "2022" / "a.csv", ONE)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    result = deployed("upload", "--site", "paris", "branch", "--dry-run")
    place = Path("branch", "2022", "a.csv")
    assert (result.code, result.out) == (0, f"would be sent    {place}  as incoming/paris/branch/2022/a.csv\n")
    (outcome,) = deployed("upload", "branch", "--dry-run", "--json").objects()
    assert (outcome["key"], outcome["dry_run"]) == ("incoming/default/branch/2022/a.csv", True)
    assert deployed("upload", "nothing", "--dry-run").code == 1


def test_folders_patterns_and_files_have_keys_of_their_own(deployed: Deployed, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_flows(tmp_path / "sites" / folder / "flows.csv", ONE)

    def keys(*names: str) -> list[str]:
        listed = deployed("upload", "--dry-run", "--json", *names).objects()
        return [outcome["key"].removeprefix("incoming/default/") for outcome in listed if "key" in outcome]

    in_folder = ["sites/a/flows.csv", "sites/b/flows.csv"]
    assert keys("sites") == keys(f"{tmp_path}/sites/") == keys("sites/*/flows.csv") == in_folder
    assert keys("sites/a", "sites/b") == ["a/flows.csv", "b/flows.csv"]
    assert keys("sites/a/flows.csv") == ["flows.csv"]
    assert keys(".") == [f"{tmp_path.name}/{key}" for key in in_folder]
    assert keys("sites", "sites/a/flows.csv") == in_folder


def test_two_files_never_share_a_key(deployed: Deployed, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_flows(tmp_path / folder / "flows.csv", ONE)
    result = deployed("upload", "--site", "paris", "a/flows.csv", "b/flows.csv", "--dry-run")
    assert result.code == 1
    assert result.err.endswith(
        f"its key {KEY} is that of {tmp_path / 'a' / 'flows.csv'} too; name the folder that holds both\n"
    )


def test_names_that_no_key_can_have_are_refused(deployed: Deployed, tmp_path: Path) -> None:
    long = tmp_path
    for _ in range(5):
        long /= "x" * 220
    write_flows(long / "flows.csv", ONE)
    write_flows(tmp_path / "n\udcff.csv", ONE)
    result = deployed("upload", tmp_path, "--dry-run", "--json")
    reasons = sorted(outcome["reason"] for outcome in result.objects())
    length = len(f"incoming/default/{tmp_path.name}/") + 5 * 221 + len("flows.csv")
    assert reasons[0] == f"its key has {length:,} bytes, more than S3's 1,024; shorten its path"
    assert reasons[1] == "its name is not UTF-8, which a key in a bucket has to be; rename it"


def test_files_on_the_web_are_put_under_their_host(deployed: Deployed) -> None:
    with serving(flow_csv(ONE).encode()) as address, deployed.working():
        result = deployed("upload", "--site", "paris", f"{address}/2022/flows.csv?day=13", "--wait", "60")
        missing = deployed("upload", f"{address}/missing.csv", f"{address}/")
    assert result.out == f"counted          {address}/2022/flows.csv?day=13  1 flow, 1 pair, 2022-12-13\n"
    assert deployed.versions("incoming/paris/127.0.0.1/flows.csv") == 1
    assert missing.code == 1
    names_none, not_there = missing.err.splitlines()
    assert "names no file; the address has to end with a file's name" in names_none
    assert not_there.endswith("the server answers 404 Not Found")


def test_damaged_files_are_refused_by_the_workers_with_their_reason(deployed: Deployed, tmp_path: Path) -> None:
    (tmp_path / "flows.csv.gz").write_bytes(b"\x1f\x8b\x08\x00 no gzip")
    with deployed.working():
        result = deployed("upload", "flows.csv.gz", "--wait", "60")
    assert result.code == 1
    assert "the gzip content ends early" in result.err
    assert [outcome["state"] for outcome in deployed("files", "--json").objects()] == ["refused"]
