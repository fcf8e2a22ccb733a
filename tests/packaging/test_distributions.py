"""Installed distributions as they go into a package."""

from __future__ import annotations

from importlib.metadata import distribution
from typing import TYPE_CHECKING

import pytest

from iotagg.errors import MissingExtra, NotPackable
from iotagg.packaging.distributions import installed, licence_of, own_licence
from tests.project.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

INFO = "thing-1.2.dist-info"
FILES = {
    "thing/__init__.py": "",
    "thing/data.json": "{}",
    "thing/tests/test_thing.py": "",
    "thing/__init__.pyi": "",
    "thing/py.typed": "",
    "thing/testing.py": "",
    f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.2\nLicense: BSD\n",
    f"{INFO}/NOTICE.txt": "",
    f"{INFO}/licenses/vendored/MIT.txt": "",
    f"{INFO}/WHEEL": "",
    f"{INFO}/INSTALLER": "",
}


@pytest.fixture
def thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for place, text in FILES.items():
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    listed = [*FILES, f"{INFO}/RECORD", "../../../bin/thing", "thing/__pycache__/__init__.cpython-311.pyc"]
    (tmp_path / INFO / "RECORD").write_text("".join(f"{place},,\n" for place in listed), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_what_is_needed_at_run_time_goes_and_the_licences_with_it(thing: Path) -> None:
    found = installed("thing")
    assert (found.name, found.version, found.licence) == ("thing", "1.2", "BSD")
    assert sorted(found.files) == [
        f"{INFO}/METADATA",
        f"{INFO}/NOTICE.txt",
        f"{INFO}/licenses/vendored/MIT.txt",
        "thing/__init__.py",
        "thing/data.json",
        "thing/testing.py",
    ]
    assert found.files["thing/data.json"].read_text("utf-8") == "{}"


def test_a_licence_is_found_in_whichever_field_it_stands(thing: Path) -> None:
    metadata = thing / INFO / "METADATA"
    head = "Metadata-Version: 2.1\nName: thing\nVersion: 1.2\n"
    classified = (
        "Classifier: Topic :: X\nClassifier: License :: OSI Approved :: MIT License\nClassifier: License :: Y\n"
    )
    for fields, licence in (
        ("License: BSD\nLicense-Expression: MIT\n", "MIT"),
        (f"License: The text\n        of it\n{classified}", "MIT License AND Y"),
        (classified, "MIT License AND Y"),
        ("", ""),
    ):
        metadata.write_text(head + fields, "utf-8")
        assert licence_of(distribution("thing")) == licence


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(MissingExtra, match=r"and no-such-thing is not: pip install 'iotagg\[aws\]'"):
        installed("no-such-thing")


@pytest.mark.parametrize("place", ["thing/data.json", f"{INFO}/RECORD"])
def test_a_distribution_whose_files_are_not_all_known_is_refused(thing: Path, place: str) -> None:
    (thing / place).unlink()
    with pytest.raises(NotPackable, match="the files of thing are not all there, or not listed"):
        installed("thing")


def test_an_editable_installation_of_a_library_is_refused(thing: Path) -> None:
    (thing / INFO / "RECORD").write_text(f"{INFO}/METADATA,,\n__editable__.thing.pth,,\n", "utf-8")
    with pytest.raises(NotPackable, match="the files of thing are not all there, or not listed"):
        installed("thing")


def test_of_the_sdk_only_the_services_that_are_asked_for_go() -> None:
    files = installed("botocore", frozenset(("s3",))).files
    assert {place.split("/")[2] for place in files if place.startswith("botocore/data/") and place.count("/") > 2} == {
        "s3"
    }
    assert "botocore/data/endpoints.json" in files


def test_iotaggs_own_licence_is_that_of_the_clone(tmp_path: Path) -> None:
    assert own_licence(ROOT) == (ROOT / "LICENSE").read_bytes()


def test_no_package_goes_without_iotaggs_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(NotPackable, match="the licence of iotagg is not there"):
        own_licence(tmp_path)
    (tmp_path / "LICENSE").write_text("MIT", "utf-8")
    assert own_licence(tmp_path) == b"MIT"
