"""Compiled distributions, fetched for the machine that a package is sent to, from an index that is a folder."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from iotagg.errors import NotPackable
from iotagg.packaging import fetched
from iotagg.packaging.distributions import Installed
from iotagg.packaging.fetched import for_machine
from iotagg.packaging.package import RUNTIME

if TYPE_CHECKING:
    from pathlib import Path

MACHINES = {"aarch64": 183, "x86_64": 62}


def compiled_for(processor: str) -> bytes:
    return b"\x7fELF".ljust(18, b"\0") + MACHINES[processor].to_bytes(2, "little")


def put_wheel(folder: Path, processor: str, version: str = "1.0") -> None:
    """Put a wheel for a processor into a folder, as an index has it."""
    tag = f"cp313-cp313-manylinux_2_28_{processor}"
    about = f"toy-{version}.dist-info"
    files = {
        "toy/__init__.py": b"",
        f"toy/_toy.cpython-313-{processor}-linux-gnu.so": compiled_for(processor),
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: toy\nVersion: {version}\nLicense: MIT\n".encode(),
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
    }
    record = "".join(f"{place},,\n" for place in (*files, f"{about}/RECORD"))
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"toy-{version}-{tag}.whl", "w") as archive:
        for place, content in (files | {f"{about}/RECORD": record.encode()}).items():
            archive.writestr(place, content)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its index; installed is `toy` for x86_64."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    here = tmp_path / "_toy.abi3.so"
    here.write_bytes(compiled_for("x86_64"))
    toy = Installed("toy", "1.0", "MIT", {"toy/_toy.abi3.so": here})
    monkeypatch.setattr(fetched, "installed", lambda name, **_: {"toy": toy}[name])
    return tmp_path / "index"


def test_what_fits_is_taken_as_it_is_installed(index: Path, tmp_path: Path) -> None:
    (found,) = for_machine(["toy"], "x86_64", RUNTIME, tmp_path / "fetched")
    assert found.files.keys() == {"toy/_toy.abi3.so"}
    assert not (tmp_path / "fetched").exists()


def test_what_does_not_is_fetched_in_the_same_version(index: Path, tmp_path: Path) -> None:
    put_wheel(index, "aarch64")
    put_wheel(index, "aarch64", "1.1")
    put_wheel(index, "x86_64")
    (found,) = for_machine(["toy"], "arm64", RUNTIME, tmp_path / "fetched")
    assert (found.name, found.version, found.licence) == ("toy", "1.0", "MIT")
    place = "toy/_toy.cpython-313-aarch64-linux-gnu.so"
    assert found.files.keys() == {"toy/__init__.py", place, "toy-1.0.dist-info/METADATA"}
    assert found.files[place].read_bytes() == compiled_for("aarch64")


def test_where_it_cannot_be_had_it_is_said_in_one_line(index: Path, tmp_path: Path) -> None:
    put_wheel(index, "x86_64")
    with pytest.raises(NotPackable, match=r"toy 1\.0 is not here for arm64 and python3\.13") as refused:
        list(for_machine(["toy"], "arm64", RUNTIME, tmp_path))
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith("see that pip reaches its index, then deploy again")
