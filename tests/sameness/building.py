"""The scanner, compiled some other way than it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

import iotagg.core

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iotagg.core._scanner import Scanner

SOURCES = Path(iotagg.core.__file__).parent / "scanner"
_HEADERS = Path(sysconfig.get_paths()["include"])
_NAME = "iotagg.core._scanner"


def compiler() -> str | None:
    """Return the C compiler, where there is one and what it needs of Python."""
    found = shutil.which(os.environ.get("CC", "cc"))
    return found if (_HEADERS / "Python.h").is_file() else None


def build(folder: Path, flags: Sequence[str] = (), *, sources: Path = SOURCES, program: str | None = None) -> Path:
    """Return the scanner, compiled with further flags; raises CalledProcessError."""
    built = folder / "_scanner.abi3.so"
    command = [program or compiler() or "cc", "-std=c11", "-O1", "-fPIC", "-shared", "-fvisibility=hidden"]
    command += ["-DPy_LIMITED_API=0x030B0000", f"-I{_HEADERS}", *flags, *map(str, sorted(sources.glob("*.c")))]
    subprocess.run([*command, "-o", str(built)], check=True)
    return built


def load(path: Path) -> type[Scanner]:
    """Return the scanner of a file that `build` made."""
    spec = spec_from_file_location(_NAME, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    scanner: type[Scanner] = module.Scanner
    return scanner
