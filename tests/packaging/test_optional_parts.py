"""The compiled parts that a package may have: only where they run, and said where they are missing."""

from __future__ import annotations

import platform
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from iotagg.packaging import optional_parts, package
from iotagg.packaging.bill_of_materials import PLACE
from iotagg.packaging.optional_parts import SCANNER, fitting, scanner_for
from iotagg.packaging.package import RUNTIME, build_functions, build_worker, main
from tests.packaging.runtime import environment, runtime_python
from tests.packaging.test_machine_code import ARM64, X86_64, elf

if TYPE_CHECKING:
    from pathlib import Path

THIS = "python{}.{}".format(*sys.version_info)
PROCESSOR = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
CSV = (
    b"Src IP,Dst IP,Timestamp,Flow Duration,Tot Fwd Pkts\n"
    b"192.168.1.7,203.0.113.9,06/12/2022 11:00:15 PM,5,2\n"
    b"192.168.1.7,203.0.113.9,06/12/2022 11:00:16 PM,7,3\n"
)
READ = """
import io, json, sys
sys.path.insert(0, sys.argv[1])
from iotagg.core.flows import read_flows
from iotagg.core.native import reader_in_use
totals = read_flows(io.BytesIO(sys.stdin.buffer.read()))
print(reader_in_use(), list(totals.days.values()), sys.modules["iotagg.core._scanner"].__file__)
"""


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for iotagg's own, with no scanner in it; packages go without byte code, which takes long."""
    monkeypatch.setattr(package, "compiled", lambda *_: {})
    monkeypatch.setattr(optional_parts, "home", lambda _: tmp_path / "there" / "iotagg")
    return tmp_path / "there" / "iotagg"


def put(top: Path, place: str, content: bytes) -> bytes:
    file = top / place / "_scanner.abi3.so"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return content


def compiled_in(made: package.Package) -> dict[str, bytes]:
    with zipfile.ZipFile(made.file) as archive:
        return {place: archive.read(place) for place in archive.namelist() if place.endswith(".so")}


def test_each_architecture_gets_the_scanner_that_runs_on_it(top: Path, tmp_path: Path) -> None:
    here, there = put(top, "core", elf(X86_64)), put(top, "packaging/scanners/arm64", elf(ARM64))
    for build in (build_functions, build_worker):
        for architecture, content in (("x86_64", here), ("arm64", there)):
            made = build(architecture, tmp_path / "made")
            assert compiled_in(made) == {SCANNER: content}
            assert not made.note


def test_beside_the_scanner_both_architectures_get_the_same(top: Path, tmp_path: Path) -> None:
    put(top, "core", elf(X86_64))
    put(top, "packaging/scanners/arm64", elf(ARM64))
    contents = []
    for architecture in ("x86_64", "arm64"):
        with zipfile.ZipFile(build_functions(architecture, tmp_path).file) as archive:
            contents.append({place: archive.read(place) for place in archive.namelist() if place != SCANNER})
    assert contents[0] == contents[1]


def test_the_same_scanner_gives_the_same_bytes(top: Path, tmp_path: Path) -> None:
    put(top, "packaging/scanners/arm64", elf(ARM64))
    first = build_functions("arm64", tmp_path / "1")
    (top / "packaging/scanners/arm64").rename(top / "elsewhere")
    put(top, "core", elf(ARM64))  # built here, on another machine
    assert build_functions("arm64", tmp_path / "2").file.read_bytes() == first.file.read_bytes()


def test_without_a_scanner_for_it_a_package_goes_without_and_says_what_to_do(top: Path, tmp_path: Path) -> None:
    put(top, "core", elf(X86_64))
    made = build_functions("arm64", tmp_path)
    assert compiled_in(made) == {}
    assert made.note == (
        "packages for arm64 go without the compiled scanner and read with Python alone, which takes longer; it is not"
        " here for arm64: type make scanners in a clone, or deploy with --set Architecture=x86_64, for which it is here"
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"MZ\x90\x00", elf(ARM64), elf(X86_64) + b"\0GLIBC_2.14\0GLIBC_2.38\0"],
    ids=["empty", "another system", "another processor", "a newer C library"],
)
def test_a_scanner_that_does_not_run_there_never_goes(top: Path, tmp_path: Path, content: bytes) -> None:
    put(top, "core", content)
    put(top, "packaging/scanners/x86_64", content)
    made = build_functions("x86_64", tmp_path)
    assert compiled_in(made) == {}
    assert "type make scanners in a clone" in made.note


def test_one_built_for_packages_stands_in_for_one_that_needs_a_newer_system(top: Path) -> None:
    put(top, "core", elf(X86_64) + b"\0GLIBC_2.38\0")
    older = put(top, "packaging/scanners/x86_64", elf(X86_64) + b"\0GLIBC_2.17\0")
    assert scanner_for("x86_64", RUNTIME) == older


def test_the_command_says_on_stderr_what_is_missing_and_on_stdout_the_file(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["package", "functions", "arm64", str(tmp_path)])
    main()
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(file) for file in tmp_path.glob("*.zip")]
    assert said.err.startswith("iotagg: packages for arm64 go without the compiled scanner")
    assert said.err.endswith("type make scanners in a clone\n")


def test_the_scanner_reads_in_its_package_under_the_runtimes_python(tmp_path: Path) -> None:
    if scanner_for(PROCESSOR, RUNTIME) is None:
        pytest.skip("no scanner was compiled here")
    with zipfile.ZipFile(build_functions(PROCESSOR, tmp_path / "made").file) as archive:
        archive.extractall(tmp_path / "task")
    command = [str(runtime_python()), "-S", "-c", READ, str(tmp_path / "task")]
    run = subprocess.run(command, input=CSV, capture_output=True, check=False, cwd="/", env=environment())
    assert run.stdout.decode().split("\n")[0] == (
        f"compiled scanner [[2, 12, 74, 5, 13]] {tmp_path / 'task' / SCANNER}"
    ), run.stderr.decode()


needs_isal = pytest.mark.skipif(find_spec("isal") is None or sys.platform != "linux", reason="isal is not installed")


@needs_isal
def test_isal_goes_where_it_is_installed_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "RUNTIME", THIS)
    other = {"arm64": "x86_64", "x86_64": "arm64"}[PROCESSOR]
    for architecture, goes in ((PROCESSOR, True), (other, False)):
        with zipfile.ZipFile(build_functions(architecture, tmp_path).file) as archive:
            assert ("isal/igzip.py" in archive.namelist()) is goes
            assert (b'"name": "isal"' in archive.read(PLACE)) is goes


@needs_isal
def test_isal_for_another_python_stays_out() -> None:
    assert [each.name for each in fitting(["isal"], PROCESSOR, THIS)] == ["isal"]
    assert not list(fitting(["isal"], PROCESSOR, "python3.99"))


def test_what_is_not_installed_is_not_missed() -> None:
    assert not list(fitting(["no-such-thing"], "arm64", RUNTIME))
