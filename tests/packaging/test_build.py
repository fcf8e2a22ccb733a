"""The compiled scanner as setup.py builds it: where there is a compiler, and otherwise not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.project.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = ("module.c", "scan.c", "scan.h", "vector.h")
COMPILER = shutil.which("cc") if sys.platform == "linux" else None


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    pytest.importorskip("setuptools", reason="no setuptools in this environment to build with")
    for name in ("MANIFEST.in", "setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "iotagg" / "core" / "scanner", tmp_path / "iotagg" / "core" / "scanner")
    for place in ("iotagg/__init__.py", "iotagg/core/__init__.py"):
        shutil.copy(ROOT / place, tmp_path / place)
    return tmp_path


def setup(clone: Path, *command: str, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "setup.py", *command],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


def built(clone: Path) -> list[str]:
    return [file.relative_to(clone / "built").as_posix() for file in sorted(clone.glob("built/**/*.so"))]


def test_without_a_compiler_the_build_succeeds_and_leaves_the_scanner_out(clone: Path) -> None:
    said = setup(clone, "build_ext", "--build-lib", "built", PATH=str(clone), CC="/bin/false", LDSHARED="/bin/false")
    assert "iotagg/core/_scanner.abi3.so" not in built(clone)
    assert 'building extension "iotagg.core._scanner" failed' in said


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
def test_with_a_compiler_it_is_built_for_every_later_python(clone: Path) -> None:
    setup(clone, "build_ext", "--build-lib", "built", PATH="/usr/bin:/bin")
    assert "iotagg/core/_scanner.abi3.so" in built(clone)


def test_the_sources_go_into_an_archive_of_sources_and_not_into_an_installation(clone: Path) -> None:
    setup(clone, "egg_info", "build_py", "--build-lib", "built")
    archived = (clone / "iotagg.egg-info" / "SOURCES.txt").read_text("utf-8").splitlines()
    assert {f"iotagg/core/scanner/{name}" for name in SOURCES} <= set(archived)
    assert sorted(file.name for file in (ROOT / "iotagg/core/scanner").iterdir()) == sorted(SOURCES)
    assert not [file for file in (clone / "built").rglob("*") if file.suffix in {".c", ".h"}]
