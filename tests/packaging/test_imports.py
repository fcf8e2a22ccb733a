"""Which modules a program needs."""

from __future__ import annotations

import ast
import importlib.util
from typing import TYPE_CHECKING

import pytest

from iotagg.errors import NotPackable
from iotagg.packaging import imports
from iotagg.packaging.imports import home, imported, reached

if TYPE_CHECKING:
    from pathlib import Path


def names(source: str) -> list[str]:
    return list(imported(ast.parse(source)))


def test_imports_are_found_wherever_they_stand() -> None:
    assert names("import a.b, c") == ["a.b", "c"]
    assert names("from a.b import c as d, e") == ["a.b", "a.b.c", "a.b.e"]
    assert names("def f():\n    with x:\n        import a") == ["a"]
    assert names("try:\n    import a\nexcept ImportError:\n    import b") == ["a", "b"]
    assert names("class A:\n    import a\n    def f(self):\n        import b") == ["a", "b"]


def test_what_is_imported_for_type_checkers_only_is_not_needed() -> None:
    assert names("if TYPE_CHECKING:\n    import a\nelse:\n    import b") == ["b"]
    assert names("if typing.TYPE_CHECKING:\n    import a") == []
    assert names("if other:\n    import a") == ["a"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def write(place: str, text: str = "") -> None:
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    write("iotagg/__init__.py")
    write("iotagg/core/__init__.py")
    write("iotagg/core/a.py", "from iotagg.core import b\nfrom iotagg.core.b import name\nimport numpy.linalg")
    write("iotagg/core/b.py", "from iotagg.core import a, _fast")
    write("iotagg/core/_fast.cpython-313-x86_64-linux-gnu.so")
    write("iotagg/core/unused.py", "import json")
    monkeypatch.setattr(imports, "home", lambda package: tmp_path / package)
    return tmp_path


def test_a_module_brings_what_it_imports_its_packages_and_compiled_parts_and_nothing_else(project: Path) -> None:
    found = reached(["iotagg.core.a"])
    assert sorted(found.files) == [
        "iotagg/__init__.py",
        "iotagg/core/__init__.py",
        "iotagg/core/_fast.cpython-313-x86_64-linux-gnu.so",
        "iotagg/core/a.py",
        "iotagg/core/b.py",
    ]
    assert found.others == {"numpy"}
    assert found.files["iotagg/core/b.py"] == project / "iotagg/core/b.py"


def test_a_program_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(imports, "find_spec", lambda _: None)
    with pytest.raises(NotPackable, match="vm_worker is not installed beside iotagg; install iotagg from its wheel"):
        home("vm_worker")
