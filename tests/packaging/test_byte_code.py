"""Byte code, where there is a Python for it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from iotagg.packaging.byte_code import compiled
from iotagg.packaging.package import RUNTIME
from tests.packaging.runtime import environment, runtime_python

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

THIS = "python{}.{}".format(*sys.version_info)
SOURCES = {"a/__init__.py": b"", "a/b.py": b"import json\nNAMES = {'x', 'y', 'z'} | frozenset(('u', 'v'))\n"}


def test_it_is_made_beside_each_source(tmp_path: Path) -> None:
    made = compiled(SOURCES, THIS)
    assert sorted(made) == [f"a/__pycache__/{name}.{sys.implementation.cache_tag}.pyc" for name in ("__init__", "b")]
    (tmp_path / "a" / "__pycache__").mkdir(parents=True)
    for place, content in {**SOURCES, **made, "a/b.py": b"raise SystemExit('not the byte code')"}.items():
        (tmp_path / place).write_bytes(content)
    command = [sys.executable, "-c", "import a.b; print(sorted(a.b.NAMES))"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment())
    assert run.stdout.split() == ["['u',", "'v',", "'x',", "'y',", "'z']"], run.stderr


def test_the_same_sources_give_the_same_byte_code(monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiled(SOURCES, THIS)
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    assert compiled(SOURCES, THIS) == first


def test_it_is_that_of_the_runtime_where_this_is_another_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(runtime_python().parent))
    tag = RUNTIME.replace("python", "cpython-").replace(".", "")
    assert sorted(compiled(SOURCES, RUNTIME)) == [f"a/__pycache__/{name}.{tag}.pyc" for name in ("__init__", "b")]


def test_without_a_python_for_it_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compiled(SOURCES, "python3.99") == {}
    false = tmp_path / "python3.99"  # such as a shim that knows of no such version
    false.write_text("#!/bin/sh\nexit 127\n", "utf-8")
    false.chmod(0o755)
    assert compiled(SOURCES, "python3.99") == {}


def test_a_source_that_is_none_has_none() -> None:
    made = compiled({"good.py": b"", "bad.py": b"def"}, THIS)
    assert sorted(made) == [f"__pycache__/good.{sys.implementation.cache_tag}.pyc"]
