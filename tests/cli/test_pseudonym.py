"""Uploads under a key: no address comes into a store or a bucket, and questions are asked with real ones."""

from __future__ import annotations

import gzip
import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from iotagg.cli import watch as watch_command
from iotagg.core.pseudonym import Pseudonyms
from iotagg.errors import CloudBusy
from tests.cli.running import Command, Deployed, flow_csv, serving, write_flows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = bytes(range(32))
PRINT = "f8da6177"
DEVICE, PEER = "192.168.1.7", "203.0.113.9"
ONE = (DEVICE, PEER, "13/12/2022", 10, 2)
TWO = (DEVICE, PEER, "14/12/2022", 30, 4)
BAD = (DEVICE, f"{PEER}x", "13/12/2022", 10, 2)
UNDER_KEY = f"pseudonyms under key {PRINT}"


@pytest.fixture
def key(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return key_file(tmp_path / "branches.key", KEY)


@pytest.fixture
def key_set(key: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IOTAGG_PSEUDONYM_KEY_FILE", str(key))
    return key


def key_file(file: Path, key: bytes) -> Path:
    file.write_text(key.hex() + "\n")
    file.chmod(0o600)
    return file


def stored(run: Command) -> bytes:
    """Return all that lies in the database and beside it, rejected lines unpacked."""
    files = run.database.parent.glob(f"{run.database.name}*")
    rejects = run("files", "--rejects", "--json").out
    return b"".join(file.read_bytes() for file in files) + rejects.encode() + run("files", "--json").out.encode()


def test_no_address_comes_into_the_database(run: Command, key: Path, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE, BAD, (DEVICE, PEER, "13/12/2022", "-1", 2))
    (tmp_path / "torn.csv").write_text(flow_csv(ONE) + f"{DEVICE},{PEER}\n")
    (tmp_path / "headless.csv").write_text(f"{DEVICE}-{PEER}-1-2-6,{DEVICE},1,{PEER},2,6,13/12/2022,10,2,x\n")
    (tmp_path / "nothing.csv").write_text(flow_csv(BAD))
    result = run("upload", "--pseudonym-key", key, "flows.csv", "torn.csv", "headless.csv", "nothing.csv")
    assert f"flows.csv  1 flow, 1 pair, 2022-12-13, 2 rejected, {UNDER_KEY}\n" in result.out
    assert result.out.endswith("4 files: 2 counted, 2 refused\n")
    rejected = run("files", "--rejects", "flows.csv").out.splitlines()
    assert rejected[0].startswith("flows.csv:3: column 2 'Dst IP': 'no address' is no IP address: ")
    assert rejected[1].startswith("flows.csv:4: column 4 'Flow Duration': 'no number' is no number")
    everything = stored(run)
    assert Pseudonyms(KEY).of(DEVICE).encode() in everything
    for real in (DEVICE, PEER):
        assert real.encode() not in everything
        assert real not in result.out + result.err


def test_a_pair_is_asked_for_by_its_addresses(run: Command, key: Path, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE, TWO)
    run("upload", "flows.csv", "--pseudonym-key", key)
    asked = run("export", "--src", DEVICE, "--dst", f"::ffff:{PEER}", "--pseudonym-key", key).out
    pseudonyms = [Pseudonyms(KEY).of(address) for address in (DEVICE, PEER)]
    assert asked == run("export", "--src", pseudonyms[0], "--dst", pseudonyms[1]).out
    assert [line.split(",")[1:6] for line in asked.splitlines()[1:]] == [
        [*pseudonyms, "2022-12-13", "1", "10"],
        [*pseudonyms, "2022-12-14", "1", "30"],
    ]
    assert run("export", "--src", DEVICE, "--dst", PEER).code == 1


def test_the_environment_names_the_key_and_an_empty_one_is_none(run: Command, key_set: Path, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    assert UNDER_KEY in run("upload", "flows.csv").out
    (row,) = run("pairs", "--json").objects()
    assert run("export", "--src", DEVICE, "--dst", PEER).code == 0
    assert run("export", "--src", row["src_ip"], "--dst", row["dst_ip"], "--pseudonym-key", "").code == 0
    assert run("export", "--all").code == 0
    assert UNDER_KEY not in run("inspect", "flows.csv", "--pseudonym-key", "").out


def test_totals_are_those_of_the_addresses(run: Command, key: Path, tmp_path: Path) -> None:
    run("sample", "traffic", "--days", "3", "--rows", "3000", "--sites", "lab")
    run("upload", "traffic")
    pseudonyms = Pseudonyms(KEY)
    expected = [
        row | {"src_ip": pseudonyms.of(row["src_ip"]), "dst_ip": pseudonyms.of(row["dst_ip"])}
        for row in run("export", "--all", "--format", "ndjson").objects()
    ]
    run.database = tmp_path / "other.db"
    run("upload", "traffic", "--pseudonym-key", key)
    found = run("export", "--all", "--format", "ndjson").objects()
    assert found == sorted(expected, key=lambda row: (row["src_ip"], row["dst_ip"]))


def test_several_processes_give_what_one_gives(run: Command, key_set: Path, tmp_path: Path) -> None:
    run("sample", "traffic", "--days", "6", "--rows", "6000", "--sites", "lab")
    alone = run("upload", "traffic", "--jobs", "1")
    before = run("export", "--all").out
    run.database = tmp_path / "other.db"
    assert run("upload", "traffic", "--jobs", "2").out == alone.out
    assert run("export", "--all").out == before


def test_again_changes_nothing_and_a_grown_file_replaces_itself(run: Command, key_set: Path, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    run("upload", "flows.csv")
    assert run("upload", "flows.csv").out == f"already counted  flows.csv  1 flow, 1 pair, 2022-12-13, {UNDER_KEY}\n"
    (tmp_path / "flows.csv.gz").write_bytes(gzip.compress(flow_csv(ONE).encode()))
    assert run("upload", "flows.csv.gz").out.startswith("already counted")
    write_flows(tmp_path / "flows.csv", ONE, TWO)
    assert run("upload", "flows.csv").out.startswith("counted          flows.csv  2 flows")


def test_machine_output_names_the_key(run: Command, key_set: Path, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    (looked_at,) = run("inspect", "flows.csv", "--json").objects()
    (would_be,) = run("upload", "flows.csv", "--dry-run", "--json").objects()
    (counted,) = run("upload", "flows.csv", "--json").objects()
    (listed,) = run("files", "--json").objects()
    assert {each["pseudonym_key"] for each in (looked_at, would_be, counted, listed)} == {PRINT}
    assert counted["contribution"].startswith(looked_at["content"])
    assert would_be["contribution"] == counted["contribution"] == listed["contribution"]


def test_other_names_of_columns_are_those_of_the_original(run: Command, key: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text(
        f"Client,Src IP,timestamp,flow duration,tot fwd pkts\n{DEVICE},{PEER},2022-12-06,1.5,3\n"
    )
    options = ("--map", "src=client", "--map", "dst=src ip", "--duration-unit", "s", "--pseudonym-key", key)
    assert run("upload", "odd.csv", *options).code == 0
    (row,) = run("pairs", "--json").objects()
    assert (row["src_ip"], row["flow_duration_us"]) == (Pseudonyms(KEY).of(DEVICE), 1_500_000)


def test_a_pipe_is_read_under_a_key_too(run: Command, key_set: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(flow_csv(ONE)))
    writer.start()
    result = run("upload", "pipe")
    writer.join()
    assert (result.code, UNDER_KEY in result.out) == (0, True)
    assert DEVICE.encode() not in stored(run)


def stop_after(monkeypatch: pytest.MonkeyPatch, naps: int, happens: Callable[[], object] = lambda: None) -> None:
    left = [naps]

    def nap(_: float, stop: watch_command.Stop) -> None:
        happens()
        left[0] -= 1
        if not left[0]:
            stop.ask()

    monkeypatch.setattr(watch_command, "_nap", nap)


def test_a_folder_is_watched_under_a_key(
    run: Command, key_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_flows(tmp_path / "incoming" / "a.csv", ONE)
    (tmp_path / "incoming" / "bad.csv").write_text("a,b\n")
    stop_after(monkeypatch, 1)
    watched = run("upload", "--watch", "incoming", "--settle", "0")
    assert UNDER_KEY in watched.out
    assert watched.out.endswith("2 files: 1 counted, 1 refused\n")
    assert DEVICE.encode() not in stored(run)


MIXED = "the same device is two there"


def test_files_that_do_not_go_together_are_pointed_out_once(
    run: Command, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.csv", "b.csv"):
        write_flows(tmp_path / name, ONE, *([TWO] if name == "b.csv" else []))
    other = key_file(tmp_path / "other.key", bytes(32))
    assert run("upload", "--site", "paris", "a.csv", "--pseudonym-key", key).err == ""
    assert run("upload", "--site", "paris", "a.csv", "--pseudonym-key", key).err == ""
    there = f"iotagg: site paris holds files with pseudonyms under key {PRINT}, and these come"
    plain = run("upload", "--site", "paris", "a.csv", "b.csv", "--dry-run")
    assert plain.err.splitlines()[0] == f"{there} with real addresses: {MIXED}"
    assert plain.err.count(MIXED) == 1
    print_of_other = Pseudonyms(bytes(32)).fingerprint
    assert run("upload", "--site", "paris", "b.csv", "--dry-run", "--pseudonym-key", other).err == (
        f"{there} with pseudonyms under key {print_of_other}: {MIXED}\n"
    )
    assert run("upload", "--site", "tokyo", "b.csv").err == ""
    assert run("upload", "--site", "tokyo", "a.csv", "--pseudonym-key", key).err.startswith(
        "iotagg: site tokyo holds files with real addresses, and these come with pseudonyms"
    )
    stop_after(monkeypatch, 1)
    (tmp_path / "incoming").mkdir()
    assert MIXED in run("upload", "--site", "paris", "--watch", "incoming", "--settle", "0").err


def test_real_addresses_do_not_replace_pseudonyms_unasked(run: Command, key: Path, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    run("upload", "flows.csv", "--pseudonym-key", key)
    assert "this path was counted with other content" in run("upload", "flows.csv").err
    assert run("export", "--src", DEVICE, "--dst", PEER).code == 1


# The command itself.


def test_a_new_key_is_for_its_owner_only_and_never_replaces_one(run: Command, tmp_path: Path) -> None:
    made = run("pseudonym", "--new-key", "site.key")
    file = tmp_path / "site.key"
    before = file.read_text()
    assert made.out == f"site.key  key {Pseudonyms(bytes.fromhex(before)).fingerprint}\n"
    again = run("pseudonym", "--new-key", "site.key")
    assert (again.code, again.out) == (1, "")
    assert again.err == "iotagg: site.key is there already, and a key is never overwritten; name another file\n"
    assert file.read_text() == before
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o600
    assert run("pseudonym", "--new-key", "no/such/folder").err.startswith("iotagg: no/such/folder cannot be written: ")
    (made_too,) = run("pseudonym", "--new-key", "second.key", "--json").objects()
    assert made_too["pseudonym_key"] not in made.out


def test_addresses_and_pseudonyms_stand_side_by_side(run: Command, key: Path) -> None:
    other = [Pseudonyms(KEY).of(address) for address in (DEVICE, "2001:db8::7")]
    forward = run("pseudonym", DEVICE, "2001:DB8::7", "--pseudonym-key", key)
    assert forward.out == f"{DEVICE}  {other[0]}\n2001:db8::7  {other[1]}\n"
    assert run("pseudonym", *other, "--reverse", "--pseudonym-key", key).out == forward.out
    (pair,) = run("pseudonym", DEVICE, "--json", "--pseudonym-key", key).objects()
    assert pair == {"address": DEVICE, "pseudonym": other[0]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name addresses, or a file for a new key with --new-key"),
        ((DEVICE, "--new-key", "x"), "name addresses, or a file for a new key with --new-key"),
        ((DEVICE,), "pseudonyms need a key: name its file with --pseudonym-key or IOTAGG_PSEUDONYM_KEY_FILE"),
        (("printer",), "'printer' is no IP address"),
        ((DEVICE, "--pseudonym-key", "missing.key"), "the key file missing.key cannot be read: No such file"),
        ((DEVICE, "--pseudonym-key", "."), "the key file . cannot be read: Is a directory"),
        ((DEVICE, "--pseudonym-key", "short.key"), "short.key holds no key, which is 64 hexadecimal digits"),
        ((DEVICE, "--pseudonym-key", "open.key"), "the key file open.key can be read by others: chmod 600 open.key"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the system's words, and who may read a file, are others there")
def test_what_is_no_key_is_wrong_usage(run: Command, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    key_file(tmp_path / "short.key", KEY[1:])
    key_file(tmp_path / "open.key", KEY).chmod(0o640)
    result = run("pseudonym", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert KEY.hex()[2:] not in result.err


def test_a_key_that_cannot_be_used_stops_an_upload_before_anything_is_read(run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    key_file(tmp_path / "site.key", KEY).chmod(0o644)
    result = run("upload", "flows.csv", "--pseudonym-key", "site.key")
    assert (result.code, result.out, run.database.exists()) == (2, "", False)


# To a stack.


@pytest.fixture
def deployed(run: Command, aws: str, key: Path, monkeypatch: pytest.MonkeyPatch, capsys: object) -> Deployed:
    made = Deployed.anew(monkeypatch, run.capsys)
    monkeypatch.setenv("IOTAGG_PSEUDONYM_KEY_FILE", str(key))
    return made


def in_bucket(deployed: Deployed) -> bytes:
    """Return all that lies in the bucket, unpacked, with its metadata and keys."""
    everything = []
    for version in deployed.cloud.bucket.versions(""):
        with closing(deployed.cloud.bucket.open(version.key, version.version)) as stream:
            body = b"".join(iter(lambda stream=stream: stream.read(1 << 16), b""))  # type: ignore[misc]  # bound now
            everything += [version.key.encode(), repr(stream.metadata).encode()]
        everything.append(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
    return b"\n".join(everything)


def test_no_address_leaves_for_the_bucket(deployed: Deployed, run: Command, tmp_path: Path) -> None:
    write_flows(tmp_path / "branch" / "a.csv", ONE, BAD)
    (tmp_path / "branch" / "b.csv.gz").write_bytes(gzip.compress(flow_csv(TWO).encode()))
    with deployed.working():
        waited = deployed("upload", "branch", "--wait", "60")
        again = deployed("upload", "branch", "--wait", "60")
    here = run("upload", "branch")
    assert (waited.code, waited.out, waited.err) == (0, here.out, "")
    assert again.out.endswith("2 files: 2 already counted\n")
    assert deployed.versions("incoming/default/branch/a.csv") == 1
    assert deployed("export", "--src", DEVICE, "--dst", PEER).out == run("export", "--src", DEVICE, "--dst", PEER).out
    assert {outcome["pseudonym_key"] for outcome in deployed("files", "--json").objects()} == {PRINT}
    everything = in_bucket(deployed)
    assert Pseudonyms(KEY).of(DEVICE).encode() in everything
    for real in (DEVICE, PEER):
        assert real.encode() not in everything


def test_a_grown_file_replaces_itself_in_the_bucket(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "flows.csv", ONE)
    with deployed.working():
        deployed("upload", "flows.csv", "--wait", "60")
        write_flows(tmp_path / "flows.csv", ONE, TWO)
        grown = deployed("upload", "flows.csv", "--wait", "60")
    assert grown.out.startswith("counted          flows.csv  2 flows")
    assert [row["flows"] for row in deployed("pairs", "--json").objects()] == [2]


def test_what_cannot_be_understood_is_refused_before_it_is_sent(deployed: Deployed, tmp_path: Path) -> None:
    write_flows(tmp_path / "branch" / "a.csv", ONE)
    (tmp_path / "branch" / "bad.csv").write_text("a,b\n1,2\n")
    (tmp_path / "branch" / "cut.csv.gz").write_bytes(gzip.compress(flow_csv(ONE).encode())[:-9])
    listed = deployed("upload", "branch", "--dry-run")
    sent = deployed("upload", "branch")
    for result in (listed, sent):
        assert result.code == 1
        bad, cut = result.err.splitlines()
        assert "no flow CSV: its first line names none of the columns" in bad
        assert "the gzip content ends early: the file was cut; fetch it again" in cut
    assert [version.key for version in deployed.cloud.bucket.versions("")] == ["incoming/default/branch/a.csv"]


def test_pipes_and_files_on_the_web_go_under_pseudonyms_too(deployed: Deployed, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(flow_csv(ONE)))
    writer.start()
    with serving(flow_csv(TWO).encode()) as address:
        result = deployed("upload", "pipe", f"{address}/flows.csv")
    writer.join()
    assert (result.code, result.out.splitlines()[-1]) == (0, "2 files: 2 pending")
    everything = in_bucket(deployed)
    assert everything.count(Pseudonyms(KEY).of(DEVICE).encode()) == 2
    assert DEVICE.encode() not in everything


def test_a_watched_folder_goes_under_pseudonyms_and_what_is_refused_is_said_once(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_flows(tmp_path / "incoming" / "a.csv", ONE)
    (tmp_path / "incoming" / "bad.csv").write_text("a,b\n")
    (tmp_path / "incoming" / "gone.csv").symlink_to(tmp_path / "nothing.csv")
    stop_after(monkeypatch, 2, deployed.work_off)
    watched = deployed("upload", "--watch", "incoming", "--settle", "0")
    assert watched.out.splitlines()[-1] == "2 files: 1 counted, 1 refused"
    assert sorted(line.split("  ")[0] for line in watched.err.splitlines()) == [
        "iotagg: incoming/gone.csv: no such file (trying again)",
        "refused",
    ]
    assert DEVICE.encode() not in in_bucket(deployed)


def test_on_a_stack_too_it_is_said_what_does_not_go_together(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_flows(tmp_path / "a.csv", ONE)
    write_flows(tmp_path / "b.csv", TWO)
    assert deployed("upload", "a.csv").err == ""
    deployed.work_off()
    assert MIXED in deployed("upload", "b.csv", "--pseudonym-key", "").err

    def busy(*_: object) -> None:
        raise CloudBusy("table x: throttled; try later")

    monkeypatch.setattr(type(deployed.cloud.store), "paths", busy)
    assert deployed("upload", "b.csv", "--pseudonym-key", "").err == ""  # an upload needs no table
